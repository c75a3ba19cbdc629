/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around the pages.  What is shown stands in the address after the #: a page's name, the
 * names of what it is about, and a query.  A page is a module with
 *   title(args)                        of the window
 *   load(args, query, signal)          what it shows, from the API
 *   view(data, args, query)            that, as a template
 *   every                              milliseconds until it is loaded again; 0: it is not
 *   enter(args, query, signal, draw)   optional: begins what goes on by itself
 * Templates change only what is different, so what somebody has typed stays. */

import { html, render, nothing } from "./vendor/lit-html.js";
import { find, get, login, user } from "./api.js";
import { zone } from "./clock.js";
import { is_live } from "./live.js";
import { show } from "./parts.js";
import { current, go, href, pause, vhost } from "./route.js";
import { theme } from "./theme.js";
import * as overview from "./pages/overview.js";
import * as queues from "./pages/queues.js";
import * as queue from "./pages/queue.js";
import * as exchanges from "./pages/exchanges.js";
import * as exchange from "./pages/exchange.js";
import * as streams from "./pages/streams.js";
import * as stream from "./pages/stream.js";
import * as connections from "./pages/connections.js";
import * as connection from "./pages/connection.js";
import * as channels from "./pages/channels.js";
import * as channel from "./pages/channel.js";
import * as admin from "./pages/admin.js";
import * as trace from "./pages/trace.js";
import * as log from "./pages/log.js";

const pages = { overview, queues, queue, exchanges, exchange, streams, stream, connections,
	connection, channels, channel, admin, trace, log };

/* What stands in the bar: pages, keys that lead there after a g, the pages that belong to them,
 * and who has them. */
const bar = [
	["overview", "Overview", "o"],
	["queues", "Queues", "q", "queue"],
	["exchanges", "Exchanges", "e", "exchange"],
	["streams", "Streams", "s", "stream"],
	["connections", "Connections", "c", "connection"],
	["channels", "Channels", "h", "channel"],
	["trace", "Trace", "t"],
	["log", "Log", "l", "", "monitoring"],
	["admin", "Admin", "a", "", "policymaker"],
];

const own_bar = () => bar.filter(([, , , , tag]) => !tag || user.may(tag));

let here = current();                /* the address */
let leave = new AbortController();   /* aborted when another page begins */
let vhosts = [];
let shown = null;                    /* what the page has loaded ... */
let trouble = null;                  /* ... or why it could not */
let alarms = [];                     /* why publishers are blocked */

/* What is chosen stays, though other things to choose from came ahead of it. */
function draw() {
	const page = pages[here.page] ?? overview;
	const chosen = [...document.querySelectorAll("form select")].map(s => [s, s.value]);
	document.title = `${page.title(here.args)} · Leveret`;
	render(user.get() ? frame(page) : welcome(), document.body);
	for (const [select, value] of chosen)
		if (select.value !== value)
			select.value = value;
}

function frame(page) {
	return html`
		<header>
			<button class="skip" @click=${() => document.querySelector("main").focus()}
				>To the content</button>
			<a class="brand" href=${href("overview")}
				><img src="hare.svg" alt=""><span>Leveret</span></a>
			<nav aria-label="Pages">${own_bar().map(([name, title, , part]) => html`
				<a href=${href(name)}
					aria-current=${[name, part].includes(here.page) ? "page" : nothing}>
					${title}</a>`)}</nav>
			<div class="corner">
				<select aria-label="Virtual host" @change=${e => vhost.set(e.target.value)}>
					<option value="" ?selected=${!vhost.get()}>all hosts</option>
					${named_vhosts().map(name => html`<option value=${name}
						?selected=${vhost.get() === name}>${name}</option>`)}
				</select>
				<button class="icon" title="Time zone" aria-label="Time zone: ${zone_name()}"
					@click=${zone.turn}>${zone_name()}</button>
				<button class="icon" title="Light or dark" aria-label="Light or dark"
					@click=${theme.turn}>◐</button>
				<button class="icon" title="Keys" aria-label="Keys" @click=${help}>?</button>
				<button class="user" title="Log out ${user.get().name}" @click=${logOut}>
					<span>${user.get().name} · </span>Log out</button>
			</div>
		</header>
		<main id=${here.page} tabindex="-1">
			${alarms.map(words => html`<p class="trouble" role="alert">${words}</p>`)}
			${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
			${shown ? page.view(shown, here.args, here.query)
				: trouble ? nothing : html`<p class="waiting">…</p>`}
		</main>`;
}

/* With the one that the address names, though it may be gone. */
const named_vhosts = () =>
	[...new Set([...vhosts.map(v => v.name), vhost.get()])].filter(Boolean);

const zone_name = () => zone.isUtc() ? "UTC" : "local";

/* ---- what ails the broker, on every page ---- */

async function look_for_alarms() {
	const nodes = user.get() && !document.hidden ? await find("nodes").catch(() => null) : null;
	if (!nodes)
		return;
	alarms = nodes.flatMap(n => [
		n.mem_alarm && "Memory is short: publishers are blocked until it is freed.",
		n.disk_free_alarm && "The disk is nearly full: publishers are blocked until it is not.",
		n.being_drained && "No new clients are let in.",
	]).filter(Boolean);
	draw();
}

setInterval(look_for_alarms, 5000);

/* ---- keys ---- */

const help = () => show(close => html`
	<h2>Keys</h2>
	<dl class="facts">
		<dt><kbd>/</kbd></dt><dd>filter what is shown</dd>
		<dt><kbd>Esc</kbd></dt><dd>out of a field, or of this</dd>
		<dt><kbd>?</kbd></dt><dd>these keys</dd>
		${own_bar().map(([, title, key]) => html`
			<dt><kbd>g</kbd> <kbd>${key}</kbd></dt><dd>${title}</dd>`)}
	</dl>
	<div class="row"><button class="main" autofocus @click=${close}>Close</button></div>`);

let before = "";   /* the key ahead */

function press(e) {
	if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog"))
		return;
	const search = document.querySelector("input[type=search]");
	const [page] = before === "g" && own_bar().find(([, , key]) => key === e.key) || [];
	before = e.key;
	if (page)
		go(page);
	else if (e.key === "?")
		help();
	else if (e.key === "/" && search) {
		e.preventDefault();
		search.select();
		search.focus();
	}
}

/* ---- logging in ---- */

function welcome() {
	return html`
		<form class="welcome" @submit=${logIn}>
			<img src="hare.svg" alt="" width="56" height="56">
			<h1>Leveret</h1>
			<label>User name <input name="user" autocomplete="username" required autofocus></label>
			<label>Password
				<input name="password" type="password" autocomplete="current-password"></label>
			${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
			<button class="main">Log in</button>
		</form>`;
}

function logIn(e) {
	e.preventDefault();
	const f = new FormData(e.target);
	login.set(f.get("user"), f.get("password"));
	begin();
}

function logOut() {
	login.clear();
	leave.abort();
	user.set(null);
	trouble = shown = null;
	draw();
}

/* A page that is left open does not go on for ever. */
let expiry;

function expire(ms) {
	const left = login.left(ms), over = "The session is over";
	clearTimeout(expiry);
	if (left <= 0 && user.get()) {
		logOut();
		trouble = over;
		return draw();
	}
	if (left <= 0)
		throw new Error(over);
	expiry = setTimeout(() => login.get() && expire(ms), Math.min(left, 2 ** 31 - 1));
}

async function begin() {
	trouble = null;
	try {
		const who = await get("whoami");
		expire(60000 * who.login_session_timeout);
		vhosts = await find("vhosts?columns=name") ?? [];
		user.set(who);
		enter();
		look_for_alarms();
	} catch (e) {
		login.clear();
		trouble = e.status === 401 ? "User name or password is wrong." : e.message;
		draw();
	}
}

/* ---- pages coming and going ---- */

async function refresh(page, { args, query }, signal) {
	try {
		const data = await page.load(args, query, signal);
		if (signal.aborted)
			return;
		shown = data;
		trouble = null;
	} catch (e) {
		if (signal.aborted)
			return;
		if (e.status === 401 && !await get("whoami").catch(() => null))
			return logOut();
		if (e.status === 404)
			shown = null;
		trouble = e.status ? e.message : "The broker does not answer; trying again.";
	}
	draw();
}

async function keep(page, where, signal) {
	do {
		if (!document.hidden || !shown)
			await refresh(page, where, signal);
		await pause(page.every && is_live() ? 5000 : page.every || 1e9, signal);
	} while (!signal.aborted);
}

/* The page that the address names begins.  Another query of the same page keeps what is shown
 * until the new is there. */
function enter() {
	const before = here;
	here = current();
	const page = pages[here.page] ?? overview;
	leave.abort();
	leave = new AbortController();
	if (before.way !== here.way)
		shown = null;
	trouble = null;
	draw();
	document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest" });
	page.enter?.(here.args, here.query, leave.signal, draw);
	keep(page, here, leave.signal);
}

/* Something was changed: what is shown is loaded anew. */
addEventListener("changed", async () => {
	if (!user.get())
		return;
	enter();
	if (here.page === "admin") {
		vhosts = await find("vhosts?columns=name").catch(() => null) ?? vhosts;
		draw();
	}
});

addEventListener("hashchange", () => user.get() && enter());

addEventListener("theme", draw);

addEventListener("keydown", e => {
	const typing = e.target.matches?.("input:not([type=checkbox]), textarea, select");
	if (!typing)
		press(e);
	else if (e.key === "Escape")
		e.target.blur();
});

theme.apply();
if (!location.hash)
	go("overview");
if (login.get())
	begin();
else
	draw();
