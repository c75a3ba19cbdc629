/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { chip, count, filter, load_list, pager, table } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Channels";
export const every = 3000;

export const load = (args, q, signal) => load_list("channels", q, signal);

const mode = c => c.transactional ? chip("T", "transactions") : c.confirm
	? chip("C", "confirms") : "";

export const channel_columns = [
	{ title: "Channel", sort: "name", cell: c => html`
		<a href=${href("connection", [c.connection_details.name])}>${c.name}</a>` },
	{ title: "User", sort: "user", cell: c => c.user },
	{ title: "", cell: mode },
	{ title: "State", sort: "state", cell: c => c.state },
	{ title: "Consumers", sort: "consumer_count", number: true,
		cell: c => count(c.consumer_count) },
	{ title: "Prefetch", sort: "prefetch_count", number: true,
		cell: c => c.prefetch_count ? count(c.prefetch_count) : "–" },
	{ title: "Unacked", sort: "messages_unacknowledged", number: true,
		cell: c => count(c.messages_unacknowledged) },
	{ title: "Unconfirmed", sort: "messages_unconfirmed", number: true,
		cell: c => count(c.messages_unconfirmed) },
];

export const view = (list, args, q) => html`
	<h1>Channels</h1>
	<div class="row">${filter(q, "channels")} ${pager(list)}</div>
	${table(channel_columns, list.items, q, "No channel is open.")}`;
