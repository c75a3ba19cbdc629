/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over time, drawn from the broker's samples.  A chart is an element of its own, so that it
 * lives as long as its place on the page; it takes the seconds that it shows, and
 * .series = [{ title, color, points: [[ms, value], ...] }], oldest first. */

import { html, nothing } from "./vendor/lit-html.js";
import { get, query } from "./api.js";
import { clock } from "./clock.js";
import { brief, bytes, count, rate } from "./parts.js";
import { current, href } from "./route.js";
import { theme } from "./theme.js";

const formats = {
	count, rate, bytes,
	flow: v => bytes(v) + "/s",
	us: v => v < 1e6 ? `${Number((v / 1e3).toPrecision(2))} ms`
		: `${Number((v / 1e6).toPrecision(3))} s`,
};

/* At the axis. */
const marks = { ...formats, count: brief, rate: v => `${brief(v)}/s` };

/* How far apart they may be. */
const whole_steps = Array.from({ length: 45 },
	(_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));
const binary_steps = Array.from({ length: 50 }, (_, i) => 2 ** i);
const steps = { count: whole_steps, bytes: binary_steps, flow: binary_steps };

class Chart extends HTMLElement {
	#series = [];
	#plot;
	#shape;
	#stop;
	#sizes;

	set series(series) {
		this.#series = series;
		this.#draw();
	}

	connectedCallback() {
		this.#stop = new AbortController();
		addEventListener("theme", () => this.#renew(), this.#stop);
		this.#sizes = new ResizeObserver(() =>
			this.#plot?.setSize(this.#size()));
		this.#sizes.observe(this);
		this.#draw();
	}

	disconnectedCallback() {
		this.#stop.abort();
		this.#sizes.disconnect();
		this.#end();
	}

	#size() {
		return { width: this.clientWidth || 300, height: this.hasAttribute("small") ? 110 : 180 };
	}

	#end() {
		this.#plot?.destroy();
		this.#plot = undefined;
	}

	#renew() {
		this.#end();
		this.#draw();
	}

	/* Another set of lines needs a new plot, new points do not. */
	#draw() {
		if (!this.isConnected)
			return;
		const shape = this.#series.map(s => s.title).join("\n");
		if (shape !== this.#shape)
			this.#end();
		this.#shape = shape;
		const data = aligned(this.#series);
		if (this.#plot)
			this.#plot.setData(data);
		else
			this.#plot = new uPlot(this.#options(), data, this);
		if (this.#plot.cursor.idx == null)
			tell_newest(this.#plot);
	}

	/* As long as was asked for, and no longer than there is something; a minute at least. */
	#times(oldest, newest) {
		const end = newest ?? Date.now() / 1000, asked = end - this.getAttribute("seconds");
		return [Math.max(asked, Math.min(oldest ?? end, end - 60)), end];
	}

	#options() {
		const unit = this.getAttribute("unit"), format = formats[unit];
		const ink = theme.color("quiet"), line = theme.color("line");
		const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
		return {
			...this.#size(),
			scales: {
				x: { range: (u, low, high) => this.#times(low, high) },
				y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] },
			},
			axes: [
				{ ...axis, size: 30, space: 80, values: (u, at) => at.map(s => clock(s * 1000,
					at[1] - at[0] < 60 ? {} : { hour: "2-digit", minute: "2-digit" })) },
				{ ...axis, size: 64, values: (u, v) => v.map(marks[unit]),
					...steps[unit] && { incrs: steps[unit] } },
			],
			series: [
				{ label: "At", value: (u, at) => at === null ? "–" : clock(at * 1000) },
				...this.#series.map(s => ({
					label: s.title, stroke: theme.color(s.color), width: 2,
					fill: unit === "count" ? theme.color(s.color) + "18" : undefined,
					points: { show: false, filter: (u, s) => alone(u.data[s]) },
					value: (u, v) => v === null ? "–" : format(v),
				})),
			],
			cursor: { y: false, drag: { x: false } },
			hooks: { setLegend: [u => u.legend.idx == null && tell_newest(u)] },
		};
	}
}

/* The legend without a pointer on the chart. */
function tell_newest(plot) {
	if (plot.data[0].length)
		plot.setLegend({ idx: plot.data[0].length - 1 }, false);
}

/* The values that no line leads to or from. */
const alone = v => [...v.keys()].filter(i =>
	v[i] != null && v[i - 1] == null && v[i + 1] == null);

/* All lines over the moments of all; null where one has no value.  Of a single moment a plot makes
 * a day. */
function aligned(series) {
	const at = [...new Set(series.flatMap(s => s.points.map(p => p[0])))].sort((a, b) => a - b);
	if (at.length === 1)
		at.unshift(at[0] - 1000);
	return [at.map(ms => ms / 1000), ...series.map(s => {
		const values = new Map(s.points);
		return at.map(ms => values.get(ms) ?? null);
	})];
}

customElements.define("line-chart", Chart);

/* ---- samples ---- */

/* How far back: its name, seconds, and seconds from one sample to the next. */
const spans = [["1 min", 60, 1], ["10 min", 600, 5], ["1 h", 3600, 60], ["1 day", 86400, 600]];

const span_of = q => spans.find(([name]) => name === q.span) ?? spans[1];

const families = ["lengths", "msg_rates", "data_rates", "node_stats"];

const kept = new Map();   /* by path: when it was asked for last, and the points of each number */

/* What the API tells, with .points in its .._details: at first of the whole span that the page's
 * query asks for, then of what is new since. */
export async function get_sampled(where, q, signal) {
	const [, age, incr] = span_of(q), now = performance.now();
	const mine = kept.get(where)?.age === age ? kept.get(where)
		: { age, at: -Infinity, points: {} };
	const since = Math.min(age, 3 * incr + Math.ceil((now - mine.at) / 1000));
	const answer = await get(where + query(Object.fromEntries(families.flatMap(f =>
		[[`${f}_age`, since], [`${f}_incr`, incr]]))), signal);
	for (const part of [answer, answer.queue_totals, answer.message_stats])
		for (const [number, told] of Object.entries(part ?? {}))
			if (told?.samples)
				told.points = mine.points[number] = joined(mine.points[number], told.samples, age);
	mine.at = now;
	if (kept.size > 9)
		kept.clear();
	kept.set(where, mine);
	return answer;
}

/* Samples are told newest first; those of several numbers are points as they are. */
function joined(before = [], samples, age) {
	const news = samples.map(s => [s.timestamp, s.sample ?? s]).reverse();
	if (!news.length)
		return before;
	const [from] = news[0], [to] = news.at(-1);
	return [...before.filter(([ms]) => ms < from), ...news].filter(([ms]) => ms >= to - age * 1000);
}

/* How fast it grew between two points. */
const speeds = p => p.slice(1).map(([ms, n], i) =>
	[ms, Math.max(0, (n - p[i][1]) * 1000 / (ms - p[i][0]))]);

const depths = [
	["messages_ready", "Ready", "blue"],
	["messages_unacknowledged", "Unacknowledged", "orange"],
];

/* Messages on their ways. */
export const flows = [
	["publish", "Published", "blue"],
	["confirm", "Confirmed", "green"],
	["deliver_get", "Delivered", "orange"],
	["ack", "Acknowledged", "purple"],
	["redeliver", "Redelivered", "red"],
	["publish_in", "In", "blue"],
	["publish_out", "Out", "orange"],
];

/* Octets on a connection. */
const octets = [
	["recv_oct", "From the client", "blue"],
	["send_oct", "To the client", "orange"],
];

/* series as a line-chart takes them; small: one of several that are alike. */
const figure = (title, unit, series, small) => html`
	<figure><figcaption>${title}</figcaption><line-chart unit=${unit} ?small=${small}
		seconds=${span_of(current().query)[1]} .series=${series}></line-chart></figure>`;

const chart = (title, unit, lines, told, seen_as) => figure(title, unit,
	lines.filter(([key]) => told?.[`${key}_details`]).map(([key, title, color]) =>
		({ title, color, points: seen_as(told[`${key}_details`].points ?? []) })));

export const depth_chart = told => chart("Messages queued", "count", depths, told, p => p);
export const flow_chart = told => chart("Messages a second", "rate", flows, told, speeds);
export const octet_chart = told => chart("Bytes a second", "flow", octets, told, speeds);

const latencies = [
	["confirm", "Confirm latency"],
	["log_sync", "Sync of the log to the disk"],
	["loop_turn", "Turn of the event loop"],
	["queue_residence", "Time in the queue"],
];

/* Where nothing happened there is a gap. */
export const latency_charts = told => latencies.map(([what, title]) => figure(title, "us",
	[["p50", "blue"], ["p99", "orange"]].map(([title, color]) => ({ title, color,
		points: (told[what].points ?? []).map(([ms, s]) => [ms, s[`${title}_us`]]) })), true));

/* Charts, with the choice of how far back they go: the first of spans. */
export function charts(choices, ...figures) {
	const { page, args, query } = current(), [chosen] = span_of(query);
	return html`
		<nav class="tabs" aria-label="How far back">${spans.slice(0, choices).map(([name]) => html`
			<a href=${href(page, args, { ...query, span: name })}
				aria-current=${name === chosen ? "true" : nothing}>${name}</a>`)}</nav>
		<div class="charts">${figures}</div>`;
}
