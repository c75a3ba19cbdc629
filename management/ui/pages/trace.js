/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one message through exchanges to queues. */
import { html, nothing } from "../vendor/lit-html.js";
import { get, path, post } from "../api.js";
import { area, count, field, form, object, queue_link, section, table, vhost_field }
	from "../parts.js";
import { graph } from "../graph.js";
import { href } from "../route.js";

export const title = () => "Trace";
export const every = 0;

let traced = null;   /* the last one, and what it was about */

export const load = async (args, q, signal) => ({
	vhosts: await get("vhosts?columns=name", signal), traced,
});

async function trace(f) {
	const exchange = f.exchange || "amq.default";
	const answer = await post(path`exchanges/${f.vhost}/${exchange}/trace`, {
		routing_key: f.routing_key,
		properties: { headers: object(f.headers, "The headers") },
	});
	traced = { ...answer, vhost: f.vhost, exchange, routing_key: f.routing_key };
	return answer;
}

export const view = ({ vhosts, traced: t }) => html`
	<h1>Trace <small>where a message would go, and why</small></h1>
	${section("A message", form(html`
		${vhost_field(vhosts)}
		${field("Exchange", "exchange", { hint: "(default)" })}
		${field("Routing key", "routing_key")}
		${area("Headers", "headers", "{}", 2)}`,
	"Trace", trace, answer => answer.queues.length
		? `Queues that take it: ${count(answer.queues.length)}.` : "No queue takes it."))}
	${t ? html`${section("Its way", picture(t))}${section("Queues", table([
		{ title: "Queue", cell: q => queue_link(t.vhost, q.name) },
	], t.queues, {}, "No queue takes it: it would be dropped, or returned if mandatory."))}`
		: nothing}`;

/* Each exchange stands in the column after those that it came from. */
function picture(t) {
	const nodes = new Map(), edges = [];
	const add = (kind, name, column, note) => {
		const id = `${kind} ${name}`;
		if (!nodes.has(id))
			nodes.set(id, { id, kind, name: name || "(default)", column, note,
				link: href(kind, [t.vhost, name || "amq.default"]) });
		return nodes.get(id);
	};
	add("exchange", t.exchange === "amq.default" ? "" : t.exchange, 0, t.routing_key);
	for (const s of t.steps) {
		const from = add("exchange", s.from, 0);
		const to = add(s.to.type, s.to.name, from.column + 1);
		edges.push({ from: from.id, to: to.id, label: s.why });
	}
	return graph([...nodes.values()], edges);
}
