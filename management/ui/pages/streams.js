/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, and queues that keep what was acknowledged. */
import { html } from "../vendor/lit-html.js";
import { bytes, chip, counted, list_view, load_list, narrowed, roomy } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Streams";
export const every = 3000;

export const load = (args, q, signal) => load_list(narrowed("streams"), q, signal);

const columns = [
	{ title: "Name", sort: "name", cell: s => html`
		<a href=${href("stream", [s.vhost, s.name])}>${s.name}</a>` },
	{ title: "Virtual host", roomy: true, sort: "vhost", cell: s => s.vhost },
	{ title: "Kind", cell: s => s.type === "stream" ? "stream"
		: chip("queue", "a queue with retention") },
	counted("First", "first_offset", roomy),
	counted("Next", "next_offset"),
	counted("Messages", "messages"),
	{ title: "Bytes", sort: "message_bytes", number: true, cell: s => bytes(s.message_bytes) },
	counted("Readers", "consumers"),
];

export const view = (list, args, q) => list_view("Streams", columns, list, q,
	"There are no streams, and no queues with retention.");
