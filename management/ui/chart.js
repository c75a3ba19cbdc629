/* SPDX-License-Identifier: Apache-2.0 */
/* Lines over time.  A chart is an element of its own, so that it lives as long as its place on the
 * page; it takes .series = [{ title, color, points: [[ms, value], ...] }], oldest first. */

import { theme } from "./theme.js";
import { bytes, count, rate } from "./parts.js";

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
	}

	#options() {
		const format = formats[this.getAttribute("unit") ?? "count"];
		const ink = theme.color("quiet"), line = theme.color("line");
		const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
		return {
			width: this.clientWidth || 300, height: HEIGHT,
			scales: { y: { range: (u, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
			axes: [
				{ ...axis, space: 80, values: (u, at) => at.map(clock) },
				{ ...axis, size: 64, values: (u, v) => v.map(format) },
			],
			series: [
				{ label: "At", value: (u, at) => at === null ? "–" : clock(at) },
				...this.#series.map(s => ({
					label: s.title, stroke: theme.color(s.color), width: 1.5,
					points: { show: false }, value: (u, v) => v === null ? "–" : format(v),
				})),
			],
			cursor: { y: false },
		};
	}
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

const MEMORY_MS = 600e3;

const memory = new Map();   /* of what was seen: points, by name */

/* The points so far of a value that the API tells now and does not remember itself; undefined is
 * none. */
export function seen(name, value) {
	const now = Date.now(), points = memory.get(name) ?? [];
	if (value !== undefined && points.at(-1)?.[0] !== now)
		points.push([now, value]);
	while (points.length && points[0][0] < now - MEMORY_MS)
		points.shift();
	memory.set(name, points);
	return points;
}

/* ... of one that is counted: how fast it grew between two looks. */
export function seen_growing(name, value) {
	const p = seen(name, value);
	return p.slice(1).map(([ms, n], i) =>
		[ms, Math.max(0, (n - p[i][1]) * 1000 / (ms - p[i][0]))]);
}
