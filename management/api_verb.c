/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs from afar: the body is what would be brought to the door, and the answer what is heard
 * there (request.h), piece by piece.  Its type is one that no form of a web page can have. */
#include "management/api.h"
#include "management/call.h"
#include "management/verb.h"

static const char request_type[] = "application/x-leveret-request";
static const char answer_type[] = "application/x-leveret-answer";

/* False, which was said then. */
static bool may(struct http_response *r, const struct verb *v, struct buf *out)
{
	if (v->who == VERB_HERE)
		http_refuse(r, out, 401, "not_authorised", "%s can be called at the door alone, by the "
		            "owner of the broker", v->name);
	else if (v->who == VERB_RULES && !http_user_is(r->user, "administrator"))
		http_refuse(r, out, 401, "not_authorised", "Not administrator user");
	return r->status == 200;
}

static void end(void *kept)
{
	call_free(kept);
}

/* What the verb is makes the right, and so it has to be the one that the path names.  One that
 * there is not is answered as at the door. */
static bool begin(struct http_response *r, struct call **call, struct buf *out)
{
	struct buf bytes = { 0 };
	struct slice in = r->request->body;
	struct request request;
	if (!slice_is(r->request->content_type, request_type)) {
		http_bad_request(r, out, "the body has to be of the type %s", request_type);
		return false;
	}
	if (request_decode(&in, &request) != REQUEST_OK || in.n) {
		http_bad_request(r, out, "the body is no call of a verb");
		return false;
	}
	buf_append_slice(&bytes, r->request->body);
	*call = call_new(r->host, &bytes);
	(*call)->actor = r->user_name;
	const struct verb *v = (*call)->verb;
	if (v && !slice_is(r->parts[0], v->name)) {
		http_bad_request(r, out, "the body calls %s", v->name);
		return false;
	}
	if (v && !may(r, v, out))
		return false;
	r->type = answer_type;
	return true;
}

/* A piece without bytes. */
static void put_sign(struct buf *out)
{
	static const uint8_t sign[ANSWER_HEAD_BYTES] = { ANSWER_OUTPUT };
	buf_append(out, sign, sizeof sign);
}

/* Who may not any more hears nothing more. */
enum call_state api_verb(struct http_response *r, struct buf *out)
{
	struct call **call = http_keep(r, sizeof *call, end);
	if (!r->begun && !begin(r, call, out))
		return CALL_DONE;
	const struct verb *v = (*call)->verb;
	r->cut = !http_user_is(r->user, v && v->who == VERB_RULES ? "administrator" : "monitoring");
	if (r->cut)
		return CALL_DONE;
	enum call_state state = call_pull(*call, r->now_ms, out);
	if ((*call)->follows && http_is_quiet(r, out))
		put_sign(out);
	return state;
}
