/* SPDX-License-Identifier: Apache-2.0 */
import { html } from "../vendor/lit-html.js";
import { get, path, put } from "../api.js";
import { area, chip, choice, exchange_link, field, filter, form, load_list, narrowed, object,
	pager, section, table, tick, vhost_field } from "../parts.js";

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
	{ title: "Virtual host", sort: "vhost", cell: x => x.vhost },
	{ title: "Name", sort: "name", cell: x => exchange_link(x.vhost, x.name) },
	{ title: "Type", sort: "type", cell: x => x.type },
	{ title: "", cell: exchange_chips },
];

export const view = ({ list, vhosts, types }, args, q) => html`
	<h1>Exchanges</h1>
	<div class="row">${filter(q, "exchanges")} ${pager(list)}</div>
	${table(columns, list.items, q, "No exchange has such a name.")}
	${section("Add an exchange", add(vhosts, types), false)}`;

function add(vhosts, types) {
	return form(html`
		${vhost_field(vhosts)}
		${field("Name", "name", { required: true })}
		${choice("Type", "type", types)}
		${tick("Durable", "durable", true)}
		${tick("Auto-delete", "auto_delete")}
		${tick("Internal", "internal")}
		${area("Arguments", "arguments", '{"alternate-exchange": "unrouted"}')}`,
	"Add the exchange",
	f => put(path`exchanges/${f.vhost}/${f.name}`, {
		type: f.type, durable: f.durable === "on", auto_delete: f.auto_delete === "on",
		internal: f.internal === "on", arguments: object(f.arguments, "The arguments"),
	}), "The exchange is there.");
}
