/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions out of one broker and into another. */
#include "management/definitions.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>

#include "base/die.h"
#include "management/parsing.h"
#include "tests/sim/admin.h"
#include "tests/sim/talk.h"

Suite *suite_management_definitions(void);

static struct inside in;
static struct talk talk;
static struct buf said, first, second;

static void start(void)
{
	inside_init(&in);
	in.durable = true;
	ck_assert(inside_start(&in, &said));
}

static void stop(void)
{
	inside_stop(&in);
	inside_forget(&in);
	buf_clear(&said);
}

static void set_up(void)
{
	start();
}

static void tear_down(void)
{
	stop();
	buf_free(&said);
	buf_free(&first);
	buf_free(&second);
}

static void ask(const char *words)
{
	struct request r = { 0 };
	for (struct slice rest = slice_str(words); rest.n;)
		r.arguments[r.n++] = slice_cut(&rest, ' ');
	buf_clear(&said);
	ck_assert_msg(admin_ask(&in, &r, &said) == 0, "%s: %.*s", words, SLICE_ARG(buf_slice(&said)));
}

static void export(struct buf *out)
{
	buf_clear(out);
	ck_assert_int_eq(admin_say(&in, out, "export_definitions", NULL), 0);
}

static int import(const char *text)
{
	buf_clear(&said);
	return admin_say(&in, &said, "import_definitions", "-q", text, NULL);
}

static const char *text_of(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return (const char *)b->p;
}

#define assert_says(text) \
	ck_assert_msg(strstr(text_of(&said), text) != NULL, "'%s' is not in '%s'", text, text_of(&said))

static void declare(const char *queue, bool durable, bool exclusive)
{
	static const char arguments[] = "\x0cx-max-lengthl\0\0\0\0\0\0\0\x09";
	struct method m = { .id = METHOD_queue_declare,
		                .queue_declare = { .queue = slice_str(queue), .durable = durable,
		                                   .exclusive = exclusive,
		                                   .arguments = slice_of(arguments, 22) } };
	ck_assert(talk_call(&talk, 1, m, METHOD_queue_declare_ok, NULL));
}

static void furnish(void)
{
	struct method exchange = { .id = METHOD_exchange_declare,
		                       .exchange_declare = { .exchange = slice_str("x"),
		                                             .type = slice_str("topic"),
		                                             .durable = true, .internal = true } };
	struct method bind = { .id = METHOD_queue_bind,
		                   .queue_bind = { .queue = slice_str("q"), .exchange = slice_str("x"),
		                                   .routing_key = slice_str("a.#") } };
	ask("add_vhost --description of\"colours --tags a,b --default-queue-type classic red");
	ask("add_user kate secret");
	ask("set_user_tags kate management monitoring");
	ask("set_user_limits kate {\"max-channels\":9}");
	ask("set_vhost_limits -p red {\"max-queues\":1000}");
	ask("set_permissions -p red kate .* .* ^k");
	ask("set_topic_permissions -p red kate x ^w ^r");
	ask("set_policy -p red p ^q {\"max-length\":5} --priority 3 --apply-to queues");
	ask("set_operator_policy -p red o .* {\"expires\":100000}");
	ask("set_global_parameter g {\"a\":[1,true]}");
	ask("set_permissions -p red guest .* .* .*");
	ck_assert(talk_open_at(&talk, &in, "red"));
	declare("q", true, false);
	declare("passing", false, false);
	declare("mine", true, true);
	ck_assert(talk_call(&talk, 1, exchange, METHOD_exchange_declare_ok, NULL));
	ck_assert(talk_call(&talk, 1, bind, METHOD_queue_bind_ok, NULL));
	talk_free(&talk);
}

START_TEST(what_was_exported_is_the_same_when_it_is_exported_again_elsewhere)
{
	json_error_t why;
	furnish();
	export(&first);
	json_t *root = json_loadb((const char *)first.p, first.len, 0, &why);
	ck_assert_msg(root != NULL, "%s: %s", why.text, text_of(&first));
	ck_assert_uint_eq(json_array_size(json_object_get(root, "users")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "parameters")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "queues")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "exchanges")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(root, "bindings")), 1);
	json_decref(root);
	stop();
	start();
	ck_assert_int_eq(import(text_of(&first)), 0);
	ck_assert_str_eq(text_of(&said), "");
	export(&second);
	ck_assert_str_eq(text_of(&first), text_of(&second));
	ck_assert_int_eq(admin_say(&in, &said, "authenticate_user", "kate", "secret", NULL), 0);
	ck_assert_int_eq(import(text_of(&first)), 0);
	export(&second);
	ck_assert_str_eq(text_of(&first), text_of(&second));
}
END_TEST

/* ---- one virtual host ---- */

START_TEST(one_virtual_host_goes_to_another)
{
	furnish();
	ask("export_definitions -q -p red");
	ck_assert(strstr(text_of(&said), "single_virtual_host") && !strstr(text_of(&said), "kate") &&
	          !strstr(text_of(&said), "\"vhost\":") && !strstr(text_of(&said), "\"g\""));
	buf_clear(&first);
	buf_append_slice(&first, buf_slice(&said));
	ask("add_vhost green");
	ck_assert_int_eq(import(text_of(&first)), 65);
	assert_says("-p says which one they are for");
	buf_clear(&said);
	ck_assert_int_eq(admin_say(&in, &said, "import_definitions", "-q", "-p", "green",
	                           text_of(&first), NULL), 0);
	ask("list_queues -s -p green name policy");
	ck_assert_str_eq(text_of(&said), "passing\t\nq\tp\n");
	ask("list_bindings -s -p green source_name routing_key");
	assert_says("x\ta.#\n");
	ask("list_vhost_limits -s -p green");
	assert_says("{\"max-queues\":1000}");
	ask("list_operator_policies -s -p green");
	assert_says("expires");
	ask("list_permissions -s -p green");
	ck_assert_str_eq(text_of(&said), "");
}
END_TEST

START_TEST(what_is_of_another_virtual_host_is_not_taken)
{
	ask("add_vhost green");
	ck_assert_int_eq(admin_say(&in, &said, "import_definitions", "-q", "-p", "green",
	                           "{\"users\":[{\"name\":\"u\",\"password\":\"p\"}],"
	                           "\"queues\":[{\"name\":\"a\",\"vhost\":\"/\"},"
	                           "{\"name\":\"b\",\"vhost\":\"green\"},{\"name\":\"c\"}]}",
	                           NULL), 65);
	assert_says("queues, number 1: is of virtual host '/'\n");
	ask("list_queues -s -p green name");
	ck_assert_str_eq(text_of(&said), "b\nc\n");
	ask("list_users -s");
	ck_assert_str_eq(text_of(&said), "guest\t[administrator]\n");
}
END_TEST

START_TEST(protection_goes_with_them)
{
	ask("add_vhost red");
	ask("enable_vhost_protection_from_deletion red");
	export(&first);
	stop();
	start();
	ck_assert_int_eq(import(text_of(&first)), 0);
	ask("list_vhosts -s name protected_from_deletion");
	ck_assert_str_eq(text_of(&said), "/\tfalse\nred\ttrue\n");
	ck_assert_int_eq(import("{\"vhosts\":[{\"name\":\"red\"},{\"name\":\"/\","
	                        "\"metadata\":{\"protected_from_deletion\":true}}]}"), 0);
	ask("list_vhosts -s name protected_from_deletion");
	ck_assert_str_eq(text_of(&said), "/\ttrue\nred\ttrue\n");
}
END_TEST

START_TEST(what_was_imported_stays)
{
	furnish();
	export(&first);
	stop();
	start();
	ck_assert_int_eq(import(text_of(&first)), 0);
	inside_crash(&in, DISK_SIM_LOSES_ALL);
	ck_assert(inside_start(&in, &said));
	ask("list_queues -s -p red name");
	ck_assert_str_eq(text_of(&said), "q\n");   /* and the one that does not last is gone */
	ask("list_bindings -s -p red source_name routing_key");
	assert_says("x\ta.#\n");
	ask("list_user_limits -s --user kate");
	ck_assert_str_eq(text_of(&said), "{\"max-channels\":9}\n");
}
END_TEST

/* As RabbitMQ 3 and 4 write them. */
START_TEST(other_forms_are_understood)
{
	ck_assert_int_eq(import(
		"{\"rabbit_version\":\"3.6.0\",\"unknown\":[1],"
		"\"users\":[{\"name\":\"old\",\"password_hash\":\"c2FsdNQqD3Qv/Bvk4cwIRcJCnJc=\","
		"\"tags\":\"administrator,other\"},"
		"{\"name\":\"plain\",\"password\":\"p\",\"tags\":[]},"
		"{\"name\":\"none\",\"password_hash\":\"\",\"tags\":\"\"}],"
		"\"vhosts\":[{\"name\":\"/\"},{\"name\":\"v\",\"metadata\":{\"description\":\"d\","
		"\"tags\":[\"t\"],\"default_queue_type\":\"quorum\"}}],"
		"\"queues\":[{\"name\":\"q\",\"vhost\":\"v\",\"durable\":true,\"auto_delete\":false,"
		"\"arguments\":{\"x-queue-type\":\"quorum\"},\"type\":\"quorum\"}]}"), 0);
	ask("authenticate_user old secret");
	ask("authenticate_user plain p");
	ask("list_users -s");
	assert_says("old\t[administrator, other]\n");
	ask("list_vhosts -s name description tags default_queue_type");
	assert_says("v\td\t[t]\tquorum\n");
}
END_TEST

START_TEST(what_makes_no_sense_is_said_and_the_rest_is_taken)
{
	ck_assert_int_eq(import(
		"{\"users\":[{\"name\":\"\"},{\"name\":\"u\",\"password_hash\":\"%%\"},7,"
		"{\"name\":\"good\",\"password\":\"p\"}],"
		"\"vhosts\":[{\"name\":5},{\"name\":\"s\",\"default_queue_type\":\"river\"}],"
		"\"permissions\":[{\"user\":\"nobody\",\"vhost\":\"/\"},"
		"{\"user\":\"good\",\"vhost\":\"nowhere\"},"
		"{\"user\":\"good\",\"vhost\":\"/\",\"configure\":\"(\",\"write\":\"\",\"read\":\"\"}],"
		"\"topic_permissions\":[{\"user\":\"good\",\"vhost\":\"/\"}],"
		"\"parameters\":[{\"component\":\"shovel\",\"vhost\":\"/\",\"name\":\"s\",\"value\":{}},"
		"{\"component\":\"vhost-limits\",\"vhost\":\"/\",\"name\":\"limits\","
		"\"value\":{\"max-cats\":1}}],"
		"\"policies\":[{\"name\":\"p\",\"vhost\":\"/\",\"pattern\":\"(\",\"definition\":{}}],"
		"\"queues\":[{\"name\":\"amq.q\",\"vhost\":\"/\"},{\"name\":\"q\",\"vhost\":\"/\","
		"\"arguments\":{\"x-max-length\":-1}},{\"name\":\"fine\",\"vhost\":\"/\"}],"
		"\"exchanges\":[{\"name\":\"x\",\"vhost\":\"/\",\"type\":\"round\"}],"
		"\"bindings\":[{\"source\":\"\",\"vhost\":\"/\",\"destination\":\"fine\"},"
		"{\"source\":\"amq.topic\",\"vhost\":\"/\",\"destination\":\"none\"}]}"), 65);
	assert_says("users, number 1: name has to be a text of 1 to 255 bytes\n");
	assert_says("users, number 2: password_hash is not one of rabbit_password_hashing_md5");
	assert_says("users, number 3: not an object");
	assert_says("vhosts, number 1: name has to be");
	assert_says("vhosts, number 2: unsupported queue type 'river'\n");
	assert_says("permissions, number 1: User \"nobody\" does not exist\n");
	assert_says("permissions, number 2: Virtual host 'nowhere' does not exist\n");
	assert_says("permissions, number 3: invalid regular expression");
	assert_says("topic_permissions, number 1: exchange has to be");
	assert_says("parameters, number 1: component shovel not found\n");
	assert_says("parameters, number 2: Unrecognised terms");
	assert_says("policies, number 1: ");
	assert_says("queues, number 1: queue name 'amq.q' contains reserved prefix 'amq.*'\n");
	assert_says("queues, number 2: invalid arg 'x-max-length' for queue 'q' in vhost '/'");
	assert_says("exchanges, number 1: unknown exchange type 'round'\n");
	assert_says("bindings, number 1: no such source");
	assert_says("bindings, number 2: no such source");
	ask("list_queues -s name");
	ck_assert_str_eq(text_of(&said), "fine\n");
	ask("authenticate_user good p");
	ck_assert_int_eq(import("[1]"), 65);
	assert_says("no object of JSON");
	ck_assert_int_eq(import("{\"users\":"), 65);
}
END_TEST

/* Sections are longer than a piece, and what is exported goes meanwhile. */
START_TEST(a_long_export_comes_in_pieces)
{
	struct buf all = { 0 }, text = { 0 };
	buf_printf(&text, "{\"queues\":[");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s{\"name\":\"q%d\",\"vhost\":\"/\"}", i ? "," : "", i);
	buf_printf(&text, "]}");
	ask("add_vhost red");
	ck_assert_int_eq(import(text_of(&text)), 0);
	struct definitions d = { .broker = in.broker };
	for (int pieces = 0;; pieces++) {
		size_t before = all.len;
		bool more = definitions_export(&d, &all);
		ck_assert_uint_lt(all.len - before, 64 << 10);
		if (!more)
			break;
		if (pieces == 1)
			ask("delete_vhost /");
		ck_assert_int_lt(pieces, 100);
	}
	definitions_end(&d);
	json_t *root = json_loadb((const char *)all.p, all.len, 0, NULL);
	ck_assert(root != NULL);
	json_decref(root);
	buf_free(&all);
	buf_free(&text);
}
END_TEST

/* ---- what would change, and what is not in the file ---- */

static int review(const char *options, const char *text)
{
	struct request r = { 0 };
	r.arguments[r.n++] = slice_str("import_definitions");
	for (struct slice rest = slice_str(options); rest.n;)
		r.arguments[r.n++] = slice_cut(&rest, ' ');
	r.arguments[r.n++] = slice_str(text);
	buf_clear(&said);
	return admin_ask(&in, &r, &said);
}

static const char file[] =
	"{\"users\":[{\"name\":\"guest\",\"password\":\"guest\",\"tags\":\"administrator\"},"
	"{\"name\":\"kate\",\"password_hash\":\"\",\"tags\":\"\"}],"
	"\"vhosts\":[{\"name\":\"/\"},{\"name\":\"new\"}],"
	"\"permissions\":[{\"user\":\"guest\",\"vhost\":\"/\",\"configure\":\".*\",\"write\":\".*\","
	"\"read\":\".*\"},{\"user\":\"kate\",\"vhost\":\"new\",\"configure\":\"\",\"write\":\"\","
	"\"read\":\"\"}],"
	"\"parameters\":[{\"component\":\"vhost-limits\",\"vhost\":\"/\",\"name\":\"limits\","
	"\"value\":{\"max-queues\":50}},{\"component\":\"operator_policy\",\"vhost\":\"new\","
	"\"name\":\"o\",\"value\":{\"pattern\":\"x\",\"definition\":{\"max-length\":5}}}],"
	"\"policies\":[{\"name\":\"p\",\"vhost\":\"/\",\"pattern\":\"^q\","
	"\"definition\":{\"max-length\":9}}],"
	"\"queues\":[{\"name\":\"q\",\"vhost\":\"/\",\"arguments\":{\"x-max-length\":1}},"
	"{\"name\":\"n\",\"vhost\":\"new\"}],"
	"\"exchanges\":[{\"name\":\"x\",\"vhost\":\"/\",\"type\":\"topic\"}],"
	"\"bindings\":[{\"vhost\":\"new\",\"source\":\"amq.direct\",\"destination\":\"n\","
	"\"routing_key\":\"k\"},{\"vhost\":\"/\",\"source\":\"x\",\"destination\":\"q\","
	"\"routing_key\":\"a.#\"}],\"global_parameters\":[{\"name\":\"g\",\"value\":1}]}";

/* Sections that this line, each with a line end, is the report about. */
#define assert_reports(...) assert_lines((const char *const[]){ __VA_ARGS__, NULL })

static void assert_lines(const char *const *lines)
{
	struct buf all = { 0 };
	for (; *lines; lines++)
		buf_printf(&all, "%s\n", *lines);
	ck_assert_str_eq(text_of(&said), text_of(&all));
	buf_free(&all);
}

/* How far it is may be said. */
static void assert_all_is_equal(const char *options)
{
	ck_assert_int_eq(review(options, file), 0);
	ck_assert_msg(!strchr(text_of(&said), '\''), "%s", text_of(&said));
}

START_TEST(a_dry_run_says_what_would_change_and_changes_nothing)
{
	export(&first);
	ck_assert_int_eq(review("-q --dry-run", file), 0);
	assert_reports("create users 'kate'", "create vhosts 'new'",
	               "create permissions 'kate' in vhost 'new'",
	               "create parameters 'vhost-limits limits' in vhost '/'",
	               "create parameters 'operator_policy o' in vhost 'new'",
	               "create global_parameters 'g'", "create policies 'p' in vhost '/'",
	               "create queues 'q' in vhost '/'", "create queues 'n' in vhost 'new'",
	               "create exchanges 'x' in vhost '/'",
	               "create bindings 'amq.direct -> n (k)' in vhost 'new'",
	               "create bindings 'x -> q (a.#)' in vhost '/'");
	export(&second);
	ck_assert_str_eq(text_of(&first), text_of(&second));
	ck_assert_int_eq(import(file), 0);
	assert_all_is_equal("-q --dry-run --reconcile");
	ck_assert_int_eq(review("--formatter json --dry-run", file), 0);
	ck_assert_str_eq(text_of(&said), "{\"refuse\":0,\"equal\":15,\"create\":0,\"change\":0,"
	                                 "\"replace\":0,\"conflict\":0,\"delete\":0,\"keep\":0}\n");
}
END_TEST

static const char other[] =
	"{\"users\":[{\"name\":\"kate\",\"password_hash\":\"\",\"tags\":\"monitoring\"}],"
	"\"permissions\":[{\"user\":\"kate\",\"vhost\":\"new\",\"configure\":\"a\",\"write\":\"[\"}],"
	"\"policies\":[{\"name\":\"p\",\"vhost\":\"/\",\"pattern\":\"^q\",\"definition\":{}}],"
	"\"queues\":[{\"name\":\"q\",\"vhost\":\"/\",\"arguments\":{\"x-max-length\":2}}],"
	"\"exchanges\":[{\"name\":\"x\",\"vhost\":\"/\",\"type\":\"fanout\"}],"
	"\"bindings\":[{\"vhost\":\"/\",\"source\":\"none\",\"destination\":\"q\"}]}";

START_TEST(what_is_otherwise_is_said)
{
	ck_assert_int_eq(import(file), 0);
	ck_assert_int_eq(review("-q --dry-run", other), 65);
	assert_says("change users 'kate'\n");
	assert_says("refuse permissions 'kate' in vhost 'new': invalid regular expression");
	assert_says("refuse policies 'p' in vhost '/': ");
	assert_says("conflict queues 'q' in vhost '/': it is there with other properties\n");
	assert_says("conflict exchanges 'x' in vhost '/': it is there with other properties\n");
	assert_says("refuse bindings 'none -> q ()' in vhost '/': no such source");
	ck_assert_int_eq(import(other), 65);
	ck_assert_ptr_null(strstr(text_of(&said), "other properties"));
	ck_assert_int_eq(review("-q --reconcile", other), 65);
	assert_says("replace queues 'q' in vhost '/'\n");
	assert_says("replace exchanges 'x' in vhost '/'\n");
	ask("list_queues -s name arguments");
	assert_says("[{\"x-max-length\",2}]");
	ask("list_exchanges -s name type");
	assert_says("x\tfanout\n");
}
END_TEST

START_TEST(what_is_not_in_the_file_is_deleted)
{
	furnish();
	ck_assert_int_eq(import(file), 0);
	ask("set_global_parameter more 1");
	ask("set_policy more ^x {\"max-length\":5}");
	ck_assert_int_eq(review("-q --dry-run --reconcile", file), 0);
	assert_says("delete bindings 'x -> q (a.#)' in vhost 'red'\n");
	assert_says("delete exchanges 'x' in vhost 'red'\n");
	assert_says("delete queues 'passing' in vhost 'red'\n");
	assert_says("delete policies 'more' in vhost '/'\n");
	assert_says("delete policies 'p' in vhost 'red'\n");
	assert_says("delete global_parameters 'more'\n");
	assert_says("delete parameters 'operator_policy o' in vhost 'red'\n");
	assert_says("delete parameters 'vhost-limits limits' in vhost 'red'\n");
	assert_says("delete permissions 'kate' in vhost 'red'\n");
	assert_says("delete vhosts 'red'\n");
	ck_assert_ptr_null(strstr(text_of(&said), "mine"));
	ck_assert_int_eq(review("-q --reconcile", file), 0);
	assert_says("delete vhosts 'red'\n");
	assert_all_is_equal("-q --reconcile");
	ask("list_vhosts -s name");
	ck_assert_str_eq(text_of(&said), "/\nnew\n");
	inside_crash(&in, DISK_SIM_LOSES_ALL);
	ck_assert(inside_start(&in, &said));
	assert_all_is_equal("-q --reconcile");
}
END_TEST

static void publish(const char *queue)
{
	ck_assert(talk_open_at(&talk, &in, "/"));
	talk_publish(&talk, 1, slice_str(""), slice_str(queue), false, false,
	             slice_str("m"));
	talk_free(&talk);
}

START_TEST(messages_are_lost_by_force_alone)
{
	static const char nothing[] = "{\"vhosts\":[{\"name\":\"new\"}],\"queues\":[]}";
	ck_assert_int_eq(import(file), 0);
	publish("q");
	ck_assert_int_eq(review("-q --dry-run --reconcile", other), 65);
	assert_says("conflict queues 'q' in vhost '/': it is there with other properties, and it has "
	            "messages\n");
	for (int dry = 1; dry >= 0; dry--) {
		ck_assert_int_eq(review(dry ? "-q --dry-run --reconcile" : "-q --reconcile", nothing), 0);
		assert_reports("keep queues 'q' in vhost '/': it has messages",
		               "delete queues 'n' in vhost 'new'", "keep vhosts '/': it has queues");
	}
	ck_assert_int_eq(review("-q --reconcile --force", nothing), 0);
	assert_reports("delete queues 'q' in vhost '/'", "delete vhosts '/'");
}
END_TEST

START_TEST(one_virtual_host_is_reconciled_alone)
{
	furnish();
	ck_assert_int_eq(import("{\"queues\":[{\"name\":\"q\",\"vhost\":\"/\"}]}"), 0);
	ck_assert_int_eq(review("-q -p red --reconcile", "{\"queues\":[],\"parameters\":[]}"), 0);
	assert_says("delete queues 'q' in vhost 'red'\n");
	assert_says("delete parameters 'vhost-limits limits' in vhost 'red'\n");
	ck_assert_ptr_null(strstr(text_of(&said), "exchanges"));
	ask("list_queues -s name");
	ck_assert_str_eq(text_of(&said), "q\n");
}
END_TEST

/* What cannot come does not make go what is there. */
START_TEST(nothing_is_replaced_by_what_is_refused)
{
	static const char bad[] =
		"{\"queues\":[{\"name\":\"q\",\"vhost\":\"/\",\"arguments\":{\"x-max-length\":-1}}],"
		"\"exchanges\":[{\"name\":\"x\",\"vhost\":\"/\",\"type\":\"fanout\","
		"\"arguments\":{\"x-message-deduplication\":true,\"x-cache-size\":\"many\"}}]}";
	ck_assert_int_eq(import(file), 0);
	ck_assert_int_eq(review("-q --dry-run --reconcile", bad), 65);
	assert_says("refuse queues 'q' in vhost '/': ");
	ck_assert_int_eq(review("-q --reconcile", bad), 65);
	assert_says("refuse queues 'q' in vhost '/': ");
	ask("list_queues -s name");
	ck_assert_str_eq(text_of(&said), "q\n");
}
END_TEST

START_TEST(what_is_no_list_is_refused)
{
	static const char *const unsound[] = { "{\"users\":null}", "{\"users\":{\"kate\":1}}",
		                                   "{\"queues\":5}" };
	ask("add_user kate secret");
	for (size_t i = 0; i < ARRAY_LEN(unsound); i++) {
		ck_assert_int_eq(review("-q --reconcile", unsound[i]), 65);
		assert_says(" has to be a list\n");
	}
	ck_assert_int_eq(admin_say(&in, &said, "authenticate_user", "kate", "secret", NULL), 0);
}
END_TEST

START_TEST(what_could_not_be_read_may_be_what_is_there)
{
	ask("add_user kate secret");
	ck_assert_int_eq(review("-q --reconcile", "{\"users\":[7]}"), 65);
	assert_says("not an object, or too large a one");
	ck_assert_int_eq(admin_say(&in, &said, "authenticate_user", "kate", "secret", NULL), 0);
	ck_assert_int_eq(review("-q --reconcile", "{\"users\":[]}"), 0);
	assert_says("delete users 'kate'");
}
END_TEST

START_TEST(complaints_have_an_end)
{
	struct definitions d = { .broker = in.broker };
	struct buf text = { 0 }, why = { 0 };
	buf_printf(&text, "{\"queues\":[0");
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, ",0");
	buf_printf(&text, "]}");
	struct parsing *r = parsing_new(NULL, &text, buf_slice(&text), slice_of("", 0));
	ck_assert(definitions_begin(&d, r, &why));
	while (definitions_import(&d, &said, &why))
		;
	ck_assert_uint_eq(d.failures, 20001);
	ck_assert(why.len > 200000 && why.len < 300000);
	definitions_end(&d);
	parsing_end(&r);
	buf_free(&why);
}
END_TEST

Suite *suite_management_definitions(void)
{
	Suite *s = suite_create("management/definitions");
	TCase *t = tcase_create("definitions");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_exported_is_the_same_when_it_is_exported_again_elsewhere);
	tcase_add_test(t, one_virtual_host_goes_to_another);
	tcase_add_test(t, what_is_of_another_virtual_host_is_not_taken);
	tcase_add_test(t, protection_goes_with_them);
	tcase_add_test(t, what_was_imported_stays);
	tcase_add_test(t, other_forms_are_understood);
	tcase_add_test(t, what_makes_no_sense_is_said_and_the_rest_is_taken);
	tcase_add_test(t, a_long_export_comes_in_pieces);
	tcase_add_test(t, a_dry_run_says_what_would_change_and_changes_nothing);
	tcase_add_test(t, what_is_otherwise_is_said);
	tcase_add_test(t, what_is_not_in_the_file_is_deleted);
	tcase_add_test(t, messages_are_lost_by_force_alone);
	tcase_add_test(t, one_virtual_host_is_reconciled_alone);
	tcase_add_test(t, nothing_is_replaced_by_what_is_refused);
	tcase_add_test(t, what_is_no_list_is_refused);
	tcase_add_test(t, what_could_not_be_read_may_be_what_is_there);
	tcase_add_test(t, complaints_have_an_end);
	suite_add_tcase(s, t);
	return s;
}
