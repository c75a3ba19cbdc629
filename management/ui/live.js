/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as the broker tells them each second.  While they do not come, those are shown that the
 * page has loaded.  A browser has few connections to a server: a page that nobody sees has none for
 * this. */

import { html } from "./vendor/lit-html.js";
import { events, query } from "./api.js";
import { rate, tile } from "./parts.js";
import { pause } from "./route.js";

let current = null;   /* { told, before, at }: numbers, those ahead of them, when they came */

export const is_live = () => !!current;

const number = (name, loaded) => current?.told[name] ?? loaded ?? 0;

/* How fast they grow in sum. */
function speed(names, loaded) {
	const { told, before, at } = current ?? {};
	if (!before)
		return loaded?.rate ?? 0;
	const more = names.reduce((n, name) => n + told[name] - before[name], 0);
	return performance.now() - at > 2000 ? 0
		: more * 1000 / (told.timestamp - before.timestamp);
}

/* Of the broker or of a queue; s: what was loaded of it. */
export const live_tiles = (s, rates = {}) => html`
	${tile("Ready", number("messages_ready", s.messages_ready))}
	${tile("Unacked", number("messages_unacknowledged", s.messages_unacknowledged))}
	${tile("Published", rate(speed(["publish"], rates.publish_details)))}
	${tile("Delivered", rate(speed(["deliver", "deliver_no_ack", "get", "get_no_ack"],
		rates.deliver_get_details)))}`;

/* What a page begins with that has these. */
export async function follow(topics, signal, draw) {
	while (!signal.aborted) {
		const over = new AbortController(), end = () => over.abort(), mine = {};
		signal.addEventListener("abort", end, over);
		document.addEventListener("visibilitychange", end, over);
		if (!document.hidden)
			await events("stream" + query({ topics }), over.signal, (name, changes) => {
				current = Object.assign(mine, { before: mine.told,
					told: { ...mine.told, ...changes }, at: performance.now() });
				draw();
			}).catch(() => {});
		end();
		if (current === mine)
			current = null;
		await pause(3000, signal);
	}
}
