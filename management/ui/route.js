/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses within the page: #/queue/%2F/orders?page=2.  The virtual host that lists are about goes
 * along in all of them. */

import { query } from "./api.js";

/* The address of a page. */
export function href(page, args = [], values = {}) {
	return "#/" + [page, ...args].map(encodeURIComponent).join("/") +
		query({ vhost: vhost.get(), ...values });
}

/* Where we are: { way, page, args, query }; the way is all but the query. */
export function current() {
	const [way, tail] = location.hash.slice(2).split("?");
	const [page, ...args] = way.split("/").map(decodeURIComponent);
	return { way, page, args, query: Object.fromEntries(new URLSearchParams(tail)) };
}

export function go(page, args, query) {
	location.hash = href(page, args, query);
}

/* Other values in the query of this page; a page number does not outlive them. */
export function ask(changes) {
	const { page, args, query } = current();
	const { page: _, ...rest } = query;
	location.replace(href(page, args, { ...rest, ...changes }));
}

export const pause = (ms, signal) => new Promise(resolve => {
	const timer = setTimeout(resolve, ms);
	signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); });
});

/* Tells that something was changed, so that what is shown is loaded anew. */
export function changed() {
	dispatchEvent(new Event("changed"));
}

/* The virtual host that lists are about; "": all of them. */
export const vhost = {
	get: () => current().query.vhost ?? "",
	set: name => ask({ vhost: name }),
};
