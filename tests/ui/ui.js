// SPDX-License-Identifier: Apache-2.0
// The web UI in a browser: on every page somebody does what the page is for.  Whatever the browser
// complains of is a failure.  Pictures of all pages go to a directory, to be looked at.
//
// usage: node ui.js BUILD PICTURES [TASK ...]      TASK: a function below; otherwise all

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [, , build, pictures, ...wanted] = process.argv;
const scratch = mkdtempSync(join(tmpdir(), "leveret-ui."));
const children = [];
const PATIENCE_MS = 30_000;
let passed = 0, failed = 0;

/* However it ends, by a reader of its output that goes, too. */
process.on("exit", () => {
	for (const c of children)
		c.kill("SIGKILL");
	rmSync(scratch, { recursive: true, force: true });
});

function check(what, ok, detail = "") {
	ok ? passed++ : failed++;
	console.log(ok ? "ok" : "FAIL", what, ok ? "" : JSON.stringify(detail));
}

const free_port = () => Number(execFileSync("../free_port.sh", { encoding: "utf8" }));

// ---- a broker, and somebody who uses it ----

async function start() {
	const amqp = free_port(), http = free_port();
	const broker = spawn(`${build}/leveret`, [
		`listeners.tcp.1=127.0.0.1:${amqp}`, `management.tcp.port=${http}`,
		"management.tcp.ip=127.0.0.1", `data_dir=${scratch}/data`,
		"collect_statistics_interval=1000"]);
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

/* What somebody does at the broker's own door. */
const ctl = (...verb) => execFileSync(`${build}/leveretctl`,
	["--data-dir", `${scratch}/data`, ...verb], { encoding: "utf8" });

/* ... and what others do over HTTP: the status of the answer. */
async function ask(url, method, path, body, user = "guest:guest") {
	const answer = await fetch(`${url}/api/${path}`, {
		method, headers: { authorization: `Basic ${btoa(user)}` },
		body: body && JSON.stringify(body),
	});
	return answer.status;
}

const publish_one = (url, queue) => ask(url, "POST", "exchanges/%2F/amq.default/publish", {
	routing_key: queue, payload: "x", payload_encoding: "string", properties: { delivery_mode: 2 },
});

// ---- a person ----

/* In the page: what it tells at its foot, where a line stays for a few seconds, is kept. */
function listen() {
	window.heard = [];
	addEventListener("DOMContentLoaded", () => {
		const foot = document.querySelector("#told");
		if (foot)
			new MutationObserver(changes => heard.push(...changes.flatMap(c => [...c.addedNodes])
				.map(line => line.textContent))).observe(foot, { childList: true });
	});
}

/* In the page: whether a chart has something in colours; frame and grid are grey. */
function is_coloured([title, wanted]) {
	const figures = [...document.querySelectorAll("figure")];
	const c = figures.find(f => f.textContent.includes(title))?.querySelector("canvas");
	if (!c?.width || !c.height)
		return false;
	const copy = new OffscreenCanvas(c.width, c.height).getContext("2d");
	copy.drawImage(c, 0, 0);
	const { data } = copy.getImageData(0, 0, c.width, c.height);
	let found = false;
	for (let i = 0; i < data.length && !found; i += 4)
		found = data[i + 3] > 200 && Math.max(...data.slice(i, i + 3)) -
			Math.min(...data.slice(i, i + 3)) > 80;
	return found === wanted;
}

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

	static async at(page, url) {
		await page.addInitScript(listen);
		return new Person(page, url);
	}

	async log_in(user, password) {
		await this.page.goto(this.url);
		await this.page.fill("[name=user]", user);
		await this.page.fill("[name=password]", password);
		await this.page.click("button.main");
	}

	async go(where) {
		const goes = () => this.page.goto(`${this.url}/#/${where}`);
		const here = await this.page.evaluate(() => location.hash.split("?")[0]);
		await (here === `#/${where}` ? goes() : this.leaves(goes));
	}

	/* Does what leads to another page, until that is there and the one before is not. */
	async leaves(how) {
		const title = await this.page.$("main h1");
		await this.page.evaluate(() => heard.length = 0);
		await how();
		await this.page.waitForFunction(title => !title?.isConnected &&
			document.querySelector("main h1, main .trouble"), title);
	}

	/* Until what is shown was loaded after this: one load follows the other. */
	async loads(what) {
		for (let i = 0; i < 2; i++)
			await this.page.waitForResponse(r => r.url().includes(`/api/${what}`));
	}

	/* Within what can be seen, or a part of it. */
	sees(text, within = "main") {
		return this.shows(this.page.locator(within).getByText(text, { exact: false }));
	}

	/* A thing is told before the page is drawn again: who looks for it has to wait. */
	shows(what) {
		return what.first().waitFor({ timeout: PATIENCE_MS }).then(() => true, () => false);
	}

	/* What the legend of a chart tells of a line, once it is not nought: the newest value. */
	async reads(line) {
		const value = this.page.locator(".u-series", { hasText: line })
			.locator(".u-value", { hasText: /[1-9]/ });
		await value.first().waitFor({ timeout: PATIENCE_MS });
		return value.first().textContent();
	}

	/* Whether a chart tells a percentile of how long something takes. */
	times(title) {
		return this.shows(this.page.locator("figure", { hasText: title })
			.locator(".u-series", { hasText: "p99" })
			.locator(".u-value", { hasText: /^[\d.]+ m?s$/ }));
	}

	/* Whether a chart comes to have something in colours, or nothing. */
	draws(title, something = true) {
		return this.page.waitForFunction(is_coloured, [title, something],
			{ timeout: PATIENCE_MS, polling: 100 }).then(() => true, () => false);
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
			else if (typeof value === "boolean")
				await field.setChecked(value);
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

	/* At the foot of the page, since it began or since what was asked for last. */
	told(text) {
		return this.page.waitForFunction(text => {
			const at = heard.findIndex(line => line.includes(text));
			return heard.splice(0, at + 1).length > 0;
		}, text, { timeout: PATIENCE_MS }).then(() => true, () => false);
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

/* All that the browser has got, unpacked. */
async function small(p) {
	await p.page.goto(p.url);
	await p.page.waitForSelector("form");
	const files = await p.page.evaluate(() => [...performance.getEntriesByType("resource"),
		...performance.getEntriesByType("navigation")].map(f => [f.name, f.decodedBodySize]));
	const sum = files.reduce((n, [, bytes]) => n + bytes, 0);
	check("there are all modules", files.some(([name]) => name.endsWith("/pages/trace.js")), files);
	check("the files are less than 150 KiB", sum > 100 * 1024 && sum < 150 * 1024, sum);
	check("nothing comes from elsewhere", files.every(([name]) => name.startsWith(p.url)), files);
}

async function log_in(p) {
	await p.log_in("guest", "wrong");
	check("a wrong password is told", await p.sees("password is wrong", "form"));
	p.complaints.length = 0;   /* that the browser tells of it, too, is right */
	await p.page.fill("[name=password]", "guest");
	await p.page.click("button.main");
	check("the right one opens the overview", await p.sees("Overview"));
	await p.page.evaluate(() => sessionStorage.setItem("leveret.since", 0));
	await p.page.reload();
	check("a session that is too old is over", await p.sees("The session is over", "form"));
	await p.page.fill("[name=user]", "guest");
	await p.page.fill("[name=password]", "guest");
	await p.page.click("button.main");
	check("... and another begins", await p.sees("Overview"));
}

async function overview(p) {
	await p.go("overview");
	check("the overview knows the connections of the load", await p.sees("Connections"));
	const tile = p.page.locator(".tile", { hasText: "Connections" }).locator("strong");
	check("... which are three", await p.shows(tile.getByText("3", { exact: true })));
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
	for (const what of ["Turn of the event loop", "Time in the queue"])
		check(`${what} has percentiles`, await p.times(what) && await p.draws(what));
	await p.page.click("[title='Light or dark']");
	const theme = await p.page.evaluate(() => document.documentElement.dataset.theme);
	await p.page.click("[title='Light or dark']");
	check("it can be turned dark", theme === "dark", theme);
}

/* A chart of what came at times: a value between two gaps is a point, a gap is nothing. */
async function gaps(p) {
	await p.go("overview");
	await p.sees("Overview", "h1");
	await p.page.evaluate(() => {
		const figure = document.createElement("figure"), c = document.createElement("line-chart");
		figure.className = "alone";
		figure.append("Alone", c);
		c.setAttribute("seconds", 60);
		c.setAttribute("unit", "us");
		document.querySelector("main").append(figure);
	});
	const show = values => p.page.evaluate(values => {
		document.querySelector(".alone line-chart").series = [{ title: "p50", color: "blue",
			points: values.map((v, i) => [Date.now() - 10_000 + i * 1000, v]) }];
	}, values);
	await show([3, null, null, 5, null, 4]);
	check("a value between gaps is drawn", await p.draws("Alone"));
	await show([null, null, null, null]);
	check("... a gap is not", await p.draws("Alone", false));
	await p.page.evaluate(() => document.querySelector("figure.alone").remove());
}

/* Tokyo is nine hours ahead of what the broker's moments are. */
async function time_zone(p) {
	const seconds = async () =>
		(await p.reads("At")).split(":").reduce((sum, n) => sum * 60 + Number(n), 0);
	const hours = (a, b) => Math.round((a - b) / 3600 + 24) % 24;
	await p.go("overview");
	const there = await seconds();
	await p.page.click("[title='Time zone']");
	check("times can be in UTC", hours(there, await seconds()) === 9, there);
	await p.page.click("[title='Time zone']");
	check("... and again in one's own", hours(await seconds(), there) === 0, there);
}

async function keys(p) {
	const { keyboard } = p.page;
	await p.go("overview");
	await p.sees("Overview", "h1");
	await keyboard.press("?");
	check("? tells the keys", await p.sees("filter what is shown", "dialog"));
	await keyboard.press("Escape");
	check("... until Esc", await p.page.waitForFunction(() => !document.querySelector("dialog"))
		.then(() => true));
	await keyboard.press("g");
	await keyboard.press("e");
	check("g e leads to the exchanges", await p.sees("Exchanges", "h1"));
	await keyboard.press("g");
	await keyboard.press("q");
	await p.sees("Queues", "h1");
	await p.section("Add a queue").locator("summary").focus();
	await keyboard.press("Enter");
	for (let i = 0; i < 2; i++)
		await keyboard.press("Tab");
	await keyboard.type("by-hand");
	await keyboard.press("Enter");
	check("a queue is added with keys alone", await p.told("The queue is there."));
	check("that is told to who does not see it",
		await p.page.locator("#told[aria-live=polite]").count() > 0);
	await p.page.locator("body").press("Tab");
	await p.row("by-hand").locator("a").focus();
	await keyboard.press("Enter");
	await p.sees("by-hand", "h1");
	await p.page.getByRole("button", { name: "Delete the queue" }).focus();
	await keyboard.press("Enter");
	await keyboard.press("Tab");
	await keyboard.press("Enter");
	check("and deleted", await p.told("The queue is gone."));
}

/* Alarms stand on each page, also on one that is not about them. */
async function alarms(p) {
	await p.go("exchanges");
	await p.sees("Exchanges", "h1");
	ctl("-q", "set_vm_memory_high_watermark", "absolute", "1MB");
	check("an alarm is seen at once", await p.sees("publishers are blocked"));
	await p.go("connections");
	check("... and who is blocked", await p.shows(p.page.locator(".state.blocked")));
	ctl("-q", "set_vm_memory_high_watermark", "0.9");
	check("and when it is over", await p.page.waitForFunction(
		() => !document.querySelector("main .trouble")).then(() => true));
}

/* A page of many, sorted and cut by the broker; the address and the choice of columns last. */
async function many(p) {
	await ask(p.url, "PUT", "vhosts/many");
	const queues = Array.from({ length: 120 }, (_, i) => ({ durable: true, auto_delete: false,
		name: `q${String(i).padStart(3, "0")}`, arguments: {} }));
	await ask(p.url, "POST", "definitions/many", { queues });
	await p.page.reload();
	await p.page.waitForSelector("main h1");
	await p.go("queues");
	await p.page.getByLabel("Virtual host").first().selectOption("many");
	check("a virtual host is chosen", await p.sees("1 / 3") && await p.sees("q049"));
	check("... and no other's queues are shown", await p.row("busy").count() === 0);
	await other_tab(p);
	await p.page.getByRole("button", { name: "next" }).click();
	check("there is a next page", await p.sees("2 / 3") && await p.sees("q099"));
	await p.page.getByRole("button", { name: "Name" }).click();
	check("sorted anew it is the first again", await p.sees("1 / 3"));
	await p.page.getByRole("button", { name: "Name" }).click();
	check("... from the other end", await p.sees("q119"));
	await p.page.getByText("Columns").click();
	await p.page.locator(".menu").getByLabel("Bytes ready").check();
	const heads = p.page.locator("th");
	check("a column is chosen", await p.shows(heads.getByText("Bytes ready")));
	await p.page.reload();
	check("that and the order last", await p.shows(heads.getByText("Bytes ready")) &&
		await p.sees("q119"));
	await p.page.getByText("Columns").click();
	await p.page.locator(".menu").getByLabel("Bytes ready").uncheck();
	check("and it goes", await p.page.waitForFunction(
		() => !document.querySelector("thead").textContent.includes("Bytes")).then(() => true));
	await p.page.getByLabel("Virtual host").first().selectOption("");
	await p.loads("queues?");
	await ask(p.url, "DELETE", "vhosts/many");
}

/* What is chosen stands in the address, goes along, and to somebody else, who chooses otherwise. */
async function other_tab(p) {
	const link = p.page.url(), context = await p.page.context().browser().newContext();
	const other = await Person.at(await context.newPage(), p.url);
	await other.log_in("guest", "guest");
	await other.sees("Overview", "h1");
	await other.page.goto(link);
	check("a link has the virtual host along", await other.sees("q049") &&
		await other.page.getByLabel("Virtual host").first().inputValue() === "many");
	await other.page.getByRole("link", { name: "Exchanges" }).click();
	check("... and so have others from there", await other.sees("amq.topic") &&
		other.page.url().includes("vhost=many"));
	await other.page.getByLabel("Virtual host").first().selectOption("/");
	await other.page.getByRole("link", { name: "Queues" }).click();
	check("another tab has another one", await other.sees("busy") && await p.sees("q049") &&
		await p.row("busy").count() === 0);
	await other.page.goto(`${p.url}/#/queues?vhost=gone`);
	check("one that is gone is named", await other.sees("Not Found") &&
		await other.page.getByLabel("Virtual host").first().inputValue() === "gone");
	await context.close();
}

/* Opened anew the chart has what was before: of the first answer, as there is no second one. */
async function samples_at_once(p) {
	const first = new Set(), those = /\/api\/(overview|nodes\/[^/]+\/latencies)\?/;
	await p.page.route(those, route => {
		const [what] = route.request().url().match(those);
		first.has(what) ? undefined : route.continue();
		first.add(what);
	});
	await p.page.reload();
	check("opened anew it has the rates at once", await p.reads("Published") &&
		await p.draws("Messages a second"));
	check("... and how long things took", await p.times("Turn of the event loop") &&
		await p.draws("Turn of the event loop") && await p.draws("Time in the queue"));
	await p.page.unroute(those);
	await p.go("queues");
	await p.go("overview");
}

async function queues(p) {
	await p.go("queues");
	await p.section("Add a queue").locator("summary").click();
	await p.page.getByRole("button", { name: "x-max-length", exact: true }).click();
	await p.page.getByRole("button", { name: "x-max-priority" }).click();
	check("keys of arguments need not be known", JSON.stringify(JSON.parse(
		await p.page.locator("[name=arguments]").inputValue())) ===
		'{"x-max-length":1000,"x-max-priority":10}');
	await p.fill("Add a queue", { name: "orders" }, "Add");
	check("a queue is added", await p.told("The queue is there."));
	check("and stands in the list", await p.shows(p.row("orders").getByText("Pri")));
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
	await p.loads("queues/%2F/orders?");
	check("what is being typed stays", await body.inputValue() === "what is being typed");
	await body.fill("");
	await p.section("Look at messages").getByRole("button", { name: "Look at the first" }).click();
	check("the message is looked at", await p.sees("north") && await p.sees("first", "article"));
	await p.loads("queues/%2F/orders?");
	check("and stays", await ready.textContent() === "1");
	await p.section("Look at messages").locator("[name=search]").fill("nowhere");
	await p.section("Look at messages").getByRole("button", { name: "Look at the first" }).click();
	check("a text that is in none is found in none", await p.sees("There are none.", "main"));
	await p.fill("Get messages", {}, "Get messages");
	check("a message is got and put back", await p.told("Got 1.") &&
		await p.shows(p.section("Get messages").locator("article").getByText("first")));
	await p.fill("Get messages", { ackmode: "ack_requeue_false" }, "Get messages");
	check("... and got again", await p.shows(
		p.section("Get messages").locator("article").getByText("redelivered")));
	check("... for good", await p.page.waitForFunction(
		() => document.querySelector(".tile strong").textContent === "0").then(() => true));
	await p.fill("Publish", { payload: "c2Vjb25k", payload_encoding: "base64" }, "Publish");
	await p.section("Look at messages").locator("[name=search]").fill("second");
	check("a body may be of bytes", await p.page.waitForFunction(
		() => document.querySelector(".tile strong").textContent === "1").then(() => true));
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

/* What is published is seen within a second or two, without another look at all of it; and by such
 * a look where nothing is told. */
async function live(p) {
	const at = "**/api/queues/%2F/alive?*", told = "**/api/stream?*";
	const publish = () => publish_one(p.url, "alive");
	const tile = (name, text) => p.shows(p.page.locator(".tile", { hasText: name })
		.locator("strong", { hasText: text }));
	await ask(p.url, "PUT", "queues/%2F/alive", { durable: true });
	await p.go("queue/%2F/alive");
	await tile("Ready", /^0$/);
	const streams = p.page.waitForResponse(told);
	await p.page.reload();
	await streams;
	await tile("Ready", /^0$/);
	await p.page.route(at, () => undefined);
	await publish();
	check("a message is told as it comes", await tile("Ready", /^1$/));
	await publish();
	check("... with how many come in a second", await tile("Published", /^[\d.]*[1-9][\d.]*\/s$/) &&
		await tile("Published", "0/s"));
	await p.page.unroute(at);
	await p.page.route(told, route => route.fulfill({ status: 200, body: "",
		contentType: "text/event-stream" }));
	await p.page.reload();
	await tile("Ready", /^2$/);
	await publish();
	check("where nothing is told one looks", await tile("Ready", /^3$/));
	await p.page.unroute(told);
	await p.go("overview");
	await p.sees("Overview", "h1");
	await p.page.route("**/api/overview?*", () => undefined);
	const before = Number(await p.page.locator(".tile strong").first().textContent());
	for (let i = 0; i < 30; i++)
		await publish();
	check("the overview is told, too", await p.page.waitForFunction(least =>
		document.querySelector(".tile strong").textContent > least, before + 20).then(() => true));
	await p.page.unroute("**/api/overview?*");
	await ask(p.url, "DELETE", "queues/%2F/alive");
}

/* Numbers that have no room are cut short, names that have none are wrapped. */
async function much(p) {
	const name = "long".repeat(60);
	await ask(p.url, "PUT", `queues/%2F/${name}`, {});
	await p.page.route("**/api/queues?*", async route => {
		const answer = await route.fetch(), list = await answer.json();
		list.items.forEach(q => q.messages_ready = 98765432);
		await route.fulfill({ response: answer, json: list });
	});
	await p.go("queues");
	await p.shows(p.row(name));
	for (const width of [1280, 390]) {
		await p.page.setViewportSize({ width, height: 900 });
		check(`a long name is whole, at ${width}`, await p.row(name).locator("a").evaluate(
			a => a.scrollWidth <= a.clientWidth && a.clientHeight > 40));
	}
	await p.page.setViewportSize({ width: 1280, height: 900 });
	check("... and leaves room for the numbers", await p.page.locator("main > .wide").evaluate(
		t => t.scrollWidth <= t.clientWidth));
	await p.page.unroute("**/api/queues?*");
	await p.page.route("**/api/queues/%2F/*?*", async route => {
		const answer = await route.fetch(), queue = await answer.json();
		await route.fulfill({ response: answer, json: { ...queue, consumers: 98765432 } });
	});
	await p.go(`queue/%2F/${name}`);
	const tile = p.page.locator(".tile strong", { hasText: "98.77M" });
	check("a large number is cut short, and whole in its title",
		await p.shows(tile) &&
		await tile.getAttribute("title") === "98,765,432");
	await p.page.unroute("**/api/queues/%2F/*?*");
	await ask(p.url, "DELETE", `queues/%2F/${name}`);
}

async function busy_queue(p) {
	await p.go("queue/%2F/busy");
	check("the queue of the load has its rates", /\/s$/.test(await p.reads("Delivered")));
	check("... drawn", await p.draws("Messages a second") && await p.draws("Messages queued"));
	await p.page.getByRole("link", { name: "1 min", exact: true }).click();
	check("of a minute, too", await p.shows(p.page.locator("line-chart[seconds='60']")) &&
		await p.reads("Published"));
	await p.go("overview");
	await ask(p.url, "PUT", "queues/%2F/sure", { durable: true });
	const publishing = setInterval(() => publish_one(p.url, "sure"), 200);
	check("what was published was confirmed, as fast as told", await p.times("Confirm latency"));
	clearInterval(publishing);
	await ask(p.url, "DELETE", "queues/%2F/sure");
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
	check("all are looked at", await p.told("All of them stay there.") &&
		await p.shows(look.getByText("letter 3")));
	await look.locator("article", { hasText: "letter 2" }).locator("[type=checkbox]").check();
	await look.locator("[name=queue]").fill("retried");
	await look.getByRole("button", { name: "Move them" }).click();
	check("those chosen are moved", await p.told("Moved 1 message."));
	await look.getByRole("button", { name: "Look at the first" }).click();
	check("... those that are left", await p.told("All of them stay there.") &&
		await p.shows(look.getByText("letter 3")) &&
		await look.getByText("letter 2").count() === 0);
	await look.locator("article", { hasText: "letter 1" }).getByRole("button", { name: "Delete" })
		.click();
	await p.confirms();
	check("one is deleted", await p.told("The message is gone."));
	await p.fill("Move messages", { kind: "queue", name: "retried" }, "Move");
	check("the rest is moved", await p.told("Moved 1 message."));
	await p.section("Who holds what").locator("summary").click();
	await p.section("Who holds what").getByRole("button", { name: "Look it up" }).click();
	check("nobody holds anything", await p.sees("Nothing is unacknowledged."));
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
		check(`something is in ${name}`, await p.told("Published."));
	}
	await p.go("streams");
	check("streams are listed, and queues with retention",
		await p.shows(p.row("journal")) && await p.shows(p.row("kept")));
	await p.go("stream/%2F/journal");
	await p.page.getByRole("button", { name: "Read from there" }).click();
	check("a stream is read", await p.sees("of journal"));
	await p.go("stream/%2F/kept");
	await p.page.getByRole("button", { name: "Put back" }).click();
	check("what was retained is put back", await p.told("Put back: 1 message."));
}

async function exchanges(p) {
	await p.go("exchanges");
	await p.fill("Add an exchange", { name: "events", type: "topic" }, "Add");
	check("an exchange is added", await p.told("The exchange is there."));
	await p.leaves(() => p.row("events").locator("a").click());
	await p.fill("Bindings", { kind: "q", name: "busy", routing_key: "shop.#" }, "Bind");
	check("the picture has the binding", await p.told("Bound.") &&
		await p.shows(p.page.locator("svg.graph text", { hasText: "busy" })) &&
		await p.shows(p.page.locator("svg.graph .label", { hasText: "shop.#" })));
	await p.fill("Publish", { routing_key: "nobody", payload: "x" }, "Publish");
	check("what no queue takes is told", await p.told("no queue takes it"));
	await p.go("exchange/%2F/direct");
	check("what goes through one is drawn", /\/s$/.test(await p.reads("Out")) &&
		await p.draws("Messages a second"));
}

async function trace(p) {
	await p.go("trace");
	const f = p.page.locator("main form");
	await f.locator("[name=exchange]").fill("events");
	await f.locator("[name=routing_key]").fill("shop.paid");
	await f.getByRole("button", { name: "Trace" }).click();
	check("a message is traced to its queue", await p.told("Queues that take it: 1.") &&
		await p.shows(p.page.locator("svg.graph .queue text", { hasText: "busy" })));
	await f.locator("[name=routing_key]").fill("none");
	await f.getByRole("button", { name: "Trace" }).click();
	check("or to none", await p.told("No queue takes it"));
}

/* The last task: what is ended here is what the others look at. */
async function connections(p) {
	await p.go("channels");
	check("channels are listed", await p.sees("(1)"));
	await p.go("queue/%2F/busy");
	await p.leaves(() => p.section("Consumers").locator("a").click());
	check("the channel of a consumer can be looked at", /^\d/.test(await p.reads("Delivered")));
	check("... with the queue it takes from", await p.shows(
		p.section("Consumers").getByRole("link", { name: "busy" })));
	await p.fill("Prefetch", { prefetch: "7" }, "Set it");
	check("it gets a prefetch count", await p.told("It is set.") &&
		await p.shows(p.page.locator(".tile", { hasText: "Prefetch" }).getByText("7")));
	await p.go("queue/%2F/busy");
	await p.section("Consumers").getByRole("button", { name: "Cancel" }).click();
	await p.confirms();
	check("a consumer is cancelled", await p.told("The consumer is cancelled.") &&
		await p.sees("Nobody consumes."));
	await p.go("connections");
	await p.leaves(() => p.page.locator("tbody a").getByText("producer").click());
	check("a connection can be looked at", await p.sees("What the client says of itself"));
	check("... with what comes from it", /B\/s$/.test(await p.reads("From the client")) &&
		await p.draws("Bytes a second"));
	await p.page.getByRole("button", { name: "Close the connection" }).click();
	await p.confirms();
	check("and closed", await p.told("The connection is closed."));
	check("then it is not in the list", await p.page.waitForFunction(() => {
		const list = document.querySelector("main#connections");
		return list?.querySelector("h1") && !list.textContent.includes("producer");
	}).then(() => true));
}

/* Who makes policies sees what that takes, and stays logged in where more is asked of them. */
async function policymaker(p) {
	await ask(p.url, "PUT", "users/pia", { password: "pia", tags: "policymaker" });
	await ask(p.url, "PUT", "permissions/%2F/pia", { configure: ".*", write: ".*", read: ".*" });
	const context = await p.page.context().browser().newContext();
	const pia = await Person.at(await context.newPage(), p.url);
	await pia.log_in("pia", "pia");
	await pia.sees("Overview", "h1");
	const admin = pia.page.getByRole("link", { name: "Admin" });
	check("who may not see the log has no page of it", await pia.shows(admin) &&
		await pia.page.getByRole("link", { name: "Log", exact: true }).count() === 0);
	await pia.leaves(() => admin.click());
	await pia.fill("Policies", { name: "hers", pattern: "^hers", definition: '{"expires": 1000}' },
		"Set");
	check("a policy is hers to set", await pia.told("The policy is in effect.") &&
		await pia.sees("^hers"));
	check("the browser does not complain of her pages", !pia.complaints.length, pia.complaints);
	await pia.go("log");
	check("what she may not do is told, and she stays", await pia.sees("does not come", "body"));
	await context.close();
	await ask(p.url, "DELETE", "policies/%2F/hers");
	await ask(p.url, "DELETE", "users/pia");
}

async function admin(p) {
	await p.go("admin/users");
	await p.fill("Users", { name: "ada", password: "secret", "tag monitoring": true }, "Set");
	check("a user is made, who may do nothing yet", await p.told("The user is set.") &&
		await p.shows(p.row("ada").getByText("nothing yet")));
	await p.fill("Users", { name: "ada", "tag policymaker": true, "tag monitoring": true }, "Set");
	check("... and gets another tag", await p.shows(p.row("ada").getByText("policymaker")));
	check("... and keeps the password", await ask(p.url, "GET", "whoami", undefined,
		"ada:secret") === 200);
	await p.fill("Permissions", { user: "ada", configure: "^x", write: "", read: ".*" }, "Set");
	check("and may do something", await p.told("They are set.") && await p.sees("^x"));
	const rights = p.section("Permissions");
	await rights.locator("[name=user]").selectOption("guest");
	await ask(p.url, "PUT", "users/aaron", { password: "x", tags: "" });
	check("a user who came ahead is there to choose", await p.shows(p.row("aaron")));
	check("... and is not chosen", await rights.locator("[name=user]").inputValue() === "guest");
	await ask(p.url, "DELETE", "users/aaron");
	const topics = p.section("Topic permissions");
	for (const exchange of ["amq.topic", "amq.headers"]) {
		await p.fill("Topic permissions", { user: "ada", exchange, write: `^${exchange}` }, "Set");
		await p.shows(topics.locator("tr", { hasText: `^${exchange}` }));
	}
	await topics.locator("tr", { hasText: "^amq.topic" }).getByRole("button").click();
	await p.confirms();
	check("rights on one exchange are taken, those on another stay", await p.page.waitForFunction(
		() => !document.body.textContent.includes("^amq.topic")).then(() => true) &&
		await p.sees("^amq.headers"));
	await p.section("Users").locator("tr", { hasText: "ada" })
		.getByRole("button", { name: "Delete" }).click();
	await p.confirms();
	check("and is deleted", await p.told("The user is gone."));
	await p.go("admin/vhosts");
	await p.page.locator("main form [name=name]").fill("lab");
	await p.page.getByRole("button", { name: "Add" }).click();
	check("a virtual host is made", await p.told("The virtual host is there."));
	check("... also to choose from", await p.shows(p.page.locator("header option[value=lab]",
		{ state: "attached" }).first().locator("xpath=..")));
	await p.row("lab").getByRole("button", { name: "forbid" }).click();
	check("its deletion can be forbidden", await p.told("It cannot be deleted.") &&
		await p.shows(p.row("lab").locator("button:disabled")));
	await p.row("lab").getByRole("button", { name: "allow" }).click();
	await p.shows(p.row("lab").getByRole("button", { name: "forbid" }));
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
	await p.page.getByRole("button", { name: "Export" }).click();
	const path = join(scratch, "definitions.json");
	await (await file).saveAs(path);
	await p.page.locator("[name=file]").setInputFiles(path);
	await p.page.getByRole("button", { name: "Import" }).click();
	check("of what went out nothing would change", await p.told("Would change: 0.") &&
		await p.sees("Nothing would change."));
	await p.page.locator("[name=file]").setInputFiles(path);
	await p.page.locator("[name=dry]").uncheck();
	await p.page.getByRole("button", { name: "Import" }).click();
	check("definitions go out, and in again", await p.told("Imported."));
	await p.go("admin/node");
	check("the node tells what its memory is for", await p.sees("other_system"));
	check("... and its feature flags", await p.sees("quorum_queue"));
	await p.fill("Name of the cluster", { name: "burrow" }, "Rename");
	await p.go("overview");
	check("the cluster can be renamed", await p.sees("burrow", "h1"));
	await p.go("admin/node");
	await p.section("Configuration in force").locator("summary").click();
	check("the configuration is told", await p.sees("data_dir"));
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
	"streams", "stream/%2F/journal", "connections", "connection", "channels", "channel", "trace",
	"log", "admin/users", "admin/vhosts", "admin/policies", "admin/limits", "admin/definitions",
	"admin/node"];

/* In the page: text that is hard to tell from what is behind it, where 4.5 to 1 is the least, 3 for
 * what is large (WCAG 2.2, 1.4.3); and what a screen reader has no name for. */
function hard_to_read() {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const light = c => channels(c).slice(0, 3).map(v => v / 255)
		.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		const c = getComputedStyle(e).backgroundColor;
		return channels(c)[3] === 0 && e.parentElement ? behind(e.parentElement) : c;
	};
	const found = [], closed = document.querySelectorAll("details:not([open])");
	closed.forEach(d => d.open = true);
	for (const e of document.body.querySelectorAll("*")) {
		const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
		if (!own || !e.checkVisibility() || e.matches(":disabled, option, title, noscript"))
			continue;
		const style = getComputedStyle(e), box = e.closest("g")?.querySelector("rect");
		const ink = light(e.closest("svg") ? style.fill : style.color);
		const paper = light(box ? getComputedStyle(box).fill : behind(e));
		const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
		if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5))
			found.push(`${ratio.toFixed(2)}: ${e.textContent.trim().slice(0, 40)}`);
	}
	const controls = "input, select, textarea, button, summary, img, meter";
	for (const e of document.querySelectorAll(controls))
		if (!e.labels?.length && !e.ariaLabel && e.alt === undefined && !e.textContent.trim())
			found.push(`no name: ${e.outerHTML.slice(0, 80)}`);
	closed.forEach(d => d.open = false);
	return found;
}

async function pictures_of_all(browser, url) {
	mkdirSync(pictures, { recursive: true });
	await Promise.all([1280, 390].flatMap(width => ["light", "dark"].map(async theme => {
		const context = await browser.newContext({ viewport: { width, height: 900 },
			colorScheme: theme });
		const p = await Person.at(await context.newPage(), url);
		await p.log_in("guest", "guest");
		await p.sees("Overview");
		for (const where of shown)
			await tries(`${where}, ${width}, ${theme}`, p, () =>
				take_picture(p, where, `${width}-${theme}`));
		await context.close();
	})));
}

async function take_picture(p, where, kind) {
	if (/^(connection|channel)$/.test(where)) {   /* of those in the list ahead */
		await p.leaves(() => p.page.locator("tbody a").last().click());
		await p.page.waitForFunction(where => location.hash.startsWith(`#/${where}/`), where);
	} else
		await p.go(where);
	await p.page.waitForTimeout(300);   /* what a picture may have of what is loaded behind it */
	const hard = await p.page.evaluate(hard_to_read);
	check(`${where}, ${kind}: all can be read`, !hard.length, hard);
	const wide = await p.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
	check(`${where}, ${kind}: nothing sticks out`, !wide);
	if (kind.startsWith("1280"))
		check("... of the bar, too", await p.page.locator("header nav").evaluate(
			n => n.scrollWidth <= n.clientWidth));
	await p.page.screenshot({ fullPage: true,
		path: join(pictures, `${kind}-${where.replaceAll(/[^a-z]+/gi, "-")}.png`) });
}

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: [
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"] });
try {
	const { amqp, url } = await start();
	use(amqp);
	const p = await Person.at(await browser.newPage({ viewport: { width: 1280, height: 900 },
		timezoneId: "Asia/Tokyo" }), url);
	const take_pictures = () => pictures_of_all(browser, url);
	const tasks = [small, log_in, overview, gaps, time_zone, queues, queue, live, much, busy_queue,
		messages, streams, exchanges, trace, admin, policymaker, log, names, keys, many,
		take_pictures, alarms, connections];
	for (const task of tasks.filter(t => !wanted.length || wanted.includes(t.name)))
		await tries(task.name, p, () => task(p));
} finally {
	await browser.close();
}
console.log(`passed ${passed} failed ${failed} ui`);
process.exit(failed ? 1 : 0);
