/* SPDX-License-Identifier: Apache-2.0 */
#include "management/livelog.h"

#include <stdio.h>

#include "base/mem.h"
#include "management/cell.h"

void livelog_add(struct livelog *l, enum logline_level level, const char *text, const char *stamp)
{
	struct livelog_line *line = &l->lines[l->next++ % LIVELOG_LINES];
	mem_free(line->text);
	line->level = level;
	line->text = mem_strdup(text);
	snprintf(line->stamp, sizeof line->stamp, "%s", stamp);
}

const struct livelog_line *livelog_read(const struct livelog *l, uint64_t *next)
{
	uint64_t oldest = l->next > LIVELOG_LINES ? l->next - LIVELOG_LINES : 0;
	if (*next < oldest)
		*next = oldest;
	return *next < l->next ? &l->lines[(*next)++ % LIVELOG_LINES] : NULL;
}

void livelog_put(struct buf *out, const struct livelog_line *line)
{
	buf_printf(out, "{\"time\":\"%s\",\"level\":\"%s\",\"text\":", line->stamp,
	           logline_level_name(line->level));
	cell_put_json(out, cell_text(line->text));
	buf_u8(out, '}');
}

void livelog_free(struct livelog *l)
{
	for (size_t i = 0; i < LIVELOG_LINES; i++)
		mem_free(l->lines[i].text);
	*l = (struct livelog){ 0 };
}
