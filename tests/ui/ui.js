// SPDX-License-Identifier: Apache-2.0
// The web UI in a browser: on every page somebody does what the page is for.  Whatever the browser
// complains of is a failure.  Pictures of all pages go to a directory, to be looked at.
//
// usage: node ui.js BUILD PICTURES

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [, , build, pictures] = process.argv;
const ui = join(import.meta.dirname, "../../management/ui");
const scratch = mkdtempSync(join(tmpdir(), "leveret-ui."));
const children = [];
let passed = 0, failed = 0;

function check(what, ok, detail = "") {
	ok ? passed++ : failed++;
	console.log(ok ? "ok" : "FAIL", what, ok ? "" : JSON.stringify(detail));
}

const free_port = () => new Promise(resolve => {
	const s = createServer().listen(0, "127.0.0.1", () => {
		const { port } = s.address();
		s.close(() => resolve(port));
	});
});

// ---- a broker, and somebody who uses it ----

async function start() {
	const amqp = await free_port(), http = await free_port();
	const broker = spawn(`${build}/leveret`, [
		`listeners.tcp.1=127.0.0.1:${amqp}`, `management.tcp.port=${http}`,
		"management.tcp.ip=127.0.0.1", `data_dir=${scratch}/data`]);
	children.push(broker);
	await new Promise((resolve, reject) => {
		broker.stderr.on("data", text => String(text).includes(" ready: ") && resolve());
		broker.on("exit", () => reject(new Error("the broker did not start")));
	});
	return { amqp, url: `http://127.0.0.1:${http}` };
}

function use(amqp) {
	children.push(spawn(`${build}/leveret-perf`, ["-h", `amqp://guest:guest@127.0.0.1:${amqp}`,
		"-u", "busy", "-ad", "false", "-r", "50", "--quiet"]));
}

// ---- a person ----

class Person {
	constructor(page, url) {
		this.page = page;
		this.url = url;
		this.complaints = [];
		page.on("console", m => ["error", "warning"].includes(m.type()) &&
			this.complaints.push(`${m.text()} ${m.location().url}`));
		page.on("pageerror", e => this.complaints.push(e.stack));
		page.on("dialog", d => {
			this.complaints.push(`dialog: ${d.message()}`);
			d.dismiss();
		});
	}

	go(where) {
		return this.page.goto(`${this.url}/#/${where}`);
	}

	/* Within what can be seen, or a part of it. */
	sees(text, within = "main") {
		return this.shows(this.page.locator(within).getByText(text, { exact: false }));
	}

	/* A thing is told before the page is drawn again: who looks for it has to wait. */
	shows(what) {
		return what.first().waitFor({ timeout: 8000 }).then(() => true, () => false);
	}

	/* What the legend of a chart tells of a line, once it is not nought: the newest value. */
	async reads(line) {
		const value = this.page.locator(".u-series", { hasText: line })
			.locator(".u-value", { hasText: /[1-9]/ });
		await value.first().waitFor({ timeout: 15000 });
		return value.first().textContent();
	}

	/* Whether a chart has something in colours; frame and grid are grey. */
	draws(title) {
		return this.page.locator("figure", { hasText: title }).locator("canvas").evaluate(c => {
			const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
			for (let i = 0; i < data.length; i += 4)
				if (data[i + 3] > 200 && Math.max(...data.slice(i, i + 3)) -
					Math.min(...data.slice(i, i + 3)) > 80)
					return true;
			return false;
		});
	}

	row(text) {
		return this.page.locator("tr", { hasText: text });
	}

	section(title) {
		return this.page.locator("details.section", { has: this.page.locator("summary",
			{ hasText: new RegExp(`^${title}$`) }) });
	}

	/* Opens a section, fills in its form and sends it. */
	async fill(title, values, verb) {
		const s = this.section(title);
		if (await s.getAttribute("open") === null)
			await s.locator("summary").click();
		const f = s.locator("form").first();
		for (const [name, value] of Object.entries(values)) {
			const field = f.locator(`[name="${name}"]`);
			if (await field.evaluate(e => e.tagName) === "SELECT")
				await field.selectOption(value);
			else
				await field.fill(value);
		}
		await f.getByRole("button", { name: verb }).click();
	}

	/* The dialog that asks whether it is meant. */
	async confirms(name) {
		const d = this.page.locator("dialog");
		if (name)
			await d.locator("input").fill(name);
		await d.locator("button.danger").click();
	}

	told(text) {
		return this.sees(text, "body");
	}
}

async function tries(what, person, steps) {
	try {
		await steps();
	} catch (e) {
		check(what, false, e.message);
	}
	check(`${what}: the browser does not complain`, !person.complaints.length,
		person.complaints);
	person.complaints.length = 0;
}

// ---- what they do ----

/* All of it, as it is in the repository. */
function small() {
	const all = readdirSync(ui, { recursive: true, withFileTypes: true });
	const sum = all.filter(f => f.isFile())
		.reduce((n, f) => n + statSync(join(f.parentPath, f.name)).size, 0);
	check("the files are less than 150 KiB", sum > 0 && sum < 150 * 1024, sum);
}

async function log_in(p) {
	await p.page.goto(p.url);
	await p.page.fill("[name=user]", "guest");
	await p.page.fill("[name=password]", "wrong");
	await p.page.click("button.main");
	check("a wrong password is told", await p.sees("password is wrong", "form"));
	p.complaints.length = 0;   /* that the browser tells of it, too, is right */
	await p.page.fill("[name=password]", "guest");
	await p.page.click("button.main");
	check("the right one opens the overview", await p.sees("Overview"));
}

async function overview(p) {
	await p.go("overview");
	check("the overview knows the connections of the load", await p.sees("Connections"));
	const tile = p.page.locator(".tile", { hasText: "Connections" }).locator("strong");
	check("... which are three", await tile.textContent() === "3", await tile.textContent());
	check("the chart tells the rates of now", /^\d+(\.\d)?\/s$/.test(await p.reads("Published")));
	const at = await p.reads("At");
	check("it goes on", await p.page.waitForFunction(   /* two rates make a line */
		at => document.querySelector(".u-value").textContent !== at, at).then(() => true));
	check("... of acks too, and draws them", await p.reads("Acknowledged") &&
		await p.draws("Messages a second") && await p.draws("Messages queued"));
	await samples_at_once(p);
	for (const span of ["1 min", "1 h", "1 day"]) {
		await p.page.getByRole("link", { name: span, exact: true }).click();
		check(`${span} can be chosen`, await p.shows(p.page.locator(
			`line-chart[seconds="${{ "1 min": 60, "1 h": 3600, "1 day": 86400 }[span]}"]`)));
	}
	await p.go("overview");
	await p.page.click("[title='Light or dark']");
	const theme = await p.page.evaluate(() => document.documentElement.dataset.theme);
	await p.page.click("[title='Light or dark']");
	check("it can be turned dark", theme === "dark", theme);
}

/* Opened anew the chart has what was before: of the first answer, as there is no second one. */
async function samples_at_once(p) {
	let answered = 0;
	await p.page.route("**/api/overview?*", route => answered++ ? undefined : route.continue());
	await p.page.reload();
	check("opened anew it has the rates at once", await p.reads("Published") &&
		await p.draws("Messages a second"));
	await p.page.unroute("**/api/overview?*");
	await p.go("queues");
	await p.go("overview");
}

async function queues(p) {
	await p.go("queues");
	await p.fill("Add a queue", { name: "orders", arguments: '{"x-max-length": 5}' }, "Add");
	check("a queue is added", await p.told("The queue is there."));
	check("and stands in the list", await p.shows(p.row("orders")));
	await p.fill("Add a queue", { name: "other", arguments: "[]" }, "Add");
	check("arguments that are none are refused", await p.told("must be a JSON object"));
	await p.page.keyboard.press("Escape");
	await p.page.keyboard.press("/");
	await p.page.keyboard.type("ord");
	await p.page.waitForFunction(() => location.hash.includes("name=ord"));
	check("/ filters", await p.shows(p.row("orders")) && await p.sees("1 of 2"));
	await p.go("queues");
	await p.page.getByRole("button", { name: "Ready" }).click();
	check("a column sorts, and the address tells", await p.page.waitForFunction(
		() => location.hash.includes("sort=messages_ready")).then(() => true));
}

async function queue(p) {
	await p.go("queue/%2F/orders");
	await p.fill("Publish", { payload: "first", headers: '{"shop": "north"}',
		properties: `{"timestamp": ${Math.floor(Date.now() / 1000) - 7230}}` }, "Publish");
	check("a message is published", await p.told("Published."));
	check("and its age is told", await p.shows(p.page.locator(".tile", { hasText: "Oldest" })
		.locator("strong", { hasText: "2 h" })));
	const ready = p.page.locator(".tile", { hasText: "Ready" }).first().locator("strong");
	await p.page.waitForFunction(() => document.querySelector(".tile strong").textContent === "1");
	check("and counted", await ready.textContent() === "1");
	const body = p.section("Publish").locator("textarea[name=payload]");
	await body.fill("what is being typed");
	await p.page.waitForTimeout(2500);   /* the page is loaded again meanwhile */
	check("what is being typed stays", await body.inputValue() === "what is being typed");
	await body.fill("");
	await p.section("Look at messages").getByRole("button", { name: "Look at the first" }).click();
	check("the message is looked at", await p.sees("north") && await p.sees("first", "article"));
	check("and stays", await ready.textContent() === "1");
	await p.section("Look at messages").locator("[name=search]").fill("nowhere");
	await p.section("Look at messages").getByRole("button", { name: "Look at the first" }).click();
	check("a text that is in none is found in none", await p.sees("There are none.", "main"));
	await p.fill("Bindings", { source: "amq.topic", routing_key: "a.#" }, "Bind");
	check("it is bound", await p.told("Bound.") && await p.sees("a.#"));
	await p.row("a.#").getByRole("button", { name: "Unbind" }).click();
	check("and unbound", await p.told("Unbound."));
	await p.page.getByRole("button", { name: "Pause" }).click();
	check("it is paused", await p.told("It is paused."));
	await p.page.getByRole("button", { name: "Resume" }).click();
	check("and resumed", await p.told("It delivers again."));
	await p.page.getByRole("button", { name: /^Purge/ }).click();
	check("a purge wants the name typed",
		await p.page.locator("dialog button.danger").isDisabled());
	await p.confirms("orders");
	check("then it is done", await p.told("The queue is empty."));
	await p.page.getByRole("button", { name: "Delete the queue" }).click();
	await p.confirms();
	check("it is deleted", await p.told("The queue is gone."));
}

async function busy_queue(p) {
	await p.go("queue/%2F/busy");
	check("the queue of the load has its rates", /\/s$/.test(await p.reads("Delivered")));
	check("... drawn", await p.draws("Messages a second") && await p.draws("Messages queued"));
	await p.page.getByRole("link", { name: "1 min", exact: true }).click();
	check("of a minute, too", await p.shows(p.page.locator("line-chart[seconds='60']")) &&
		await p.reads("Published"));
}

async function messages(p) {
	await p.go("queues");
	for (const name of ["dead", "retried"]) {
		await p.fill("Add a queue", { name }, "Add");
		await p.shows(p.row(name));
	}
	await p.go("queue/%2F/dead");
	for (const n of ["1", "2", "3"]) {
		await p.fill("Publish", { payload: `letter ${n}` }, "Publish");
		await p.page.waitForFunction(n => document.querySelector(".tile strong")?.textContent === n,
			n);
	}
	const look = p.section("Look at messages");
	await look.getByRole("button", { name: "Look at the first" }).click();
	await p.shows(look.getByText("letter 3"));
	await look.locator("article", { hasText: "letter 2" }).locator("[type=checkbox]").check();
	await look.locator("[name=queue]").fill("retried");
	await look.getByRole("button", { name: "Move them" }).click();
	check("those chosen are moved", await p.told("1 messages were moved."));
	await look.getByRole("button", { name: "Look at the first" }).click();
	await p.shows(look.getByText("letter 3"));
	await look.locator("article", { hasText: "letter 1" }).getByRole("button", { name: "Delete" })
		.click();
	await p.confirms();
	check("one is deleted", await p.told("The message is gone."));
	await p.fill("Move messages", { kind: "queue", name: "retried" }, "Move");
	check("the rest is moved", await p.told("1 messages were moved."));
	await p.section("Who holds what").locator("summary").click();
	await p.section("Who holds what").getByRole("button", { name: "Look it up" }).click();
	check("nobody holds anything", await p.told("Nothing is unacknowledged."));
	await p.go("queue/%2F/retried");
	await p.section("Look at messages").getByRole("button", { name: "Look at the first" }).click();
	check("they are where they went", await p.sees("letter 2") && await p.sees("letter 3"));
}

async function streams(p) {
	await p.go("queues");
	await p.fill("Add a queue", { name: "journal", type: "stream" }, "Add");
	await p.shows(p.row("journal"));
	await p.fill("Add a queue", { name: "kept", arguments: '{"x-retain-ms": 1000000}' }, "Add");
	await p.shows(p.row("kept"));
	for (const name of ["journal", "kept"]) {
		await p.go(`queue/%2F/${name}`);
		await p.fill("Publish", { payload: `of ${name}` }, "Publish");
		await p.told("Published.");
	}
	await p.go("streams");
	check("streams are listed, and queues with retention",
		await p.shows(p.row("journal")) && await p.shows(p.row("kept")));
	await p.go("stream/%2F/journal");
	await p.page.getByRole("button", { name: "Read from there" }).click();
	check("a stream is read", await p.sees("of journal"));
	await p.go("stream/%2F/kept");
	await p.page.getByRole("button", { name: "Put back" }).click();
	check("what was retained is put back", await p.told("1 messages are in the queue again."));
}

async function exchanges(p) {
	await p.go("exchanges");
	await p.fill("Add an exchange", { name: "events", type: "topic" }, "Add");
	check("an exchange is added", await p.told("The exchange is there."));
	await p.row("events").locator("a").click();
	await p.fill("Bindings", { kind: "q", name: "busy", routing_key: "shop.#" }, "Bind");
	check("the picture has the binding", await p.told("Bound.") &&
		await p.shows(p.page.locator("svg.graph text", { hasText: "busy" })) &&
		await p.shows(p.page.locator("svg.graph .label", { hasText: "shop.#" })));
	await p.fill("Publish", { routing_key: "nobody", payload: "x" }, "Publish");
	check("what no queue takes is told", await p.told("no queue takes it"));
}

async function trace(p) {
	await p.go("trace");
	const f = p.page.locator("main form");
	await f.locator("[name=exchange]").fill("events");
	await f.locator("[name=routing_key]").fill("shop.paid");
	await f.getByRole("button", { name: "Trace" }).click();
	check("a message is traced to its queue", await p.told("1 queues take it.") &&
		await p.shows(p.page.locator("svg.graph .queue text", { hasText: "busy" })));
	await f.locator("[name=routing_key]").fill("none");
	await f.getByRole("button", { name: "Trace" }).click();
	check("or to none", await p.told("No queue takes it"));
}

async function connections(p) {
	await p.go("channels");
	check("channels are listed", await p.sees("(1)"));
	await p.go("connections");
	await p.sees("guest");
	const names = p.page.locator("tbody a");
	const before = await names.count();
	await names.last().click();
	check("one can be looked at", await p.sees("What the client says of itself"));
	await p.page.getByRole("button", { name: "Close the connection" }).click();
	await p.confirms();
	check("and closed", await p.told("The connection is closed."));
	await p.page.waitForFunction(n => document.querySelectorAll("tbody a").length < n, before);
	check("then it is not in the list", await names.count() < before);
}

async function admin(p) {
	await p.go("admin/users");
	await p.fill("Users", { name: "ada", password: "secret", tags: "monitoring" }, "Set");
	check("a user is made", await p.told("The user is set.") && await p.sees("ada"));
	await p.fill("Permissions", { user: "ada", configure: "^x", write: "", read: ".*" }, "Set");
	check("and may do something", await p.told("They are set.") && await p.sees("^x"));
	await p.section("Users").locator("tr", { hasText: "ada" })
		.getByRole("button", { name: "Delete" }).click();
	await p.confirms();
	check("and is deleted", await p.told("The user is gone."));
	await p.go("admin/vhosts");
	await p.page.locator("main form [name=name]").fill("lab");
	await p.page.getByRole("button", { name: "Add" }).click();
	check("a virtual host is made", await p.told("The virtual host is there."));
	await p.row("lab").getByRole("button", { name: "Delete" }).click();
	await p.confirms("lab");
	check("and deleted", await p.told("The virtual host is gone."));
	await p.go("admin/policies");
	await p.fill("Policies", { name: "cap", pattern: "^busy", definition: '{"max-length": 9}' },
		"Set");
	check("a policy is set", await p.told("The policy is in effect.") && await p.sees("^busy"));
	await p.go("admin/limits");
	await p.fill("Of virtual hosts", { key: "max-queues", value: "100" }, "Set");
	check("a limit is set", await p.told("The limit is set."));
	await p.go("admin/definitions");
	const file = p.page.waitForEvent("download");
	await p.page.getByRole("button", { name: "Export everything" }).click();
	const path = join(scratch, "definitions.json");
	await (await file).saveAs(path);
	await p.page.locator("[name=file]").setInputFiles(path);
	await p.page.getByRole("button", { name: "Import" }).click();
	check("of what went out nothing would change", await p.told("Nothing would change."));
	await p.page.locator("[name=file]").setInputFiles(path);
	await p.page.locator("[name=dry]").uncheck();
	await p.page.getByRole("button", { name: "Import" }).click();
	check("definitions go out, and in again", await p.told("Imported."));
}

async function log(p) {
	await p.go("log");
	check("the log is there", await p.sees("ready:"));
	await p.page.locator("input[type=search]").fill("ready");
	await p.page.keyboard.press("Enter");
	check("and can be searched", await p.page.waitForFunction(() =>
		document.querySelectorAll(".log li").length === 1).then(() => true));
}

/* Names are text, whatever stands in them. */
async function names(p) {
	const evil = '<img src=x onerror=alert(1)>"\'</td><script>alert(2)</script>';
	await p.go("queues");
	await p.fill("Add a queue", { name: evil }, "Add");
	check("a name may be anything", await p.told("The queue is there.") && await p.sees(evil));
	await p.go(`queue/%2F/${encodeURIComponent(evil)}`);
	check("and is shown as it is", await p.sees(evil, "h1") &&
		await p.page.locator("main img").count() === 0);
	await p.page.getByRole("button", { name: "Delete the queue" }).click();
	await p.confirms();
	await p.told("The queue is gone.");
}

/* ---- pictures ---- */

const shown = ["overview", "queues", "queue/%2F/busy", "exchanges", "exchange/%2F/events",
	"streams", "stream/%2F/journal", "connections", "channels", "trace", "log", "admin/users",
	"admin/policies", "admin/definitions"];

async function take_pictures(browser, url) {
	mkdirSync(pictures, { recursive: true });
	for (const width of [1280, 390])
		for (const theme of ["light", "dark"]) {
			const context = await browser.newContext({ viewport: { width, height: 900 },
				colorScheme: theme });
			const p = new Person(await context.newPage(), url);
			await p.page.goto(url);
			await p.page.fill("[name=user]", "guest");
			await p.page.fill("[name=password]", "guest");
			await p.page.click("button.main");
			await p.sees("Overview");
			for (const where of shown)
				await tries(`${where}, ${width}, ${theme}`, p, () =>
					take_picture(p, where, `${width}-${theme}`));
			await context.close();
		}
}

async function take_picture(p, where, kind) {
	await p.go(where);
	await p.page.waitForSelector("h1");
	await p.page.waitForTimeout(400);
	const wide = await p.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
	check(`${where}, ${kind}: nothing sticks out`, !wide);
	await p.page.screenshot({ fullPage: true,
		path: join(pictures, `${kind}-${where.replaceAll(/[^a-z]+/gi, "-")}.png`) });
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
	const { amqp, url } = await start();
	use(amqp);
	const p = new Person(await browser.newPage({ viewport: { width: 1280, height: 900 } }), url);
	for (const task of [small, log_in, overview, queues, queue, busy_queue, messages, streams,
		exchanges, trace, admin, log, names])
		await tries(task.name, p, () => task(p));
	await take_pictures(browser, url);
	await tries("connections", p, () => connections(p));
} finally {
	await browser.close();
	for (const c of children)
		c.kill("SIGKILL");
	rmSync(scratch, { recursive: true, force: true });
}
console.log(`passed ${passed} failed ${failed} ui`);
process.exit(failed ? 1 : 0);
