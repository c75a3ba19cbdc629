/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post, remove } from "../api.js";
import { charts, flow_chart, get_sampled } from "../chart.js";
import { graph } from "../graph.js";
import { act, chip, choice, confirm, exchange_link, facts, field, form, object, queue_link,
	section, table, table_of_values } from "../parts.js";
import { go, href } from "../route.js";
import { exchange_chips } from "./exchanges.js";
import { publish } from "./message.js";

export const title = ([, name]) => name;
export const every = 3000;

export async function load([v, name], q, signal) {
	const of = path`exchanges/${v}/${name}`;
	const [exchange, out, into] = await Promise.all([
		get_sampled(of, q, signal),
		get(`${of}/bindings/source`, signal),
		get(`${of}/bindings/destination`, signal),
	]);
	return { exchange, out, into };
}

export function view({ exchange: x, out, into }) {
	return html`
		<div class="head">
			<h1>${x.name || "(default)"} <small>${x.type} in ${x.vhost}</small>
				${exchange_chips(x)}</h1>
			${x.name && !x.name.startsWith("amq.") ? html`<button class="danger"
				@click=${() => drop(x, out)}>Delete the exchange</button>` : nothing}
		</div>
		${section("Where messages go", picture(x, out, into))}
		<div class="columns">
			${section("Bindings", html`${bound(x, out)}${x.name ? bind(x) : nothing}`)}
			${section("Publish", publish(x.vhost, x.name))}
			${section("Rates", charts(2, flow_chart(x.message_stats)))}
			${section("About", facts([
				["Policy", x.policy || undefined],
				["Arguments", table_of_values(x.arguments)],
			]))}
		</div>`;
}

/* ---- the picture ---- */

const MOST = 40;

const end = (kind, v, name) => ({
	id: `${kind} ${name}`, kind, name: name || "(default)",
	link: href(kind, [v, name || "amq.default"]),
});

function picture(x, out, into) {
	if (!x.name)
		return html`<p class="quiet">Each queue is bound to it by its own name.</p>`;
	const here = { ...end("exchange", x.vhost, x.name), column: into.length ? 1 : 0, note: x.type };
	const nodes = new Map([[here.id, here]]), edges = [];
	const add = (n, column) => nodes.has(n.id) || nodes.set(n.id, { ...n, column });
	for (const b of into.slice(0, MOST)) {
		const from = end("exchange", x.vhost, b.source);
		add(from, 0);
		edges.push({ from: from.id, to: here.id, label: b.routing_key });
	}
	for (const b of out.slice(0, MOST)) {
		const to = end(b.destination_type, x.vhost, b.destination);
		add(to, here.column + 1);
		edges.push({ from: here.id, to: to.id, label: label_of(b) });
	}
	const alternate = x.arguments["alternate-exchange"];
	if (alternate) {
		const to = end("exchange", x.vhost, alternate);
		add(to, here.column + 1);
		edges.push({ from: here.id, to: to.id, label: "otherwise" });
	}
	return html`${graph([...nodes.values()], edges)}${out.length + into.length > 2 * MOST
		? html`<p class="quiet">The first ${MOST} on each side are shown.</p>` : nothing}`;
}

const label_of = b => b.routing_key ||
	(Object.keys(b.arguments).length ? JSON.stringify(b.arguments) : "");

/* ---- bindings ---- */

const target = { q: "queue", e: "exchange" };
const letter = b => b.destination_type === "queue" ? "q" : "e";

function bound(x, out) {
	const cut = b => act(() => remove(path`bindings/${x.vhost}/e/${x.name}/${letter(b)}/${
		b.destination}/${b.properties_key}`), "Unbound.");
	return table([
		{ title: "To", cell: b => b.destination_type === "queue"
			? queue_link(x.vhost, b.destination) : exchange_link(x.vhost, b.destination) },
		{ title: "", cell: b => chip(b.destination_type) },
		{ title: "Routing key", cell: b => html`<code>${b.routing_key}</code>` },
		{ title: "Arguments", cell: b => Object.keys(b.arguments).length
			? html`<code>${JSON.stringify(b.arguments)}</code>` : nothing },
		{ title: "", cell: b => x.name ? html`<button @click=${() => cut(b)}>Unbind</button>`
			: nothing },
	], out, {}, "Nothing is bound to it.");
}

const bind = x => form(html`
	${choice("To", "kind", Object.entries(target))}
	${field("Name", "name", { required: true })}
	${field("Routing key", "routing_key")}
	${field("Arguments", "arguments", { hint: '{"x-match": "all"}' })}`,
"Bind",
f => post(path`bindings/${x.vhost}/e/${x.name}/${f.kind}/${f.name}`, {
	routing_key: f.routing_key, arguments: object(f.arguments, "The arguments"),
}), "Bound.");

function drop(x, out) {
	confirm({
		title: `Delete ${x.name}?`, verb: "Delete", name: out.length ? x.name : undefined,
		words: out.length ? `${out.length} bindings go with it.` : "Nothing is bound to it.",
	}, async () => {
		await remove(path`exchanges/${x.vhost}/${x.name}`);
		go("exchanges");
	}, "The exchange is gone.");
}
