/* SPDX-License-Identifier: Apache-2.0 */
/* Methods and properties by the names of their fields, folded out of amqp/methods.def and
 * amqp/props.def: filled in from words, and compared with words. */
#ifndef STORIES_FORM_H
#define STORIES_FORM_H

#include "amqp/method.h"
#include "amqp/props.h"
#include "script.h"

enum field_type {
	TYPE_bit,
	TYPE_octet,
	TYPE_short,
	TYPE_long,
	TYPE_longlong,
	TYPE_timestamp,
	TYPE_shortstr,
	TYPE_longstr,
	TYPE_table,
};

struct form_field {
	const char *name;
	enum field_type type;
	size_t size, align; /* as in C */
	size_t at;          /* within the struct; of properties and, after forms_init, of methods */
	uint16_t flag;      /* of properties */
};

struct form {
	uint32_t id;
	const char *name;             /* "basic_publish" */
	struct form_field fields[12]; /* up to the first without a name */
};

/* Strings of a method being composed live here until it is encoded. */
struct form_room {
	struct buf strings[WORDS_MAX];
	int n;
};

void forms_init(void);
void form_room_free(struct form_room *r);

/* "basic.publish", "queue.declare-ok"; NULL when there is none. */
const struct form *form_find(const char *name);

/* The field of a method, of the properties, or NULL. */
const struct form_field *form_field(const struct form *f, const char *name);
const struct form_field *form_prop(const char *name);

/* Sets the field in the struct at base; false when the value cannot be. */
bool form_fill(const struct form_field *f, void *base, const char *value, struct form_room *r);

/* Compares; false with the reason in why.  captured gets the bytes of a string that is compared
 * with $name. base may be NULL: then only the value is checked. */
bool form_match(const struct form_field *f, const void *base, const struct word *w,
                struct buf *captured, struct buf *why);

#endif
