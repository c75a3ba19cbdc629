/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { find, get } from "../api.js";
import { seen, seen_growing } from "../chart.js";
import { bytes, chip, count, facts, section, span, table, tile } from "../parts.js";

export const title = () => "Overview";
export const every = 2000;

export async function load(args, q, signal) {
	const [overview, nodes] = await Promise.all([
		get("overview", signal),
		find("nodes", signal),
	]);
	return { overview, node: nodes?.[0] };
}

/* Messages on their ways. */
const flows = [
	["publish", "Published", "blue"],
	["confirm", "Confirmed", "green"],
	["deliver_get", "Delivered", "orange"],
	["ack", "Acknowledged", "purple"],
	["redeliver", "Redelivered", "red"],
	["return_unroutable", "Returned", "sky"],
	["drop_unroutable", "Dropped", "grey"],
];

export function view({ overview: o, node }) {
	const totals = o.queue_totals, stats = o.message_stats;
	return html`
		<h1>Overview <small>${o.cluster_name} · ${o.product_name} ${o.product_version}</small></h1>
		${alarms(node)}
		<div class="tiles">
			${tile("Ready", count(totals.messages_ready ?? 0))}
			${tile("Unacked", count(totals.messages_unacknowledged ?? 0))}
			${links(o.object_totals)}
		</div>
		<div class="charts">
			<figure><figcaption>Messages in queues</figcaption><line-chart .series=${[
				{ title: "Ready", color: "blue", points: seen("ready", totals.messages_ready) },
				{ title: "Unacknowledged", color: "orange",
					points: seen("unacknowledged", totals.messages_unacknowledged) },
			]}></line-chart></figure>
			${some(flows, stats) ? html`<figure><figcaption>Messages a second</figcaption>
				<line-chart unit="rate" .series=${some(flows, stats).map(([key, name, color]) =>
					({ title: name, color, points: seen_growing(key, stats[key]) }))}>
				</line-chart></figure>` : nothing}
		</div>
		<div class="columns">
			${counted("Messages", flows, stats)}
			${counted("Comings and goings", churn, o.churn_rates)}
			${node ? section("Node", resources(node)) : nothing}
			${section("Listeners", table([
				{ title: "Protocol", cell: l => l.protocol },
				{ title: "Address", cell: l => l.ip_address },
				{ title: "Port", number: true, cell: l => l.port },
			], o.listeners))}
		</div>`;
}

/* Of what is known, what the broker counts. */
function some(known, counts) {
	const list = known.filter(([key]) => counts[key] !== undefined);
	return list.length ? list : null;
}

const counted = (title, known, counts) => some(known, counts) ? section(title, table([
	{ title: "", cell: ([, name]) => name },
	{ title: "Since the start", number: true, cell: ([key]) => count(counts[key]) },
], some(known, counts))) : nothing;

const churn = [
	["connection_created", "Connections opened"],
	["connection_closed", "Connections closed"],
	["channel_created", "Channels opened"],
	["channel_closed", "Channels closed"],
	["queue_declared", "Queues declared"],
	["queue_created", "Queues created"],
	["queue_deleted", "Queues deleted"],
];

const links = totals => ["connections", "channels", "exchanges", "queues", "consumers"].map(kind =>
	tile(kind[0].toUpperCase() + kind.slice(1), kind === "consumers" ? count(totals[kind])
		: html`<a href="#/${kind}">${count(totals[kind])}</a>`));

function alarms(node) {
	const on = [
		node?.mem_alarm && "Memory is short: publishers are blocked until it is freed.",
		node?.disk_free_alarm && "The disk is nearly full: publishers are blocked until it is not.",
	].filter(Boolean);
	return on.map(words => html`<p class="trouble" role="alert">${words}</p>`);
}

/* How much of what there is is used. */
const used = (n, of, show) => html`<meter min="0" max=${of || 1} value=${n ?? 0}
	high=${(of || 1) * 0.9}></meter> ${show(n)} of ${show(of)}`;

function resources(n) {
	return html`${facts([
		["Name", n.name],
		["Up for", span(n.uptime)],
		["Memory", used(n.mem_used, n.mem_limit, bytes)],
		["Disk free", n.disk_free_limit
			? html`${bytes(n.disk_free)}, alarm below ${bytes(n.disk_free_limit)}`
			: bytes(n.disk_free)],
		["File descriptors", n.fd_used === undefined ? undefined
			: used(n.fd_used, n.fd_total, count)],
		["Sockets", used(n.sockets_used, n.sockets_total, count)],
		["Data", html`<code>${n.db_dir}</code>`],
		["Has", n.enabled_plugins?.length ? n.enabled_plugins.map(p => chip(p)) : undefined],
	])}`;
}
