/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that list: a row for each at the end. */
#include "base/die.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/listing.h"
#include "management/verbs.h"

struct list_spec {
	enum roster_kind kind;
	enum { OF_ALL, OF_VHOST, OF_USER } of;   /* those of one virtual host, or of one user ... */
	const char *banner;          /* ... whose name stands in it */
	const char *columns;         /* unless others are named, with blanks between */
};

/* ---- columns ---- */

static void choose_usual(struct listing *l, const struct list_spec *s)
{
	for (struct slice rest = slice_str(s->columns); rest.n;) {
		l->columns[l->n++] = column_find(s->kind, slice_cut(&rest, ' '));
		must(l->columns[l->n - 1]);
	}
}

/* The columns named, each a word; those that do not exist are said together. */
static bool choose(struct call *c, struct listing *l, const struct list_spec *s)
{
	struct buf unknown = { 0 };
	size_t first = s->of == OF_USER && !c->options.user.p, n_unknown = 0;
	if (c->n == first)
		choose_usual(l, s);
	for (size_t i = first; i < c->n && l->n < LISTING_MAX_COLUMNS; i++) {
		const struct column *column = column_find(s->kind, c->arguments[i]);
		if (column)
			l->columns[l->n++] = column;
		else
			buf_printf(&unknown, "%s%.*s", n_unknown++ ? "," : "", SLICE_ARG(c->arguments[i]));
	}
	if (n_unknown)
		call_refuse(c, "Info key(s) %.*s are not supported", SLICE_ARG(buf_slice(&unknown)));
	else if (c->n > LISTING_MAX_COLUMNS)
		call_refuse(c, "too many arguments.");
	buf_free(&unknown);
	return c->code == CALL_EXIT_OK;
}

/* ---- rows ---- */

static void end(void *kept)
{
	listing_end(kept);
}

static bool begin(struct call *c, struct listing *l, const struct list_spec *s, struct buf *out)
{
	struct vhost *v = NULL;
	struct user *u = NULL;
	bool ok = l->n || choose(c, l, s);
	if (ok && s->of == OF_VHOST)
		ok = (v = call_vhost(c)) != NULL;
	if (ok && s->of == OF_USER)
		ok = (u = call_user(c)) != NULL;
	if (!ok) {
		buf_clear(out);
		return false;
	}
	listing_begin(l, c->host->broker, v, u, s->kind, c->options.format, !c->options.bare, out);
	return true;
}

static enum call_state list(struct call *c, const struct list_spec *s, struct buf *out)
{
	struct listing *l = call_keep(c, sizeof *l, end);
	struct slice user = c->options.user.p ? c->options.user : c->arguments[0];
	if (!c->begun)
		call_banner(c, out, s->banner, SLICE_ARG(s->of == OF_USER ? user : c->vhost));
	if (!c->begun && !begin(c, l, s, out))
		return CALL_DONE;
	if (listing_go_on(l, out))
		return CALL_MORE;
	return l->measuring && begin(c, l, s, out) ? CALL_MORE : CALL_DONE;
}

/* ---- limits: of one, or of all that have some ---- */

enum call_state verb_list_vhost_limits(struct call *c, struct buf *out)
{
	static const struct list_spec one = {
		ROSTER_VHOST_LIMITS, OF_VHOST, "Listing limits for vhost \"%.*s\" ...", "limits",
	};
	static const struct list_spec all = {
		ROSTER_VHOST_LIMITS, OF_ALL, "Listing limits for all vhosts ...", "vhost limits",
	};
	return list(c, c->options.global ? &all : &one, out);
}

enum call_state verb_list_user_limits(struct call *c, struct buf *out)
{
	static const struct list_spec one = {
		ROSTER_USER_LIMITS, OF_USER, "Listing limits for user \"%.*s\" ...", "limits",
	};
	static const struct list_spec all = {
		ROSTER_USER_LIMITS, OF_ALL, "Listing limits for all users ...", "user limits",
	};
	if (!c->options.user.p)
		c->options.user = slice_str("guest");
	return list(c, c->options.global ? &all : &one, out);
}

/* ---- the others ---- */

#define LIST(verb, kind, of, banner, columns) \
	enum call_state verb_##verb(struct call *c, struct buf *out) \
	{ \
		static const struct list_spec spec = { kind, of, banner, columns }; \
		return list(c, &spec, out); \
	}

LIST(list_vhosts, ROSTER_VHOSTS, OF_ALL, "Listing vhosts ...", "name")
LIST(list_users, ROSTER_USERS, OF_ALL, "Listing users ...", "user tags")
LIST(list_permissions, ROSTER_PERMISSIONS, OF_VHOST,
     "Listing permissions for vhost \"%.*s\" ...",
     "user configure write read")
LIST(list_user_permissions, ROSTER_USER_PERMISSIONS, OF_USER,
     "Listing permissions for user \"%.*s\" ...",
     "vhost configure write read")
LIST(list_topic_permissions, ROSTER_TOPIC_PERMISSIONS, OF_VHOST,
     "Listing topic permissions for vhost \"%.*s\" ...",
     "user exchange write read")
LIST(list_user_topic_permissions, ROSTER_USER_TOPIC_PERMISSIONS, OF_USER,
     "Listing topic permissions for user \"%.*s\" ...",
     "vhost exchange write read")
LIST(list_queues, ROSTER_QUEUES, OF_VHOST,
     "Timeout: 60.0 seconds ...\nListing queues for vhost %.*s ...",
     "name messages")
LIST(list_exchanges, ROSTER_EXCHANGES, OF_VHOST,
     "Listing exchanges for vhost %.*s ...",
     "name type")
LIST(list_bindings, ROSTER_BINDINGS, OF_VHOST,
     "Listing bindings for vhost %.*s ...",
     "source_name source_kind destination_name destination_kind routing_key arguments")
LIST(list_connections, ROSTER_CONNECTIONS, OF_ALL,
     "Listing connections ...",
     "user peer_host peer_port state")
LIST(list_channels, ROSTER_CHANNELS, OF_ALL,
     "Listing channels ...",
     "pid user consumer_count messages_unacknowledged")
LIST(list_consumers, ROSTER_CONSUMERS, OF_VHOST,
     "Listing consumers in vhost %.*s ...",
     "queue_name channel_pid consumer_tag ack_required prefetch_count active arguments")
LIST(list_publishers, ROSTER_PUBLISHERS, OF_VHOST,
     "Listing publishers in vhost %.*s ...",
     "queue_name publisher sequence complete")
LIST(list_policies, ROSTER_POLICIES, OF_VHOST,
     "Listing policies for vhost \"%.*s\" ...",
     "vhost name pattern apply-to definition priority")
LIST(list_operator_policies, ROSTER_OPERATOR_POLICIES, OF_VHOST,
     "Listing operator policy overrides for vhost \"%.*s\" ...",
     "vhost name pattern apply-to definition priority")
LIST(list_parameters, ROSTER_PARAMETERS, OF_VHOST,
     "Listing runtime parameters for vhost \"%.*s\" ...",
     "component name value")
LIST(list_global_parameters, ROSTER_GLOBAL_PARAMETERS, OF_ALL,
     "Listing global runtime parameters ...",
     "name value")
