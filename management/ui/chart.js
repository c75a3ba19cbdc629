/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over time, drawn from the broker's samples.  A chart is an element of its own, so that it
 * lives as long as its place on the page; it takes the seconds that it shows, and
 * .series = [{ title, color, points: [[ms, value], ...] }], oldest first. */

import { html, nothing } from "./vendor/lit-html.js";
import { get, query } from "./api.js";
import { bytes, count, rate } from "./parts.js";
import { current, href } from "./route.js";
import { theme } from "./theme.js";

const formats = { count, rate, bytes, ms: v => `${v.toFixed(2)} ms` };
const HEIGHT = 170;

const clock = s => new Date(s * 1000).toLocaleTimeString("en-GB");

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
			this.#plot?.setSize({ width: this.clientWidth, height: HEIGHT }));
		this.#sizes.observe(this);
		this.#draw();
	}

	disconnectedCallback() {
		this.#stop.abort();
		this.#sizes.disconnect();
		this.#end();
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

	/* As long as was asked for, whatever there is. */
	#times(newest) {
		const end = newest ?? Date.now() / 1000;
		return [end - this.getAttribute("seconds"), end];
	}

	#options() {
		const format = formats[this.getAttribute("unit") ?? "count"];
		const ink = theme.color("quiet"), line = theme.color("line");
		const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
		return {
			width: this.clientWidth || 300, height: HEIGHT,
			scales: {
				x: { range: (u, low, high) => this.#times(high) },
				y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] },
			},
			axes: [
				{ ...axis, size: 30, space: 80, values: (u, at) => at.map(clock) },
				{ ...axis, size: 64, values: (u, v) => v.map(format) },
			],
			series: [
				{ label: "At", value: (u, at) => at === null ? "–" : clock(at) },
				...this.#series.map(s => ({
					label: s.title, stroke: theme.color(s.color), width: 1.5,
					points: { show: false }, value: (u, v) => v === null ? "–" : format(v),
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

/* All lines over the moments of all; null where one has no value. */
function aligned(series) {
	const at = [...new Set(series.flatMap(s => s.points.map(p => p[0])))].sort((a, b) => a - b);
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

let kept = {};   /* of what is shown: when it was asked for last, and the points of each number */

/* What the API tells, with .points in its .._details: at first of the whole span that the page's
 * query asks for, then of what is new since. */
export async function get_sampled(where, q, signal) {
	const [name, age, incr] = span_of(q), key = where + name, now = performance.now();
	if (kept.key !== key)
		kept = { key, at: -Infinity, points: {} };
	const mine = kept;
	const since = Math.min(age, 3 * incr + Math.ceil((now - mine.at) / 1000));
	const answer = await get(where + query({ lengths_age: since, lengths_incr: incr,
		msg_rates_age: since, msg_rates_incr: incr }), signal);
	for (const part of [answer, answer.queue_totals, answer.message_stats])
		for (const [number, told] of Object.entries(part ?? {}))
			if (told?.samples)
				told.points = mine.points[number] = joined(mine.points[number], told.samples, age);
	mine.at = now;
	return answer;
}

/* Samples are told newest first. */
function joined(before = [], samples, age) {
	const news = samples.map(s => [s.timestamp, s.sample]).reverse();
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
];

function chart(title, unit, lines, told, seconds, seen_as) {
	const known = lines.filter(([key]) => told?.[`${key}_details`]);
	return html`<figure><figcaption>${title}</figcaption><line-chart unit=${unit}
		seconds=${seconds} .series=${known.map(([key, title, color]) =>
			({ title, color, points: seen_as(told[`${key}_details`].points ?? []) }))}
		></line-chart></figure>`;
}

/* What is queued and how fast messages go, with the choice of how far back: the first of spans. */
export function charts(lengths, stats, q, choices) {
	const { page, args } = current(), [chosen, seconds] = span_of(q);
	return html`
		<nav class="tabs" aria-label="How far back">${spans.slice(0, choices).map(([name]) => html`
			<a href=${href(page, args, { ...q, span: name })}
				aria-current=${name === chosen ? "true" : nothing}>${name}</a>`)}</nav>
		<div class="charts">
			${chart("Messages queued", "count", depths, lengths, seconds, points => points)}
			${chart("Messages a second", "rate", flows, stats, seconds, speeds)}
		</div>`;
}
