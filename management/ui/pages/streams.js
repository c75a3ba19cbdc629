/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, and queues that keep what was acknowledged. */
import { html } from "../vendor/lit-html.js";
import { bytes, chip, count, filter, load_list, narrowed, pager, table } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Streams";
export const every = 3000;

export const load = (args, q, signal) => load_list(narrowed("streams"), q, signal);

const columns = [
	{ title: "Virtual host", sort: "vhost", cell: s => s.vhost },
	{ title: "Name", sort: "name", cell: s => html`
		<a href=${href("stream", [s.vhost, s.name])}>${s.name}</a>` },
	{ title: "", cell: s => s.type === "stream" ? "" : chip("queue", "a queue with retention") },
	{ title: "First", number: true, cell: s => count(s.first_offset) },
	{ title: "Next", number: true, cell: s => count(s.next_offset) },
	{ title: "Messages", number: true, cell: s => count(s.messages) },
	{ title: "Bytes", number: true, cell: s => bytes(s.message_bytes) },
	{ title: "Readers", number: true, cell: s => count(s.consumers) },
];

export const view = (list, args, q) => html`
	<h1>Streams</h1>
	<div class="row">${filter(q, "streams")} ${pager(list)}</div>
	${table(columns, list.items, q, "There are no streams, and no queues with retention.")}`;
