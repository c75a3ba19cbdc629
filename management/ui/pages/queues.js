/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { get, path, put } from "../api.js";
import { of_queues } from "../keys.js";
import { bytes, choice, counted, field, form, keyed, list_view, load_list, moment, more,
	narrowed, object, queue_link, rated, roomy, section, state, tick, vhost_field } from
	"../parts.js";
import { age, capacity, queue_chips } from "./queue.js";

export const title = () => "Queues";
export const every = 3000;

export async function load(args, q, signal) {
	const [list, vhosts] = await Promise.all([
		load_list(narrowed("queues"), q, signal), get("vhosts?columns=name", signal)]);
	return { list, vhosts };
}

const columns = [
	{ title: "Name", sort: "name", cell: q => queue_link(q.vhost, q.name) },
	{ title: "Virtual host", roomy: true, sort: "vhost", cell: q => q.vhost },
	{ title: "Features", roomy: true, cell: queue_chips },
	{ title: "State", sort: "state", cell: q => state(q.state) },
	counted("Ready", "messages_ready"),
	counted("Unacked", "messages_unacknowledged"),
	counted("Total", "messages", roomy),
	rated("In", "publish"),
	rated("Out", "deliver_get"),
	rated("Acked", "ack", roomy),
	rated("Redelivered", "redeliver", more),
	counted("Consumers", "consumers", roomy),
	{ title: "Capacity", sort: "consumer_capacity", number: true, more: true,
		cell: capacity },
	{ title: "Bytes ready", sort: "message_bytes_ready", number: true, more: true,
		cell: q => bytes(q.message_bytes_ready) },
	{ title: "Oldest", sort: "head_message_timestamp", number: true, more: true,
		cell: q => age(q.head_message_timestamp) },
	{ title: "Idle since", sort: "idle_since", more: true, cell: q => moment(q.idle_since) },
];

export const view = ({ list, vhosts }, args, q) => html`
	${list_view("Queues", columns, list, q, "There are no queues.")}
	${section("Add a queue", add(vhosts), false)}`;

function add(vhosts) {
	return form(html`
		${vhost_field(vhosts)}
		${field("Name", "name", { required: true })}
		${choice("Type", "type", ["classic", "quorum", "stream"])}
		${tick("Durable", "durable", true)}
		${tick("Auto-delete", "auto_delete")}
		${keyed("Arguments", "arguments", of_queues)}`,
	"Add the queue",
	f => put(path`queues/${f.vhost}/${f.name}`, {
		durable: f.durable === "on", auto_delete: f.auto_delete === "on",
		arguments: { ...object(f.arguments, "The arguments"), "x-queue-type": f.type },
	}), "The queue is there.");
}
