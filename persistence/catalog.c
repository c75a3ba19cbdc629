/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/catalog.h"

#include "base/die.h"
#include "base/mem.h"
#include "persistence/record.h"

struct item {
	struct list link;          /* by position */
	log_position at;
	struct slice name;         /* kind and key, in bytes[] */
	struct slice value;        /* behind them */
	uint8_t bytes[];
};

void catalog_init(struct catalog *c, struct log *log)
{
	*c = (struct catalog){ .log = log };
	list_init(&c->by_position);
}

void catalog_free(struct catalog *c)
{
	for (struct list *l; (l = list_pop(&c->by_position));)
		mem_free(list_entry(l, struct item, link));
	map_free(&c->entries);
}

static struct item *item_new(uint8_t kind, struct slice key, struct slice value)
{
	struct item *i = mem_alloc(sizeof *i + 1 + key.n + value.n);
	i->bytes[0] = kind;
	memcpy(i->bytes + 1, key.p, key.n);
	if (value.n)
		memcpy(i->bytes + 1 + key.n, value.p, value.n);
	i->name = slice_of(i->bytes, 1 + key.n);
	i->value = slice_of(i->bytes + 1 + key.n, value.n);
	list_init(&i->link);
	return i;
}

static void discard(struct catalog *c, struct item *i)
{
	map_remove(&c->entries, i->name);
	list_remove(&i->link);
	mem_free(i);
}

static struct item *find(struct catalog *c, uint8_t kind, struct slice key)
{
	struct buf name = { 0 };
	buf_u8(&name, kind);
	buf_append_slice(&name, key);
	struct item *i = map_get(&c->entries, buf_slice(&name));
	buf_free(&name);
	return i;
}

static void set(struct catalog *c, uint8_t kind, struct slice key, struct slice value,
                log_position at)
{
	struct item *old = find(c, kind, key), *i = item_new(kind, key, value);
	if (old)
		discard(c, old);
	i->at = at;
	map_put(&c->entries, i->name, i);
	list_push(&c->by_position, &i->link);
}

static log_position append(struct catalog *c, enum record_type type, const struct record_define *r)
{
	struct buf body = { 0 };
	if (!c->log)
		return 0;
	record_define_encode(&body, r);
	struct slice part = buf_slice(&body);
	log_position at = log_append(c->log, type, true, &part, 1);
	buf_free(&body);
	return at;
}

log_position catalog_put(struct catalog *c, uint8_t kind, struct slice key, struct slice value)
{
	struct record_define r = { kind, key, value };
	log_position at = append(c, RECORD_DEFINE, &r);
	set(c, kind, key, value, at);
	return at;
}

log_position catalog_remove(struct catalog *c, uint8_t kind, struct slice key)
{
	struct item *i = find(c, kind, key);
	if (!i)
		return 0;
	discard(c, i);
	return append(c, RECORD_UNDEFINE, &(struct record_define){ kind, key, slice_of(NULL, 0) });
}

bool catalog_recover(struct catalog *c, const struct log_record *r)
{
	struct record_define d;
	if (!record_define_decode(r->body, &d))
		return false;
	struct item *old = find(c, d.kind, d.key);
	if (r->type == RECORD_DEFINE)
		set(c, d.kind, d.key, d.value, r->at);
	else if (old)
		discard(c, old);
	return true;
}

bool catalog_next(const struct catalog *c, const void **cursor, uint8_t *kind, struct slice *key,
                  struct slice *value)
{
	const struct list *l = *cursor ? ((const struct list *)*cursor)->next : c->by_position.next;
	if (l == &c->by_position)
		return false;
	const struct item *i = list_entry(l, struct item, link);
	*cursor = l;
	*kind = i->name.p[0];
	*key = slice_of(i->name.p + 1, i->name.n - 1);
	*value = i->value;
	return true;
}

uint64_t catalog_count_before(const struct catalog *c, log_position upto)
{
	uint64_t n = 0;
	for (const struct list *l = c->by_position.next;
	     l != &c->by_position && list_entry(l, struct item, link)->at < upto; l = l->next)
		n++;
	return n;
}

log_position catalog_refresh(struct catalog *c, log_position upto)
{
	log_position last = 0;
	for (struct item *i;
	     (i = list_first(&c->by_position, struct item, link)) && i->at < upto;) {
		struct slice key = slice_of(i->name.p + 1, i->name.n - 1);
		struct record_define d = { i->name.p[0], key, i->value };
		i->at = last = append(c, RECORD_DEFINE, &d);
		must(last >= upto);
		list_remove(&i->link);
		list_push(&c->by_position, &i->link);
	}
	return last;
}
