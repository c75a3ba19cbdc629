/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { chip, counted, flow, list_view, load_list, moment, narrowed_clients, state }
	from "../parts.js";
import { href } from "../route.js";

export const title = () => "Connections";
export const every = 3000;

export const load = (args, q, signal) => load_list(narrowed_clients("connections"), q, signal);

const client = c => [c.client_properties?.product, c.client_properties?.version]
	.filter(Boolean).join(" ");

const columns = [
	{ title: "Name", sort: "name", cell: c => html`
		<a href=${href("connection", [c.name])}>${c.user_provided_name ?? c.name}</a>` },
	{ title: "From", roomy: true, sort: "peer_host", cell: c => `${c.peer_host}:${c.peer_port}` },
	{ title: "User", sort: "user", cell: c => c.user },
	{ title: "Virtual host", roomy: true, sort: "vhost", cell: c => c.vhost },
	{ title: "State", sort: "state", cell: c => state(c.state) },
	{ title: "TLS", roomy: true, cell: c => c.ssl ? chip("TLS", c.ssl_protocol) : "–" },
	{ title: "Client", roomy: true, cell: client },
	{ title: "Protocol", sort: "protocol", more: true, cell: c => c.protocol },
	{ title: "Heartbeat", sort: "timeout", number: true, more: true,
		cell: c => c.timeout ? `${c.timeout} s` : "–" },
	counted("Channels", "channels"),
	{ title: "From it", sort: "recv_oct_details.rate", number: true,
		cell: c => flow(c.recv_oct_details?.rate) },
	{ title: "To it", sort: "send_oct_details.rate", number: true,
		cell: c => flow(c.send_oct_details?.rate) },
	{ title: "Since", sort: "connected_at", more: true, cell: c => moment(c.connected_at) },
];

export const view = (list, args, q) => list_view("Connections", columns, list, q,
	"Nobody is connected.");
