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
import { find, get, login, Refusal } from "./api.js";
import { current, go, vhost } from "./route.js";
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
import * as admin from "./pages/admin.js";
import * as trace from "./pages/trace.js";
import * as log from "./pages/log.js";

const pages = { overview, queues, queue, exchanges, exchange, streams, stream, connections,
	connection, channels, admin, trace, log };

/* What stands in the bar, and the pages that belong to it. */
const bar = [
	["overview", "Overview"],
	["queues", "Queues", "queue"],
	["exchanges", "Exchanges", "exchange"],
	["streams", "Streams", "stream"],
	["connections", "Connections", "connection"],
	["channels", "Channels"],
	["trace", "Trace"],
	["log", "Log"],
	["admin", "Admin"],
];

let here = current();                /* the address */
let leave = new AbortController();   /* aborted when another page begins */
let who = null;                      /* the user; null: nobody is logged in */
let vhosts = [];
let shown = null;                    /* what the page has loaded ... */
let trouble = null;                  /* ... or why it could not */

function draw() {
	const page = pages[here.page] ?? overview;
	document.title = `${page.title(here.args)} · Leveret`;
	render(who ? frame(page) : welcome(), document.body);
}

function frame(page) {
	return html`
		<header>
			<a class="brand" href="#/overview"><img src="hare.svg" alt="">Leveret</a>
			<nav aria-label="Pages">${bar.map(([name, title, ...more]) => html`
				<a href=${`#/${name}`}
					aria-current=${[name, ...more].includes(here.page) ? "page" : nothing}>
					${title}</a>`)}</nav>
			<div class="corner">
				<label class="quiet">Virtual host
					<select @change=${e => vhost.set(e.target.value)}>
						<option value="" ?selected=${!vhost.get()}>all</option>
						${vhosts.map(v => html`<option value=${v.name}
							?selected=${vhost.get() === v.name}>${v.name}</option>`)}
					</select></label>
				<button class="icon" title="Light or dark" aria-label="Light or dark"
					@click=${theme.turn}>◐</button>
				<button class="quiet" title="Log out" @click=${logOut}>${who.name}</button>
			</div>
		</header>
		<main id=${here.page}>
			${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
			${shown ? page.view(shown, here.args, here.query)
				: trouble ? nothing : html`<p class="waiting">…</p>`}
		</main>`;
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
	who = trouble = shown = null;
	draw();
}

async function begin() {
	trouble = null;
	try {
		who = await get("whoami");
		vhosts = await find("vhosts?columns=name") ?? [];
		enter();
	} catch (e) {
		login.clear();
		trouble = e.message;
		draw();
	}
}

/* ---- pages coming and going ---- */

const pause = (ms, signal) => new Promise(resolve => {
	const timer = setTimeout(resolve, ms);
	signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
});

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
		if (e instanceof Refusal && e.status === 401)
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
		await pause(page.every || 1e9, signal);
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
	page.enter?.(here.args, here.query, leave.signal, draw);
	keep(page, here, leave.signal);
}

/* Something was changed: what is shown is loaded anew. */
addEventListener("changed", () => who && enter());

addEventListener("hashchange", () => who && enter());

addEventListener("keydown", e => {
	const typing = e.target.matches?.("input, textarea, select");
	if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey) {
		const search = document.querySelector("input[type=search]");
		if (search) {
			e.preventDefault();
			search.select();
			search.focus();
		}
	} else if (e.key === "Escape" && typing)
		e.target.blur();
});

theme.apply();
if (!location.hash)
	go("overview");
if (login.get())
	begin();
else
	draw();
