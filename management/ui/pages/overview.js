/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { find } from "../api.js";
import { charts, flows, get_sampled } from "../chart.js";
import { bytes, chip, count, facts, rate, section, span, table, tile } from "../parts.js";

export const title = () => "Overview";
export const every = 2000;

export async function load(args, q, signal) {
	const [overview, nodes] = await Promise.all([
		get_sampled("overview", q, signal),
		find("nodes", signal),
	]);
	return { overview, node: nodes?.[0] };
}

const more_flows = [
	["return_unroutable", "Returned"],
	["drop_unroutable", "Dropped"],
];

export function view({ overview: o, node }, args, q) {
	const totals = o.queue_totals;
	return html`
		<h1>Overview <small>${o.cluster_name} · ${o.product_name} ${o.product_version}</small></h1>
		${alarms(node)}
		<div class="tiles">
			${tile("Ready", count(totals.messages_ready ?? 0))}
			${tile("Unacked", count(totals.messages_unacknowledged ?? 0))}
			${links(o.object_totals)}
		</div>
		${charts(totals, o.message_stats, q, 4)}
		<div class="columns">
			${counted("Messages", [...flows, ...more_flows], o.message_stats)}
			${counted("Comings and goings", churn, o.churn_rates)}
			${node ? section("Node", resources(node)) : nothing}
			${section("Listeners", table([
				{ title: "Protocol", cell: l => l.protocol },
				{ title: "Address", cell: l => l.ip_address },
				{ title: "Port", number: true, cell: l => l.port },
			], o.listeners))}
		</div>`;
}

const counted = (title, known, counts) => section(title, table([
	{ title: "", cell: ([, name]) => name },
	{ title: "Since the start", number: true, cell: ([key]) => count(counts[key]) },
	{ title: "Now", number: true, cell: ([key]) => rate(counts[`${key}_details`].rate) },
], known));

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
