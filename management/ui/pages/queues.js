/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { get, path, put } from "../api.js";
import { area, choice, count, field, filter, form, load_list, narrowed, object, pager, queue_link,
	section, table, tick, vhost_field } from "../parts.js";
import { queue_chips } from "./queue.js";

export const title = () => "Queues";
export const every = 3000;

export async function load(args, q, signal) {
	const [list, vhosts] = await Promise.all([
		load_list(narrowed("queues"), q, signal), get("vhosts?columns=name", signal)]);
	return { list, vhosts };
}

const columns = [
	{ title: "Virtual host", sort: "vhost", cell: q => q.vhost },
	{ title: "Name", sort: "name", cell: q => queue_link(q.vhost, q.name) },
	{ title: "", cell: queue_chips },
	{ title: "State", cell: q => q.state },
	{ title: "Ready", sort: "messages_ready", number: true, cell: q => count(q.messages_ready) },
	{ title: "Unacked", sort: "messages_unacknowledged", number: true,
		cell: q => count(q.messages_unacknowledged) },
	{ title: "Total", sort: "messages", number: true, cell: q => count(q.messages) },
	{ title: "Consumers", sort: "consumers", number: true, cell: q => count(q.consumers) },
];

export function view({ list, vhosts }, args, q) {
	return html`
		<h1>Queues</h1>
		<div class="row">${filter(q, "queues")} ${pager(list)}</div>
		${table(columns, list.items, q, q.name ? "No queue has such a name."
			: "There are no queues.")}
		${section("Add a queue", add(vhosts), false)}`;
}

function add(vhosts) {
	return form(html`
		${vhost_field(vhosts)}
		${field("Name", "name", { required: true })}
		${choice("Type", "type", ["classic", "quorum", "stream"])}
		${tick("Durable", "durable", true)}
		${area("Arguments", "arguments", '{"x-max-length": 1000}')}`,
	"Add the queue",
	f => put(path`queues/${f.vhost}/${f.name}`, {
		durable: f.durable === "on",
		arguments: { ...object(f.arguments, "The arguments"), "x-queue-type": f.type },
	}), "The queue is there.");
}
