/* SPDX-License-Identifier: Apache-2.0 */
/* Moments as text: in the time zone of who looks, or in UTC, as they chose. */

const KEY = "leveret.zone";

export const zone = {
	isUtc: () => localStorage.getItem(KEY) === "UTC",
	turn: () => {
		localStorage.setItem(KEY, zone.isUtc() ? "" : "UTC");
		dispatchEvent(new Event("theme"));
	},
};

/* Swedes write dates as the standard has them: 2026-11-28 19:50:12. */
const said = (how, ms, parts) => new Date(ms)[how]("sv",
	{ ...parts, timeZone: zone.isUtc() ? "UTC" : undefined });

export const moment = ms => ms ? said("toLocaleString", ms) : "–";

export const clock = (ms, parts = {}) => said("toLocaleTimeString", ms, parts);
