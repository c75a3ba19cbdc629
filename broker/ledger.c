/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ledger.h"

#include "base/pack.h"

/* Of what is said of a virtual host or a user version 2 knows more: a row of facts, each with its
 * number ahead, ascending.  Where there are none it is version 1, which older brokers read. */
enum { VERSION = 1, WITH_FACTS = 2 };

enum fact { FACT_PROTECTED = 1, FACT_MAX_RATE, FACT_MAX_BYTES, FACTS };

/* By their numbers; negative: not said. */
struct facts {
	int64_t of[FACTS];
};

static struct facts no_facts(void)
{
	struct facts f;
	for (int i = 0; i < FACTS; i++)
		f.of[i] = -1;
	return f;
}

static bool any_fact(const struct facts *f)
{
	for (int i = 0; i < FACTS; i++)
		if (f->of[i] >= 0)
			return true;
	return false;
}

static void pack_facts(struct buf *out, const struct facts *f)
{
	for (int i = 0; i < FACTS; i++)
		if (f->of[i] >= 0) {
			buf_u8(out, (uint8_t)i);
			pack_u64(out, (uint64_t)f->of[i]);
		}
}

/* Takes all that is left. */
static bool unpack_facts(struct slice *in, struct facts *out)
{
	uint8_t number;
	uint64_t value;
	for (int last = 0; in->n; last = number) {
		if (!unpack_u8(in, &number) || number <= last || number >= FACTS ||
		    !unpack_u64(in, &value) || value > INT64_MAX)
			return false;
		out->of[number] = (int64_t)value;
	}
	return true;
}

/* The facts of version 2 are at the end. */
static bool unpack_rest(struct slice *in, uint8_t version, struct facts *out)
{
	return unpack_facts(in, out) && any_fact(out) == (version == WITH_FACTS);
}

static bool unpack_either(struct slice *in, uint8_t *version)
{
	return unpack_u8(in, version) && (*version == VERSION || *version == WITH_FACTS);
}

static bool unpack_version(struct slice *in)
{
	uint8_t version;
	return unpack_u8(in, &version) && version == VERSION;
}

static bool unpack_limit(struct slice *in, int64_t *out)
{
	uint64_t v;
	if (!unpack_u64(in, &v))
		return false;
	*out = (int64_t)v;
	return *out >= LEDGER_NO_LIMIT;
}

void ledger_vhost_value(struct buf *out, struct slice name, const struct vhost_about *a)
{
	struct facts facts = no_facts();
	facts.of[FACT_PROTECTED] = a->is_protected ? 1 : -1;
	facts.of[FACT_MAX_RATE] = a->max_rate;
	facts.of[FACT_MAX_BYTES] = a->max_bytes;
	buf_u8(out, any_fact(&facts) ? WITH_FACTS : VERSION);
	pack_string(out, name);
	pack_string(out, a->description);
	pack_string(out, a->tags);
	pack_string(out, a->queue_type);
	pack_u64(out, (uint64_t)a->max_connections);
	pack_u64(out, (uint64_t)a->max_queues);
	pack_facts(out, &facts);
}

bool ledger_vhost_decode(struct slice value, struct slice *name, struct vhost_about *out)
{
	struct facts facts = no_facts();
	uint8_t version;
	bool reads = unpack_either(&value, &version) && unpack_name(&value, name) && name->n &&
	             unpack_string(&value, &out->description) && unpack_string(&value, &out->tags) &&
	             unpack_string(&value, &out->queue_type) &&
	             unpack_limit(&value, &out->max_connections) &&
	             unpack_limit(&value, &out->max_queues) &&
	             unpack_rest(&value, version, &facts);
	out->is_protected = facts.of[FACT_PROTECTED] == 1;
	out->max_rate = facts.of[FACT_MAX_RATE];
	out->max_bytes = facts.of[FACT_MAX_BYTES];
	return reads && (out->is_protected || facts.of[FACT_PROTECTED] < 0);
}

void ledger_user_value(struct buf *out, const struct user_about *a)
{
	struct facts facts = no_facts();
	facts.of[FACT_MAX_RATE] = a->max_rate;
	buf_u8(out, any_fact(&facts) ? WITH_FACTS : VERSION);
	buf_u8(out, (uint8_t)a->password.hashing);
	pack_string(out, slice_of(a->password.bytes, a->password.n));
	pack_string(out, a->tags);
	pack_u64(out, (uint64_t)a->max_connections);
	pack_u64(out, (uint64_t)a->max_channels);
	pack_facts(out, &facts);
}

bool ledger_user_decode(struct slice value, struct user_about *out)
{
	struct facts facts = no_facts();
	uint8_t version, hashing;
	struct slice hash;
	bool reads = unpack_either(&value, &version) && unpack_u8(&value, &hashing) &&
	             hashing <= HASHING_MD5 && unpack_string(&value, &hash) &&
	             password_take(&out->password, (enum hashing)hashing, hash) &&
	             unpack_string(&value, &out->tags) &&
	             unpack_limit(&value, &out->max_connections) &&
	             unpack_limit(&value, &out->max_channels) && unpack_rest(&value, version, &facts);
	out->max_rate = facts.of[FACT_MAX_RATE];
	return reads && facts.of[FACT_PROTECTED] < 0 && facts.of[FACT_MAX_BYTES] < 0;
}

void ledger_grant_key(struct buf *out, const struct grant_key *k)
{
	pack_u32(out, k->vhost);
	pack_string(out, k->user);
	if (k->exchange.p)
		pack_string(out, k->exchange);
}

bool ledger_grant_key_decode(struct slice key, bool to_topics, struct grant_key *out)
{
	out->exchange = slice_of(NULL, 0);
	return unpack_u32(&key, &out->vhost) && unpack_name(&key, &out->user) &&
	       (!to_topics || unpack_name(&key, &out->exchange)) && key.n == 0;
}

void ledger_grant_value(struct buf *out, const struct slice patterns[RIGHTS])
{
	buf_u8(out, VERSION);
	for (int i = 0; i < RIGHTS; i++)
		pack_string(out, patterns[i]);
}

bool ledger_grant_decode(struct slice value, struct slice patterns[RIGHTS])
{
	bool ok = unpack_version(&value);
	for (int i = 0; ok && i < RIGHTS; i++)
		ok = unpack_string(&value, &patterns[i]);
	return ok && value.n == 0;
}
