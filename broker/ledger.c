/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ledger.h"

#include "base/pack.h"

enum { VERSION = 1 };

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
	buf_u8(out, VERSION);
	pack_string(out, name);
	pack_string(out, a->description);
	pack_string(out, a->tags);
	pack_string(out, a->queue_type);
	pack_u64(out, (uint64_t)a->max_connections);
	pack_u64(out, (uint64_t)a->max_queues);
}

bool ledger_vhost_decode(struct slice value, struct slice *name, struct vhost_about *out)
{
	return unpack_version(&value) && unpack_name(&value, name) && name->n &&
	       unpack_string(&value, &out->description) && unpack_string(&value, &out->tags) &&
	       unpack_string(&value, &out->queue_type) &&
	       unpack_limit(&value, &out->max_connections) &&
	       unpack_limit(&value, &out->max_queues) && value.n == 0;
}

void ledger_user_value(struct buf *out, const struct user_about *a)
{
	buf_u8(out, VERSION);
	buf_u8(out, (uint8_t)a->password.hashing);
	pack_string(out, slice_of(a->password.bytes, a->password.n));
	pack_string(out, a->tags);
	pack_u64(out, (uint64_t)a->max_connections);
	pack_u64(out, (uint64_t)a->max_channels);
}

bool ledger_user_decode(struct slice value, struct user_about *out)
{
	uint8_t hashing;
	struct slice hash;
	return unpack_version(&value) && unpack_u8(&value, &hashing) && hashing <= HASHING_MD5 &&
	       unpack_string(&value, &hash) &&
	       password_take(&out->password, (enum hashing)hashing, hash) &&
	       unpack_string(&value, &out->tags) && unpack_limit(&value, &out->max_connections) &&
	       unpack_limit(&value, &out->max_channels) && value.n == 0;
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
