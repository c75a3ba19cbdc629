/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/parameters.h"

#include "amqp/table.h"
#include "base/logline.h"
#include "base/mem.h"
#include "base/pack.h"
#include "broker/state.h"

enum { VERSION = 1 };

void parameters_init(struct parameters *p, struct catalog *c, uint32_t vhost)
{
	*p = (struct parameters){ .catalog = c, .vhost = vhost };
	list_init(&p->all);
	list_init(&p->walks);
}

static void parameter_free(struct parameter *one)
{
	mem_disown(one->component);
	mem_disown(one->name);
	mem_disown(one->value);
	mem_free(one);
}

void parameters_free(struct parameters *p)
{
	walks_lose_all(&p->walks);
	for (struct list *l; (l = list_pop(&p->all));)
		parameter_free(list_entry(l, struct parameter, link));
}

/* ---- the catalog ---- */

static void put_key(struct buf *out, const struct parameters *p, struct slice component,
                    struct slice name)
{
	pack_u32(out, p->vhost);
	pack_string(out, component);
	pack_string(out, name);
}

static log_position keep(struct parameters *p, const struct parameter *one)
{
	struct buf key = { 0 }, value = { 0 };
	put_key(&key, p, one->component, one->name);
	buf_u8(&value, VERSION);
	buf_append_slice(&value, one->value);
	log_position at =
		catalog_put(p->catalog, CATALOG_PARAMETER, buf_slice(&key), buf_slice(&value));
	buf_free(&key);
	buf_free(&value);
	return at;
}

static log_position forget(struct parameters *p, const struct parameter *one)
{
	struct buf key = { 0 };
	put_key(&key, p, one->component, one->name);
	log_position at = catalog_remove(p->catalog, CATALOG_PARAMETER, buf_slice(&key));
	buf_free(&key);
	return at;
}

void parameters_forget(struct parameters *p)
{
	list_each(it, &p->all)
		forget(p, list_entry(it, struct parameter, link));
}

/* ---- changes ---- */

static int order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = n ? memcmp(a.p, b.p, n) : 0;
	return diff ? diff : a.n < b.n ? -1 : a.n > b.n;
}

static int compare(const struct parameter *one, struct slice component, struct slice name)
{
	int diff = order(one->component, component);
	return diff ? diff : order(one->name, name);
}

/* The first that does not come before it. */
static struct list *place_of(const struct parameters *p, struct slice component,
                             struct slice name)
{
	struct list *l = p->all.next;
	while (l != &p->all && compare(list_entry(l, struct parameter, link), component, name) < 0)
		l = l->next;
	return l;
}

struct parameter *parameters_find(const struct parameters *p, struct slice component,
                                  struct slice name)
{
	struct list *l = place_of(p, component, name);
	struct parameter *one = list_entry(l, struct parameter, link);
	return l != &p->all && compare(one, component, name) == 0 ? one : NULL;
}

static struct parameter *put(struct parameters *p, struct slice component, struct slice name,
                             struct slice value)
{
	struct parameter *one = parameters_find(p, component, name);
	if (one) {
		mem_disown(one->value);
		one->value = mem_own(value);
		return one;
	}
	one = mem_zalloc(sizeof *one);
	one->component = mem_own(component);
	one->name = mem_own(name);
	one->value = mem_own(value);
	list_insert_before(place_of(p, component, name), &one->link);
	p->count++;
	return one;
}

bool parameters_set(struct parameters *p, struct slice component, struct slice name,
                    struct slice value, log_position *wait_for)
{
	if (component.n > PARAMETER_NAME_MAX || name.n > PARAMETER_NAME_MAX ||
	    (p->count >= PARAMETERS_MAX && !parameters_find(p, component, name)))
		return false;
	*wait_for = keep(p, put(p, component, name, value));
	return true;
}

bool parameters_clear(struct parameters *p, struct slice component, struct slice name,
                      log_position *wait_for)
{
	struct parameter *one = parameters_find(p, component, name);
	if (!one)
		return false;
	*wait_for = forget(p, one);
	walks_leave(&p->walks, &one->link);
	list_remove(&one->link);
	p->count--;
	parameter_free(one);
	return true;
}

/* ---- recovery ---- */

static struct parameters *find_owner(struct broker *b, uint32_t vhost)
{
	struct vhost *v = vhost ? vhost_numbered(b, vhost) : NULL;
	return v ? &v->parameters : vhost ? NULL : &b->parameters;
}

static bool recover_one(void *b, struct slice key, struct slice value)
{
	struct slice component, name;
	struct parameters *p;
	uint32_t vhost;
	uint8_t version;
	if (!unpack_u32(&key, &vhost) || !unpack_name(&key, &component) ||
	    !unpack_name(&key, &name) || key.n || !unpack_u8(&value, &version) ||
	    version != VERSION || !array_check(value) || value.n == 0 ||
	    !(p = find_owner(b, vhost)))
		return false;
	put(p, component, name, value);
	return true;
}

void parameters_recover(struct broker *b)
{
	catalog_sift(&b->store.catalog, CATALOG_PARAMETER, recover_one, b);
}
