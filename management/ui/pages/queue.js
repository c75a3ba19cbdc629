/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post, put, remove } from "../api.js";
import { seen } from "../chart.js";
import { act, area, bytes, chip, confirm, count, exchange_link, facts, field, form, object, section,
	table, table_of_values, tick, tile } from "../parts.js";
import { go } from "../route.js";
import { properties_of } from "./message.js";

export const title = ([, name]) => name;
export const every = 2000;

export async function load([v, name], q, signal) {
	const [queue, bindings] = await Promise.all([
		get(path`queues/${v}/${name}`, signal),
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
	const name = `${q.vhost}/${q.name}`;
	return html`
		<h1>${q.name} <small>in ${q.vhost}</small> ${queue_chips(q)}</h1>
		<div class="tiles">
			${tile("Ready", count(q.messages_ready))}
			${tile("Unacked", count(q.messages_unacknowledged))}
			${tile("Bytes ready", bytes(q.message_bytes_ready))}
			${tile("Consumers", count(q.consumers))}
			${tile("State", q.state)}
		</div>
		<div class="charts">
			<figure><figcaption>Messages</figcaption><line-chart .series=${[
				{ title: "Ready", color: "blue", points: seen(`${name} ready`, q.messages_ready) },
				{ title: "Unacknowledged", color: "orange",
					points: seen(`${name} unacked`, q.messages_unacknowledged) },
			]}></line-chart></figure>
		</div>
		<div class="columns">
			${section("Consumers", consumers(q.consumer_details ?? []))}
			${section("Bindings", html`${bound(q, bindings)}${bind(q)}`)}
			${section("Publish", publish(q))}
			${section("About", facts([
				["Policy", q.policy || "none"],
				["Operator policy", q.operator_policy || undefined],
				["Exclusive to", q.owner_pid_details?.name],
				["Arguments", table_of_values(q.arguments)],
			]))}
		</div>
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
