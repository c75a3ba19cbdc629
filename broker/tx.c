/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/tx.h"

#include "base/die.h"
#include "base/mem.h"
#include "broker/channel.h"

void tx_hold_publish(struct channel *ch, struct message **m, bool mandatory)
{
	struct tx *t = &ch->tx;
	if (t->n_publishes == t->cap_publishes) {
		t->cap_publishes = t->cap_publishes ? 2 * t->cap_publishes : 8;
		t->publishes = mem_realloc(t->publishes, t->cap_publishes * sizeof *t->publishes);
	}
	t->publishes[t->n_publishes++] = (struct tx_publish){ *m, mandatory };
	*m = NULL;
}

void tx_hold_settle(struct channel *ch, uint64_t tag, enum settle_how how)
{
	struct tx *t = &ch->tx;
	struct delivery *d = unacked_get(&ch->unacked, tag);
	must(d && !d->held);
	d->held = true;
	if (t->n_settles == t->cap_settles) {
		t->cap_settles = t->cap_settles ? 2 * t->cap_settles : 16;
		t->settles = mem_realloc(t->settles, t->cap_settles * sizeof *t->settles);
	}
	t->settles[t->n_settles++] = (struct tx_settle){ tag, how };
}

void tx_reset(struct channel *ch)
{
	struct tx *t = &ch->tx;
	for (size_t i = 0; i < t->n_publishes; i++)
		if (t->publishes[i].message)
			message_drop(&t->publishes[i].message);
	for (size_t i = 0; i < t->n_settles; i++) {
		struct delivery *d = unacked_get(&ch->unacked, t->settles[i].tag);
		if (d)
			d->held = false;
	}
	mem_free(t->publishes);
	mem_free(t->settles);
	ch->connection->assembling_bytes -= t->held_bytes;
	*t = (struct tx){ .on = t->on };
}
