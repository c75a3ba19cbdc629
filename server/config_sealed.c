/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config_sealed.h"

#include "base/mem.h"
#include "management/sealed.h"
#include "server/config.h"

static void release(struct config_sealed *s)
{
	mem_free(s->key);
	mem_free(s->value);
	mem_free(s->where);
}

static bool is_of(struct slice key, struct slice name)
{
	return slice_eq(slice_take(&key, name.n < key.n ? name.n : key.n), name) &&
	       (key.n == 0 || key.p[0] == '.');
}

void config_sealed_drop(struct config *c, struct slice key)
{
	for (uint32_t i = c->n_sealed; i-- > 0;) {
		if (!is_of(slice_str(c->sealed[i].key), key))
			continue;
		release(&c->sealed[i]);
		c->sealed[i] = c->sealed[--c->n_sealed];
	}
}

void config_sealed_add(struct config *c, struct slice key, struct slice value, const char *where)
{
	config_sealed_drop(c, key);
	slice_take(&value, strlen(CONFIG_SEALED));
	c->sealed = mem_realloc(c->sealed, (c->n_sealed + 1) * sizeof *c->sealed);
	c->sealed[c->n_sealed++] = (struct config_sealed){ mem_copy(key), mem_copy(value),
		                                               mem_strdup(where) };
}

bool config_sealed_open(const struct config *c, const struct config_sealed *s,
                        const char *passphrase, struct literal *out, struct buf *why)
{
	struct sealing how;
	sealing_init(&how, passphrase);
	sealing_set_cipher(&how, slice_str(c->decoder_cipher));
	sealing_set_hash(&how, slice_str(c->decoder_hash));
	how.iterations = (int)c->decoder_iterations;
	if (!passphrase)
		buf_printf(why, "%s: %s: is encrypted, and there is no config_entry_decoder.passphrase",
		           s->where, s->key);
	else if (sealed_open(out, &how, slice_str(s->value)))
		return true;
	else
		buf_printf(why, "%s: %s: cannot be decrypted: is the passphrase right, and are cipher, "
		           "hash and iterations of config_entry_decoder those of rabbitmqctl encode?",
		           s->where, s->key);
	return false;
}

void config_sealed_free(struct config *c)
{
	for (uint32_t i = 0; i < c->n_sealed; i++)
		release(&c->sealed[i]);
	mem_free(c->sealed);
	c->sealed = NULL;
	c->n_sealed = 0;
}
