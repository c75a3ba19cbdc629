/* SPDX-License-Identifier: Apache-2.0 */
/* What the broker says, as it says it. */
import { html, nothing } from "../vendor/lit-html.js";
import { events } from "../api.js";
import { ask, pause } from "../route.js";

export const title = () => "Log";
export const every = 0;

const MOST = 1000;
const LEVELS = ["debug", "info", "notice", "warning", "error", "critical"];

let lines = [];

export const load = async () => lines;

export async function enter(args, q, signal, draw) {
	while (!signal.aborted) {
		const told = [];
		let why = "the broker has ended it";
		try {
			await events("livelog", signal, (name, line) => {
				told.push(line);
				if (told.length > MOST)
					told.shift();
				lines = told;
				draw();
			});
		} catch (e) {
			why = e.message;
		}
		if (signal.aborted)
			return;
		lines.push({ time: "", level: "error", text: `The log does not come: ${why}` });
		draw();
		await pause(3000, signal);
	}
}

export function view(all, args, q) {
	const least = LEVELS.indexOf(q.level ?? "info"), word = (q.name ?? "").toLowerCase();
	const shown = lines.filter(l => LEVELS.indexOf(l.level) >= least &&
		l.text.toLowerCase().includes(word));
	return html`
		<h1>Log</h1>
		<div class="row">
			<label class="filter"><input type="search" placeholder="Filter lines   /"
				aria-label="Filter lines" .value=${q.name ?? ""}
				@change=${e => ask({ name: e.target.value })}></label>
			<label class="quiet">From <select @change=${e => ask({ level: e.target.value })}>
				${LEVELS.map((l, i) => html`<option ?selected=${i === least}>${l}</option>`)}
			</select></label>
		</div>
		<ol class="log">${shown.toReversed().map(l => html`<li class=${l.level}>
			<time>${l.time}</time> <b>${l.level}</b> ${l.text}</li>`)}</ol>
		${shown.length ? nothing : html`<p class="quiet">Nothing yet.</p>`}`;
}
