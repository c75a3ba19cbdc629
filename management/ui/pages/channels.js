/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { chip, count, counted, list_view, load_list, moment, more, narrowed_clients, rated,
	roomy, state } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Channels";
export const every = 3000;

export const load = (args, q, signal) => load_list(narrowed_clients("channels"), q, signal);

const mode = c => c.transactional ? chip("T", "transactions") : c.confirm
	? chip("C", "confirms") : "";

export const channel_columns = [
	{ title: "Channel", sort: "name", cell: c => html`
		<a href=${href("channel", [c.name])}>${c.name}</a>` },
	{ title: "User", roomy: true, sort: "user", cell: c => c.user },
	{ title: "Virtual host", sort: "vhost", more: true, cell: c => c.vhost },
	{ title: "Mode", roomy: true, cell: mode },
	{ title: "State", sort: "state", cell: c => state(c.state) },
	counted("Consumers", "consumer_count", roomy),
	{ title: "Prefetch", roomy: true, sort: "prefetch_count", number: true,
		cell: c => c.prefetch_count ? count(c.prefetch_count) : "–" },
	counted("Unacked", "messages_unacknowledged"),
	counted("Unconfirmed", "messages_unconfirmed"),
	counted("Uncommitted", "messages_uncommitted", more),
	rated("Published", "publish"),
	rated("Delivered", "deliver_get"),
	rated("Acked", "ack", more),
	{ title: "Idle since", sort: "idle_since", more: true, cell: c => moment(c.idle_since) },
];

export const view = (list, args, q) => list_view("Channels", channel_columns, list, q,
	"No channel is open.");
