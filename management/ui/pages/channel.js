/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { path, put } from "../api.js";
import { charts, flow_chart, get_sampled } from "../chart.js";
import { count, facts, field, form, moment, section, state, tile } from "../parts.js";
import { href } from "../route.js";
import { consumers } from "./consumers.js";

export const title = ([name]) => name;
export const every = 2000;

export const load = ([name], q, signal) => get_sampled(path`channels/${name}`, q, signal);

export const view = c => html`
	<h1>${c.name} <small>channel of <a href=${href("connection", [c.connection_details.name])}
		>a connection</a></small></h1>
	<div class="tiles">
		${tile("State", state(c.state))}
		${tile("Consumers", c.consumer_count)}
		${tile("Prefetch", c.prefetch_count || "no limit")}
		${tile("Unacked", c.messages_unacknowledged)}
		${tile("Unconfirmed", c.messages_unconfirmed)}
	</div>
	${charts(2, flow_chart(c.message_stats))}
	<div class="columns">
		${section("Consumers", consumers(c.consumer_details, "channel"))}
		${section("Prefetch", form(field("For its consumers, now; 0: no limit", "prefetch",
			{ type: "number", value: c.prefetch_count, required: true }),
		"Set it", f => put(path`channels/${c.name}`, { prefetch: Number(f.prefetch) }),
		"It is set."))}
		${section("About", facts([
			["User", c.user],
			["Virtual host", c.vhost],
			["Mode", c.transactional ? "transactions" : c.confirm ? "confirms" : "neither"],
			["Prefetch of the channel", c.global_prefetch_count || "no limit"],
			["Uncommitted", `${count(c.messages_uncommitted)} messages, ${
				count(c.acks_uncommitted)} acks`],
			["Idle since", c.idle_since ? moment(c.idle_since) : undefined],
		]))}
	</div>`;
