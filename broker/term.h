/* SPDX-License-Identifier: Apache-2.0 */
/* Values as RabbitMQ shows them in its sentences: in the notation of Erlang, on one line. */
#ifndef BROKER_TERM_H
#define BROKER_TERM_H

#include "amqp/table.h"

/* Appends the value of a field: 5, 1.5, true, null, <<"text">>, [1,2], #{<<"key">> => 1}. */
void term_put(struct buf *out, const struct field *f);

/* Appends the pairs of a table as a list: [{<<"key">>,1},{<<"other">>,<<"x">>}]. */
void term_put_pairs(struct buf *out, struct slice table);

/* Appends a name: <<"name">>. */
void term_put_name(struct buf *out, struct slice name);

/* Appends a string: "text". */
void term_put_text(struct buf *out, struct slice text);

/* Appends an atom, in quotes where it needs them: topic, 'apply-to'. */
void term_put_atom(struct buf *out, struct slice name);

#endif
