/* SPDX-License-Identifier: Apache-2.0 */
/* Consumers of a queue or of a channel. */
import { html } from "../vendor/lit-html.js";
import { path, remove } from "../api.js";
import { confirm, queue_link, table } from "../parts.js";
import { href } from "../route.js";

function cancel({ consumer_tag: tag, queue, channel_details: ch }) {
	confirm({
		title: `Cancel ${tag}?`, verb: "Cancel it",
		words: "The client is told, where it can be; what it holds stays with it.",
	}, () => remove(path`consumers/${queue.vhost}/${ch.connection_name}/${ch.number}/${tag}`),
	"The consumer is cancelled.");
}

/* of: whose they are, which is not said again. */
export const consumers = (list, of) => table([
	{ title: "Tag", cell: c => html`<code>${c.consumer_tag}</code>` },
	of === "queue" ? { title: "Channel", cell: c => html`<a
		href=${href("channel", [c.channel_details.name])}>${c.channel_details.name}</a>` }
		: { title: "Queue", cell: c => queue_link(c.queue.vhost, c.queue.name) },
	{ title: "Acks", roomy: true, cell: c => c.ack_required ? "yes" : "no" },
	{ title: "Prefetch", roomy: true, number: true, cell: c => c.prefetch_count || "–" },
	{ title: "Active", roomy: true, cell: c => c.active ? "yes" : "no" },
	{ title: "", cell: c => html`<button @click=${() => cancel(c)}>Cancel</button>` },
], list, {}, "Nobody consumes.");
