/* SPDX-License-Identifier: Apache-2.0 */
#include "management/words.h"

static struct slice trim(struct slice s)
{
	while (s.n && s.p[0] == ' ')
		slice_take(&s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

void words_put(struct buf *out, struct slice words)
{
	while (words.n) {
		struct slice word = trim(slice_cut(&words, ','));
		if (word.n && out->len)
			buf_u8(out, ',');
		buf_append_slice(out, word);
	}
}
