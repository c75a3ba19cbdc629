/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post, put, remove } from "../api.js";
import { charts, get_sampled } from "../chart.js";
import { act, area, bytes, chip, choice, confirm, count, exchange_link, facts, field, form, moment,
	object, section, span, table, table_of_values, tell, tick, tile } from "../parts.js";
import { go, href } from "../route.js";
import { body_of, properties_of } from "./message.js";

export const title = ([, name]) => name;
export const every = 2000;

export async function load([v, name], q, signal) {
	const [queue, bindings] = await Promise.all([
		get_sampled(path`queues/${v}/${name}`, q, signal),
		get(path`queues/${v}/${name}/bindings`, signal),
	]);
	return { queue, bindings };
}

/* What kind of queue it is, in a few letters. */
export function queue_chips(q) {
	const a = q.arguments, known = [
		[q.type !== "classic", q.type],
		[q.durable, "D", "durable"],
		[q.auto_delete, "AD", "auto-delete"],
		[q.exclusive, "Excl", "exclusive"],
		[a["x-message-ttl"] !== undefined, "TTL", `${a["x-message-ttl"]} ms`],
		[a["x-expires"] !== undefined, "Exp", `${a["x-expires"]} ms`],
		[a["x-max-length"] !== undefined || a["x-max-length-bytes"] !== undefined, "Lim", "limits"],
		[a["x-max-priority"] !== undefined, "Pri", `0 to ${a["x-max-priority"]}`],
		[a["x-dead-letter-exchange"] !== undefined, "DLX", a["x-dead-letter-exchange"]],
		[a["x-single-active-consumer"], "SAC", "single active consumer"],
		[a["x-retain-ms"] !== undefined || a["x-retain-bytes"] !== undefined, "Ret", "retention"],
		[q.policy, q.policy, "policy"],
	];
	return known.filter(([is]) => is).map(([, name, words]) => chip(name, words));
}

/* The timestamp is the publisher's. */
const age = seconds => seconds ? span(Math.max(0, Date.now() - seconds * 1000)) : "–";

export function view({ queue: q, bindings }, args, asked) {
	return html`
		<h1>${q.name} <small>in ${q.vhost}</small> ${queue_chips(q)}</h1>
		<div class="tiles">
			${tile("Ready", count(q.messages_ready))}
			${tile("Unacked", count(q.messages_unacknowledged))}
			${tile("Bytes ready", bytes(q.message_bytes_ready))}
			${tile("Oldest", age(q.head_message_timestamp))}
			${tile("Consumers", count(q.consumers))}
			${tile("State", q.state)}
		</div>
		${charts(q, q.message_stats, asked, 2)}
		<div class="columns">
			${section("Consumers", consumers(q.consumer_details ?? []))}
			${section("Bindings", html`${bound(q, bindings)}${bind(q)}`)}
			${section("Publish", publish(q))}
			${q.type === "stream" ? nothing : html`
				${section("Look at messages", look(q))}
				${section("Move messages", move(q))}
				${section("Who holds what", held(q), false)}`}
			${section("About", facts([
				["Policy", q.policy || "none"],
				["Operator policy", q.operator_policy || undefined],
				["Exclusive to", q.owner_pid_details?.name],
				["Arguments", table_of_values(q.arguments)],
			]))}
		</div>
		${is_retained(q) ? html`<p><a href=${href("stream", [q.vhost, q.name])}>
			What it retains</a> can be read, and put back.</p>` : nothing}
		<p class="row">
			<button @click=${() => pause(q)}>${is_paused(q) ? "Resume" : "Pause"}</button>
			<button class="danger" @click=${() => purge(q)} ?disabled=${!q.messages_ready}>
				Purge ${count(q.messages_ready)} messages</button>
			<button class="danger" @click=${() => drop(q)}>Delete the queue</button>
		</p>`;
}

const consumers = list => table([
	{ title: "Tag", cell: c => c.consumer_tag },
	{ title: "Channel", cell: c => html`<a href="#/connection/${
		encodeURIComponent(c.channel_details.connection_name)}">${c.channel_details.name}</a>` },
	{ title: "Acks", cell: c => c.ack_required ? "yes" : "no" },
	{ title: "Prefetch", number: true, cell: c => count(c.prefetch_count) },
	{ title: "Active", cell: c => c.active ? "yes" : "no" },
], list, {}, "Nobody consumes from it.");

/* ---- bindings ---- */

function bound(q, bindings) {
	const cut = b => act(() => remove(
		path`bindings/${q.vhost}/e/${b.source}/q/${q.name}/${b.properties_key}`), "Unbound.");
	return table([
		{ title: "From", cell: b => exchange_link(q.vhost, b.source) },
		{ title: "Routing key", cell: b => html`<code>${b.routing_key}</code>` },
		{ title: "Arguments", cell: b => Object.keys(b.arguments).length
			? html`<code>${JSON.stringify(b.arguments)}</code>` : nothing },
		{ title: "", cell: b => b.source ? html`<button @click=${() => cut(b)}>Unbind</button>`
			: nothing },
	], bindings);
}

const bind = q => form(html`
	${field("From exchange", "source", { required: true })}
	${field("Routing key", "routing_key")}
	${field("Arguments", "arguments", { hint: "{}" })}`,
"Bind",
f => post(path`bindings/${q.vhost}/e/${f.source}/q/${q.name}`, {
	routing_key: f.routing_key, arguments: object(f.arguments, "The arguments"),
}), "Bound.");

/* ---- messages ---- */

const publish = q => form(html`
	${area("Body", "payload", "", 5)}
	${area("Headers", "headers", "{}", 2)}
	${area("Properties", "properties", '{"content_type": "application/json"}', 2)}
	${tick("Persistent", "persistent", true)}`,
"Publish",
f => post(path`exchanges/${q.vhost}/${"amq.default"}/publish`, {
	routing_key: q.name, payload: f.payload, payload_encoding: "string",
	properties: properties_of(f),
}), "Published.");

const is_retained = q => q.type === "stream" || q.arguments["x-retain-ms"] !== undefined ||
	q.arguments["x-retain-bytes"] !== undefined;

const key_of = q => q.vhost + "/" + q.name;

const peeks = new Map();   /* what was looked at, by queue, and what of it was chosen */

async function peek(q, from, search) {
	const found = await post(path`queues/${q.vhost}/${q.name}/peek`,
		{ from, count: 10, search: search || undefined });
	peeks.set(key_of(q), { ...found, search, chosen: new Set() });
}

function look(q) {
	const found = peeks.get(key_of(q));
	const show = (from, search) => act(() => peek(q, from, search), "All of them stay there.");
	const first = e => {
		e.preventDefault();
		show(0, new FormData(e.target).get("search"));
	};
	return html`
		<p class="quiet">Messages stay in the queue, where they are.</p>
		<form class="row" @submit=${first}>
			${field("With this text", "search", { hint: "any" })}
			<button class="main">Look at the first</button>
			${found?.next ? html`<button type="button"
				@click=${() => show(found.next, found.search)}>The next</button>` : nothing}
		</form>
		${found && !found.messages.length ? html`<p class="quiet">There are none.</p>` : nothing}
		${found?.messages.map(m => message(q, found, m))}
		${found?.messages.length ? retry(q, found) : nothing}`;
}

function message(q, found, m) {
	const end = () => confirm({
		title: "Delete this message?", words: "It is dropped, not dead-lettered.", verb: "Delete",
	}, async () => {
		await remove(path`queues/${q.vhost}/${q.name}/contents/${m.sequence}`);
		peeks.delete(key_of(q));
	}, "The message is gone.");
	const choose = e => found.chosen[e.target.checked ? "add" : "delete"](m.sequence);
	const is_ready = m.state === "ready";
	return html`<article class="message">
		<div class="row">${is_ready ? html`
				<input type="checkbox" aria-label="Choose ${m.sequence}"
					.checked=${found.chosen.has(m.sequence)} @change=${choose}>` : nothing}
			<strong>${count(m.sequence)}</strong>
			<span>${m.exchange || "(default)"} → <code>${m.routing_key}</code></span>
			${is_ready ? nothing : chip(m.state)}
			${m.redelivered ? chip("redelivered") : nothing}
			<span class="quiet">${moment(m.timestamp)}, ${bytes(m.payload_bytes)}</span>
			${is_ready ? html`<button @click=${end}>Delete</button>` : nothing}</div>
		${table_of_values(m.properties)}
		${body_of(m)}</article>`;
}

const retry = (q, found) => form(field("Move those chosen to queue", "queue", { required: true }),
	"Move them",
	async f => {
		if (!found.chosen.size)
			throw new Error("None is chosen.");
		const answer = await post(path`queues/${q.vhost}/${q.name}/move`,
			{ queue: f.queue, sequences: [...found.chosen] });
		peeks.delete(key_of(q));
		return answer;
	}, moved);

const moved = answer => `${count(answer.moved)} messages were moved${
	answer.reason ? `, then: ${answer.reason}` : ""}.`;

const STEP = 5000;   /* messages between two lines of progress */

/* In steps, so that somebody sees how far it is; what comes meanwhile stays. */
async function move_all(q, f) {
	const what = { [f.kind]: f.name, routing_key: f.routing_key || undefined };
	let left = f.count ? Number(f.count) : q.messages_ready, total = 0, answer = { next: 0 };
	do {
		answer = await post(path`queues/${q.vhost}/${q.name}/move`,
			{ ...what, from: answer.next, count: Math.min(left, STEP) });
		total += answer.moved;
		left -= answer.moved;
		if (left > 0 && answer.moved)
			tell(`${count(total)} are moved, ${count(left)} are left.`);
	} while (left > 0 && answer.moved && !answer.reason);
	return { ...answer, moved: total };
}

const move = q => form(html`
	${choice("To", "kind", ["queue", "exchange"])}
	${field("Name", "name", { required: true })}
	${field("Routing key", "routing_key", { hint: "as it was" })}
	${field("How many", "count", { type: "number", hint: "all" })}`,
"Move", f => move_all(q, f), moved);

const holders = new Map();   /* who held what, by queue */

function held(q) {
	const list = holders.get(key_of(q));
	const show = () => act(async () => holders.set(key_of(q),
		await get(path`queues/${q.vhost}/${q.name}/unacked`)), "Looked up.");
	return html`<div class="row"><button @click=${show}>Look it up</button></div>
		${list ? table([
			{ title: "Message", number: true, cell: h => count(h.sequence) },
			{ title: "Consumer", cell: h => h.consumer_tag || "basic.get" },
			{ title: "Channel", cell: h => html`<a href=${
				href("connection", [h.channel_details.connection_name])}>${
				h.channel_details.name}</a>` },
			{ title: "For", number: true, cell: h => span(h.age_ms) },
		], list, {}, "Nothing is unacknowledged.") : nothing}`;
}

/* ---- pauses, and the end ---- */

const is_paused = q => q.state === "paused";

const pause = q => act(() => put(path`queues/${q.vhost}/${q.name}/${
	is_paused(q) ? "resume" : "pause"}`), is_paused(q) ? "It delivers again." : "It is paused.");

function purge(q) {
	confirm({
		title: `Purge ${q.name}?`, verb: "Purge", name: q.name,
		words: `${count(q.messages_ready)} ready messages will be gone for good.`,
	}, () => remove(path`queues/${q.vhost}/${q.name}/contents`), "The queue is empty.");
}

function drop(q) {
	confirm({
		title: `Delete ${q.name}?`, verb: "Delete", name: q.messages ? q.name : undefined,
		words: q.messages || q.consumers
			? `It holds ${count(q.messages)} messages and has ${count(q.consumers)} consumers.`
			: "It is empty and nobody consumes from it.",
	}, async () => {
		await remove(path`queues/${q.vhost}/${q.name}`);
		go("queues");
	}, "The queue is gone.");
}
