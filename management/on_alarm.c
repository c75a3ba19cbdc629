/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that say when memory or disk is short.  What they set holds until the next start, as
 * with rabbitmqctl; the configuration has the same for good. */
#include "base/quantity.h"
#include "broker/manage.h"
#include "management/call.h"
#include "management/verbs.h"

/* A part of the memory there is; false when it is none, and the call is refused. */
static bool share_of_memory(struct call *c, struct slice text, double most, uint64_t *out)
{
	double share;
	if (!quantity_fraction(text, &share) || share > most) {
		call_refuse(c, "The threshold should be a fraction between 0.0 and %.1f", most);
		return false;
	}
	*out = (uint64_t)(share * (double)c->host->memory_total);
	return true;
}

static bool bytes(struct call *c, struct slice text, uint64_t *out)
{
	if (quantity_bytes(text, out))
		return true;
	call_refuse(c, "'%.*s' is not a size, such as 2GB", SLICE_ARG(text));
	return false;
}

enum call_state verb_set_vm_memory_high_watermark(struct call *c, struct buf *out)
{
	uint64_t watermark;
	struct slice last = c->arguments[c->n - 1];
	bool absolute = c->n == 2 && slice_is(c->arguments[0], "absolute");
	if (c->n == 2 && !absolute)
		return call_refuse(c, "two arguments mean: absolute SIZE");
	if (!(absolute ? bytes(c, last, &watermark) : share_of_memory(c, last, 1, &watermark)))
		return CALL_DONE;
	call_banner(c, out, "Setting memory threshold of the broker in %s to %.*s%s ...",
	            c->host->data_dir, SLICE_ARG(last), absolute ? " bytes" : "");
	manage_set_memory_watermark(c->host->broker, watermark);
	return CALL_DONE;
}

enum call_state verb_set_disk_free_limit(struct call *c, struct buf *out)
{
	uint64_t limit;
	struct slice last = c->arguments[c->n - 1];
	bool relative = c->n == 2 && slice_is(c->arguments[0], "mem_relative");
	if (c->n == 2 && !relative)
		return call_refuse(c, "two arguments mean: mem_relative FRACTION");
	if (!(relative ? share_of_memory(c, last, 1000, &limit) : bytes(c, last, &limit)))
		return CALL_DONE;
	call_banner(c, out, "Setting disk free limit of the broker in %s to %.*s %s ...",
	            c->host->data_dir, SLICE_ARG(last), relative ? "times the total RAM" : "bytes");
	manage_set_disk_free_limit(c->host->broker, limit);
	return CALL_DONE;
}
