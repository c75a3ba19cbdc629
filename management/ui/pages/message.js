/* SPDX-License-Identifier: Apache-2.0 */
/* What pages take of a message. */
import { object } from "../parts.js";

/* The properties that a form for publishing has. */
export function properties_of(f) {
	return {
		...object(f.properties, "The properties"),
		headers: object(f.headers, "The headers"),
		delivery_mode: f.persistent === "on" ? 2 : 1,
	};
}
