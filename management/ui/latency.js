/* SPDX-License-Identifier: Apache-2.0 */
/* How long things take, since the page was opened: percentiles of the last seconds, from two looks
 * at what the broker has counted. */

import { get, path } from "./api.js";
import { figure } from "./chart.js";

const kinds = [
	["confirm", "Confirm latency"],
	["log_sync", "Sync of the log to the disk"],
	["loop_turn", "Turn of the event loop"],
	["queue_residence", "Time in the queue"],
];

const percentiles = [[0.5, "p50", "blue"], [0.99, "p99", "orange"]];

const WINDOW = 10_000, LOOKS_MAX = 1800;   /* milliseconds; an hour of looks */

let looks = [];   /* { at, told, before: what was told before; at first nothing } */

/* In milliseconds; null: nothing happened between. */
function percentile(told, before, part) {
	const news = told.spread.map((s, i) => s.count - (before?.spread[i].count ?? 0));
	let left = part * (told.count - (before?.count ?? 0)), low = 0;
	for (const [i, { most_us }] of told.spread.entries()) {
		const high = most_us ?? low;
		if (left > 0 && news[i] >= left)
			return (low + (high - low) * left / news[i]) / 1000;
		left -= news[i];
		low = high;
	}
	return null;
}

export async function look_at_latencies(node, signal) {
	const told = await get(path`nodes/${node}/latencies`, signal), at = Date.now();
	if (looks.length && told.loop_turn.count < looks.at(-1).told.loop_turn.count)
		looks = [];   /* another broker by now */
	const before = looks.findLast(l => at - l.at >= WINDOW) ?? looks[0];
	looks = [...looks.slice(1 - LOOKS_MAX), { at, told, before: before?.told }];
}

export const latency_charts = () => kinds.map(([kind, title]) => figure(title, "ms",
	percentiles.map(([part, title, color]) => ({ title, color, points: looks.map(l =>
		[l.at, l.told[kind] ? percentile(l.told[kind], l.before?.[kind], part) : null]) })), true));
