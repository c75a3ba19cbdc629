/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { get, path, put } from "../api.js";
import { of_exchanges } from "../keys.js";
import { chip, choice, exchange_link, field, form, keyed, list_view, load_list, narrowed, object,
	rated, section, tick, vhost_field } from "../parts.js";

export const title = () => "Exchanges";
export const every = 3000;

export async function load(args, q, signal) {
	const [list, vhosts, overview] = await Promise.all([
		load_list(narrowed("exchanges"), q, signal),
		get("vhosts?columns=name", signal),
		get("overview?columns=exchange_types", signal),
	]);
	return { list, vhosts, types: overview.exchange_types.map(t => t.name) };
}

export function exchange_chips(x) {
	const known = [
		[x.durable, "D", "durable"],
		[x.auto_delete, "AD", "auto-delete"],
		[x.internal, "I", "internal"],
		[x.arguments["alternate-exchange"], "AE", x.arguments["alternate-exchange"]],
		[x.policy, x.policy, "policy"],
	];
	return known.filter(([is]) => is).map(([, name, words]) => chip(name, words));
}

const columns = [
	{ title: "Name", sort: "name", cell: x => exchange_link(x.vhost, x.name) },
	{ title: "Virtual host", roomy: true, sort: "vhost", cell: x => x.vhost },
	{ title: "Type", sort: "type", cell: x => x.type },
	{ title: "Features", roomy: true, cell: exchange_chips },
	rated("In", "publish_in"),
	rated("Out", "publish_out"),
];

export const view = ({ list, vhosts, types }, args, q) => html`
	${list_view("Exchanges", columns, list, q, "There are no exchanges.")}
	${section("Add an exchange", add(vhosts, types), false)}`;

function add(vhosts, types) {
	return form(html`
		${vhost_field(vhosts)}
		${field("Name", "name", { required: true })}
		${choice("Type", "type", types)}
		${tick("Durable", "durable", true)}
		${tick("Auto-delete", "auto_delete")}
		${tick("Internal", "internal")}
		${keyed("Arguments", "arguments", of_exchanges)}`,
	"Add the exchange",
	f => put(path`exchanges/${f.vhost}/${f.name}`, {
		type: f.type, durable: f.durable === "on", auto_delete: f.auto_delete === "on",
		internal: f.internal === "on", arguments: object(f.arguments, "The arguments"),
	}), "The exchange is there.");
}
