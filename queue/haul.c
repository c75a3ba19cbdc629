/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/haul.h"

#include <errno.h>

#include "persistence/record.h"
#include "queue/store.h"

void haul_ask(struct store *s, struct haul *h, unsigned kind)
{
	h->kind = kind;
	h->done = 0;
	h->fetch = (struct log_fetch){ .owner = h->owner, .kind = kind, .at = h->at,
		                         .n = h->n };
	log_fetch(s->log, &h->fetch);
}

static void ask_for_part(struct store *s, struct haul *h, log_position at)
{
	log_fetch_free(&h->part);
	h->part_at = at;
	h->part = (struct log_fetch){ .owner = h->owner, .kind = h->kind, .at = &h->part_at,
		                        .n = 1 };
	log_fetch(s->log, &h->part);
}

static void take_back(struct haul *h)
{
	if (!h->given)
		return;
	h->given = false;
	h->done++;
	h->part_at = 0;
	log_fetch_free(&h->part);
	buf_free(&h->body);
}

const struct log_found *haul_next(struct store *s, struct haul *h)
{
	take_back(h);
	if (haul_is_over(h)) {
		log_fetch_free(&h->fetch);
		return NULL;
	}
	static const struct log_found gone = { .error = -ENOENT };
	const struct log_found *f = h->part_at ? &h->part.found[0] : &h->fetch.found[h->done];
	bool more = !f->error && f->type == RECORD_CHUNK && f->next;
	if (more && !log_holds(s->log, f->next)) {
		f = &gone;
	} else if (more) {
		buf_append_slice(&h->body, f->body);
		ask_for_part(s, h, f->next);
		return NULL;
	}
	h->given = true;
	return f;
}

void haul_free(struct haul *h)
{
	log_fetch_free(&h->fetch);
	log_fetch_free(&h->part);
	buf_free(&h->body);
}
