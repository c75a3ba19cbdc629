/* SPDX-License-Identifier: Apache-2.0 */
/* Users, virtual hosts, policies, limits and definitions. */
import { html, nothing } from "../vendor/lit-html.js";
import * as api from "../api.js";
import { path, put, remove } from "../api.js";
import { act, area, chip, choice, confirm, count, field, form, object, section, table, tick,
	vhost_field } from "../parts.js";
import { href } from "../route.js";

export const title = () => "Admin";
export const every = 5000;

const titles = { users: "Users", vhosts: "Virtual hosts", policies: "Policies", limits: "Limits",
	definitions: "Definitions" };

const tab_of = args => titles[args[0]] ? args[0] : "users";

export async function load(args, q, signal) {
	const wanted = {
		users: ["users", "permissions", "topic-permissions", "vhosts"],
		vhosts: ["vhosts"],
		policies: ["policies", "operator-policies", "vhosts"],
		limits: ["vhost-limits", "user-limits", "vhosts", "users"],
		definitions: ["vhosts"],
	}[tab_of(args)];
	const answers = await Promise.all(wanted.map(what => api.get(what, signal)));
	return Object.fromEntries(wanted.map((what, i) => [what.replaceAll("-", "_"), answers[i]]));
}

export const view = (data, args) => html`
	<h1>Admin</h1>
	<nav class="tabs" aria-label="Admin">${Object.keys(titles).map(name => html`
		<a href=${href("admin", [name])} aria-current=${name === tab_of(args) ? "page" : nothing}
			>${titles[name]}</a>`)}</nav>
	${{ users, vhosts, policies, limits, definitions }[tab_of(args)](data)}`;

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
			{ title: "May use", cell: u => permissions.filter(p => p.user === u.name)
				.map(p => chip(p.vhost)) },
			{ title: "Password", cell: u => u.password_hash ? "yes" : "none" },
			{ title: "", cell: u => end(`Delete ${u.name}?`,
				() => remove(path`users/${u.name}`), "The user is gone.") },
		], all)}${form(html`
			${field("Name", "name", { required: true })}
			${field("Password", "password", { type: "password" })}
			${choice("Tag", "tags", ["", "management", "policymaker", "monitoring",
				"administrator"])}`,
		"Set the user", f => put(path`users/${f.name}`, f.password
			? { password: f.password, tags: f.tags } : { password_hash: "", tags: f.tags }),
		"The user is set.")}`)}
		${section("Permissions", html`${table([
			{ title: "User", cell: p => p.user },
			{ title: "Virtual host", cell: p => p.vhost },
			...["configure", "write", "read"].map(right => (
				{ title: right, cell: p => html`<code>${p[right]}</code>` })),
			{ title: "", cell: p => end(`Clear the permissions of ${p.user} in ${p.vhost}?`,
				() => remove(path`permissions/${p.vhost}/${p.user}`), "They are gone.", "Clear") },
		], permissions)}${form(html`
			${choice("User", "user", all.map(u => u.name))}
			${vhost_field(vhosts)}
			${field("Configure", "configure", { value: ".*" })}
			${field("Write", "write", { value: ".*" })}
			${field("Read", "read", { value: ".*" })}`,
		"Set the permissions", ({ user, vhost, ...rights }) =>
			put(path`permissions/${vhost}/${user}`, rights), "They are set.")}`)}
		${section("Topic permissions", html`${table([
			{ title: "User", cell: p => p.user },
			{ title: "Virtual host", cell: p => p.vhost },
			{ title: "Exchange", cell: p => p.exchange },
			{ title: "write", cell: p => html`<code>${p.write}</code>` },
			{ title: "read", cell: p => html`<code>${p.read}</code>` },
			{ title: "", cell: p => end(`Clear the topic permissions of ${p.user} in ${p.vhost}?`,
				() => remove(path`topic-permissions/${p.vhost}/${p.user}`), "They are gone.",
				"Clear") },
		], topic_permissions)}${form(html`
			${choice("User", "user", all.map(u => u.name))}
			${vhost_field(vhosts)}
			${field("Exchange", "exchange", { value: "amq.topic" })}
			${field("Write", "write", { value: ".*" })}
			${field("Read", "read", { value: ".*" })}`,
		"Set the topic permissions", ({ user, vhost, ...rights }) =>
			put(path`topic-permissions/${vhost}/${user}`, rights), "They are set.")}`, false)}`;
}

const tags_of = u => Array.isArray(u.tags) ? u.tags : u.tags.split(",").filter(Boolean);

/* ---- virtual hosts ---- */

function vhosts({ vhosts: all }) {
	return html`
	${table([
		{ title: "Name", cell: v => v.name },
		{ title: "Description", cell: v => v.description ?? v.metadata?.description ?? "" },
		{ title: "Ready", number: true, cell: v => count(v.messages_ready ?? 0) },
		{ title: "Unacked", number: true, cell: v => count(v.messages_unacknowledged ?? 0) },
		{ title: "Tracing", cell: v => html`<button @click=${() => act(
			() => put(path`vhosts/${v.name}`, { tracing: !v.tracing }),
			v.tracing ? "Tracing is off." : "Messages are copied to amq.rabbitmq.trace.")}
			>${v.tracing ? "stop" : "start"}</button>` },
		{ title: "", cell: v => html`<button @click=${() => confirm({
			title: `Delete ${v.name}?`, words: "All its queues and their messages go with it.",
			verb: "Delete", name: v.name,
		}, () => remove(path`vhosts/${v.name}`), "The virtual host is gone.")}>Delete</button>` },
	], all)}
	${form(html`
		${field("Name", "name", { required: true })}
		${field("Description", "description")}
		${choice("Type of new queues", "default_queue_type", ["classic", "quorum", "stream"])}`,
	"Add the virtual host", ({ name, ...rest }) => put(path`vhosts/${name}`, rest),
	"The virtual host is there.")}`;
}

/* ---- policies ---- */

const kinds = ["all", "queues", "exchanges", "classic_queues", "quorum_queues", "streams"];

function policies({ policies: own, operator_policies, vhosts }) {
	const part = (where, list) => html`${table([
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
		${area("Definition", "definition", '{"max-length": 100000}')}`,
	"Set the policy", f => put(path`${where}/${f.vhost}/${f.name}`, {
		pattern: f.pattern, "apply-to": f.apply, priority: Number(f.priority),
		definition: object(f.definition, "The definition"),
	}), "The policy is in effect.")}`;
	return html`${section("Policies", part("policies", own))}
		${section("Operator policies", part("operator-policies", operator_policies))}`;
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

const download = where => act(async () => save(await api.get(where)), "Exported.");

let difference = null;   /* what an import would change */

async function bring_in(f) {
	const definitions = JSON.parse(await f.file.text());
	const where = f.vhost ? path`definitions/${f.vhost}` : "definitions";
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
	<p><button class="main" @click=${() => download("definitions")}>Export everything</button></p>
	${section("Import", html`${form(html`
		<label>File <input type="file" name="file" accept=".json,application/json" required></label>
		<label>Into <select name="vhost"><option value="">all virtual hosts</option>
			${vhosts.map(v => html`<option>${v.name}</option>`)}</select></label>
		${tick("Only tell what would change", "dry", true)}`,
	"Import", bring_in, changes => changes ? `${changes.length} would change.` : "Imported.")}
	${difference ? compared(difference) : nothing}`)}`;
}
