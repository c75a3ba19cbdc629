/* SPDX-License-Identifier: Apache-2.0 */
/* What pages show and take of a message. */
import { html } from "../vendor/lit-html.js";
import { object } from "../parts.js";

/* A body as the API gives it: JSON is laid out, what is no text is shown as base64. */
export function body_of(m) {
	if (m.payload_encoding !== "string")
		return html`<pre class="body quiet" title="base64">${m.payload}</pre>`;
	try {
		return html`<pre class="body">${JSON.stringify(JSON.parse(m.payload), null, 2)}</pre>`;
	} catch {
		return html`<pre class="body">${m.payload}</pre>`;
	}
}

/* The properties that a form for publishing has. */
export function properties_of(f) {
	return {
		...object(f.properties, "The properties"),
		headers: object(f.headers, "The headers"),
		delivery_mode: f.persistent === "on" ? 2 : 1,
	};
}
