/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { find, get, query } from "../api.js";
import { levels, speeds, with_samples } from "../chart.js";
import { bytes, chip, count, facts, rate, section, span, table, tile } from "../parts.js";

export const title = () => "Overview";
export const every = 2000;

export async function load(args, q, signal) {
	const [overview, nodes] = await Promise.all([
		get("overview" + query(with_samples), signal),
		find("nodes", signal),
	]);
	return { overview, node: nodes?.[0] };
}

/* The lines of the chart of rates, and of the table beside it. */
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
			${tile("Unacknowledged", count(totals.messages_unacknowledged ?? 0))}
			${tile("Published", rate(stats.publish_details?.rate ?? 0))}
			${tile("Delivered", rate(stats.deliver_get_details?.rate ?? 0))}
			${links(o.object_totals)}
		</div>
		<div class="charts">
			<figure><figcaption>Messages in queues</figcaption><line-chart .series=${[
				{ title: "Ready", color: "blue", points: levels(totals.messages_ready_details) },
				{ title: "Unacknowledged", color: "orange",
					points: levels(totals.messages_unacknowledged_details) },
			]}></line-chart></figure>
			<figure><figcaption>Messages a second</figcaption><line-chart unit="rate"
				.series=${flows.filter(([key]) => stats[key]).map(([key, name, color]) =>
					({ title: name, color, points: speeds(stats[`${key}_details`]) }))}>
			</line-chart></figure>
		</div>
		<div class="columns">
			${section("Message rates", table([
				{ title: "", cell: ([, name]) => name },
				{ title: "Total", number: true, cell: ([key]) => count(stats[key] ?? 0) },
				{ title: "Now", number: true,
					cell: ([key]) => rate(stats[`${key}_details`]?.rate ?? 0) },
			], flows))}
			${section("Comings and goings", table([
				{ title: "", cell: ([, name]) => name },
				{ title: "Total", number: true, cell: ([key]) => count(o.churn_rates[key]) },
				{ title: "Now", number: true,
					cell: ([key]) => rate(o.churn_rates[`${key}_details`]?.rate) },
			], churn))}
			${node ? section("Node", resources(node)) : nothing}
			${section("Listeners", table([
				{ title: "Protocol", cell: l => l.protocol },
				{ title: "Address", cell: l => l.ip_address },
				{ title: "Port", number: true, cell: l => l.port },
			], o.listeners))}
		</div>`;
}

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
		["Disk free", html`${bytes(n.disk_free)}, alarm below ${bytes(n.disk_free_limit)}`],
		["File descriptors", used(n.fd_used, n.fd_total, count)],
		["Sockets", used(n.sockets_used, n.sockets_total, count)],
		["Data", html`<code>${n.db_dir}</code>`],
		["Has", n.enabled_plugins?.map(p => chip(p))],
	])}`;
}
