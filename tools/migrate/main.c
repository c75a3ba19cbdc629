/* SPDX-License-Identifier: Apache-2.0 */
/* leveret-migrate: messages go from the queues of one broker to those of the same names at
 * another.
 *
 * The n-th delivery is the n-th publish: one channel at each end, in one order.  So the tag that
 * the target confirms is the tag that the source is acked, multiple or not, and nothing has to be
 * remembered.  A message is at the source until the target has said that it has it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/migrate/end.h"

struct options {
#define NUMBER(field, name, argument, usual, text) int64_t field;
#define FLAG(field, name, argument, text) bool field;
#include "tools/migrate/options.def"
#undef NUMBER
#undef FLAG
};

static struct options options = {
#define NUMBER(field, name, argument, usual, text) .field = usual,
#define FLAG(field, name, argument, text)
#include "tools/migrate/options.def"
#undef NUMBER
#undef FLAG
};

static const struct row {
	const char *name, *argument, *text;
	int64_t *number;
	bool *flag;
} rows[] = {
#define NUMBER(field, name, argument, usual, text) { name, argument, text, &options.field, NULL },
#define FLAG(field, name, argument, text) { name, argument, text, NULL, &options.field },
#include "tools/migrate/options.def"
#undef NUMBER
#undef FLAG
};

enum {
	ROWS = sizeof rows / sizeof *rows,
	TAGS = 1 << 16,              /* more than can be on their way */
	WAIT_MS = 100,
	TELL_MS = 1000,
};

struct migration {
	struct end source, target;
	char **queues;               /* what consumers are called at the source, too */
	size_t n_queues;
	uint64_t expected;           /* messages that were ready at first */
	uint64_t sent;               /* the last tag; the first is 1 */
	uint64_t settled;            /* up to this tag all are confirmed ... */
	bool done[TAGS];             /* ... and of those behind it, by tag, these */
	uint64_t confirmed;          /* in all */
	uint64_t again;              /* deliveries that the source marked as redelivered */
	uint64_t began_ms, moved_ms, told_ms;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the command line ---- */

static const char head[] =
	"usage: leveret-migrate [OPTION ...] FROM TO QUEUE ...\n"
	"Moves messages from queues of one AMQP 0-9-1 broker to the queues of the same names at\n"
	"another, while both are used.  FROM and TO are amqp://user:password@host:5672/vhost; with -\n"
	"in place of queues their names are read from the input, a line each.\n"
	"\n"
	"First the queues have to be there:\n"
	"  rabbitmqctl export_definitions all.json\n"
	"  leveretctl import_definitions --dry-run all.json\n"
	"  leveretctl import_definitions all.json\n"
	"Then consumers move to the new broker, then publishers, and meanwhile:\n"
	"  rabbitmqctl -q list_queues -s name | leveret-migrate --follow amqp://old amqp://new -\n"
	"\n"
	"A message is acked at the source when the target has confirmed it: none is lost, whatever\n"
	"breaks.  When this program or a broker is killed, at most --window messages come twice.\n"
	"Those of a queue keep their order; what is published at the target meanwhile comes between.\n"
	"Properties and headers stay as they are; a time to live begins anew.  A message with the\n"
	"property user_id needs a user at the target who is tagged impersonator.  Streams stay.\n"
	"\n";

static void help(void)
{
	fputs(head, stdout);
	for (int i = 0; i < ROWS; i++) {
		char left[64];
		snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].argument);
		printf("  %-14s %s", left, rows[i].text);
		if (rows[i].number)
			printf(" (%" PRIi64 ")", *rows[i].number);
		putchar('\n');
	}
	exit(0);
}

static const struct row *row_of(const char *word)
{
	for (int i = 0; i < ROWS; i++)
		if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}

static void add_queue(struct migration *m, const char *name)
{
	m->queues = realloc(m->queues, (m->n_queues + 1) * sizeof *m->queues);
	m->queues[m->n_queues++] = strdup(name);
}

static void read_queues(struct migration *m)
{
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line)
			add_queue(m, line);
	}
	free(line);
}

static int64_t number_of(const char *option, const char *word)
{
	char *end;
	errno = 0;
	long long n = word ? strtoll(word, &end, 10) : 0;
	if (!word || errno || end == word || *end || n < 1 || n > UINT16_MAX)
		end_with(EXIT_USAGE, "%s takes a number from 1 to %d", option, UINT16_MAX);
	return n;
}

/* FROM and TO. */
static void read_arguments(struct migration *m, int argc, char **argv, const char *uris[2])
{
	int n = 0;
	for (int i = 1; i < argc; i++) {
		const struct row *r = row_of(argv[i]);
		if (strcmp(argv[i], "--help") == 0)
			help();
		if (r && r->flag)
			*r->flag = true;
		else if (r)
			*r->number = number_of(r->name, argv[++i]);
		else if (argv[i][0] == '-' && argv[i][1])
			end_with(EXIT_USAGE, "'%s' is no option; --help tells all", argv[i]);
		else if (n < 2)
			uris[n++] = argv[i];
		else if (strcmp(argv[i], "-") == 0)
			read_queues(m);
		else
			add_queue(m, argv[i]);
	}
	if (n < 2 || m->n_queues == 0 || m->n_queues > UINT16_MAX)
		end_with(EXIT_USAGE, "FROM, TO and 1 to %d queues are needed; --help tells more",
		         UINT16_MAX);
}

/* ---- at first ---- */

/* That it is there at both ends is seen before anything is moved. */
static void look_at(struct migration *m, const char *queue)
{
	amqp_bytes_t name = amqp_cstring_bytes(queue);
	amqp_queue_declare_ok_t *ok = amqp_queue_declare(m->target.state, END_CHANNEL, name, 1, 0, 0,
	                                                 0, amqp_empty_table);
	end_check(&m->target, "looking for a queue");
	ok = amqp_queue_declare(m->source.state, END_CHANNEL, name, 1, 0, 0, 0, amqp_empty_table);
	end_check(&m->source, "looking for a queue");
	m->expected += ok->message_count;
}

/* The consumer is called as the queue is: so each delivery says where it goes. */
static void consume(struct migration *m, const char *queue)
{
	amqp_basic_consume(m->source.state, END_CHANNEL, amqp_cstring_bytes(queue),
	                   amqp_cstring_bytes(queue), 0, 0, 0, amqp_empty_table);
	end_check(&m->source, "consuming");
}

static void begin(struct migration *m, const char *const uris[2])
{
	end_open(&m->source, "the source", uris[0]);
	end_open(&m->target, "the target", uris[1]);
	amqp_confirm_select(m->target.state, END_CHANNEL);
	end_check(&m->target, "asking for confirms");
	size_t each = (size_t)options.window / m->n_queues;
	amqp_basic_qos(m->source.state, END_CHANNEL, 0, (uint16_t)(each ? each : 1), 0);
	end_check(&m->source, "saying how many may be on their way");
	for (size_t i = 0; i < m->n_queues; i++)
		look_at(m, m->queues[i]);
	for (size_t i = 0; i < m->n_queues; i++)
		consume(m, m->queues[i]);
}

/* ---- moving ---- */

static void send_on(struct migration *m, amqp_envelope_t *e)
{
	if (e->delivery_tag != ++m->sent)
		end_with(EXIT_TROUBLE, "the source counts its deliveries otherwise than by one");
	m->again += e->redelivered;
	int status = amqp_basic_publish(m->target.state, END_CHANNEL, amqp_empty_bytes,
	                                e->consumer_tag, 1, 0, &e->message.properties,
	                                e->message.body);
	end_check_status(&m->target, status, "publishing");
	m->moved_ms = now_ms();
}

/* The consumer of a queue that was deleted is told; whatever else comes is the end. */
static void on_other(struct migration *m)
{
	amqp_frame_t f;
	if (!end_frame(&m->source, 0, &f) || f.frame_type != AMQP_FRAME_METHOD)
		return;
	if (f.payload.method.id != AMQP_BASIC_CANCEL_METHOD)
		end_surprised(&m->source, &f.payload.method);
	const amqp_basic_cancel_t *c = f.payload.method.decoded;
	fprintf(stderr, "leveret-migrate: the queue '%.*s' is gone at the source\n",
	        (int)c->consumer_tag.len, (char *)c->consumer_tag.bytes);
}

/* What the source has sent; false when that was all for now. */
static bool take(struct migration *m)
{
	amqp_envelope_t e;
	struct timeval none = { 0 };
	amqp_rpc_reply_t r = amqp_consume_message(m->source.state, &e, &none, 0);
	if (r.reply_type == AMQP_RESPONSE_NORMAL) {
		send_on(m, &e);
		amqp_destroy_envelope(&e);
		return true;
	}
	if (r.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
	    r.library_error == AMQP_STATUS_TIMEOUT)
		return false;
	if (r.library_error != AMQP_STATUS_UNEXPECTED_STATE)
		end_check_status(&m->source, r.library_error, "consuming");
	on_other(m);
	return true;
}

/* Marks the tag as confirmed. */
static void mark(struct migration *m, uint64_t tag)
{
	m->confirmed += !m->done[tag % TAGS];
	m->done[tag % TAGS] = true;
}

static void settle(struct migration *m, uint64_t tag, bool multiple)
{
	if (tag > m->sent)
		end_with(EXIT_TROUBLE, "the target confirms what it was not sent");
	end_check_status(&m->source, amqp_basic_ack(m->source.state, END_CHANNEL, tag, multiple),
	                 "acking");
	for (uint64_t t = multiple ? m->settled + 1 : tag; t <= tag; t++)
		mark(m, t);
	for (; m->settled < m->sent && m->done[(m->settled + 1) % TAGS]; m->settled++)
		m->done[(m->settled + 1) % TAGS] = false;
}

/* What the target says; false when that was all for now. */
static bool hear(struct migration *m)
{
	amqp_frame_t f;
	if (!end_frame(&m->target, 0, &f))
		return false;
	if (f.frame_type != AMQP_FRAME_METHOD)
		return true;
	const amqp_basic_ack_t *ack = f.payload.method.decoded;
	const amqp_basic_return_t *back = f.payload.method.decoded;
	switch (f.payload.method.id) {
	case AMQP_BASIC_ACK_METHOD: settle(m, ack->delivery_tag, ack->multiple); break;
	case AMQP_BASIC_NACK_METHOD:
		end_with(EXIT_TROUBLE, "the target does not take a message, which stays at the source: a "
		                       "queue of it is full, or refuses");
	case AMQP_BASIC_RETURN_METHOD:
		end_with(EXIT_TROUBLE, "the target has no queue '%.*s' any more: the message stays at the "
		                       "source", (int)back->routing_key.len,
		         (char *)back->routing_key.bytes);
	default: end_surprised(&m->target, &f.payload.method);
	}
	return true;
}

/* ---- telling ---- */

static double seconds(const struct migration *m)
{
	return (double)(now_ms() - m->began_ms + 1) / 1e3;
}

static void tell(struct migration *m)
{
	double rate = (double)m->confirmed / seconds(m);
	uint64_t on_the_way = m->sent - m->confirmed;
	if (options.json)
		printf("{\"moved\":%" PRIu64 ",\"expected\":%" PRIu64 ",\"on_the_way\":%" PRIu64
		       ",\"rate\":%.0f}\n", m->confirmed, m->expected, on_the_way, rate);
	else if (isatty(STDERR_FILENO))
		fprintf(stderr,
		        "\r\033[K%" PRIu64 " of %" PRIu64 " moved, %" PRIu64
		        " on their way, %.0f a second",
		        m->confirmed, m->expected, on_the_way, rate);
	fflush(stdout);
	m->told_ms = now_ms();
}

static void conclude(struct migration *m)
{
	if (isatty(STDERR_FILENO) && !options.json)
		fputs("\r\033[K", stderr);
	if (options.json)
		printf("{\"moved\":%" PRIu64 ",\"queues\":%zu,\"seconds\":%.3f,"
		       "\"redelivered\":%" PRIu64 "}\n", m->confirmed, m->n_queues, seconds(m), m->again);
	else
		printf("moved %" PRIu64 " messages of %zu queues in %.1f s, %.0f a second; %" PRIu64
		       " had been delivered before\n", m->confirmed, m->n_queues, seconds(m),
		       (double)m->confirmed / seconds(m), m->again);
}

/* ---- the run ---- */

/* Nothing is on its way, and nothing has come for a while, or nothing more is to be taken. */
static bool is_over(const struct migration *m)
{
	bool still = now_ms() - m->moved_ms >= (uint64_t)options.idle * 1000;
	return m->sent == m->confirmed && (interrupted || (still && !options.follow));
}

static void run(struct migration *m)
{
	m->began_ms = m->moved_ms = m->told_ms = now_ms();
	while (!is_over(m)) {
		bool came = !interrupted && take(m);
		while (hear(m))
			came = true;
		amqp_maybe_release_buffers(m->source.state);
		amqp_maybe_release_buffers(m->target.state);
		if (now_ms() - m->told_ms >= TELL_MS)
			tell(m);
		if (!came)
			ends_wait(&m->source, &m->target, WAIT_MS);
	}
}

int main(int argc, char **argv)
{
	static struct migration m;
	const char *uris[2];
	struct sigaction action = { .sa_handler = on_interrupt };
	read_arguments(&m, argc, argv, uris);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	begin(&m, uris);
	run(&m);
	end_close(&m.source);
	end_close(&m.target);
	conclude(&m);
	for (size_t i = 0; i < m.n_queues; i++)
		free(m.queues[i]);
	free(m.queues);
	return 0;
}
