/* SPDX-License-Identifier: Apache-2.0 */
/* One belongs to one thread at a time: to the broker's until parsing_next, then to the other's
 * until parsing_back.  Who has lost interest meanwhile says so in `left`, which is the broker's
 * alone. */
#include "management/parsing.h"

#include <jansson.h>

#include "base/mem.h"
#include "management/json.h"
#include "management/multipart.h"

struct parsing {
	struct list link;            /* of what is to be done, or was */
	struct list *aside;
	enum { PARSING_WANTED, PARSING_AWAY, PARSING_DONE } state;
	bool over;                   /* it is to be freed, not read */
	bool left;
	struct buf bytes, boundary;
	struct slice text;
	json_t *root;
	struct buf why;
};

static void read_text(struct parsing *r)
{
	struct slice text = r->text;
	if (r->boundary.len && !multipart_find(r->text, buf_slice(&r->boundary), "file", &text))
		buf_printf(&r->why, "the form has no part called file");
	else
		r->root = json_parse(text, &r->why);
	buf_u8(&r->why, '\0');
}

struct parsing *parsing_new(struct list *aside, struct buf *bytes, struct slice text,
                            struct slice boundary)
{
	struct parsing *r = mem_zalloc(sizeof *r);
	list_init(&r->link);
	r->bytes = *bytes;
	*bytes = (struct buf){ 0 };
	r->text = text;
	buf_append_slice(&r->boundary, boundary);
	r->aside = text.n > PARSING_ASIDE_BYTES ? aside : NULL;
	if (r->aside) {
		list_push(aside, &r->link);
	} else {
		read_text(r);
		r->state = PARSING_DONE;
	}
	return r;
}

bool parsing_is_done(const struct parsing *r)
{
	return r->state == PARSING_DONE;
}

const struct json_t *parsing_root(const struct parsing *r, const char **why)
{
	*why = r->root ? "" : (const char *)r->why.p;
	return r->root;
}

void parsing_drop(struct parsing *r)
{
	json_decref(r->root);
	buf_free(&r->bytes);
	buf_free(&r->boundary);
	buf_free(&r->why);
	mem_free(r);
}

void parsing_end(struct parsing **parsing)
{
	struct parsing *r = *parsing;
	*parsing = NULL;
	if (!r)
		return;
	if (r->state == PARSING_AWAY) {
		r->left = true;
	} else if (r->state == PARSING_DONE && r->aside) {
		r->over = true;
		list_push(r->aside, &r->link);
	} else {
		list_remove(&r->link);
		parsing_drop(r);
	}
}

/* ---- for who carries the list ---- */

struct parsing *parsing_next(struct list *aside)
{
	struct list *l = list_pop(aside);
	struct parsing *r = l ? parsing_of(l) : NULL;
	if (r)
		r->state = PARSING_AWAY;
	return r;
}

bool parsing_comes_back(const struct parsing *r)
{
	return !r->over;
}

bool parsing_do(struct parsing *r)
{
	bool over = r->over;
	if (over)
		parsing_drop(r);
	else
		read_text(r);
	return !over;
}

void parsing_back(struct parsing *r, struct list *aside)
{
	r->state = PARSING_DONE;
	r->over = r->left;
	if (r->left)
		list_push(aside, &r->link);
}

struct list *parsing_link(struct parsing *r)
{
	return &r->link;
}

struct parsing *parsing_of(struct list *link)
{
	return list_entry(link, struct parsing, link);
}
