/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, remove } from "../api.js";
import { charts, flow_chart, get_sampled, octet_chart } from "../chart.js";
import { bytes, chip, confirm, count, facts, flow, moment, section, state, table,
	table_of_values, tile } from "../parts.js";
import { go } from "../route.js";
import { channel_columns } from "./channels.js";

export const title = ([name]) => name;
export const every = 2000;

export async function load([name], q, signal) {
	const of = path`connections/${name}`;
	const [connection, channels] = await Promise.all([
		get_sampled(of, q, signal),
		get(`${of}/channels`, signal),
	]);
	return { connection, channels };
}

export const view = ({ connection: c, channels }) => html`
	<div class="head">
		<h1>${c.user_provided_name ?? c.name} <small>of ${c.user} in ${c.vhost}</small>
			${c.ssl ? chip("TLS", c.ssl_protocol) : nothing}</h1>
		<button class="danger" @click=${() => close(c)}>Close the connection</button>
	</div>
	<div class="tiles">
		${tile("State", state(c.state))}
		${tile("Channels", c.channels)}
		${tile("From the client", flow(c.recv_oct_details.rate), bytes(c.recv_oct))}
		${tile("To the client", flow(c.send_oct_details.rate), bytes(c.send_oct))}
	</div>
	${charts(2, octet_chart(c), flow_chart(c.message_stats))}
	${section("Channels", table(
		channel_columns.filter(c => !c.more), channels, {}, "It has opened none."))}
	<div class="columns">
		${section("About", facts([
			["Name", c.name],
			["User", c.user],
			["Virtual host", c.vhost],
			["Protocol", c.protocol],
			["Mechanism", c.auth_mechanism],
			["Since", moment(c.connected_at)],
			["Heartbeat", c.timeout ? `${c.timeout} s` : "none"],
			["Largest frame", bytes(c.frame_max)],
			["Most channels", count(c.channel_max)],
			["TLS", c.ssl ? `${c.ssl_protocol}, ${c.ssl_cipher}` : undefined],
			["Certificate of", c.peer_cert_subject],
		]))}
		${section("What the client says of itself", table_of_values(c.client_properties))}
	</div>`;

function close(c) {
	confirm({
		title: "Close this connection?", words: "Clients that recover connect again.",
		verb: "Close it",
	}, async () => {
		await remove(path`connections/${c.name}`);
		go("connections");
	}, "The connection is closed.");
}
