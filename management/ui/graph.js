/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of exchanges and queues in columns, from left to right.
 * nodes: { id, kind: "exchange" | "queue" | "start", name, column, link, note }
 * edges: { from, to, label } */

import { html, nothing, svg } from "./vendor/lit-html.js";

const COLUMN = 320, ROW = 64, WIDTH = 180, HEIGHT = 40, MARGIN = 12;

const cut = (name, n) => name.length > n ? name.slice(0, n - 1) + "…" : name;

export function graph(nodes, edges) {
	const rows = [];
	const placed = new Map(nodes.map(n => {
		const row = rows[n.column] = (rows[n.column] ?? -1) + 1;
		return [n.id, { ...n, row }];
	}));
	const tallest = Math.max(...rows.filter(r => r !== undefined)) + 1;
	for (const n of placed.values()) {   /* each column stands in the middle */
		const above = (tallest - rows[n.column] - 1) / 2;
		n.x = MARGIN + n.column * COLUMN;
		n.y = MARGIN + (n.row + above) * ROW;
	}
	const w = 2 * MARGIN + (rows.length - 1) * COLUMN + WIDTH;
	const h = 2 * MARGIN + (tallest - 1) * ROW + HEIGHT;
	return html`<div class="wide"><svg class="graph" viewBox="0 0 ${w} ${h}" width=${w} height=${h}
		role="img">${edges.map(e => edge(placed.get(e.from), placed.get(e.to), e.label))}
		${[...placed.values()].map(node)}</svg></div>`;
}

function edge(a, b, label) {
	const x1 = a.x + WIDTH, y1 = a.y + HEIGHT / 2, x2 = b.x, y2 = b.y + HEIGHT / 2;
	const mid = (x1 + x2) / 2;
	return svg`<path d="M${x1} ${y1} C${mid} ${y1} ${mid} ${y2} ${x2} ${y2}" />
		${label ? svg`<text class="label" x=${x2 - 8} y=${y2 - 6} text-anchor="end"
			>${cut(label, 20)}<title>${label}</title></text>` : nothing}`;
}

function node(n) {
	const box = svg`<g class=${n.kind}>
		<rect x=${n.x} y=${n.y} width=${WIDTH} height=${HEIGHT}
			rx=${n.kind === "exchange" ? HEIGHT / 2 : 4} />
		<text x=${n.x + WIDTH / 2} y=${n.y + (n.note ? 17 : 25)} text-anchor="middle"
			>${cut(n.name, 24)}<title>${n.name}</title></text>
		${n.note ? svg`<text class="note" x=${n.x + WIDTH / 2} y=${n.y + 32} text-anchor="middle"
			>${cut(n.note, 28)}</text>` : nothing}</g>`;
	return n.link ? svg`<a href=${n.link}>${box}</a>` : box;
}
