/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { find, path, user } from "../api.js";
import { charts, depth_chart, flow_chart, flows, get_sampled, latency_charts } from "../chart.js";
import { follow, live_tiles } from "../live.js";
import { brief, bytes, capital, chip, count, facts, rate, section, span, table, tile }
	from "../parts.js";
import { href } from "../route.js";

export const title = () => "Overview";
export const every = 2000;

export async function load(args, q, signal) {
	const [overview, nodes] = await Promise.all([
		get_sampled("overview", q, signal),
		find("nodes", signal),
	]);
	const latencies = user.may("monitoring") &&
		await get_sampled(path`nodes/${overview.node}/latencies`, q, signal);
	return { overview, node: nodes?.[0], latencies };
}

export const enter = (args, q, signal, draw) => follow("overview", signal, draw);

const more_flows = [
	["return_unroutable", "Returned"],
	["drop_unroutable", "Dropped"],
];

export function view({ overview: o, node, latencies }) {
	const totals = o.queue_totals, s = o.message_stats;
	return html`
		<h1>Overview <small>${o.cluster_name} · ${o.product_name} ${o.product_version}</small></h1>
		<div class="tiles">
			${live_tiles(totals, s)}
			${links(o.object_totals)}
		</div>
		${charts(4, depth_chart(totals), flow_chart(s))}
		${latencies ? html`<div class="charts small">${latency_charts(latencies)}</div>`
			: nothing}
		<div class="columns">
			${node ? section("Node", facts(resources(node))) : nothing}
			${section("Listeners", table([
				{ title: "Protocol", cell: l => l.protocol },
				{ title: "Address", cell: l => l.ip_address },
				{ title: "Port", number: true, cell: l => l.port },
			], o.listeners))}
			${counted("Messages", [...flows.filter(([key]) => s[key] !== undefined),
				...more_flows], s)}
			${counted("Comings and goings", churn, o.churn_rates)}
		</div>`;
}

const counted = (title, known, counts) => section(title, table([
	{ title: "What", cell: ([, name]) => name },
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
	tile(capital(kind), kind === "consumers" ? totals[kind]
		: html`<a href=${href(kind)}>${brief(totals[kind])}</a>`));

const used = (n, of, show) => of ? html`<meter min="0" max=${of} value=${n}
	high=${of * 0.9} aria-label="${show(n)} of ${show(of)}"></meter> ${show(n)} of ${show(of)}`
	: show(n);

const alarmed = (is, shown) => html`${shown} ${is ? chip("alarm") : nothing}`;

const resources = n => [
	["Name", n.name],
	["Up for", span(n.uptime)],
	["Memory", alarmed(n.mem_alarm, used(n.mem_used, n.mem_limit, bytes))],
	["Disk free", alarmed(n.disk_free_alarm, n.disk_free_limit
		? `${bytes(n.disk_free)}, alarm below ${bytes(n.disk_free_limit)}` : bytes(n.disk_free))],
	["File descriptors", n.fd_used === undefined ? undefined : used(n.fd_used, n.fd_total, count)],
	["Sockets", used(n.sockets_used, n.sockets_total, count)],
	["Processors", count(n.processors)],
	["Process", n.os_pid],
	["Data", html`<code>${n.db_dir}</code>`],
	["Log", n.log_files?.length ? html`<code>${n.log_files.join(" ")}</code>` : undefined],
	["Configuration", n.config_files?.length
		? html`<code>${n.config_files.join(" ")}</code>` : undefined],
	["Plugins", n.enabled_plugins?.length ? n.enabled_plugins.map(p => chip(p)) : undefined],
];
