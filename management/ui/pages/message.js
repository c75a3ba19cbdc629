/* SPDX-License-Identifier: Apache-2.0 */
/* What pages show and take of a message. */
import { html, nothing } from "../vendor/lit-html.js";
import { path, post } from "../api.js";
import { of_messages } from "../keys.js";
import { area, bytes, chip, choice, field, form, keyed, moment, object, table_of_values, tick }
	from "../parts.js";

/* A body as the API gives it: JSON is laid out, what is no text is shown as base64. */
function body_of(m) {
	if (m.payload_encoding !== "string")
		return html`<pre class="body quiet" title="base64">${m.payload}</pre>`;
	try {
		return html`<pre class="body">${JSON.stringify(JSON.parse(m.payload), null, 2)}</pre>`;
	} catch {
		return html`<pre class="body">${m.payload}</pre>`;
	}
}

/* One of a list; its number and more stand before what all have, buttons behind it. */
export const message = (m, before, behind = nothing) => html`<article class="message">
	<div class="row">${before}
		<span>${m.exchange || "(default)"} → <code>${m.routing_key}</code></span>
		${m.redelivered ? chip("redelivered") : nothing}
		<span class="quiet">${m.timestamp ? `${moment(m.timestamp)}, ` : ""}${
			bytes(m.payload_bytes)}</span>
		${behind}</div>
	${table_of_values(m.properties)}
	${body_of(m)}</article>`;

/* A form that publishes; key: the routing key, where it is known. */
export const publish = (vhost, exchange, key) => form(html`
	${key === undefined ? field("Routing key", "routing_key") : nothing}
	${area("Body", "payload", "", 5)}
	${choice("It is", "payload_encoding", [["string", "text"], "base64"])}
	${tick("Persistent", "persistent", true)}
	${area("Headers", "headers", "{}", 2)}
	${keyed("Properties", "properties", of_messages)}`,
"Publish",
f => post(path`exchanges/${vhost}/${exchange || "amq.default"}/publish`, {
	routing_key: key ?? f.routing_key, payload: f.payload, payload_encoding: f.payload_encoding,
	properties: {
		...object(f.properties, "The properties"),
		headers: object(f.headers, "The headers"),
		delivery_mode: f.persistent === "on" ? 2 : 1,
	},
}), answer => answer.routed ? "Published." : "Published, but no queue takes it.");
