/* SPDX-License-Identifier: Apache-2.0 */
/* Methods: the structs, ids, names, legality columns, decoder and encoder all fold out of the one
 * hand-written table methods.def (AMQP 0-9-1 section 1.3 and the grammar, with RabbitMQ's
 * extensions).  A decoded method borrows its strings and tables from the payload. */
#ifndef AMQP_METHOD_H
#define AMQP_METHOD_H

#include "base/buf.h"
#include "base/slice.h"

/* Field types as C types. */
typedef bool method_bit;
typedef uint8_t method_octet;
typedef uint16_t method_short;
typedef uint32_t method_long;
typedef uint64_t method_longlong;
typedef uint64_t method_timestamp;
typedef struct slice method_shortstr;
typedef struct slice method_longstr;
typedef struct slice method_table;   /* encoded, without the length prefix, checked */

enum method_sender { SENT_BY_CLIENT = 1, SENT_BY_SERVER = 2, SENT_BY_BOTH = 3 };

enum {
	CLASS_CONNECTION = 10,
	CLASS_CHANNEL = 20,
	CLASS_ACCESS = 30,
	CLASS_EXCHANGE = 40,
	CLASS_QUEUE = 50,
	CLASS_BASIC = 60,
	CLASS_CONFIRM = 85,
	CLASS_TX = 90,
};

/* METHOD_basic_publish = 60 << 16 | 40, and so on. */
enum method_id {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	METHOD_##name = class_id << 16 | method_id,
#include "amqp/methods.def"
#undef METHOD
};

/* struct basic_publish { method_short ticket; method_shortstr exchange; ... }, and so on.
 * Every struct ends in one unused byte so that methods without fields are legal C. */
#define F(type, name) method_##type name;
#define METHOD(class_id, method_id, name, sender, kind, content, fields) \
	struct name { \
		fields \
		char end_; \
	};
#include "amqp/methods.def"
#undef METHOD
#undef F

struct method {
	uint32_t id;   /* enum method_id */
	union {
#define METHOD(class_id, method_id, name, sender, kind, content, fields) struct name name;
#include "amqp/methods.def"
#undef METHOD
	};
};

struct method_info {
	uint32_t id;
	const char *name;            /* "basic_publish" */
	enum method_sender sender;
	bool sync;                   /* the other side answers */
	bool content;                /* header and body frames follow */
};

static inline uint16_t method_class(uint32_t id)
{
	return (uint16_t)(id >> 16);
}

static inline uint16_t method_number(uint32_t id)
{
	return (uint16_t)id;
}

/* The row of the table, or NULL for an id that is not in it. */
const struct method_info *method_info(uint32_t id);

/* All rows, in table order; *count is their number. */
const struct method_info *method_all(size_t *count);

enum method_result {
	METHOD_OK,
	METHOD_SHORT,      /* fewer than four bytes: not even an id */
	METHOD_UNKNOWN,    /* out->id is set, nothing else */
	METHOD_MALFORMED,  /* arguments cut, too long, or a bad table; out->id is set */
	METHOD_BAD_UTF8,   /* a short string that is not UTF-8; out->id is set */
};

/* Decodes a method frame's payload. */
enum method_result method_decode(struct slice payload, struct method *out);

/* False: a short string of it has more than 255 bytes. */
bool method_fits(const struct method *m);

/* Appends a whole method frame for the channel; it fits. */
void method_encode(struct buf *out, uint16_t channel, const struct method *m);

/* Appends "name{field=value, ...}" for tests and traces; tables as their sizes. */
void method_print(struct buf *out, const struct method *m);

#endif
