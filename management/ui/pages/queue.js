/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post, put, remove } from "../api.js";
import { charts, depth_chart, flow_chart, get_sampled } from "../chart.js";
import { follow, live_tiles } from "../live.js";
import { act, bytes, chip, choice, confirm, count, exchange_link, facts, field, form, messages,
	moment, object, section, span, state, table, table_of_values, tell, tile } from "../parts.js";
import { go, href } from "../route.js";
import { consumers } from "./consumers.js";
import { message, publish } from "./message.js";

export const title = ([, name]) => name;
export const every = 2000;

export async function load([v, name], q, signal) {
	const [queue, bindings] = await Promise.all([
		get_sampled(path`queues/${v}/${name}`, q, signal),
		get(path`queues/${v}/${name}/bindings`, signal),
	]);
	return { queue, bindings };
}

export const enter = ([v, name], q, signal, draw) =>
	follow(path`queue:${v}/${name}`, signal, draw);

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
export const age = seconds => seconds ? span(Math.max(0, Date.now() - seconds * 1000)) : "–";

/* How much of the time consumers could take more. */
export const capacity = q => q.consumer_capacity === undefined || q.consumer_capacity === null
	? "–" : `${Math.round(q.consumer_capacity * 100)} %`;

export function view({ queue: q, bindings }) {
	return html`
		<div class="head">
			<h1>${q.name} <small>in ${q.vhost}</small> ${queue_chips(q)}</h1>
			<button @click=${() => pause(q)}>${is_paused(q) ? "Resume" : "Pause"}</button>
			<button class="danger" @click=${() => purge(q)} ?disabled=${!q.messages_ready}>
				Purge ${messages(q.messages_ready)}</button>
			<button class="danger" @click=${() => drop(q)}>Delete the queue${
				q.messages ? ` and ${messages(q.messages)}` : ""}</button>
		</div>
		<div class="tiles">
			${live_tiles(q, q.message_stats)}
			${tile("Bytes ready", bytes(q.message_bytes_ready))}
			${tile("Oldest", age(q.head_message_timestamp))}
			${tile("Consumers", q.consumers)}
			${tile("Capacity", capacity(q), "of consumers")}
			${tile("State", state(q.state))}
		</div>
		${charts(2, depth_chart(q), flow_chart(q.message_stats))}
		<div class="columns">
			${section("Consumers", consumers(q.consumer_details ?? [], "queue"))}
			${section("Bindings", html`${bound(q, bindings)}${bind(q)}`)}
			${q.type === "stream" ? nothing : html`
				${section("Look at messages", look(q))}
				${section("Get messages", take(q), false)}
				${section("Move messages", move(q), false)}
				${section("Who holds what", held(q), false)}`}
			${section("Publish", publish(q.vhost, "", q.name), false)}
			${section("About", facts([
				["Policy", q.policy || undefined],
				["Operator policy", q.operator_policy || undefined],
				["Policies say", Object.keys(q.effective_policy_definition ?? {}).length
					? table_of_values(q.effective_policy_definition) : undefined],
				["Idle since", q.idle_since ? moment(q.idle_since) : undefined],
				["Dead letters on their way", q.messages_dlx ? count(q.messages_dlx) : undefined],
				["Active consumer", q.single_active_consumer_tag || undefined],
				["Exclusive to", q.owner_pid_details?.name],
				["Arguments", table_of_values(q.arguments)],
			]))}
		</div>
		${is_retained(q) ? html`<p><a href=${href("stream", [q.vhost, q.name])}>
			What it retains</a> can be read, and put back.</p>` : nothing}`;
}

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
		${found?.messages.map(m => looked_at(q, found, m))}
		${found?.messages.length ? retry(q, found) : nothing}`;
}

function looked_at(q, found, m) {
	const end = () => confirm({
		title: "Delete this message?", words: "It is dropped, not dead-lettered.", verb: "Delete",
	}, async () => {
		await remove(path`queues/${q.vhost}/${q.name}/contents/${m.sequence}`);
		peeks.delete(key_of(q));
	}, "The message is gone.");
	const choose = e => found.chosen[e.target.checked ? "add" : "delete"](m.sequence);
	const is_ready = m.state === "ready";
	return message(m, html`${is_ready ? html`<input type="checkbox"
			aria-label="Choose ${m.sequence}" .checked=${found.chosen.has(m.sequence)}
			@change=${choose}>` : nothing}
		<strong>${count(m.sequence)}</strong> ${is_ready ? nothing : chip(m.state)}`,
	is_ready ? html`<button @click=${end}>Delete</button>` : nothing);
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

const moved = answer => `Moved ${messages(answer.moved)}${
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
			tell(`Moved ${messages(total)}, ${count(left)} are left.`);
	} while (left > 0 && answer.moved && !answer.reason);
	return { ...answer, moved: total };
}

const move = q => form(html`
	${choice("To", "kind", ["queue", "exchange"])}
	${field("Name", "name", { required: true })}
	${field("Routing key", "routing_key", { hint: "as it was" })}
	${field("How many", "count", { type: "number", hint: "all" })}`,
"Move", f => move_all(q, f), moved);

/* ---- getting, as RabbitMQ has it ---- */

const got = new Map();   /* what was got last, by queue */

const take = q => html`
	<p class="quiet">Getting takes messages out of the queue; to see them, look at them.</p>
	${form(html`
		${choice("And then", "ackmode", [["ack_requeue_true", "put back, as redelivered"],
			["ack_requeue_false", "acknowledge: they are gone"],
			["reject_requeue_true", "reject and put back"],
			["reject_requeue_false", "reject: dead-letter or drop"]])}
		${field("How many", "count", { type: "number", value: 1, required: true })}
		${choice("Bodies as", "encoding", [["auto", "text, if they are"], "base64"])}`,
	"Get messages", async f => {
		const list = await post(path`queues/${q.vhost}/${q.name}/get`,
			{ ...f, count: Number(f.count), truncate: 50000 });
		got.set(key_of(q), list);
		return list;
	}, list => list.length ? `Got ${count(list.length)}.` : "It is empty.")}
	${got.get(key_of(q))?.map(m => message(m, nothing))}`;

/* ---- moving, and who holds them ---- */

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
				href("channel", [h.channel_details.name])}>${
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
		words: `Ready ones will be gone for good: ${messages(q.messages_ready)}.`,
	}, () => remove(path`queues/${q.vhost}/${q.name}/contents`), "The queue is empty.");
}

function drop(q) {
	confirm({
		title: `Delete ${q.name}?`, verb: "Delete", name: q.messages ? q.name : undefined,
		words: q.messages || q.consumers
			? `It holds ${messages(q.messages)}; consumers: ${count(q.consumers)}.`
			: "It is empty and nobody consumes from it.",
	}, async () => {
		await remove(path`queues/${q.vhost}/${q.name}`);
		go("queues");
	}, "The queue is gone.");
}
