/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/latest.h"

#include "base/endian.h"
#include "base/mem.h"

enum {
	FIRST_SLOTS = 8,
	LOOK_SHARE = 8,              /* of a refusal the cost: so many entries are looked at */
};

struct latest_slot {
	struct digest key;
	uint64_t number;             /* 0: the slot is free */
};

void latest_init(struct latest *l, uint64_t most, const struct ranges *gone)
{
	*l = (struct latest){ .most = most, .gone = gone };
}

void latest_free(struct latest *l)
{
	for (size_t i = 0; i < LATEST_PARTS; i++)
		mem_free(l->parts[i].slots);
	latest_init(l, l->most, l->gone);
}

static struct latest_part *part_of(struct latest *l, const struct digest *key)
{
	return &l->parts[key->bytes[0] % LATEST_PARTS];
}

/* The slot of the key, or the free one where it belongs; some are free. */
static struct latest_slot *find(const struct latest_part *p, const struct digest *key)
{
	uint32_t at = (uint32_t)((uint64_t)get_le32(key->bytes + 1) * p->cap >> 32);
	while (p->slots[at].number && memcmp(&p->slots[at].key, key, sizeof *key) != 0)
		at = at + 1 < p->cap ? at + 1 : 0;
	return &p->slots[at];
}

static bool is_there(const struct latest *l, uint64_t number)
{
	return number && !ranges_hold(l->gone, number);
}

/* With those whose message is there, and room for more. */
static void make_anew(struct latest *l, struct latest_part *p)
{
	struct latest_part old = *p;
	l->count -= old.n;
	p->n = 0;
	for (uint32_t i = 0; i < old.cap; i++)
		p->n += is_there(l, old.slots[i].number);
	p->cap = FIRST_SLOTS + (uint32_t)((uint64_t)p->n * 5 / 3);
	p->slots = mem_zalloc(p->cap * sizeof *p->slots);
	for (uint32_t i = 0; i < old.cap; i++)
		if (is_there(l, old.slots[i].number))
			*find(p, &old.slots[i].key) = old.slots[i];
	l->count += p->n;
	mem_free(old.slots);
}

/* When there is none, now and then a part is looked at for what is gone. */
static bool has_room(struct latest *l)
{
	if (l->count < l->most)
		return true;
	uint64_t pause = l->count / LATEST_PARTS / LOOK_SHARE + 1;
	if (l->refused++ % pause == 0)
		make_anew(l, &l->parts[l->refused / pause % LATEST_PARTS]);
	return l->count < l->most;
}

static void add(struct latest *l, struct latest_part *p, const struct digest *key, uint64_t number)
{
	if (5 * ((uint64_t)p->n + 1) > 4 * (uint64_t)p->cap)
		make_anew(l, p);
	*find(p, key) = (struct latest_slot){ *key, number };
	p->n++;
	l->count++;
}

bool latest_put(struct latest *l, const struct digest *key, uint64_t number, uint64_t *other)
{
	struct latest_part *p = part_of(l, key);
	struct latest_slot *s = p->cap ? find(p, key) : NULL;
	*other = 0;
	if (s && s->number) {
		uint64_t was = is_there(l, s->number) ? s->number : 0;
		s->number = was > number ? was : number;
		*other = was > number ? number : was;
		return true;
	}
	if (!has_room(l))
		return false;
	add(l, p, key, number);
	return true;
}

size_t latest_footprint(const struct latest *l)
{
	size_t n = 0;
	for (size_t i = 0; i < LATEST_PARTS; i++)
		n += l->parts[i].cap * sizeof(struct latest_slot);
	return n;
}
