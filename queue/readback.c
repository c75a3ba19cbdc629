/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/readback.h"

#include <errno.h>

#include "persistence/record.h"
#include "queue/store.h"

void readback_ask(struct store *s, struct readback *h, unsigned kind)
{
	h->kind = kind;
	h->done = 0;
	h->fetch = (struct log_fetch){ .owner = h->owner, .kind = kind, .at = h->at,
		                         .n = h->n };
	log_fetch(s->log, &h->fetch);
}

static void ask_for_part(struct store *s, struct readback *h, log_position at)
{
	log_fetch_free(&h->part);
	h->part_at = at;
	h->part = (struct log_fetch){ .owner = h->owner, .kind = h->kind, .at = &h->part_at,
		                        .n = 1 };
	log_fetch(s->log, &h->part);
}

static void take_back(struct readback *h)
{
	if (!h->given)
		return;
	h->given = false;
	h->done++;
	h->part_at = 0;
	log_fetch_free(&h->part);
	buf_free(&h->body);
}

const struct log_found *readback_next(struct store *s, struct readback *h)
{
	take_back(h);
	if (readback_is_over(h)) {
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

void readback_free(struct readback *h)
{
	log_fetch_free(&h->fetch);
	log_fetch_free(&h->part);
	buf_free(&h->body);
}
