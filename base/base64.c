/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *out, struct slice bytes)
{
	const uint8_t *p = bytes.p;
	for (size_t i = 0, n = bytes.n; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;
		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		buf_u8(out, (uint8_t)letters[v >> 18]);
		buf_u8(out, (uint8_t)letters[v >> 12 & 63]);
		buf_u8(out, i + 1 < n ? (uint8_t)letters[v >> 6 & 63] : '=');
		buf_u8(out, i + 2 < n ? (uint8_t)letters[v & 63] : '=');
	}
}

bool base64_read(struct buf *out, struct slice text)
{
	uint32_t v = 0;
	size_t padding = 0;
	if (text.n % 4)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		const char *at = memchr(letters, text.p[i], 64);
		padding += text.p[i] == '=';
		if (!at != (padding > 0) || padding > 2)
			return false;
		v = v << 6 | (at ? (uint32_t)(at - letters) : 0);
		for (int k = 16; i % 4 == 3 && k >= 0; k -= 8)
			buf_u8(out, (uint8_t)(v >> k));
	}
	out->len -= padding;
	return true;
}
