/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { chip, count, filter, load_list, moment, pager, table } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Connections";
export const every = 3000;

export const load = (args, q, signal) => load_list("connections", q, signal);

const client = c => [c.client_properties?.product, c.client_properties?.version]
	.filter(Boolean).join(" ");

const columns = [
	{ title: "Name", sort: "name", cell: c => html`
		<a href=${href("connection", [c.name])}>${c.user_provided_name ?? c.name}</a>` },
	{ title: "User", sort: "user", cell: c => c.user },
	{ title: "Virtual host", sort: "vhost", cell: c => c.vhost },
	{ title: "State", sort: "state", cell: c => c.state },
	{ title: "", cell: c => c.ssl ? chip("TLS", c.ssl_protocol) : "" },
	{ title: "Client", cell: client },
	{ title: "Channels", sort: "channels", number: true, cell: c => count(c.channels) },
	{ title: "Since", sort: "connected_at", cell: c => moment(c.connected_at) },
];

export const view = (list, args, q) => html`
	<h1>Connections</h1>
	<div class="row">${filter(q, "connections")} ${pager(list)}</div>
	${table(columns, list.items, q, "Nobody is connected.")}`;
