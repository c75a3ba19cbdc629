/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that list. */
#include "base/die.h"
#include "broker/state.h"
#include "management/verbs.h"

struct list_spec {
	enum roster_kind kind;
	const char *defaults;        /* columns, separated by blanks */
	enum { OF_ALL, OF_VHOST, OF_USER } of;   /* those of one virtual host, or of one user */
};

static void choose_defaults(struct call *c, const struct list_spec *s)
{
	for (struct slice rest = slice_str(s->defaults); rest.n;) {
		c->listing.columns[c->listing.n++] = column_find(s->kind, slice_cut(&rest, ' '));
		must(c->listing.columns[c->listing.n - 1]);
	}
}

/* The columns named, each a word; those that do not exist are said together. */
static bool choose(struct call *c, const struct list_spec *s)
{
	struct buf unknown = { 0 };
	size_t first = s->of == OF_USER && !c->options.user.p, n_unknown = 0;
	if (c->n == first)
		choose_defaults(c, s);
	for (size_t i = first; i < c->n && c->listing.n < LISTING_MAX_COLUMNS; i++) {
		const struct column *column = column_find(s->kind, c->arguments[i]);
		if (column)
			c->listing.columns[c->listing.n++] = column;
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

static bool begin(struct call *c, const struct list_spec *s, struct buf *out)
{
	struct vhost *v = NULL;
	struct user *u = NULL;
	bool ok = c->listing.n || choose(c, s);
	if (ok && s->of == OF_VHOST)
		ok = (v = call_vhost(c)) != NULL;
	if (ok && s->of == OF_USER)
		ok = (u = call_user(c)) != NULL;
	if (!ok) {
		buf_clear(out);
		return false;
	}
	listing_begin(&c->listing, c->host->broker, v, u, s->kind, c->options.format, !c->options.bare,
	              out);
	return true;
}

static enum call_state list(struct call *c, const struct list_spec *s, struct buf *out)
{
	if (!c->begun && !begin(c, s, out))
		return CALL_DONE;
	if (listing_go_on(&c->listing, out))
		return CALL_MORE;
	return c->listing.measuring && begin(c, s, out) ? CALL_MORE : CALL_DONE;
}

enum call_state verb_list_vhosts(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_VHOSTS, "name", OF_ALL };
	if (!c->begun)
		call_banner(c, out, "Listing vhosts ...");
	return list(c, &spec, out);
}

enum call_state verb_list_users(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_USERS, "user tags", OF_ALL };
	if (!c->begun)
		call_banner(c, out, "Listing users ...");
	return list(c, &spec, out);
}

enum call_state verb_list_permissions(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_PERMISSIONS,
		"user configure write read",
		OF_VHOST,
	};
	if (!c->begun)
		call_banner(c, out, "Listing permissions for vhost \"%.*s\" ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_user_permissions(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_USER_PERMISSIONS,
		"vhost configure write read",
		OF_USER,
	};
	if (!c->begun)
		call_banner(c, out, "Listing permissions for user \"%.*s\" ...",
		            SLICE_ARG(c->arguments[0]));
	return list(c, &spec, out);
}

enum call_state verb_list_topic_permissions(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_TOPIC_PERMISSIONS,
		"user exchange write read",
		OF_VHOST,
	};
	if (!c->begun)
		call_banner(c, out, "Listing topic permissions for vhost \"%.*s\" ...",
		            SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_user_topic_permissions(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_USER_TOPIC_PERMISSIONS,
		"vhost exchange write read",
		OF_USER,
	};
	if (!c->begun)
		call_banner(c, out, "Listing topic permissions for user \"%.*s\" ...",
		            SLICE_ARG(c->arguments[0]));
	return list(c, &spec, out);
}

enum call_state verb_list_vhost_limits(struct call *c, struct buf *out)
{
	static const struct list_spec one = { ROSTER_VHOST_LIMITS, "limits", OF_VHOST };
	static const struct list_spec all = { ROSTER_VHOST_LIMITS, "vhost limits", OF_ALL };
	if (!c->begun && c->options.global)
		call_banner(c, out, "Listing limits for all vhosts ...");
	else if (!c->begun)
		call_banner(c, out, "Listing limits for vhost \"%.*s\" ...", SLICE_ARG(c->vhost));
	return list(c, c->options.global ? &all : &one, out);
}

enum call_state verb_list_user_limits(struct call *c, struct buf *out)
{
	static const struct list_spec one = { ROSTER_USER_LIMITS, "limits", OF_USER };
	static const struct list_spec all = { ROSTER_USER_LIMITS, "user limits", OF_ALL };
	if (!c->options.user.p)
		c->options.user = slice_str("guest");
	if (!c->begun && c->options.global)
		call_banner(c, out, "Listing limits for all users ...");
	else if (!c->begun)
		call_banner(c, out, "Listing limits for user \"%.*s\" ...", SLICE_ARG(c->options.user));
	return list(c, c->options.global ? &all : &one, out);
}

enum call_state verb_list_queues(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_QUEUES, "name messages", OF_VHOST };
	if (!c->begun)
		call_banner(c, out, "Timeout: 60.0 seconds ...\nListing queues for vhost %.*s ...",
		            SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

#define POLICY_COLUMNS "vhost name pattern apply-to definition priority"

enum call_state verb_list_policies(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_POLICIES, POLICY_COLUMNS, true };
	if (!c->begun)
		call_banner(c, out, "Listing policies for vhost \"%.*s\" ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_operator_policies(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_OPERATOR_POLICIES, POLICY_COLUMNS, true };
	if (!c->begun)
		call_banner(c, out, "Listing operator policy overrides for vhost \"%.*s\" ...",
		            SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_parameters(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_PARAMETERS, "component name value", true };
	if (!c->begun)
		call_banner(c, out, "Listing runtime parameters for vhost \"%.*s\" ...",
		            SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_global_parameters(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_GLOBAL_PARAMETERS, "name value", false };
	if (!c->begun)
		call_banner(c, out, "Listing global runtime parameters ...");
	return list(c, &spec, out);
}

enum call_state verb_list_exchanges(struct call *c, struct buf *out)
{
	static const struct list_spec spec = { ROSTER_EXCHANGES, "name type", OF_VHOST };
	if (!c->begun)
		call_banner(c, out, "Listing exchanges for vhost %.*s ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_bindings(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_BINDINGS,
		"source_name source_kind destination_name destination_kind routing_key arguments",
		OF_VHOST,
	};
	if (!c->begun)
		call_banner(c, out, "Listing bindings for vhost %.*s ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_connections(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_CONNECTIONS,
		"user peer_host peer_port state",
		OF_ALL,
	};
	if (!c->begun)
		call_banner(c, out, "Listing connections ...");
	return list(c, &spec, out);
}

enum call_state verb_list_channels(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_CHANNELS,
		"pid user consumer_count messages_unacknowledged",
		OF_ALL,
	};
	if (!c->begun)
		call_banner(c, out, "Listing channels ...");
	return list(c, &spec, out);
}

enum call_state verb_list_publishers(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_PUBLISHERS,
		"queue_name publisher sequence complete",
		OF_VHOST,
	};
	if (!c->begun)
		call_banner(c, out, "Listing publishers in vhost %.*s ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}

enum call_state verb_list_consumers(struct call *c, struct buf *out)
{
	static const struct list_spec spec = {
		ROSTER_CONSUMERS,
		"queue_name channel_pid consumer_tag ack_required prefetch_count active arguments",
		OF_VHOST,
	};
	if (!c->begun)
		call_banner(c, out, "Listing consumers in vhost %.*s ...", SLICE_ARG(c->vhost));
	return list(c, &spec, out);
}
