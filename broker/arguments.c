/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/arguments.h"

#include "amqp/table.h"
#include "broker/refuse.h"
#include "broker/state.h"

/* "none", or "the value '10' of type 'signedint'". */
static void describe(struct buf *out, bool there, const struct field *f)
{
	if (!there) {
		buf_printf(out, "none");
		return;
	}
	buf_printf(out, "the value '");
	if (field_is_integer(f))
		buf_printf(out, "%lld", (long long)f->integer);
	else if (f->letter == 'S' || f->letter == 'x')
		buf_append_slice(out, f->bytes);
	else if (f->letter == 't')
		buf_printf(out, "%s", f->boolean ? "true" : "false");
	else if (f->letter == 'f' || f->letter == 'd')
		buf_printf(out, "%g", f->real);
	buf_printf(out, "' of type '%s'", field_type_name(f));
}

static const struct refusal *inequivalent(struct broker *b, struct declared d, const char *key,
                                          const struct field *received,
                                          const struct field *current)
{
	struct buf r = { 0 }, c = { 0 };
	describe(&r, received != NULL, received);
	describe(&c, current != NULL, current);
	const struct refusal *refusal = refuse(
		b, &PRECONDITION_FAILED,
		"inequivalent arg '%s' for %s '%.*s' in vhost '%.*s': received %.*s but current is %.*s",
		key, d.what, SLICE_ARG(d.name), SLICE_ARG(b->vhost.name), SLICE_ARG(buf_slice(&r)),
		SLICE_ARG(buf_slice(&c)));
	buf_free(&r);
	buf_free(&c);
	return refusal;
}

const struct refusal *arguments_equivalent(struct broker *b, struct declared d,
                                           const char *const *keys, struct slice received,
                                           struct slice current)
{
	for (; *keys; keys++) {
		struct field fr, fc;
		bool r = table_find(received, *keys, &fr), c = table_find(current, *keys, &fc);
		if ((r || c) && !(r && c && field_equal(&fr, &fc)))
			return inequivalent(b, d, *keys, r ? &fr : NULL, c ? &fc : NULL);
	}
	return NULL;
}

const struct refusal *arguments_same_flag(struct broker *b, struct declared d, const char *flag,
                                          bool received, bool current)
{
	if (received == current)
		return NULL;
	return refuse(b, &PRECONDITION_FAILED,
	              "inequivalent arg '%s' for %s '%.*s' in vhost '%.*s': received '%s' but current "
	              "is '%s'",
	              flag, d.what, SLICE_ARG(d.name), SLICE_ARG(b->vhost.name),
	              received ? "true" : "false", current ? "true" : "false");
}
