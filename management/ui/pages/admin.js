/* SPDX-License-Identifier: Apache-2.0 */
/* Users, virtual hosts, policies, limits and definitions. */
import { html, nothing } from "../vendor/lit-html.js";
import * as api from "../api.js";
import { path, put, remove, user } from "../api.js";
import { of_operators, of_policies } from "../keys.js";
import { act, bytes, capital, chip, choice, confirm, count, facts, field, form, keyed, messages,
	object, rated, section, table, tick, vhost_field } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Admin";
export const every = 5000;

const titles = { users: "Users", vhosts: "Virtual hosts", policies: "Policies", limits: "Limits",
	definitions: "Definitions", node: "Node" };

/* Who makes policies has no use for the rest. */
const tabs = () => user.may("administrator") ? Object.keys(titles) : ["policies"];

const tab_of = args => tabs().includes(args[0]) ? args[0] : tabs()[0];

export async function load(args, q, signal) {
	const wanted = {
		users: ["users", "permissions", "topic-permissions", "vhosts"],
		vhosts: ["vhosts"],
		node: ["cluster-name", "feature-flags", "config/effective", "nodes"],
		policies: ["policies", "operator-policies", "vhosts"],
		limits: ["vhost-limits", "user-limits", "vhosts", "users"],
		definitions: ["vhosts"],
	}[tab_of(args)];
	const answers = await Promise.all(wanted.map(what => api.get(what, signal)));
	const data = Object.fromEntries(
		wanted.map((what, i) => [what.replace(/\W/g, "_"), answers[i]]));
	if (data.nodes)
		data.memory = await api.get(path`nodes/${data.nodes[0].name}/memory`, signal);
	return data;
}

export const view = (data, args) => html`
	<h1>Admin</h1>
	<nav class="tabs" aria-label="Admin">${tabs().map(name => html`
		<a href=${href("admin", [name])} aria-current=${name === tab_of(args) ? "page" : nothing}
			>${titles[name]}</a>`)}</nav>
	${{ users, vhosts, policies, limits, definitions, node }[tab_of(args)](data)}`;

/* A button that ends something. */
const end = (words, what, done, verb = "Delete") => html`<button
	@click=${() => confirm({ title: words, words: "This cannot be undone.", verb }, what, done)}
	>${verb}</button>`;

/* ---- users ---- */

function users({ users: all, permissions, topic_permissions, vhosts }) {
	return html`
		${section("Users", html`${table([
			{ title: "Name", cell: u => u.name },
			{ title: "Tags", cell: u => tags_of(u).map(t => chip(t)) },
			{ title: "May use", cell: u => vhosts_of(permissions, u) },
			{ title: "Password", roomy: true, cell: u => u.password_hash ? "yes" : "none" },
			{ title: "", cell: u => end(`Delete ${u.name}?`,
				() => remove(path`users/${u.name}`), "The user is gone.") },
		], all)}${form(html`
			${field("Name", "name", { required: true })}
			${field("Password", "password", { type: "password", hint: "as it was, or none" })}
			${tags.map(tag => tick(tag, `tag ${tag}`))}`,
		"Set the user", f => put(path`users/${f.name}`, {
			tags: tags.filter(tag => f[`tag ${tag}`]), ...secret(f, all),
		}), "The user is set.")}`)}
		${rights("Permissions", "permissions", all, vhosts, permissions,
			["configure", "write", "read"])}
		${rights("Topic permissions", "topic-permissions", all, vhosts, topic_permissions,
			["exchange", "write", "read"])}`;
}

/* What users may do in virtual hosts: those that were given it, and a form that gives it. */
const rights = (title, where, all, vhosts, list, kinds) => section(title, html`${table([
	{ title: "User", cell: p => p.user },
	{ title: "Virtual host", cell: p => p.vhost },
	...kinds.map(kind => ({ title: capital(kind), cell: p => html`<code>${p[kind]}</code>` })),
	{ title: "", cell: p => end(`Clear ${where} of ${p.user} in ${p.vhost}?`,
		() => remove([where, p.vhost, p.user, p.exchange].filter(Boolean).map(encodeURIComponent)
			.join("/")), "They are gone.", "Clear") },
], list)}${form(html`
	${choice("User", "user", all.map(u => u.name))}
	${vhost_field(vhosts)}
	${kinds.map(kind => field(capital(kind), kind,
		{ value: kind === "exchange" ? "amq.topic" : ".*" }))}`,
`Set ${title.toLowerCase()}`, ({ user, vhost, ...what }) =>
	put(path`${where}/${vhost}/${user}`, what), "They are set.")}`);

const tags = ["management", "policymaker", "monitoring", "administrator"];

/* Without a password, the one that the user has stays. */
function secret({ name, password }, all) {
	const { password_hash = "", hashing_algorithm } = all.find(u => u.name === name) ?? {};
	return password ? { password } : { password_hash, hashing_algorithm };
}

function vhosts_of(permissions, u) {
	const own = permissions.filter(p => p.user === u.name);
	return own.length ? own.map(p => chip(p.vhost)) : html`<span class="bad">nothing yet</span>`;
}

const tags_of = u => Array.isArray(u.tags) ? u.tags : u.tags.split(",").filter(Boolean);

/* ---- virtual hosts ---- */

function protection({ name, protected_from_deletion: on }) {
	const turn = () => (on ? remove : api.post)(path`vhosts/${name}/deletion/protection`);
	return html`<button @click=${() => act(turn, on ? "It can be deleted."
		: "It cannot be deleted.")}>${on ? "allow" : "forbid"}</button>`;
}

function vhosts({ vhosts: all }) {
	return html`
	${table([
		{ title: "Name", cell: v => v.name },
		{ title: "Description", roomy: true,
			cell: v => v.description ?? v.metadata?.description ?? "" },
		{ title: "Default type", roomy: true, cell: v => v.default_queue_type },
		{ title: "Ready", number: true, cell: v => count(v.messages_ready ?? 0) },
		{ title: "Unacked", number: true, cell: v => count(v.messages_unacknowledged ?? 0) },
		rated("In", "publish"),
		rated("Out", "deliver_get"),
		{ title: "Tracing", cell: v => html`<button @click=${() => act(
			() => put(path`vhosts/${v.name}`, { tracing: !v.tracing }),
			v.tracing ? "Tracing is off." : "Messages are copied to amq.rabbitmq.trace.")}
			>${v.tracing ? "stop" : "start"}</button>` },
		{ title: "Deletion", cell: protection },
		{ title: "", cell: v => html`<button ?disabled=${v.protected_from_deletion}
			@click=${() => confirm({
				title: `Delete ${v.name}?`, verb: "Delete", name: v.name,
				words: `All its queues go with it, with ${messages(v.messages ?? 0)}.`,
			}, () => remove(path`vhosts/${v.name}`), "The virtual host is gone.")}
			>Delete</button>` },
	], all)}
	${section("Add a virtual host", form(html`
		${field("Name", "name", { required: true })}
		${field("Description", "description")}
		${choice("Type of new queues", "default_queue_type", ["classic", "quorum", "stream"])}`,
	"Add the virtual host", ({ name, ...rest }) => put(path`vhosts/${name}`, rest),
	"The virtual host is there."))}`;
}

/* ---- policies ---- */

const kinds = ["all", "queues", "exchanges", "classic_queues", "quorum_queues", "streams"];

function policies({ policies: own, operator_policies, vhosts }) {
	const part = (where, list, keys) => html`${table([
		{ title: "Virtual host", cell: p => p.vhost },
		{ title: "Name", cell: p => p.name },
		{ title: "Pattern", cell: p => html`<code>${p.pattern}</code>` },
		{ title: "Applies to", cell: p => p["apply-to"] },
		{ title: "Priority", number: true, cell: p => count(p.priority) },
		{ title: "Definition", cell: p => html`<code>${JSON.stringify(p.definition)}</code>` },
		{ title: "", cell: p => end(`Delete the policy ${p.name}?`,
			() => remove(path`${where}/${p.vhost}/${p.name}`), "The policy is gone.") },
	], list)}${form(html`
		${vhost_field(vhosts)}
		${field("Name", "name", { required: true })}
		${field("Pattern", "pattern", { required: true, hint: "^orders\\." })}
		${choice("Applies to", "apply", kinds)}
		${field("Priority", "priority", { type: "number", value: 0 })}
		${keyed("Definition", "definition", keys)}`,
	"Set the policy", f => put(path`${where}/${f.vhost}/${f.name}`, {
		pattern: f.pattern, "apply-to": f.apply, priority: Number(f.priority),
		definition: object(f.definition, "The definition"),
	}), "The policy is in effect.")}`;
	return html`${section("Policies", part("policies", own, of_policies))}
		${user.may("administrator") ? section("Operator policies",
			part("operator-policies", operator_policies, of_operators)) : nothing}`;
}

/* ---- limits ---- */

function limits({ vhost_limits, user_limits, vhosts, users: all }) {
	const part = (of, where, names, list, keys) => html`${table([
		{ title: of === "vhost" ? "Virtual host" : "User", cell: l => l.name },
		{ title: "Limit", cell: l => l.key },
		{ title: "Value", number: true, cell: l => count(l.value) },
		{ title: "", cell: l => end(`Clear ${l.key} of ${l.name}?`,
			() => remove(path`${where}/${l.name}/${l.key}`), "The limit is gone.", "Clear") },
	], list.flatMap(l => Object.entries(l.value).map(([key, value]) =>
		({ name: l[of], key, value }))))}${form(html`
		${choice(of === "vhost" ? "Virtual host" : "User", "name", names)}
		${choice("Limit", "key", keys)}
		${field("Value", "value", { type: "number", required: true })}`,
	"Set the limit", f => put(path`${where}/${f.name}/${f.key}`, { value: Number(f.value) }),
	"The limit is set.")}`;
	return html`
		${section("Of virtual hosts", part("vhost", "vhost-limits", vhosts.map(v => v.name),
			vhost_limits, ["max-connections", "max-queues"]))}
		${section("Of users", part("user", "user-limits", all.map(u => u.name), user_limits,
			["max-connections", "max-channels"]))}`;
}

/* ---- definitions ---- */

function save(all) {
	const url = URL.createObjectURL(new Blob([JSON.stringify(all, null, 2)],
		{ type: "application/json" }));
	const link = Object.assign(document.createElement("a"),
		{ href: url, download: "definitions.json" });
	link.click();
	URL.revokeObjectURL(url);
}

const one_or_all = vhosts => [["", "all virtual hosts"], ...vhosts.map(v => v.name)];

const definitions_of = vhost => vhost ? path`definitions/${vhost}` : "definitions";

let difference = null;   /* what an import would change */

async function bring_in(f) {
	const definitions = JSON.parse(await f.file.text());
	const where = definitions_of(f.vhost);
	difference = null;
	if (f.dry !== "on")
		return api.post(where, definitions);
	const { changes } = await api.post(`${where}?dry_run=true`, definitions);
	return difference = changes.filter(c => c.action !== "equal");
}

const compared = list => table([
	{ title: "Would be", cell: c => c.action },
	{ title: "What", cell: c => c.section },
	{ title: "Virtual host", cell: c => c.vhost ?? "" },
	{ title: "Name", cell: c => c.name },
	{ title: "Why", cell: c => c.why ?? "" },
], list, {}, "Nothing would change.");

function definitions({ vhosts }) {
	return html`
	${section("Export", form(choice("Of", "vhost", one_or_all(vhosts)), "Export",
		async f => save(await api.get(definitions_of(f.vhost))), "Exported."))}
	${section("Import", html`${form(html`
		<label>File <input type="file" name="file" accept=".json,application/json" required></label>
		${choice("Into", "vhost", one_or_all(vhosts))}
		${tick("Only tell what would change", "dry", true)}`,
	"Import", bring_in, changes => changes ? `Would change: ${changes.length}.` : "Imported.")}
	${difference ? compared(difference) : nothing}`)}`;
}

/* ---- the node ---- */

const node = ({ memory: { memory }, feature_flags, cluster_name, config_effective }) => html`
	<div class="columns">
		${section("Memory", facts([["All", bytes(memory.total.rss)], ...Object.entries(memory)
			.filter(([, n]) => n > 0).map(([part, n]) => [part, bytes(n)])]))}
		${section("Name of the cluster", form(field("Name", "name",
			{ value: cluster_name.name, required: true }), "Rename",
		f => put("cluster-name", f), "It has that name."))}
		${section("Feature flags", table([
			{ title: "Name", cell: f => f.name },
			{ title: "State", cell: f => f.state },
			{ title: "What", cell: f => f.desc },
		], feature_flags))}
		${section("Configuration in force", table([
			{ title: "Key", cell: ([key]) => html`<code>${key}</code>` },
			{ title: "Value", cell: ([, value]) => html`<code>${value}</code>` },
		], Object.entries(config_effective)), false)}
	</div>`;
