/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's HTTP API: requests with the user's name and password, and streams of events. */

const KEY = "leveret.login", SINCE = "leveret.since";

export const login = {
	get: () => sessionStorage.getItem(KEY),
	set: (user, password) => {
		const bytes = new TextEncoder().encode(`${user}:${password}`);
		sessionStorage.setItem(KEY, btoa(String.fromCharCode(...bytes)));
		sessionStorage.setItem(SINCE, Date.now());
	},
	clear: () => {
		sessionStorage.removeItem(KEY);
		sessionStorage.removeItem(SINCE);
	},
	/* Milliseconds that are left of so many since the password was typed. */
	left: ms => Number(sessionStorage.getItem(SINCE)) + ms - Date.now(),
};

/* Who is logged in: { name, tags }; null: nobody. */
let me = null;

export const user = {
	get: () => me,
	set: who => me = who,
	may: tag => ["administrator", tag].some(t => String(me.tags).split(",").includes(t)),
};

/* What the API refused: the status and its own words. */
export class Refusal extends Error {
	constructor(status, reason) {
		super(reason);
		this.status = status;
	}
}

/* A path of the API: path`queues/${vhost}/${name}`, each value encoded. */
export function path(strings, ...values) {
	return strings.reduce((all, s, i) => all + encodeURIComponent(values[i - 1]) + s);
}

/* The query string of what is neither undefined nor empty, "" for nothing. */
export function query(values) {
	const some = Object.entries(values).filter(([, v]) => v !== undefined && v !== "");
	return some.length ? "?" + new URLSearchParams(some) : "";
}

async function refusal(response) {
	const text = await response.text();
	try {
		const { reason, error } = JSON.parse(text);
		return new Refusal(response.status, reason ?? error ?? text);
	} catch {
		return new Refusal(response.status, text || `${response.status} ${response.statusText}`);
	}
}

async function send(method, where, body, signal) {
	const headers = { authorization: `Basic ${login.get()}` };
	if (body !== undefined)
		headers["content-type"] = "application/json";
	const response = await fetch(`api/${where}`, {
		method, headers, signal, credentials: "omit",   /* the browser is not to ask by itself */
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	if (!response.ok)
		throw await refusal(response);
	return response;
}

async function json(...request) {
	const text = await (await send(...request)).text();
	return text ? JSON.parse(text) : null;
}

export const get = (where, signal) => json("GET", where, undefined, signal);
export const put = (where, body) => json("PUT", where, body);
export const post = (where, body) => json("POST", where, body);
export const remove = where => json("DELETE", where);

/* The same, with null for what does not exist. */
export async function find(where, signal) {
	try {
		return await get(where, signal);
	} catch (e) {
		if (e instanceof Refusal && e.status === 404)
			return null;
		throw e;
	}
}

/* Server-sent events: calls on(name, data) for each, until the signal or the end of the stream. */
export async function events(where, signal, on) {
	const response = await send("GET", where, undefined, signal);
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { value, done } = await reader.read();
		if (done)
			return;
		const parts = (rest + value).split("\n\n");
		rest = parts.pop();
		for (const part of parts)
			dispatch(part, on);
	}
}

function dispatch(part, on) {
	let name = "message";
	const data = [];
	for (const line of part.split("\n"))
		if (line.startsWith("event: "))
			name = line.slice(7);
		else if (line.startsWith("data: "))
			data.push(line.slice(6));
	if (data.length)
		on(name, JSON.parse(data.join("\n")));
}
