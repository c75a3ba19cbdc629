/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/policies.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/mem.h"

/* The policies of a kind that count for an object, the strongest first. */
struct matched {
	struct policy **at;
	size_t n;
};

void policies_init(struct policies *p)
{
	*p = (struct policies){ .next_number = 1 };
	for (int i = 0; i < POLICY_KINDS; i++)
		list_init(&p->kinds[i]);
	list_init(&p->walks);
}

static void ruling_free(struct ruling *r)
{
	mem_disown(r->identity);
	mem_disown(r->policy);
	mem_disown(r->operator_policy);
	mem_disown(r->definition);
	mem_disown(r->origins);
	mem_free(r);
}

void policies_free(struct policies *p)
{
	size_t cursor = 0;
	for (int i = 0; i < POLICY_KINDS; i++)
		for (struct list *l; (l = list_pop(&p->kinds[i]));) {
			struct policy *policy = list_entry(l, struct policy, link);
			policy_free(&policy);
		}
	for (struct ruling *r; (r = map_next(&p->rulings, &cursor));)
		ruling_free(r);
	walks_lose_all(&p->walks);
	map_free(&p->rulings);
	pattern_room_free(&p->room);
	buf_free(&p->matched);
}

/* ---- changes ---- */

struct policy *policies_find(const struct policies *p, enum policy_kind kind, struct slice name)
{
	list_each(it, &p->kinds[kind]) {
		struct policy *policy = list_entry(it, struct policy, link);
		if (slice_eq(policy->name, name))
			return policy;
	}
	return NULL;
}

static bool is_weaker(const struct policy *a, const struct policy *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int diff = n ? memcmp(a->name.p, b->name.p, n) : 0;
	return diff ? diff < 0 : a->name.n < b->name.n;
}

void policies_put(struct policies *p, enum policy_kind kind, struct policy **taken)
{
	struct policy *policy = *taken;
	struct list *at = &p->kinds[kind];
	*taken = NULL;
	policies_remove(p, kind, policy->name);
	if (!p->room)
		p->room = pattern_room_new();
	policy->number = p->next_number++;
	while (at->prev != &p->kinds[kind] &&
	       is_weaker(policy, list_entry(at->prev, struct policy, link)))
		at = at->prev;
	list_insert_before(at, &policy->link);
	p->count[kind]++;
	p->generation++;
}

bool policies_remove(struct policies *p, enum policy_kind kind, struct slice name)
{
	struct policy *policy = policies_find(p, kind, name);
	if (!policy)
		return false;
	walks_leave(&p->walks, &policy->link);
	list_remove(&policy->link);
	policy_free(&policy);
	p->count[kind]--;
	p->generation++;
	return true;
}

void policies_set_merge(struct policies *p, bool merge)
{
	p->generation += merge != p->merge;
	p->merge = merge;
}

/* ---- what they amount to ---- */

/* Without merging the strongest counts alone. */
static size_t find_matching(struct policies *p, enum policy_kind kind, enum policy_target target,
                            struct slice name)
{
	size_t n = 0;
	for (struct list *l = p->kinds[kind].prev; l != &p->kinds[kind]; l = l->prev) {
		struct policy *policy = list_entry(l, struct policy, link);
		bool found = policy_matches(policy, p->room, target, name);
		p->steps += pattern_steps(p->room) + 1;
		if (!found)
			continue;
		buf_append(&p->matched, &policy, sizeof policy);
		n++;
		if (!p->merge)
			break;
	}
	return n;
}

static const struct policy *strongest_with(struct matched m, const char *key, struct field *f)
{
	for (size_t i = 0; i < m.n; i++)
		if (table_find(m.at[i]->definition, key, f))
			return m.at[i];
	return NULL;
}

/* Of two numbers the smaller; else the operator's. */
static void put_key(const struct matched m[POLICY_KINDS], const char *key, struct buf *definition,
                    struct buf *origins)
{
	struct field said, wanted;
	const struct policy *from = strongest_with(m[POLICY_USER], key, &said);
	const struct policy *operators = strongest_with(m[POLICY_OPERATOR], key, &wanted);
	if (operators && (!from || !field_is_integer(&said) || wanted.integer < said.integer)) {
		from = operators;
		said = wanted;
	}
	if (!from)
		return;
	struct field origin = { .letter = 'S', .bytes = from->name };
	table_put(definition, slice_str(key), &said);
	table_put(origins, slice_str(key), &origin);
}

static struct slice name_of(struct matched m)
{
	return mem_own(m.n ? m.at[0]->name : slice_str(""));
}

static struct ruling *ruling_new(struct slice identity, const struct matched m[POLICY_KINDS])
{
	struct ruling *r = mem_zalloc(sizeof *r);
	struct buf definition = { 0 }, origins = { 0 };
	struct field f;
	for (size_t i = 0; policy_key(i); i++)
		put_key(m, policy_key(i), &definition, &origins);
	r->identity = mem_own(identity);
	r->policy = name_of(m[POLICY_USER]);
	r->operator_policy = name_of(m[POLICY_OPERATOR]);
	r->definition = mem_own(buf_slice(&definition));
	r->origins = mem_own(buf_slice(&origins));
	settings_of_policy(&r->settings, r->definition);
	if (table_find(r->definition, "alternate-exchange", &f))
		r->alternate = f.bytes;
	r->nacks = table_find(r->definition, "unroutable", &f) && slice_is(f.bytes, "nack");
	buf_free(&definition);
	buf_free(&origins);
	return r;
}

/* The numbers of the policies, those of users and those of the operator apart. */
static void put_identity(struct buf *out, const struct matched m[POLICY_KINDS])
{
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		for (size_t i = 0; i < m[kind].n; i++)
			buf_append(out, &m[kind].at[i]->number, sizeof m[kind].at[i]->number);
		buf_append(out, &(uint64_t){ 0 }, sizeof(uint64_t));
	}
}

static struct ruling *find_ruling(struct policies *p, const struct matched m[POLICY_KINDS])
{
	struct buf identity = { 0 };
	put_identity(&identity, m);
	struct ruling *r = map_get(&p->rulings, buf_slice(&identity));
	if (!r) {
		r = ruling_new(buf_slice(&identity), m);
		map_put(&p->rulings, r->identity, r);
	}
	buf_free(&identity);
	r->generation = p->generation;
	return r;
}

struct ruling *policies_rule(struct policies *p, enum policy_target target, struct slice name)
{
	size_t n[POLICY_KINDS];
	buf_clear(&p->matched);
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		n[kind] = find_matching(p, (enum policy_kind)kind, target, name);
	if (p->matched.len == 0)
		return NULL;
	struct policy **at = (struct policy **)p->matched.p;
	struct matched m[POLICY_KINDS] = { { at, n[0] }, { at + n[0], n[1] } };
	return find_ruling(p, m);
}

void policies_forget(struct policies *p)
{
	struct map kept = { 0 };
	size_t cursor = 0;
	for (struct ruling *r; (r = map_next(&p->rulings, &cursor));) {
		if (r->generation == p->generation)
			map_put(&kept, r->identity, r);
		else
			ruling_free(r);
	}
	map_free(&p->rulings);
	p->rulings = kept;
}
