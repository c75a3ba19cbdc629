/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/policy.h"

#include "amqp/table.h"
#include "base/die.h"
#include "base/logline.h"
#include "base/mem.h"
#include "broker/term.h"
#include "queue/settings.h"

enum key_kind { NUMBER, ONE_OF, NAME, AGE };

enum { CLASSIC = POLICY_CLASSIC, QUORUM = POLICY_QUORUM };

static const struct key {
	const char *name;
	enum key_kind kind;
	int64_t least, most;
	const char *values;          /* separated by blanks */
	bool of_operator;
	unsigned lacks;
	const char *what;
} keys[] = {
#define KEY(name, kind, least, most, values, of_operator, lacks, what) \
	{ name, kind, least, most, values, of_operator, lacks, what },
#include "broker/policy.def"
#undef KEY
};

/* The first that fits is how it is written. */
static const struct {
	const char *name;
	unsigned targets;
} applications[] = {
	{ "all", POLICY_EXCHANGES | POLICY_CLASSIC | POLICY_QUORUM | POLICY_STREAMS },
	{ "exchanges", POLICY_EXCHANGES },
	{ "queues", POLICY_CLASSIC | POLICY_QUORUM | POLICY_STREAMS },
	{ "classic_queues", POLICY_CLASSIC },
	{ "quorum_queues", POLICY_QUORUM },
	{ "streams", POLICY_STREAMS },
};

const char *policy_key(size_t i)
{
	return i < ARRAY_LEN(keys) ? keys[i].name : NULL;
}

static const struct key *find_key(struct slice name, enum policy_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_is(name, keys[i].name))
			return kind == POLICY_OPERATOR && !keys[i].of_operator ? NULL : &keys[i];
	return NULL;
}

/* ---- what is wrong with a spec ---- */

static bool is_valid(const struct key *k, const struct field *f)
{
	int64_t ms;
	switch (k->kind) {
	case NUMBER: return field_is_integer(f) && f->integer >= k->least && f->integer <= k->most;
	case ONE_OF: return f->letter == 'S' && slice_has_word(slice_str(k->values), ' ', f->bytes);
	case NAME: return f->letter == 'S' && f->bytes.n <= POLICY_NAME_MAX;
	case AGE: return f->letter == 'S' && settings_age(f->bytes, &ms);
	}
	return false;
}

/* A value that is wrong is said rather than keys that are not known. */
static void judge_definition(const struct policy_spec *s, enum policy_kind kind, struct buf *why)
{
	struct table_walk w = table_walk(s->definition);
	struct buf unknown = { 0 };
	struct slice name;
	struct field f;
	if (s->definition.n == 0)
		buf_printf(why, "no policy provided\n");
	else if (s->definition.n > POLICY_DEFINITION_MAX)
		buf_printf(why, "definition is too long\n");
	size_t said = why->len;
	while (why->len == said && table_next(&w, &name, &f)) {
		const struct key *k = find_key(name, kind);
		if (!k) {
			table_put(&unknown, name, &f);
		} else if (!is_valid(k, &f)) {
			term_put(why, &f);
			buf_printf(why, " is not a valid %s\n", k->what);
		}
	}
	if (why->len == said && unknown.len) {
		term_put_pairs(why, buf_slice(&unknown));
		buf_printf(why, " are not recognised policy settings\n");
	}
	buf_free(&unknown);
}

static unsigned targets_of(struct slice apply_to)
{
	for (size_t i = 0; i < ARRAY_LEN(applications); i++)
		if (slice_is(apply_to, applications[i].name))
			return applications[i].targets;
	return 0;
}

static void judge_targets(const struct policy_spec *s, struct buf *why)
{
	if (!targets_of(s->apply_to))
		buf_printf(why,
		           "apply-to '%.*s' unrecognised; should be one of: 'queues', 'classic_queues', "
		           " 'quorum_queues', 'streams', 'exchanges', or 'all'\n",
		           SLICE_ARG(s->apply_to));
}

static struct pattern *compile(const struct policy_spec *s, struct buf *why)
{
	struct pattern_fault fault;
	struct pattern *p = pattern_new(s->pattern, &fault);
	if (!p)
		buf_printf(why, "pattern should be regular expression but is invalid: {\"%s\",%zu}\n",
		           fault.text, fault.at);
	return p;
}

static void judge_name(const struct policy_spec *s, struct buf *why)
{
	if (s->name.n > POLICY_NAME_MAX)
		buf_printf(why, "name should be less than %d bytes, actually was %zu\n",
		           POLICY_NAME_MAX + 1, s->name.n);
}

/* ---- the policy ---- */

static unsigned useless_to(struct slice definition)
{
	struct table_walk w = table_walk(definition);
	struct slice name;
	struct field f;
	unsigned targets = 0;
	while (table_next(&w, &name, &f))
		targets |= find_key(name, POLICY_USER)->lacks;
	return targets;
}

static struct policy *make(const struct policy_spec *spec, struct pattern *compiled)
{
	struct policy *p = mem_zalloc(sizeof *p);
	list_init(&p->link);
	p->name = mem_own(spec->name);
	p->pattern = mem_own(spec->pattern);
	p->definition = mem_own(spec->definition);
	p->priority = spec->priority;
	p->targets = targets_of(spec->apply_to);
	p->useless = useless_to(p->definition);
	p->compiled = compiled;
	return p;
}

struct policy *policy_new(const struct policy_spec *spec, enum policy_kind kind, struct buf *why)
{
	size_t said = why->len;
	judge_definition(spec, kind, why);
	judge_targets(spec, why);
	struct pattern *compiled = compile(spec, why);
	judge_name(spec, why);
	if (why->len == said)
		return make(spec, compiled);
	pattern_free(&compiled);
	return NULL;
}

struct policy *policy_recall(const struct policy_spec *spec, enum policy_kind kind,
                             struct buf *why)
{
	size_t said = why->len;
	judge_definition(spec, kind, why);
	judge_targets(spec, why);
	judge_name(spec, why);
	return why->len == said ? make(spec, compile(spec, why)) : NULL;
}

void policy_free(struct policy **pp)
{
	struct policy *p = *pp;
	*pp = NULL;
	if (!p)
		return;
	pattern_free(&p->compiled);
	mem_disown(p->name);
	mem_disown(p->pattern);
	mem_disown(p->definition);
	mem_free(p);
}

bool policy_matches(struct policy *p, struct pattern_room *room, enum policy_target target,
                    struct slice name)
{
	if (!p->compiled || !(p->targets & ~p->useless & target))
		return false;
	enum pattern_answer a = pattern_search(p->compiled, room, name);
	if (a == PATTERN_GAVE_UP && !p->gave_up)
		log_warning("policy '%.*s': its pattern takes too long for the name '%.*s', which it is "
		            "taken not to match", SLICE_ARG(p->name), SLICE_ARG(name));
	p->gave_up |= a == PATTERN_GAVE_UP;
	return a == PATTERN_FOUND;
}

const char *policy_apply_to(const struct policy *p)
{
	size_t i = 0;
	while (applications[i].targets != p->targets)
		i++;
	return applications[i].name;
}
