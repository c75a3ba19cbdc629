/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a roster as objects of JSON: one, all, or a page of them in an order, in pieces.  A row
 * is a list of fields whose names may have dots: "channel_details.name" lies in an object of its
 * own (fields.def). */
#ifndef MANAGEMENT_ROWS_H
#define MANAGEMENT_ROWS_H

#include "broker/tour.h"
#include "management/listing.h"
#include "management/ranking.h"

struct host;
struct pattern;
struct pattern_room;
struct row_field;
struct user;

enum {
	ROWS_FIELDS_MAX = 96,
	ROWS_MATCHES_MAX = 3,
	ROWS_PAGE_MAX = 500,         /* rows in a page, as with RabbitMQ */
	ROWS_NAME_MAX_BYTES = 1024,  /* of a filter, likewise */
	ROWS_KEPT_MAX_BYTES = 64 << 20,   /* by one list that is put in order */
};

/* Zeroed it is none. */
struct rows {
	struct broker *broker;
	enum roster_kind kind;
	struct slice vhost;          /* those in it alone, if they are in one; borrowed; p == NULL: in
	                              * all */
	struct tour tour;
	enum { ROWS_BEGIN, ROWS_WALK, ROWS_SORT, ROWS_SHOW } phase;
	const struct row_field *fields[ROWS_FIELDS_MAX];
	column_value *values[ROWS_FIELDS_MAX];
	size_t n;
	column_value *by_vhost, *by_name, *by_user;   /* of a row; NULL: it has none */
	struct {
		column_value *value;
		struct slice text;       /* borrowed */
	} matches[ROWS_MATCHES_MAX];
	size_t n_matches;
	bool (*wanted)(const struct roster_row *row);   /* NULL: all are */
	struct slice name;           /* owned: a part of the name ... */
	struct pattern *pattern;     /* ... or a pattern that is found in it */
	struct pattern_room *search;
	unsigned steps;              /* of searches in this piece */
	column_value *sort;          /* NULL: by virtual host and name */
	bool reverse;
	bool ranked;                 /* they are put in order, else they are met in it */
	bool counted;                /* how many there are is known without looking at them */
	uint64_t left;               /* then: rows to be met in this virtual host */
	const struct stats_spans *spans;   /* of samples; borrowed, NULL: there are none */
	uint64_t page, page_size;    /* 0: there are none */
	struct ranking ranking;
	size_t at;                   /* of the ranking, when it is shown */
	uint64_t seen, found, shown;
	const char *trouble;         /* why there is no list; NULL: there is */
	bool busy;                   /* ... which may be otherwise in a moment */
	struct buf room, key, text;
};

/* All rows of a kind with all their fields, until more is said: before the first piece. */
void rows_begin(struct rows *w, struct host *h, enum roster_kind kind);

/* Only those whose field has this text, which is borrowed. */
void rows_match(struct rows *w, const char *path, struct slice text);

/* Only the bindings that begin at the exchange, or that end at the queue or the exchange: begins at
 * once. */
void rows_bound_from(struct rows *w, struct vhost *v, struct exchange *source);
void rows_bound_to(struct rows *w, struct vhost *v, struct destination to);

/* Only these fields, with commas between: each with all below it. */
void rows_choose(struct rows *w, struct slice paths);

/* In the order of that field; false: there is none. */
bool rows_sort(struct rows *w, struct slice path, bool reverse);

/* Only those that have the text in their names, or where the pattern is found there.  False, and
 * why. */
bool rows_name(struct rows *w, struct slice text, bool is_pattern, struct buf *why);

/* Only that page, and around it how many there are. */
void rows_page(struct rows *w, uint64_t page, uint64_t size);

/* Appends the next piece of what the user sees; false at the end, which was appended too; or
 * when there is trouble, and nothing was appended ever. */
bool rows_go_on(struct rows *w, const struct user *u, struct buf *out);

/* One row, by hand, without its braces' end: further fields may follow. */
void rows_put_open(struct rows *w, const struct roster_row *row, struct buf *out);

/* Harmless when it was not begun, if it was zeroed. */
void rows_end(struct rows *w);

#endif
