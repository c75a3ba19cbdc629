/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs about virtual hosts. */
#include "broker/arguments.h"
#include "broker/manage.h"
#include "broker/state.h"
#include "management/call.h"
#include "management/verbs.h"
#include "management/words.h"

/* What the options say; where they say nothing it stays as it is. False when they make no sense. */
static bool read_about(struct call *c, struct vhost_about *about, struct buf *tags)
{
	if (c->options.queue_type.n && !arguments_is_queue_type(c->options.queue_type)) {
		call_refuse(c, "Unsupported default queue type: '%.*s'", SLICE_ARG(c->options.queue_type));
		return false;
	}
	words_put(tags, c->options.tags);
	if (c->options.description.n > VHOST_TEXT_MAX || tags->len > VHOST_TEXT_MAX) {
		call_refuse(c, "a description or tags of more than %d bytes", VHOST_TEXT_MAX);
		return false;
	}
	about->description = c->options.description.p ? c->options.description : about->description;
	about->tags = c->options.tags.p ? buf_slice(tags) : about->tags;
	about->queue_type = c->options.queue_type.p ? c->options.queue_type : about->queue_type;
	return true;
}

static enum call_state add(struct call *c, struct buf *out)
{
	struct slice name = c->arguments[0];
	struct vhost_about about = VHOST_PLAIN;
	struct buf tags = { 0 };
	call_banner(c, out, "Adding vhost \"%.*s\" ...", SLICE_ARG(name));
	if (name.n == 0 || name.n > 255 || slice_control_byte(name) >= 0)
		return call_refuse(c, "the name of a virtual host has 1 to 255 bytes, and no control "
		                   "characters");
	bool is_new = !vhost_find(c->host->broker, name);
	if (is_new && vhosts_are_many(c->host->broker))
		return call_fail(c, CALL_EXIT_UNAVAILABLE,
		                 "cannot create vhost '%.*s': vhost limit of %llu is reached",
		                 SLICE_ARG(name),
		                 (unsigned long long)c->host->broker->options.vhost_max);
	if (is_new && read_about(c, &about, &tags))
		vhost_add(c->host->broker, name, &about, &c->wait_for);
	buf_free(&tags);
	return CALL_WAITS;
}

/* One that is there is left as it is, as with rabbitmqctl. */
enum call_state verb_add_vhost(struct call *c, struct buf *out)
{
	return call_durably(c, out, add);
}

static enum call_state update(struct call *c, struct buf *out)
{
	struct buf tags = { 0 };
	c->vhost = c->arguments[0];
	call_banner(c, out, "Updating metadata of vhost \"%.*s\" ...", SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	struct vhost_about about = v ? v->about : VHOST_PLAIN;
	if (v && read_about(c, &about, &tags))
		c->wait_for = vhost_change(v, &about);
	buf_free(&tags);
	return CALL_WAITS;
}

enum call_state verb_update_vhost_metadata(struct call *c, struct buf *out)
{
	return call_durably(c, out, update);
}

static enum call_state set_protected(struct call *c, bool on)
{
	struct vhost *v = call_vhost(c);
	struct vhost_about about = v ? v->about : VHOST_PLAIN;
	about.is_protected = on;
	if (v)
		c->wait_for = vhost_change(v, &about);
	return CALL_WAITS;
}

static enum call_state protect(struct call *c, struct buf *out)
{
	c->vhost = c->arguments[0];
	call_banner(c, out, "Protecting virtual host \"%.*s\" from removal by updating its "
	                    "metadata...", SLICE_ARG(c->vhost));
	return set_protected(c, true);
}

enum call_state verb_enable_vhost_protection_from_deletion(struct call *c, struct buf *out)
{
	return call_durably(c, out, protect);
}

/* As RabbitMQ's command was called first. */
enum call_state verb_enable_vhost_deletion_protection(struct call *c, struct buf *out)
{
	return call_durably(c, out, protect);
}

static enum call_state lay_open(struct call *c, struct buf *out)
{
	c->vhost = c->arguments[0];
	call_banner(c, out, "Removing deletion protection from virtual host \"%.*s\" by updating its "
	                    "metadata...", SLICE_ARG(c->vhost));
	return set_protected(c, false);
}

enum call_state verb_disable_vhost_protection_from_deletion(struct call *c, struct buf *out)
{
	return call_durably(c, out, lay_open);
}

enum call_state verb_disable_vhost_deletion_protection(struct call *c, struct buf *out)
{
	return call_durably(c, out, lay_open);
}

static enum call_state delete(struct call *c, struct buf *out)
{
	c->vhost = c->arguments[0];
	call_banner(c, out, "Deleting vhost \"%.*s\" ...", SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (v && v->about.is_protected)
		return call_fail(c, CALL_EXIT_UNAVAILABLE,
		                 "Cannot delete this virtual host: it is protected from deletion. To lift "
		                 "the protection, inspect and update its metadata");
	if (v)
		c->wait_for = vhost_remove(v);
	return CALL_WAITS;
}

enum call_state verb_delete_vhost(struct call *c, struct buf *out)
{
	return call_durably(c, out, delete);
}

static enum call_state trace(struct call *c, struct buf *out, bool on)
{
	call_banner(c, out, "%s tracing for vhost \"%.*s\" ...", on ? "Starting" : "Stopping",
	            SLICE_ARG(c->vhost));
	struct vhost *v = call_vhost(c);
	if (!v)
		return CALL_DONE;
	v->tracing = on;
	if (!c->options.quiet)
		buf_printf(out, "Trace %s for vhost %.*s\n", on ? "enabled" : "disabled",
		           SLICE_ARG(c->vhost));
	return CALL_DONE;
}

enum call_state verb_trace_on(struct call *c, struct buf *out)
{
	return trace(c, out, true);
}

enum call_state verb_trace_off(struct call *c, struct buf *out)
{
	return trace(c, out, false);
}
