/* SPDX-License-Identifier: Apache-2.0 */
/* Light or dark: as the system has it, until somebody turns it. */

const KEY = "leveret.theme";

function isDark() {
	const own = localStorage.getItem(KEY);
	return own ? own === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

export const theme = {
	isDark,
	apply: () => {
		document.documentElement.dataset.theme = isDark() ? "dark" : "light";
		dispatchEvent(new Event("theme"));
	},
	turn: () => {
		localStorage.setItem(KEY, isDark() ? "light" : "dark");
		theme.apply();
	},
	/* What a custom property of the style sheet stands for now. */
	color: name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim(),
};

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme.apply);
