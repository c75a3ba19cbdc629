/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of how many messages there are, and of their bytes, is the same wherever it is told:
 * by queues, virtual hosts, the overview, Prometheus and leveretctl; and it is what is there.  So
 * after each step of a script of all that messages meet, with crashes in between. */
#include <stdlib.h>

#include "amqp/table.h"
#include "base/die.h"
#include "base/quantity.h"
#include "broker/vhost.h"
#include "queue/queue.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"
#include "tests/unit/management/fixture.h"

Suite *suite_management_accounts(void);

enum { SEEDS = 6, STEPS = 200, OUT = 64, CLIENTS = 2, LOOKS = 20 };

/* ---- the queues ---- */

enum { PLAIN, FLEETING, RANKED, TIMED, KEEPING, TRYING, GROUPED, ONCE, RETAINING, STREAM, DEAD,
	   SHORT, QUEUES };

static const struct kind {
	const char *name;
	bool durable, coming;        /* coming: it is not there at first */
	const char *arguments;       /* key, type and value */
} kinds[QUEUES] = {
	[PLAIN] = { "plain", true, false, "x-dead-letter-exchange S amq.fanout" },
	[FLEETING] = { "fleeting", false, false, "" },
	[RANKED] = { "ranked", true, false, "x-max-priority l 3 x-dead-letter-exchange S amq.fanout" },
	[TIMED] = { "timed", true, false, "x-message-ttl l 3000 x-dead-letter-exchange S amq.fanout" },
	[KEEPING] = { "keeping", true, false,
	              "x-queue-type S quorum x-overflow S reject-publish x-max-length l 30 "
	              "x-dead-letter-exchange S amq.direct x-dead-letter-routing-key S late "
	              "x-dead-letter-strategy S at-least-once" },
	[TRYING] = { "trying", true, false,
	             "x-queue-type S quorum x-delayed-retry-type S all x-delayed-retry-min l 700" },
	[GROUPED] = { "grouped", true, false, "x-group-header S g" },
	[ONCE] = { "once", true, false, "x-message-deduplication t 1" },
	[RETAINING] = { "retaining", true, false, "x-retain-bytes l 20000" },
	[STREAM] = { "stream", true, false, "x-queue-type S stream x-max-length-bytes l 40000" },
	[DEAD] = { "dead", true, true, "x-max-length l 20" },
	[SHORT] = { "short", true, false,
	            "x-max-length-bytes l 9000 x-dead-letter-exchange S amq.fanout" },
};

static void read_arguments(struct buf *out, const char *text)
{
	struct slice rest = slice_str(text);
	while (rest.n) {
		struct slice key = slice_cut(&rest, ' '), type = slice_cut(&rest, ' ');
		struct slice value = slice_cut(&rest, ' ');
		struct field f = { .letter = (char)type.p[0] };
		if (f.letter == 'S')
			f.bytes = value;
		else if (f.letter == 't')
			f.boolean = true;
		else
			f.integer = atoi((const char *)value.p);
		table_put(out, key, &f);
	}
}

/* ---- the clients ---- */

static struct client {
	struct talk talk;
	uint64_t tags[OUT];          /* deliveries that are not settled */
	unsigned n;
	bool broken;                 /* the broker has closed its channel, or more */
	const char *vhost;
} clients[CLIENTS] = { { .vhost = "/" }, { .vhost = "other" } };
static uint64_t random_state;

static unsigned dice(unsigned n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

static void note(struct client *c, const struct method *m)
{
	uint64_t tag = 0;
	switch (m->id) {
	case METHOD_basic_deliver: tag = m->basic_deliver.delivery_tag; break;
	case METHOD_basic_get_ok: tag = m->basic_get_ok.delivery_tag; break;
	case METHOD_channel_close:
	case METHOD_connection_close: c->broken = true; break;
	default: break;
	}
	if (tag && c->n < OUT)
		c->tags[c->n++] = tag;
}

static void hear(struct client *c)
{
	struct heard h;
	while (talk_read(&c->talk, &h))
		note(c, &h.method);
}

static void say(struct client *c, struct method m)
{
	talk_send(&c->talk, 1, &m);
	hear(c);
}

static void bind(struct client *c, const char *exchange, const char *key)
{
	say(c, (struct method){ .id = METHOD_queue_bind,
	                        .queue_bind = { .queue = slice_str("dead"),
	                                        .exchange = slice_str(exchange),
	                                        .routing_key = slice_str(key) } });
}

static void declare(struct client *c, unsigned q)
{
	struct buf arguments = { 0 };
	read_arguments(&arguments, kinds[q].arguments);
	say(c, (struct method){ .id = METHOD_queue_declare,
	                        .queue_declare = { .queue = slice_str(kinds[q].name),
	                                           .durable = kinds[q].durable,
	                                           .arguments = buf_slice(&arguments) } });
	buf_free(&arguments);
	if (q == DEAD) {
		bind(c, "amq.fanout", "");
		bind(c, "amq.direct", "late");
	}
}

static void enter(struct client *c)
{
	c->n = 0;
	c->broken = false;
	must(talk_open_at(&c->talk, &in, c->vhost));
	say(c, (struct method){ .id = METHOD_basic_qos, .basic_qos = { .prefetch_count = 20 } });
	for (unsigned q = 0; q < QUEUES; q++)
		if (!kinds[q].coming)
			declare(c, q);
}

static void enter_anew(struct client *c)
{
	talk_free(&c->talk);
	enter(c);
}

static const struct queue *queue_at(const char *vhost, unsigned i)
{
	const struct vhost *v = vhost_find(in.broker, slice_str(vhost));
	return topology_queue(&v->topology, slice_str(kinds[i].name));
}

/* One that is there, if it takes a few throws; as are the first ones at most times. */
static struct slice any_queue(const struct client *c)
{
	unsigned q = 0;
	for (int throws = 0; throws < 5 && !queue_at(c->vhost, q = dice(QUEUES)); throws++)
		;
	return slice_str(kinds[q].name);
}

/* ... of which messages can be taken. */
static struct slice any_plain_queue(const struct client *c)
{
	struct slice name;
	while (slice_is(name = any_queue(c), "stream"))
		;
	return name;
}

static void publish(struct client *c)
{
	static const uint8_t body[3000];
	struct buf headers = { 0 };
	char key[2] = { (char)('a' + dice(3)) }, expiration[8];
	table_put_str(&headers, "g", key);
	if (dice(2) == 0)
		table_put_str(&headers, "x-deduplication-header", key);
	snprintf(expiration, sizeof expiration, "%u", dice(6000));
	struct props p = { .flags = PROP_headers | PROP_delivery_mode | PROP_priority,
		               .headers = buf_slice(&headers),
		               .delivery_mode = dice(4) ? 2 : 1,
		               .priority = (uint8_t)dice(5) };
	if (dice(3) == 0) {
		p.flags |= PROP_expiration;
		p.expiration = slice_str(expiration);
	}
	struct method m = { .id = METHOD_basic_publish,
		                .basic_publish = { .routing_key = any_queue(c) } };
	for (unsigned n = 1 + dice(8); n; n--)
		talk_content(&c->talk, 1, &m, &p,
		             slice_of(body, dice(8) ? dice(400) : dice(sizeof body)));
	buf_free(&headers);
	hear(c);
}

static void get(struct client *c)
{
	struct slice queue = any_plain_queue(c);
	for (unsigned n = 1 + dice(10); n; n--)
		say(c, (struct method){ .id = METHOD_basic_get,
		                        .basic_get = { .queue = queue, .no_ack = dice(4) == 0 } });
}

static void consume(struct client *c)
{
	struct buf arguments = { 0 };
	struct slice queue = any_queue(c);
	bool reads = slice_is(queue, "stream") || (slice_is(queue, "retaining") && dice(2));
	if (reads)
		table_put_int(&arguments, "x-stream-offset", dice(30));
	say(c, (struct method){ .id = METHOD_basic_consume,
	                        .basic_consume = { .queue = queue,
	                                           .no_ack = !reads && dice(5) == 0,
	                                           .arguments = buf_slice(&arguments) } });
	buf_free(&arguments);
}

/* True when the tag is settled by that; nothing is settled twice. */
static bool is_settled(uint64_t tag, uint64_t by, bool multiple)
{
	return tag == by || (multiple && tag < by);
}

static void settle(struct client *c)
{
	if (c->n == 0)
		return;
	uint64_t tag = c->tags[dice(c->n)];
	bool multiple = dice(3) == 0, requeue = dice(3) == 0;
	unsigned kept = 0;
	for (unsigned i = 0; i < c->n; i++)
		if (!is_settled(c->tags[i], tag, multiple))
			c->tags[kept++] = c->tags[i];
	c->n = kept;
	if (dice(3) == 0)
		say(c, (struct method){ .id = METHOD_basic_ack, .basic_ack = { tag, multiple } });
	else
		say(c, (struct method){ .id = METHOD_basic_nack,
		                        .basic_nack = { tag, multiple, requeue } });
}

static void settle_some(struct client *c)
{
	for (unsigned n = 1 + dice(12); n; n--)
		settle(c);
}

static void transact(struct client *c)
{
	static const uint32_t ends[] = { METHOD_tx_commit, METHOD_tx_rollback };
	say(c, (struct method){ .id = METHOD_tx_select });
	publish(c);
	settle_some(c);
	say(c, (struct method){ .id = ends[dice(2)] });
}

static void empty_or_delete(struct client *c)
{
	if (dice(3))
		say(c, (struct method){ .id = METHOD_queue_purge,
		                        .queue_purge = { .queue = any_plain_queue(c) } });
	else
		say(c, (struct method){ .id = METHOD_queue_delete,
		                        .queue_delete = { .queue = any_queue(c) } });
}

/* ---- by hand ---- */

static struct buf said;

static void by_verb(const char *first, const char *second, const char *third)
{
	buf_clear(&said);
	admin_say(&in, &said, "-q", "-p", clients[dice(CLIENTS)].vhost, first, second, third, NULL);
}

static void by_api(const char *queue)
{
	static const char *const bodies[] = {
		"{\"count\":5,\"ackmode\":\"ack_requeue_true\",\"encoding\":\"auto\"}",
		"{\"count\":5,\"ackmode\":\"ack_requeue_false\",\"encoding\":\"auto\"}",
		"{\"count\":5,\"ackmode\":\"reject_requeue_false\",\"encoding\":\"auto\"}",
	};
	char target[80];
	snprintf(target, sizeof target, "/api/queues/%%2F/%s/get", queue);
	browser_ask(&browser, "POST", target, bodies[dice(ARRAY_LEN(bodies))]);
}

static void by_hand(void)
{
	char number[12];
	const char *queue = kinds[dice(QUEUES)].name;
	snprintf(number, sizeof number, "%u", 1 + dice(60));
	switch (dice(5)) {
	case 0: by_verb("move", queue, kinds[dice(QUEUES)].name); break;
	case 1: by_verb("delete_message", queue, number); break;
	case 2: by_verb("replay", "retaining", NULL); break;
	case 3: by_verb("purge_queue", queue, NULL); break;
	default: by_api(queue);
	}
}

/* ---- what is told ---- */

enum figure { MESSAGES, READY, UNACKED, HELD, BYTES, READY_BYTES, UNACKED_BYTES, HELD_BYTES,
	          PERSISTENT, PERSISTENT_BYTES, FIGURES };

struct figures {
	uint64_t of[FIGURES];
};

static const char *const fields[FIGURES] = {
	"messages", "messages_ready", "messages_unacknowledged", "messages_dlx", "message_bytes",
	"message_bytes_ready", "message_bytes_unacknowledged", "message_bytes_dlx",
	"messages_persistent", "message_bytes_persistent",
};

/* NULL: it is not told there. */
static const char *const metrics[FIGURES] = {
	"queue_messages", "queue_messages_ready", "queue_messages_unacked", NULL,
	"queue_messages_bytes", "queue_messages_ready_bytes", "queue_messages_unacked_bytes", NULL,
	"queue_messages_persistent", "queue_messages_persistent_bytes",
};

static struct browser scraper;

/* The numbers behind the text, added up; with labels in between, or not. */
static uint64_t sum_behind(const char *all, const char *text)
{
	uint64_t sum = 0;
	for (const char *at = all; (at = strstr(at, text));) {
		at += strlen(text);
		at = *at == '{' ? strchr(at, '}') + 1 : at;
		sum += *at == ' ' || text[strlen(text) - 1] == ':' ? strtoull(at, NULL, 10) : 0;
	}
	return sum;
}

static const char *answer_to(struct browser *b, const char *method, const char *target,
                             const char *body)
{
	unsigned status = browser_ask(b, method, target, body);
	ck_assert_msg(status == 200, "%s: %u %s", target, status, browser_body(b));
	return browser_body(b);
}

static struct figures of_json(const char *target)
{
	struct figures f = { 0 };
	char text[60];
	const char *answer = answer_to(&browser, "GET", target, NULL);
	for (unsigned i = 0; i < FIGURES; i++) {
		snprintf(text, sizeof text, "\"%s\":", fields[i]);
		f.of[i] = sum_behind(answer, text);
	}
	return f;
}

static struct figures of_metrics(const char *target)
{
	struct figures f = { 0 };
	char text[80];
	const char *answer = answer_to(&scraper, "GET", target, NULL);
	for (unsigned i = 0; i < FIGURES; i++) {
		snprintf(text, sizeof text, "\nrabbitmq_%s", metrics[i] ? metrics[i] : "none");
		f.of[i] = sum_behind(answer, text);
	}
	return f;
}

static void add_line(struct slice line, struct figures *f)
{
	for (unsigned i = 0; i < FIGURES; i++) {
		uint64_t n = 0;
		quantity_count(slice_cut(&line, '\t'), &n);
		f->of[i] += n;
	}
}

static struct figures of_list(void)
{
	struct figures f = { 0 };
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct request r = { .n = 4, .arguments = { slice_str("-s"), slice_str("-p"),
			                                        slice_str(clients[i].vhost),
			                                        slice_str("list_queues") } };
		for (unsigned k = 0; k < FIGURES; k++)
			r.arguments[r.n++] = slice_str(fields[k]);
		buf_clear(&said);
		ck_assert_int_eq(admin_ask(&in, &r, &said), 0);
		for (struct slice rest = buf_slice(&said); rest.n;)
			add_line(slice_cut(&rest, '\n'), &f);
	}
	return f;
}

/* The first row is of all queues. */
static struct figures of_ranking(void)
{
	static const enum figure told[] = { MESSAGES, UNACKED, READY_BYTES };
	struct figures f = { 0 };
	buf_clear(&said);
	ck_assert_int_eq(admin_say(&in, &said, "-s", "rank_queues", NULL), 0);
	struct slice rest = buf_slice(&said), line = slice_cut(&rest, '\n');
	slice_cut(&line, '\t');
	slice_cut(&line, '\t');
	for (size_t i = 0; i < ARRAY_LEN(told); i++)
		ck_assert(quantity_count(slice_cut(&line, '\t'), &f.of[told[i]]));
	return f;
}

/* ---- what is there ---- */

/* What somebody sees who looks at each message: those that are neither ready nor with a client wait
 * for their next try, or are held. */
static void look_at(const char *vhost, const struct kind *k, struct figures *f)
{
	char target[80];
	snprintf(target, sizeof target, "/api/queues/%s/%s/peek", vhost, k->name);
	const char *at = answer_to(&browser, "POST", target, "{\"count\":1000,\"truncate\":0}");
	ck_assert(strstr(at, "\"next\":null"));
	while ((at = strstr(at, "\"state\":\""))) {
		at += strlen("\"state\":\"");
		const char *end = strstr(at, "\"state\":\""), *mode = strstr(at, "\"delivery_mode\":2");
		uint64_t bytes = strtoull(strstr(at, "\"payload_bytes\":") + 16, NULL, 10);
		bool ready = *at == 'r', kept = k->durable && mode && (!end || mode < end);
		f->of[MESSAGES]++;
		f->of[READY] += ready;
		f->of[PERSISTENT] += kept;
		f->of[BYTES] += bytes;
		f->of[READY_BYTES] += ready ? bytes : 0;
		f->of[PERSISTENT_BYTES] += kept ? bytes : 0;
	}
}

static void assert_like(const char *what, const struct figures *told, const struct figures *all,
                        uint64_t which)
{
	for (unsigned i = 0; i < FIGURES; i++)
		ck_assert_msg(!(which >> i & 1) || told->of[i] == all->of[i],
		              "%s of %s is %llu, and not %llu", fields[i], what,
		              (unsigned long long)told->of[i], (unsigned long long)all->of[i]);
}

#define OF(figure) (1u << (figure))
#define ALL        (OF(FIGURES) - 1)
#define SEEN       (OF(MESSAGES) | OF(READY) | OF(BYTES) | OF(READY_BYTES) | OF(PERSISTENT) | \
	                OF(PERSISTENT_BYTES))

/* ---- all of it ---- */

/* However far anything has come. */
static void check_sums(void)
{
	struct tally none = { 0 }, all = { 0 };
	broker_check(in.broker);
	counters_settle(in.broker);
	list_each(it, &in.broker->all_vhosts.list) {
		const struct topology *t = &list_entry(it, struct vhost, link)->topology;
		struct tally sum = { 0 };
		list_each(at, &t->all_queues.list) {
			struct tally now = tally_of(list_entry(at, struct queue, link));
			tally_follow(&sum, &none, &now);
		}
		ck_assert_mem_eq(&sum, &t->tally, sizeof sum);
		tally_follow(&all, &none, &sum);
	}
	ck_assert_mem_eq(&all, &in.broker->store.tally, sizeof all);
}

static struct figures of_tally(const struct tally *t)
{
	return (struct figures){ {
		[MESSAGES] = tally_messages(t), [READY] = t->ready, [UNACKED] = t->unacked,
		[HELD] = t->held, [BYTES] = tally_bytes(t), [READY_BYTES] = t->ready_bytes,
		[UNACKED_BYTES] = t->unacked_bytes, [HELD_BYTES] = t->held_bytes,
		[PERSISTENT] = t->persistent, [PERSISTENT_BYTES] = t->persistent_bytes,
	} };
}

static struct tally settled_tally(void)
{
	counters_settle(in.broker);
	return in.broker->store.tally;
}

/* Time that passes while somebody asks may end something: then it is asked once more. */
static void check_told(const char *what, struct figures (*told)(void), uint64_t which)
{
	struct tally before, after;
	struct figures f, all;
	int looks = 0;
	do {
		before = settled_tally();
		f = told();
		after = settled_tally();
	} while (memcmp(&before, &after, sizeof before) != 0 && ++looks < LOOKS);
	all = of_tally(&after);
	assert_like(what, &f, &all, which);
}

static struct figures of_queues(void)
{
	return of_json("/api/queues");
}

static struct figures of_vhosts(void)
{
	return of_json("/api/vhosts");
}

static struct figures of_overview(void)
{
	return of_json("/api/overview");
}

static struct figures of_totals(void)
{
	return of_metrics("/metrics");
}

static struct figures of_objects(void)
{
	return of_metrics("/metrics/per-object");
}

/* Of a queue, the parts are all of it, and what somebody sees who looks at each message. */
static void check_queue(const char *vhost, const struct queue *q, const struct kind *k)
{
	char target[80];
	struct figures f, parts, seen;
	struct tally before, after;
	int looks = 0;
	snprintf(target, sizeof target, "/api/queues/%s/%s", vhost, k->name);
	do {
		seen = (struct figures){ 0 };
		before = tally_of(q);
		f = of_json(target);
		if (!q->live->stream)
			look_at(vhost, k, &seen);
		after = tally_of(q);
	} while (memcmp(&before, &after, sizeof before) != 0 && ++looks < LOOKS);
	parts = f;
	parts.of[MESSAGES] = f.of[READY] + f.of[UNACKED] + f.of[HELD];
	parts.of[BYTES] = f.of[READY_BYTES] + f.of[UNACKED_BYTES] + f.of[HELD_BYTES];
	assert_like(target, &parts, &f, ALL);
	if (q->live->stream)
		ck_assert_uint_eq(f.of[MESSAGES], f.of[READY]);
	else
		assert_like(target, &f, &seen, SEEN);
}

static void check_queues(const char *vhost, const char *in_path)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		const struct queue *q = queue_at(vhost, i);
		if (q)
			check_queue(in_path, q, &kinds[i]);
	}
}

static void check_all(void)
{
	check_told("all queues", of_queues, ALL);
	check_told("all virtual hosts", of_vhosts, OF(MESSAGES) | OF(READY) | OF(UNACKED));
	check_told("the overview", of_overview, OF(MESSAGES) | OF(READY) | OF(UNACKED));
	check_told("/metrics", of_totals, ALL & ~(OF(HELD) | OF(HELD_BYTES)));
	check_told("/metrics/per-object", of_objects, ALL & ~(OF(HELD) | OF(HELD_BYTES)));
	check_told("list_queues", of_list, ALL);
	check_told("rank_queues", of_ranking, OF(MESSAGES) | OF(UNACKED) | OF(READY_BYTES));
	check_queues("/", "%2F");
	check_queues("other", "other");
}

/* ---- the script ---- */

static void open_all(void)
{
	browser_open(&browser, &in, true);
	browser_open(&scraper, &in, true);
	browser_visit(&scraper, HTTP_METRICS, true);
	for (unsigned i = 0; i < CLIENTS; i++)
		enter(&clients[i]);
}

static void close_all(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		talk_free(&clients[i].talk);
	browser_close(&browser);
	browser_close(&scraper);
}

static void set_up_all(unsigned seed)
{
	random_state = seed;
	inside_init(&in);
	in.durable = true;
	in.segment_bytes = 256 << 10;
	in.options.index_page_entries = 16;
	if (seed % 2)
		in.options.message_memory_bytes = 0;
	ck_assert(inside_start(&in, &why));
	ck_assert_int_eq(admin_say(&in, &said, "add_vhost", "other", NULL), 0);
	ck_assert_int_eq(admin_say(&in, &said, "set_permissions", "-p", "other", "guest", ".*", ".*",
	                           ".*", NULL), 0);
	open_all();
}

static void tear_down_all(void)
{
	close_all();
	inside_stop(&in);
	inside_forget(&in);
	buf_free(&said);
	buf_free(&why);
}

static void start_anew(void)
{
	close_all();
	if (dice(3))
		inside_crash(&in, (enum disk_sim_loss)dice(DISK_SIM_LOSS_KINDS));
	else
		inside_stop(&in);
	ck_assert_msg(inside_start(&in, &why), "%.*s", (int)why.len, (char *)why.p);
	check_sums();
	open_all();
}

static void act(struct client *c)
{
	if (c->broken || dice(50) == 0)
		enter_anew(c);
	switch (dice(20)) {
	case 0 ... 5: publish(c); break;
	case 6 ... 8: get(c); break;
	case 9 ... 10: consume(c); break;
	case 11 ... 13: settle_some(c); break;
	case 14: transact(c); break;
	case 15: empty_or_delete(c); break;
	case 16: declare(c, dice(QUEUES)); break;
	default: inside_pass(&in, dice(2) ? dice(400) : dice(4000)); break;
	}
}

/* While the log gets no time, what comes from it is on its way. */
static void act_meanwhile(void)
{
	in.held = true;
	for (unsigned n = dice(5); n; n--) {
		struct client *c = &clients[dice(CLIENTS)];
		if (!c->broken)
			dice(2) ? publish(c) : get(c);
		inside_pass(&in, dice(1500));
		check_sums();
	}
	inside_let_go(&in);
}

static void step(void)
{
	switch (dice(40)) {
	case 0: start_anew(); break;
	case 1 ... 5: by_hand(); break;
	case 6 ... 11: act_meanwhile(); break;
	default: act(&clients[dice(CLIENTS)]); break;
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		hear(&clients[i]);
	inside_pass(&in, 0);
	check_sums();
}

START_TEST(all_that_is_told_adds_up)
{
	set_up_all((unsigned)_i);
	for (int i = 0; i < STEPS; i++) {
		step();
		check_all();
	}
	tear_down_all();
}
END_TEST

/* ---- dead letters that are held ---- */

/* In the log only. */
static void set_up_held(void)
{
	struct client *c = &clients[0];
	set_up_all(1);
	for (int i = 0; i < 3; i++)
		talk_publish(&c->talk, 1, slice_of("", 0), slice_str("keeping"), false, true,
		             slice_str("four"));
	for (int i = 0; i < 3; i++)
		say(c, (struct method){ .id = METHOD_basic_get,
		                        .basic_get = { .queue = slice_str("keeping") } });
	say(c, (struct method){ .id = METHOD_basic_nack, .basic_nack = { 0, true, false } });
	inside_pass(&in, 100);
	c->n = 0;
}

static void assert_held(uint64_t n)
{
	struct figures all = { { [MESSAGES] = n, [HELD] = n, [BYTES] = 4 * n, [HELD_BYTES] = 4 * n } };
	struct figures f = of_json("/api/queues/%2F/keeping");
	all.of[PERSISTENT] = n;
	all.of[PERSISTENT_BYTES] = 4 * n;
	assert_like("the queue", &f, &all, ALL);
	check_sums();
}

START_TEST(what_is_tried_again_is_held_meanwhile)
{
	const struct queue *q = queue_at("/", KEEPING);
	assert_held(3);
	in.held = true;
	inside_pass(&in, 1000);
	ck_assert_uint_eq(q->live->n_recalls, 3);
	assert_held(3);
	ck_assert_uint_eq(tally_ram(q).n, 0);
	inside_let_go(&in);
	assert_held(3);
	declare(&clients[0], DEAD);
	inside_pass(&in, 4000);
	assert_held(0);
	ck_assert_uint_eq(queue_ready(queue_at("/", DEAD)), 3);
}
END_TEST

static void assert_samples(const char *target)
{
	char with[120];
	snprintf(with, sizeof with, "%s?lengths_age=5&lengths_incr=5", target);
	const char *answer = answer_to(&browser, "GET", with, NULL);
	const char *all = strstr(answer, "\"messages_details\":");
	const char *unacked = strstr(answer, "\"messages_unacknowledged_details\":");
	ck_assert(all && unacked);
	ck_assert_int_eq(strtol(strstr(all, "\"sample\":") + 9, NULL, 10), 3);
	ck_assert_int_eq(strtol(strstr(unacked, "\"sample\":") + 9, NULL, 10), 0);
}

START_TEST(samples_are_of_the_same)
{
	inside_pass(&in, 20000);
	assert_samples("/api/queues/%2F/keeping");
	assert_samples("/api/vhosts/%2F");
	assert_samples("/api/overview");
}
END_TEST

/* What its readers have is in the stream as before. */
START_TEST(of_a_stream_nothing_is_unacked)
{
	struct client *c = &clients[0];
	struct buf arguments = { 0 };
	table_put_int(&arguments, "x-stream-offset", 0);
	for (int i = 0; i < 5; i++)
		talk_publish(&c->talk, 1, slice_of("", 0), slice_str("stream"), false, true,
		             slice_str("four"));
	say(c, (struct method){ .id = METHOD_basic_consume,
	                        .basic_consume = { .queue = slice_str("stream"),
	                                           .arguments = buf_slice(&arguments) } });
	buf_free(&arguments);
	inside_pass(&in, 100);
	hear(c);
	ck_assert_uint_eq(c->n, 5);
	struct figures f = of_json("/api/queues/%2F/stream");
	ck_assert_uint_eq(f.of[MESSAGES], 5);
	ck_assert_uint_eq(f.of[UNACKED], 0);
	ck_assert_uint_eq(broker_handed_out(in.broker), 5);
	ck_assert_ptr_nonnull(strstr(answer_to(&browser, "GET", "/api/channels", NULL),
	                             "\"messages_unacknowledged\":5"));
}
END_TEST

Suite *suite_management_accounts(void)
{
	Suite *s = suite_create("management_accounts");
	TCase *c = tcase_create("accounts");
	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, all_that_is_told_adds_up, 1, SEEDS + 1);
	suite_add_tcase(s, c);
	c = tcase_create("held");
	tcase_add_checked_fixture(c, set_up_held, tear_down_all);
	tcase_add_test(c, what_is_tried_again_is_held_meanwhile);
	tcase_add_test(c, samples_are_of_the_same);
	tcase_add_test(c, of_a_stream_nothing_is_unacked);
	suite_add_tcase(s, c);
	return s;
}
