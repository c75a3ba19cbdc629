/* SPDX-License-Identifier: Apache-2.0 */
#include "persistence/catalog.h"

#include "base/die.h"
#include "base/endian.h"
#include "base/mem.h"
#include "persistence/record.h"

struct item {
	struct list link;          /* by position */
	log_position at;           /* of its last record */
	log_position first;        /* no record of it that is left is older */
	uint32_t name_n;           /* kind and key, in bytes[] */
	uint32_t value_n;          /* behind them; or REMOVED */
	uint8_t bytes[];
};

#define REMOVED UINT32_MAX

static bool is_removed(const struct item *i)
{
	return i->value_n == REMOVED;
}

static struct slice name_of(const struct item *i)
{
	return slice_of(i->bytes, i->name_n);
}

static struct record_define define_of(const struct item *i)
{
	return (struct record_define){
		.kind = i->bytes[0],
		.key = slice_of(i->bytes + 1, i->name_n - 1),
		.value = slice_of(i->bytes + i->name_n, is_removed(i) ? 0 : i->value_n),
	};
}

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
	must(key.n < UINT32_MAX && value.n < REMOVED);
	struct item *i = mem_alloc(sizeof *i + 1 + key.n + value.n);
	i->name_n = 1 + (uint32_t)key.n;
	i->value_n = (uint32_t)value.n;
	i->bytes[0] = kind;
	memcpy(i->bytes + 1, key.p, key.n);
	if (value.n)
		memcpy(i->bytes + 1 + key.n, value.p, value.n);
	list_init(&i->link);
	return i;
}

static void discard(struct catalog *c, struct item *i)
{
	map_remove(&c->entries, name_of(i));
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
	i->at = i->first = at;
	if (old) {
		i->first = old->first;
		discard(c, old);
	}
	map_put(&c->entries, name_of(i), i);
	list_push(&c->by_position, &i->link);
}

static void set_removed(struct catalog *c, struct item *i, log_position at)
{
	i->value_n = REMOVED;
	i->at = at;
	list_remove(&i->link);
	list_push(&c->by_position, &i->link);
}

static log_position append(struct catalog *c, enum record_type type, bool urgent,
                           const struct record_define *r)
{
	struct buf body = { 0 };
	if (!c->log)
		return 0;
	record_define_encode(&body, r);
	struct slice part = buf_slice(&body);
	log_position at = log_append(c->log, type, urgent, &part, 1);
	buf_free(&body);
	return at;
}

log_position catalog_put(struct catalog *c, uint8_t kind, struct slice key, struct slice value)
{
	c->changes++;
	return catalog_set(c, kind, key, value, true);
}

log_position catalog_set(struct catalog *c, uint8_t kind, struct slice key, struct slice value,
                         bool urgent)
{
	struct record_define r = { kind, key, value };
	log_position at = append(c, RECORD_DEFINE, urgent, &r);
	set(c, kind, key, value, at);
	return at;
}

log_position catalog_remove(struct catalog *c, uint8_t kind, struct slice key)
{
	struct item *i = find(c, kind, key);
	struct record_define r = { kind, key, slice_of(NULL, 0) };
	if (!i || is_removed(i))
		return 0;
	log_position at = append(c, RECORD_UNDEFINE, true, &r);
	c->changes++;
	if (c->log)
		set_removed(c, i, at);
	else
		discard(c, i);
	return at;
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
		set_removed(c, old, r->at);
	return true;
}

bool catalog_next(const struct catalog *c, const void **cursor, uint8_t *kind, struct slice *key,
                  struct slice *value)
{
	const struct list *l = *cursor ? ((const struct list *)*cursor)->next : c->by_position.next;
	while (l != &c->by_position && is_removed(list_entry(l, struct item, link)))
		l = l->next;
	if (l == &c->by_position)
		return false;
	struct record_define d = define_of(list_entry(l, struct item, link));
	*cursor = l;
	*kind = d.kind;
	*key = d.key;
	*value = d.value;
	return true;
}

static void refresh(struct catalog *c, struct item *i, log_position from)
{
	struct record_define d = define_of(i);
	i->at = append(c, is_removed(i) ? RECORD_UNDEFINE : RECORD_DEFINE, true, &d);
	if (i->first >= from)
		i->first = i->at;
	list_remove(&i->link);
	list_push(&c->by_position, &i->link);
}

void catalog_sift(struct catalog *c, uint8_t kind, catalog_taker *take, void *context)
{
	const void *cursor = NULL;
	uint8_t each;
	struct slice key, value;
	struct buf refused = { 0 };   /* copies of keys */
	while (catalog_next(c, &cursor, &each, &key, &value))
		if (each == kind && !take(context, key, value))
			buf_append(&refused, &(struct slice){ (uint8_t *)mem_copy(key), key.n }, sizeof key);
	for (size_t at = 0; at < refused.len; at += sizeof key) {
		memcpy(&key, refused.p + at, sizeof key);
		catalog_remove(c, kind, key);
		mem_disown(key);
	}
	buf_free(&refused);
}

bool catalog_refresh(struct catalog *c, log_position from, log_position upto, size_t max)
{
	for (struct item *i;
	     (i = list_first(&c->by_position, struct item, link)) && i->at < upto;) {
		if (max-- == 0)
			return false;
		if (is_removed(i) && i->first >= from)
			discard(c, i);
		else
			refresh(c, i, from);
	}
	return true;
}

/* ---- holes ---- */

void catalog_put_hole(struct catalog *c, log_position from, log_position to)
{
	uint8_t key[8], value[8];
	put_le64(key, from);
	put_le64(value, to);
	catalog_put(c, CATALOG_HOLE, slice_of(key, sizeof key), slice_of(value, sizeof value));
}

void catalog_remove_hole(struct catalog *c, log_position from)
{
	uint8_t key[8];
	put_le64(key, from);
	catalog_remove(c, CATALOG_HOLE, slice_of(key, sizeof key));
}

bool catalog_hole_decode(const struct record_define *d, log_position *from, log_position *to)
{
	if (d->kind != CATALOG_HOLE || d->key.n != 8 || d->value.n != 8)
		return false;
	*from = get_le64(d->key.p);
	*to = get_le64(d->value.p);
	return true;
}
