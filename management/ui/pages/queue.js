/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { find, get, path, post, put, query, remove } from "../api.js";
import { levels, speeds, with_samples } from "../chart.js";
import { act, area, bytes, chip, choice, confirm, count, exchange_link, facts, field, form,
	moment, object, queue_link, rate, section, span, table, table_of_values, tick, tile }
	from "../parts.js";
import { go } from "../route.js";
import { body_of, properties_of } from "./message.js";

export const title = ([, name]) => name;
export const every = 2000;

export async function load([v, name], q, signal) {
	const [queue, bindings] = await Promise.all([
		get(path`queues/${v}/${name}` + query(with_samples), signal),
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

export function view({ queue: q, bindings }) {
	const stats = q.message_stats ?? {};
	return html`
		<h1>${q.name} <small>in ${q.vhost}</small> ${queue_chips(q)}</h1>
		<div class="tiles">
			${tile("Ready", count(q.messages_ready))}
			${tile("Unacknowledged", count(q.messages_unacknowledged))}
			${tile("Bytes", bytes(q.message_bytes))}
			${tile("Consumers", count(q.consumers))}
			${tile("Oldest", age(q.head_message_timestamp))}
			${tile("State", q.state, q.idle_since && `since ${q.idle_since}`)}
		</div>
		<div class="charts">
			<figure><figcaption>Messages</figcaption><line-chart .series=${[
				{ title: "Ready", color: "blue", points: levels(q.messages_ready_details) },
				{ title: "Unacknowledged", color: "orange",
					points: levels(q.messages_unacknowledged_details) },
			]}></line-chart></figure>
			<figure><figcaption>Messages a second</figcaption><line-chart unit="rate" .series=${[
				{ title: "Published", color: "blue", points: speeds(stats.publish_details) },
				{ title: "Delivered", color: "orange", points: speeds(stats.deliver_get_details) },
				{ title: "Acknowledged", color: "purple", points: speeds(stats.ack_details) },
				{ title: "Redelivered", color: "red", points: speeds(stats.redeliver_details) },
			]}></line-chart></figure>
		</div>
		<div class="columns">
			${section("Consumers", consumers(q.consumer_details ?? []))}
			${section("Bindings", html`${bound(q, bindings)}${bind(q)}`)}
			${section("Look at messages", look(q))}
			${section("Publish", publish(q), false)}
			${section("Move messages", move(q), false)}
			${section("About", facts([
				["Policy", q.policy || "none"],
				["Operator policy", q.operator_policy || undefined],
				["Exclusive to", q.owner_pid_details?.name],
				["Memory", bytes(q.memory)],
				["Arguments", table_of_values(q.arguments)],
			]))}
		</div>
		<p class="row">
			<button class="danger" @click=${() => purge(q)} ?disabled=${!q.messages_ready}>
				Purge ${count(q.messages_ready)} messages</button>
			<button class="danger" @click=${() => drop(q)}>Delete the queue</button>
		</p>`;
}

const age = seconds => seconds ? span(Math.max(0, Date.now() - seconds * 1000)) : "–";

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

const peeks = new Map();   /* what was looked at, by queue */

async function peek(q, from) {
	const found = await post(path`queues/${q.vhost}/${q.name}/peek`, { from, count: 10 });
	peeks.set(q.vhost + "/" + q.name, found);
}

function look(q) {
	const found = peeks.get(q.vhost + "/" + q.name);
	const next = found?.messages.at(-1)?.sequence;
	const show = from => act(() => peek(q, from), "Nothing was taken from the queue.");
	return html`
		<p class="quiet">Messages stay in the queue, where they are.</p>
		<div class="row"><button class="main" @click=${() => show(0)}>Look at the first</button>
			${next === undefined ? nothing : html`
				<button @click=${() => show(next + 1)}>The next</button>`}</div>
		${found && !found.messages.length ? html`<p class="quiet">There are none.</p>` : nothing}
		${found?.messages.map(m => message(q, m))}`;
}

function message(q, m) {
	const end = () => confirm({
		title: "Delete this message?", words: "It is dropped, not dead-lettered.", verb: "Delete",
	}, async () => {
		await remove(path`queues/${q.vhost}/${q.name}/contents/${m.sequence}`);
		peeks.delete(q.vhost + "/" + q.name);
	}, "The message is gone.");
	return html`<article class="message">
		<div class="row"><strong>${count(m.sequence)}</strong>
			<span>${m.exchange || "(default)"} → <code>${m.routing_key}</code></span>
			${m.redelivered ? chip("redelivered") : nothing}
			<span class="quiet">${bytes(m.payload_bytes)}</span>
			<button @click=${end}>Delete</button></div>
		${table_of_values(m.properties)}
		${body_of(m)}</article>`;
}

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

const move = q => form(html`
	${choice("To", "kind", ["queue", "exchange"])}
	${field("Name", "name", { required: true })}
	${field("Routing key", "routing_key", { hint: "as it was" })}
	${field("How many", "count", { type: "number", hint: "all" })}`,
"Move",
f => post(path`queues/${q.vhost}/${q.name}/move`, {
	[f.kind]: f.name,
	routing_key: f.routing_key || undefined,
	count: f.count ? Number(f.count) : undefined,
}), answer => `${count(answer.moved)} messages were moved.`);

/* ---- the end of it ---- */

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
