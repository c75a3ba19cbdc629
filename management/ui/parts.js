/* SPDX-License-Identifier: Apache-2.0 */
/* What pages are made of: numbers, tables, tiles, dialogs, forms. */

import { html, render, nothing } from "./vendor/lit-html.js";
import { get, path, query } from "./api.js";
import { ask, changed, href, vhost } from "./route.js";

export { moment } from "./clock.js";

/* ---- words and numbers ---- */

const whole = new Intl.NumberFormat("en");

/* 1234567 -> 1,234,567; nothing: a dash. */
export const count = n => n === undefined || n === null ? "–" : whole.format(n);

export const capital = word => word[0].toUpperCase() + word.slice(1);

export const messages = n => `${count(n)} message${n === 1 ? "" : "s"}`;

/* 1234567 -> 1.235M */
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

export const brief = n => n < 1e6 ? count(n) : short.format(n);

/* Above ten no fraction. */
export function rate(n) {
	return n === undefined || n === null ? "–"
		: `${n && n < 10 ? n.toFixed(1) : brief(Math.round(n))}/s`;
}

export function bytes(n) {
	if (n === undefined || n === null)
		return "–";
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let i = 0;
	for (; n >= 1024 && i < units.length - 1; i++)
		n /= 1024;
	return `${i && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}

export const flow = n => n === undefined || n === null ? "–" : `${bytes(n)}/s`;

/* The two largest units, of seconds and more: 3 h 12 min. */
export function span(ms) {
	if (ms === undefined || ms === null)
		return "–";
	const units = [[86400e3, "d"], [3600e3, "h"], [60e3, "min"], [1e3, "s"], [1, "ms"]];
	const parts = [];
	if (ms >= 1e3)
		ms -= ms % 1e3;
	for (const [size, name] of units)
		if (ms >= size && parts.length < 2) {
			parts.push(`${Math.floor(ms / size)} ${name}`);
			ms %= size;
		}
	return parts.join(" ") || "0 ms";
}

/* Text of a value in arguments or headers. */
export const text = v => typeof v === "string" ? v : JSON.stringify(v);

/* ---- small pieces ---- */

export const chip = (name, title) => html`
	<span class="chip" title=${title ?? nothing}>${name}</span>`;

/* Of a queue or a client; a colour besides the word where something is not as usual. */
export const state = name => html`<span class="state ${name}">${name}</span>`;

/* A number that is cut short is whole in its title. */
export const tile = (title, value, note) => html`
	<div class="tile"><span>${title}</span>${value >= 1e6
		? html`<strong title=${count(value)}>${brief(value)}</strong>`
		: html`<strong>${value?.toFixed ? count(value) : value ?? "–"}</strong>`}
		${note ? html`<small>${note}</small>` : nothing}</div>`;

/* Names and values; pairs without a value are left out. */
export const facts = pairs => html`
	<dl class="facts">${pairs.map(([k, v]) => v === undefined || v === null ? nothing : html`
		<dt>${k}</dt><dd>${v}</dd>`)}</dl>`;

export const table_of_values = (values = {}) => Object.keys(values).length
	? facts(Object.entries(values).map(([k, v]) => [k, html`<code>${text(v)}</code>`]))
	: html`<p class="quiet">none</p>`;

/* Links to what a name stands for; the exchange without a name has one here. */
export const queue_link = (v, name) => html`<a href=${href("queue", [v, name])}>${name}</a>`;
export const exchange_link = (v, name) => html`
	<a href=${href("exchange", [v, name || "amq.default"])}>${name || "(default)"}</a>`;

/* Something that can be opened; it stays as somebody left it. */
export const section = (title, body, open = true) => html`
	<details class="section" ?open=${open}><summary>${title}</summary>${body}</details>`;

/* ---- tables ---- */

/* columns: { title, cell(row), sort: name the API sorts by, number: right-aligned, more: not shown
 * until it is chosen, roomy: not shown where there is little room }. */
export function table(columns, rows, q = {}, empty = "There are none.") {
	return rows.length === 0 ? html`<p class="quiet">${empty}</p>` : html`
		<div class="wide"><table>
			<thead><tr>${columns.map(c => heading(c, q))}</tr></thead>
			<tbody>${rows.map(row => html`<tr>${columns.map(c => html`
				<td class=${kind(c)}>${c.cell(row)}</td>`)}</tr>`)}</tbody>
		</table></div>`;
}

const kind = c => `${c.number ? "number" : ""} ${c.roomy ? "roomy" : ""}`;

function heading(c, q) {
	const on = c.sort && q.sort === c.sort, down = on && q.sort_reverse === "true";
	const turn = () => ask({ sort: c.sort, sort_reverse: on ? String(!down) : String(!!c.number) });
	return html`<th scope="col" class=${kind(c)}
		aria-sort=${on ? (down ? "descending" : "ascending") : nothing}>${c.sort
		? html`<button @click=${turn}>${c.title}${on ? (down ? " ↓" : " ↑") : ""}</button>`
		: c.title}</th>`;
}

/* A column of how fast something goes, and one of a number; which may be one of these. */
export const rated = (title, key, which) => ({
	title, sort: `message_stats.${key}_details.rate`, number: true,
	cell: row => rate(row.message_stats?.[`${key}_details`].rate), ...which,
});
export const counted = (title, key, which) => ({ title, sort: key, number: true,
	cell: row => count(row[key]), ...which });
export const more = { more: true }, roomy = { roomy: true };

/* A list of what lies in virtual hosts, narrowed to the one that was chosen; clients have theirs
 * below the virtual host. */
export const narrowed = kind => vhost.get() ? path`${kind}/${vhost.get()}` : kind;
export const narrowed_clients = kind => vhost.get() ? path`vhosts/${vhost.get()}/` + kind : kind;

const PAGE_SIZE = 50;

/* One page of a list, as the query asks for it: sorted, filtered, cut by the broker. */
export function load_list(kind, q, signal) {
	return get(kind + query({
		page: q.page ?? 1, page_size: PAGE_SIZE, name: q.name, use_regex: q.use_regex,
		sort: q.sort, sort_reverse: q.sort_reverse,
	}), signal);
}

let typing;

/* A page with such a list. */
export const list_view = (what, columns, list, q, empty) => html`
	<h1>${what}</h1>
	<div class="row">${filter(q, what.toLowerCase())} ${chooser(what, columns)} ${pager(list)}</div>
	${table(chosen(what, columns), list.items, q, q.name ? "None has such a name." : empty)}`;

const choice_of = what => `leveret.columns.${what}`;

function chosen(what, columns) {
	const titles = localStorage.getItem(choice_of(what))?.split("\n");
	return columns.filter(c => titles ? titles.includes(c.title) : !c.more);
}

/* Which of the columns are shown; the first always is. */
function chooser(what, columns) {
	const shown = chosen(what, columns);
	const choose = c => {
		const now = columns.filter(o => shown.includes(o) !== (o === c));
		localStorage.setItem(choice_of(what), now.map(o => o.title).join("\n"));
		changed();
	};
	const tick = c => html`<label><input type="checkbox" .checked=${shown.includes(c)}
		@change=${() => choose(c)}> ${c.title}</label>`;
	return html`<details class="menu"><summary>Columns</summary>
		<div>${columns.slice(1).map(tick)}</div></details>`;
}

/* The field that filters a list: what is typed goes into the address, a moment later. */
function filter(q, what) {
	const type = e => {
		const name = e.target.value;
		clearTimeout(typing);
		typing = setTimeout(() => ask({ name }), 250);
	};
	return html`<label class="filter"><input type="search" placeholder="Filter ${what}   /"
			aria-label="Filter ${what}" .value=${q.name ?? ""} @input=${type}></label>
		<label class="quiet"><input type="checkbox" .checked=${q.use_regex === "true"}
			@change=${e => ask({ use_regex: e.target.checked ? "true" : "" })}> regular expression
		</label>`;
}

/* Which page of how many, and the ways to others. */
function pager(list) {
	const n = list.page_count, at = list.page;
	const step = (to, name, sign) => html`<button ?disabled=${to < 1 || to > n || to === at}
		aria-label=${name} @click=${() => ask({ page: to })}>${sign}</button>`;
	return html`<div class="pager">
		<span class="quiet">${count(list.filtered_count)}${list.filtered_count !== list.total_count
			? html` of ${count(list.total_count)}` : nothing}</span>
		${n > 1 ? html`${step(at - 1, "previous", "‹")} <span>${at} / ${n}</span>
			${step(at + 1, "next", "›")}` : nothing}</div>`;
}

/* ---- asking, telling, doing ---- */

/* A line at the foot of the window, for a while. */
export function tell(words, bad = false) {
	const line = document.createElement("p");
	line.className = bad ? "toast bad" : "toast";
	line.role = bad ? "alert" : null;
	line.textContent = words;
	document.querySelector("#told").append(line);
	setTimeout(() => line.remove(), bad ? 8000 : 3000);
}

/* Does it, tells what came of it, and shows what is there now.  Returns whether it was done. */
export async function act(what, done) {
	try {
		const answer = await what();
		tell(typeof done === "function" ? done(answer) : done);
		changed();
		return true;
	} catch (e) {
		tell(e.message, true);
		return false;
	}
}

/* Something in front of the page; view(close) is what it shows. */
export function show(view) {
	const dialog = document.createElement("dialog");
	const close = () => { dialog.close(); dialog.remove(); };
	render(view(close), dialog);
	dialog.addEventListener("cancel", () => dialog.remove());
	document.body.append(dialog);
	dialog.ariaLabel = dialog.querySelector("h2").textContent;
	dialog.showModal();
}

/* Asks before what cannot be undone.  Where something would be lost the name has to be typed. */
export function confirm({ title, words, name, verb }, what, done) {
	const compare = e => {
		e.target.form.querySelector("button.danger").disabled = e.target.value !== name;
	};
	show(close => html`<form @submit=${e => {
		e.preventDefault();
		close();
		act(what, done);
	}}>
		<h2>${title}</h2><p>${words}</p>
		${name ? html`<label>Type <code>${name}</code> to go on
			<input autocomplete="off" autofocus @input=${compare}></label>` : nothing}
		<div class="row"><button type="button" @click=${close}>Cancel</button>
			<button class="danger" ?disabled=${!!name}>${verb}</button></div></form>`);
}

/* A form that does something with its values, and is empty again when that is done. */
export function form(fields, verb, what, done) {
	const submit = async e => {
		e.preventDefault();
		const f = e.target, button = f.querySelector("button.main");
		button.disabled = true;
		if (await act(() => what(Object.fromEntries(new FormData(f))), done))
			f.reset();
		button.disabled = false;
	};
	return html`<form class="fields" @submit=${submit}>${fields}
		<button class="main">${verb}</button></form>`;
}

/* ... and its fields. */
export const field = (title, name, more = {}) => html`<label>${title}
	<input name=${name} type=${more.type ?? "text"} placeholder=${more.hint ?? nothing}
		?required=${more.required} autocomplete="off"
		minlength=${more.least ?? nothing} value=${more.value ?? nothing}></label>`;

export const choice = (title, name, options) => html`<label>${title}
	<select name=${name}>${options.map(o => Array.isArray(o)
		? html`<option value=${o[0]}>${o[1]}</option>`
		: html`<option>${o}</option>`)}</select></label>`;

export const area = (title, name, hint, rows = 3) => html`<label class="broad">${title}
	<textarea name=${name} rows=${rows} placeholder=${hint} spellcheck="false"></textarea></label>`;

/* ... for a JSON object, with buttons that put in a key and a value that it may have. */
export function keyed(title, name, keys) {
	const add = (e, key, value) => {
		const into = e.target.closest(".broad").querySelector("textarea");
		try {
			into.value = JSON.stringify({ ...object(into.value, title), [key]: value }, null, 1);
		} catch (problem) {
			tell(problem.message, true);
		}
	};
	return html`<div class="broad">${area(title, name, "{}")}
		<div class="keys">${Object.entries(keys).map(([key, value]) => html`
			<button type="button" @click=${e => add(e, key, value)}>${key}</button>`)}</div></div>`;
}

export const tick = (title, name, on = false) => html`<label class="tick">
	<input type="checkbox" name=${name} ?checked=${on}> ${title}</label>`;

/* The virtual host that something new is for; that of the lists comes first. */
export function vhost_field(vhosts) {
	return choice("Virtual host", "vhost", vhosts.map(v => v.name)
		.sort((a, b) => (b === vhost.get()) - (a === vhost.get())));
}

/* JSON that somebody typed; "" is an empty object. */
export function object(typed, what) {
	if (!typed.trim())
		return {};
	try {
		const value = JSON.parse(typed);
		if (value && typeof value === "object" && !Array.isArray(value))
			return value;
	} catch { /* the same answer */ }
	throw new Error(`${what} must be a JSON object, like {"x-max-length": 1000}`);
}
