/* SPDX-License-Identifier: Apache-2.0 */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post } from "../api.js";
import { act, bytes, count, field, form, messages, moment, queue_link, section, table, tile }
	from "../parts.js";
import { message } from "./message.js";

export const title = ([, name]) => name;
export const every = 3000;

export const load = ([v, name], q, signal) => get(path`streams/${v}/${name}`, signal);

export function view(s) {
	return html`
		<h1>${s.name} <small>${s.type === "stream" ? "stream" : "history of a queue"} in
			${s.vhost}</small></h1>
		<div class="tiles">
			${tile("First offset", s.first_offset, moment(s.first_timestamp))}
			${tile("Next offset", s.next_offset, moment(s.last_timestamp))}
			${tile("Messages", s.messages)}
			${tile("Bytes", bytes(s.message_bytes))}
		</div>
		<p>${queue_link(s.vhost, s.name)} has its rates, consumers and bindings.</p>
		<div class="columns">
			${section("Named offsets", table([
				{ title: "Name", cell: o => o.name },
				{ title: "Offset", number: true, cell: o => count(o.offset) },
				{ title: "Behind", number: true, cell: o => count(s.next_offset - o.offset - 1) },
			], s.offsets, {}, "Nobody has stored one."))}
			${s.type === "stream" ? nothing : section("Put back into the queue", replay(s))}
		</div>
		${section("Read", read(s))}`;
}

const replay = s => form(html`
	${field("From offset", "from", { type: "number", required: true, value: s.first_offset })}
	${field("To offset", "to", { type: "number", required: true, value: s.next_offset - 1 })}`,
"Put back",
f => post(path`queues/${s.vhost}/${s.name}/replay`, { from: Number(f.from), to: Number(f.to) }),
answer => `Put back: ${messages(answer.replayed)}.`);

const MANY = 20;

const last_of = s => Math.max(s.first_offset, s.next_offset - MANY);

const reads = new Map();   /* what was read, by stream */

async function fetch_from(s, offset) {
	reads.set(s.vhost + "/" + s.name,
		await post(path`streams/${s.vhost}/${s.name}/read`, { offset, count: MANY }));
}

/* A number is an offset; anything else is for the broker to understand. */
const asked = text => /^\d+$/.test(text) ? Number(text) : text;

function read(s) {
	const found = reads.get(s.vhost + "/" + s.name)?.messages;
	const show = offset => act(() => fetch_from(s, offset), "Read.");
	const seek = e => {
		e.preventDefault();
		show(asked(new FormData(e.target).get("offset")));
	};
	return html`
		<form class="row" @submit=${seek}>
			${field("Offset", "offset", { value: "first", hint: "a number, first, last or 1h" })}
			<button class="main">Read from there</button>
			<button type="button" @click=${() => show(last_of(s))}>The last ${MANY}</button>
			${found?.length ? html`<button type="button"
				@click=${() => show(found.at(-1).offset + 1)}>The next</button>` : nothing}
		</form>
		${found && !found.length ? html`<p class="quiet">There are none.</p>` : nothing}
		${found?.map(m => message(m, html`<strong>${count(m.offset)}</strong>`))}`;
}
