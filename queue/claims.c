/* SPDX-License-Identifier: Apache-2.0 */
#include "queue/claims.h"

#include "base/mem.h"

void claims_add_key(struct claims *c, struct key_claim key)
{
	if (c->n_keys == c->cap_keys) {
		c->cap_keys = c->cap_keys ? 2 * c->cap_keys : 4;
		c->keys = mem_realloc(c->keys, c->cap_keys * sizeof *c->keys);
	}
	c->keys[c->n_keys++] = key;
}

void claims_add_publisher(struct claims *c, struct publisher *p)
{
	if (c->n_publishers == c->cap_publishers) {
		c->cap_publishers = c->cap_publishers ? 2 * c->cap_publishers : 4;
		c->publishers = mem_realloc(c->publishers, c->cap_publishers * sizeof *c->publishers);
	}
	c->publishers[c->n_publishers++] = p;
}

void claims_free(struct claims *c)
{
	mem_free(c->keys);
	mem_free(c->publishers);
	*c = (struct claims){ 0 };
}
