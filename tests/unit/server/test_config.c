/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: every key at its default and its limits, files and arguments, and what is said
 * about mistakes. */
#include "server/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"

Suite *suite_server_config(void);

static struct config c;
static struct buf why, printed;

static void set_up(void)
{
	config_init(&c);
}

static void tear_down(void)
{
	config_free(&c);
	buf_free(&why);
	buf_free(&printed);
}

static const char *text_of(const struct buf *b)
{
	static char out[1 << 14];
	snprintf(out, sizeof out, "%.*s", SLICE_ARG(buf_slice(b)));
	return out;
}

static bool set(const char *key, const char *value)
{
	buf_clear(&why);
	bool ok = config_set(&c, slice_str(key), slice_str(value), "argument", &why);
	ck_assert_int_eq(ok, why.len == 0);
	return ok;
}

static bool read_text(const char *text)
{
	buf_clear(&why);
	bool ok = config_read(&c, slice_str(text), "a.conf", &why);
	ck_assert_int_eq(ok, why.len == 0);
	return ok;
}

static void expect_why(const char *wanted)
{
	ck_assert_str_eq(text_of(&why), wanted);
}

static void expect_in(const struct buf *b, const char *wanted)
{
	ck_assert_msg(strstr(text_of(b), wanted) != NULL, "'%s' is not in '%s'", wanted, text_of(b));
}

/* ---- every key ---- */

enum kind { NUMBER, LIMIT, SIZE, SHARE, BOOL, TEXT, SECRET, PATTERN, CHOICE, LIST, FLAGS,
	        ENTRIES };

static const struct {
	const char *name;
	enum kind kind;
	const char *standard;
	long long least, most;
} keys[] = {
#define KEY(name, kind, field, when, standard, least, most, doc) \
	{ name, kind, standard, least, most },
#include "server/config.def"
#undef KEY
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static bool set_llu(const char *key, long long value)
{
	char digits[32];
	snprintf(digits, sizeof digits, "%lld", value);
	return set(key, digits);
}

START_TEST(numbers_are_held_to_their_limits)
{
	if (keys[_i].kind > SIZE) {
		ck_assert_int_eq(keys[_i].least, 0);
		ck_assert_int_eq(keys[_i].most > 0, keys[_i].kind == SHARE);
		return;
	}
	ck_assert(set_llu(keys[_i].name, keys[_i].least));
	ck_assert(set_llu(keys[_i].name, keys[_i].most));
	ck_assert(!set_llu(keys[_i].name, keys[_i].most + 1));
	expect_in(&why, keys[_i].name);
	expect_in(&why, "out of range");
	ck_assert(!set_llu(keys[_i].name, keys[_i].least - 1));
	ck_assert(!set(keys[_i].name, "many"));
	ck_assert(!set(keys[_i].name, "99999999999999999999999"));
	ck_assert(!set(keys[_i].name, ""));
}
END_TEST

START_TEST(a_share_is_a_part_of_one)
{
	const char *key = "vm_memory_high_watermark.relative";
	ck_assert(set(key, "0.4"));
	ck_assert_double_eq_tol(c.memory_share, 0.4, 1e-12);
	ck_assert(set(key, "1"));
	ck_assert(!set(key, "1.1"));
	expect_in(&why, "is not a number up to 1, such as 0.4");
	ck_assert(!set(key, "40%"));
	ck_assert(!set(key, "-0.4"));
	ck_assert(set("disk_free_limit.relative", "1.5"));
	ck_assert_double_eq_tol(c.disk_free_share, 1.5, 1e-12);
}
END_TEST

START_TEST(every_key_takes_its_default_and_is_printed)
{
	ck_assert(set(keys[_i].name, keys[_i].standard));
	char line[128];
	snprintf(line, sizeof line, "%s = ", keys[_i].name);
	config_print(&c, &printed);
	expect_in(&printed, line);
	buf_clear(&printed);
	config_print_keys(&printed);
	expect_in(&printed, keys[_i].name);
}
END_TEST

START_TEST(defaults_are_what_people_expect)
{
	ck_assert_uint_eq(c.frame_max, 131072);
	ck_assert_uint_eq(c.channel_max, 2047);
	ck_assert_uint_eq(c.heartbeat_s, 60);
	ck_assert_uint_eq(c.handshake_timeout_ms, 10000);
	ck_assert_uint_eq(c.max_message_bytes, 16 << 20);
	ck_assert_uint_eq(c.segment_bytes, 64 << 20);
	ck_assert_str_eq(c.durability, "fsync");
	ck_assert_str_eq(c.default_user, "guest");
	ck_assert_str_eq(c.default_vhost, "/");
	ck_assert_str_eq(c.loopback_users, "guest");
	ck_assert_str_eq(c.default_user_tags, "administrator");
	ck_assert_str_eq(c.default_write, ".*");
	ck_assert_uint_eq(c.n_listeners, 0);
}
END_TEST

/* ---- values ---- */

static const struct {
	const char *text;
	uint64_t bytes;
} sizes[] = {
	{ "4096", 4096 },    { "8192b", 8192 },     { "64k", 64 << 10 },  { "64KB", 64 << 10 },
	{ "64kib", 64 << 10 }, { "2m", 2 << 20 },   { "2MB", 2 << 20 },   { "2MiB", 2 << 20 },
	{ "16mb", 16 << 20 },
};

START_TEST(sizes_have_units)
{
	ck_assert(set("max_message_size", sizes[_i].text));
	ck_assert_uint_eq(c.max_message_bytes, sizes[_i].bytes);
}
END_TEST

START_TEST(large_sizes_do_not_wrap)
{
	ck_assert(set("connection_assembly_max", "1TB"));
	ck_assert_uint_eq(c.assembly_max_bytes, 1ull << 40);
	ck_assert(set("connection_assembly_max", "3GB"));
	ck_assert_uint_eq(c.assembly_max_bytes, 3ull << 30);
	ck_assert(!set("connection_assembly_max", "16777217TB"));
	ck_assert(!set("connection_assembly_max", "18446744073709551616"));
	ck_assert_uint_eq(c.assembly_max_bytes, 3ull << 30);
}
END_TEST

static const char *const wrong_sizes[] = { "MB", "16 MB", "16MBs", "-1", "+5", "0x10", "1.5MB",
	                                       "16M B", "١٦" };

START_TEST(other_sizes_are_refused)
{
	ck_assert(!set("frame_max", wrong_sizes[_i]));
	expect_in(&why, "is not a size");
	ck_assert_uint_eq(c.frame_max, 131072);
}
END_TEST

START_TEST(plain_numbers_have_no_units)
{
	ck_assert(!set("heartbeat", "60s"));
	expect_why("argument: heartbeat: '60s' is not a number");
	ck_assert(!set("channel_max", "2k"));
	ck_assert(!set("channel_max", "70000"));
	expect_why("argument: channel_max: 70000 is out of range: 1 to 65535");
}
END_TEST

START_TEST(a_truth_has_four_names)
{
	ck_assert(set("tcp_listen_options.nodelay", "off") && !c.nodelay);
	ck_assert(set("tcp_listen_options.nodelay", "on") && c.nodelay);
	ck_assert(set("tcp_listen_options.nodelay", "false") && !c.nodelay);
	ck_assert(set("tcp_listen_options.nodelay", "true") && c.nodelay);
	ck_assert(!set("tcp_listen_options.nodelay", "yes"));
	expect_why("argument: tcp_listen_options.nodelay: 'yes' is neither true nor false");
	ck_assert(!set("tcp_listen_options.nodelay", ""));
}
END_TEST

START_TEST(a_choice_names_what_can_be_chosen)
{
	ck_assert(set("durability", "os"));
	ck_assert_str_eq(c.durability, "os");
	ck_assert(!set("durability", "maybe"));
	expect_why("argument: durability: 'maybe' is not one of: fsync os");
	ck_assert(set("log.console.level", "none"));
	ck_assert(!set("log.console.level", "loud"));
	expect_in(&why, "debug info notice warning error critical none");
	ck_assert(set("log.console.level", ""));
}
END_TEST

START_TEST(texts_are_neither_empty_nor_endless)
{
	char text[257];
	memset(text, 't', sizeof text);
	text[255] = 0;
	ck_assert(set("cluster_name", text));
	ck_assert_uint_eq(strlen(c.cluster_name), 255);
	text[255] = 't';
	text[256] = 0;
	ck_assert(!set("cluster_name", text));
	ck_assert(!set("default_user", ""));
	expect_why("argument: default_user: needs a value of 1 to 255 bytes");
	ck_assert_str_eq(c.default_user, "guest");
}
END_TEST

START_TEST(the_advertised_version_is_digits_and_dots)
{
	ck_assert(set("advertised_version", "3.13.7"));
	ck_assert_str_eq(c.version, "3.13.7");
	ck_assert(!set("advertised_version", "4.1-rc1"));
	expect_in(&why, "digits and dots");
	ck_assert_str_eq(c.version, "3.13.7");
}
END_TEST

START_TEST(other_names_of_the_same_thing)
{
	ck_assert(set("max_connections", "77"));
	ck_assert_uint_eq(c.connection_max, 77);
	ck_assert(set("definitions.local.path", "/a"));
	ck_assert_str_eq(c.load_definitions, "/a");
}
END_TEST

START_TEST(no_limit_has_another_name)
{
	ck_assert(set("vhost_max", "7") && set("vhost_max", "infinity"));
	ck_assert_uint_eq(c.vhost_max, 0);
	ck_assert(set("connection_max", "infinity"));
	ck_assert(!set("heartbeat", "infinity"));
	ck_assert(!set("channel_max", "infinity"));
}
END_TEST

START_TEST(entries_are_collected_and_printed_one_by_one)
{
	ck_assert(set("cluster_tags.region", "eu"));
	ck_assert(set("cluster_tags.zone", "a = b"));
	ck_assert(set("cluster_tags.region", "us"));
	ck_assert(set("default_users.kate.password", "s3cret"));
	config_print(&c, &printed);
	expect_in(&printed, "cluster_tags.region = us\ncluster_tags.zone = a = b\nnode_tags = none\n");
	expect_in(&printed, "default_users.kate.password = ********\n");
	ck_assert_ptr_null(strstr(text_of(&printed), "s3cret"));
	ck_assert(set("cluster_tags", "none"));
	ck_assert_str_eq(c.cluster_tags, "");
	ck_assert(!set("cluster_tags", "region"));
	expect_in(&why, "cluster_tags.NAME");
	ck_assert(!set("cluster_tags.a\"b", "c"));
	ck_assert(!set("default_users.kate.pasword", "s3cret"));
	expect_in(&why, "there is no 'pasword', but: vhost_pattern, password");
	ck_assert_ptr_null(strstr(text_of(&why), "s3cret"));
}
END_TEST

START_TEST(there_is_an_end_to_entries)
{
	char key[64], value[1024];
	memset(value, 'v', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (int i = 0; i < 62; i++) {
		snprintf(key, sizeof key, "cluster_tags.t%d", i);
		ck_assert(set(key, value));
	}
	ck_assert(set("cluster_tags.t0", value));
	ck_assert(!set("cluster_tags.t62", value) || !set("cluster_tags.t63", value));
	expect_in(&why, "more than 65536 bytes of such entries");
}
END_TEST

START_TEST(who_asks_others_for_users_is_refused)
{
	ck_assert(set("auth_backends.1", "rabbit_auth_backend_internal"));
	ck_assert(!set("auth_backends.1", "ldap"));
	expect_in(&why, "auth_backends.1: 'ldap' is not supported: ");
	ck_assert(!set("auth_backends.2.authz", "cache"));
	ck_assert(!set("auth_backends.1", "internal|rabbit_auth_backend_internal"));
}
END_TEST

/* Printed as one list, they have to be read as the same. */
START_TEST(loopback_users_have_names_that_a_list_can_have)
{
	static const char *const none[] = { "", "a b", "a,b", "none" };
	char key[300];
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		snprintf(key, sizeof key, "loopback_users.%s", none[i]);
		ck_assert_msg(!set(key, "true"), "'%s'", key);
	}
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof key, "loopback_users.%0250d", i);
		ck_assert_msg(set(key, "true") == (i < 4), "%d", i);
	}
	ck_assert(set("loopback_users", "none"));
	ck_assert(set("loopback_users.#1", "true"));
	config_print(&c, &printed);
	expect_in(&printed, "loopback_users = '#1'\n");
}
END_TEST

/* Likewise: one by one no more than is read at once. */
START_TEST(a_list_has_room_for_long_names_and_an_end)
{
	static char element[256], all[8192];
	memset(element, 'c', 255);
	int n = 0;
	while (set("ssl_options.ciphers.1", element))
		ck_assert_int_lt(n++, 16);
	ck_assert_int_eq(n, 16);
	expect_in(&why, "a list of more than 4096 bytes");
	snprintf(all, sizeof all, "%s", c.ssl_ciphers);
	ck_assert_uint_eq(strlen(all), 16 * 256 - 1);
	ck_assert(set("ssl_options.ciphers", all));
	ck_assert_str_eq(c.ssl_ciphers, all);
	memset(all, ' ', 4097);
	ck_assert(!set("ssl_options.ciphers", all));
	memset(all, 'c', 256);
	all[256] = '\0';
	ck_assert(!set("ssl_options.ciphers", all));
}
END_TEST

START_TEST(loopback_users_none_lets_guest_in_from_anywhere)
{
	ck_assert(set("loopback_users", "none"));
	ck_assert_str_eq(c.loopback_users, "");
	ck_assert(set("loopback_users.guest", "true"));
	ck_assert(set("loopback_users.somebody", "true"));
	ck_assert_str_eq(c.loopback_users, "guest,somebody");
	ck_assert(set("loopback_users.guest", "false"));
	ck_assert_str_eq(c.loopback_users, "somebody");
	ck_assert(!set("loopback_users.guest", "perhaps"));
	ck_assert(!set("loopback_users", "all of them"));
}
END_TEST

/* ---- keys that have no effect, and keys that are none ---- */

START_TEST(keys_of_others_are_taken_and_counted)
{
	ck_assert(set("collect_statistics", "fine"));
	ck_assert(set("auth_backends.1", "internal"));
	ck_assert_uint_eq(c.n_ignored, 2);
	ck_assert_str_eq(c.first_ignored, "collect_statistics");
}
END_TEST

START_TEST(an_unknown_key_is_refused_with_the_nearest)
{
	ck_assert(!set("hartbeat", "5"));
	expect_why("argument: hartbeat: unknown key; the nearest one is heartbeat (--help lists all)");
	ck_assert(!set("listener.tcp.default", "5"));
	expect_in(&why, "listeners.tcp.default");
	ck_assert(!set("", "5"));
	expect_in(&why, "unknown key");
	ck_assert(!set("heartbeat ", "5"));
	ck_assert(!set("heartbeat.x", "5"));
}
END_TEST

/* Names of RabbitMQ's own schemas, one a line; what begins with $ is anybody's choice. */
START_TEST(all_keys_of_rabbitmq_are_known)
{
	char line[256];
	FILE *f = fopen("tests/golden/rabbitmq-3.10.keys", "r");
	ck_assert_ptr_nonnull(f);
	int n = 0;
	for (; fgets(line, sizeof line, f); n++) {
		line[strcspn(line, "\n")] = 0;
		for (char *p = line; *p; p++)
			if (*p == '$')
				*p = 'x';
		buf_clear(&why);
		config_set(&c, slice_str(line), slice_str("none"), "argument", &why);
		ck_assert_msg(!strstr(text_of(&why), "unknown key"), "%s is not known", line);
	}
	fclose(f);
	ck_assert_int_gt(n, 800);
}
END_TEST

static const char *const mistyped[] = {
	"log.consol.level", "management.tcp.prt", "tcp_listen_options.nodely", "ssl_options.cert_file",
	"management.ssl.vrify", "collect_statistic_interval", "mqtt", "mqtt.",
	"prometheus.return_per_object_metric", "prometheus.tcp.prt",
};

START_TEST(mistyped_keys_are_not_taken_for_keys_of_others)
{
	ck_assert(!set(mistyped[_i], "1"));
	expect_in(&why, "unknown key; the nearest one is ");
}
END_TEST

/* Of its example of a file, and not in 3.10. */
START_TEST(keys_of_rabbitmq_4_are_known)
{
	static const char *const names[] = {
		"amqp_client.ssl_options.verify", "channel_interceptor.priorities.one",
		"cluster_exchange_limit", "deprecated_features.permit.transient_nonexcl_queues",
		"http_dispatch.access_log_dir", "link_max_per_session",
		"management.credential_encryption_secret", "management.definitions.require_json_extension",
		"management.headers.referrer_policy", "management.http.hide_allow_header",
		"max_channels_per_connection", "message_interceptors.incoming.set_header_timestamp",
		"metadata_store.khepri.default_timeout", "mqtt.disconnect_on_unauthorized",
		"quorum_queue.property_equivalence.relaxed_checks_on_redeclaration",
		"runtime_parameters.limits.shovel", "shovel.delete_after_duration_floor",
		"stream.replication.address_family",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(set(names[i], "1") || !strstr(text_of(&why), "unknown key"), "%s", names[i]);
	ck_assert(set("http_dispatch.access_log_dir", "/var/log/x"));
	ck_assert_str_eq(c.http_log_dir, "/var/log/x");
}
END_TEST

START_TEST(a_service_over_http_has_versions_and_ciphers_of_its_own)
{
	ck_assert(set("ssl_options.versions.1", "tlsv1.2"));
	ck_assert(set("ssl_options.ciphers.1", "ECDHE-RSA-AES256-GCM-SHA384"));
	ck_assert_str_eq(config_of_web(&c, HTTP_API).ssl_versions, "tlsv1.2");
	ck_assert(set("management.ssl.versions.1", "tlsv1.3"));
	ck_assert(set("management.ssl.ciphers.1", "TLS_AES_256_GCM_SHA384"));
	ck_assert_str_eq(config_of_web(&c, HTTP_API).ssl_versions, "tlsv1.3");
	ck_assert_str_eq(config_of_web(&c, HTTP_API).ssl_ciphers, "TLS_AES_256_GCM_SHA384");
	ck_assert_str_eq(config_of_web(&c, HTTP_METRICS).ssl_versions, "tlsv1.2");
	ck_assert(set("prometheus.ssl.versions.1", "tlsv1.3"));
	ck_assert_str_eq(config_of_web(&c, HTTP_METRICS).ssl_versions, "tlsv1.3");
	ck_assert(!set("management.ssl.versions.2", "tlsv1.1"));
}
END_TEST

START_TEST(where_syslog_is_has_a_form)
{
	ck_assert(set("log.syslog.ip", "10.0.0.7"));
	ck_assert_str_eq(c.log_syslog_host, "10.0.0.7");
	ck_assert(set("log.syslog.host", "unix:/run/log"));
	ck_assert(!set("log.syslog.host", "unix:log"));
	expect_in(&why, "'unix:log' is no name, no address and no unix:/PATH");
	ck_assert(!set("log.syslog.host", "a b"));
	ck_assert(!set("log.syslog.identity", "my rabbit"));
	expect_in(&why, "'my rabbit' is no name of 1 to 48 printable characters without blanks");
	ck_assert(!set("log.syslog.facility", "local8"));
	expect_in(&why, "'local8' is not one of: kern kernel user ");
	ck_assert(!set("log.syslog.transport", "tls"));
	expect_in(&why, "'tls' is not one of: udp tcp");
	ck_assert(!set("log.syslog.hst", "x"));
	expect_in(&why, "the nearest one is log.syslog.host");
}
END_TEST

START_TEST(what_would_be_a_promise_is_refused)
{
	ck_assert(set("ssl_options.crl_check", "false"));
	ck_assert(!set("ssl_options.crl_check", "peer"));
	expect_in(&why, "ssl_options.crl_check: 'peer' is not supported: ");
	ck_assert(!set("management.restrictions.operator_policy_changes.disabled", "true"));
	ck_assert(!set("management.require_auth_for_api_reference", "true"));
	ck_assert(set("management.enable_uaa", "false"));
	ck_assert(!set("management.enable_uaa", "true"));
	expect_in(&why, "management.enable_uaa: 'true' is not supported: ");
}
END_TEST

START_TEST(origins_are_named_one_by_one)
{
	ck_assert(set("management.cors.allow_origins.1", "https://a.example"));
	ck_assert(set("management.cors.allow_origins.2", "http://localhost:8080"));
	ck_assert_str_eq(c.management_origins, "https://a.example http://localhost:8080");
	ck_assert(!set("management.cors.allow_origins.3", "*"));
	expect_in(&why, "any (*) cannot be had");
	ck_assert(!set("management.cors.allow_origins.3", "https://*.example"));
	ck_assert(!set("management.cors.allow_origins.3", "https://a.example/"));
	ck_assert(!set("management.cors.allow_origins.3", "a.example"));
	ck_assert(!set("management.cors.allow_origins", "https://a.example *"));
	ck_assert(!set("management.path_prefix", "mq"));
}
END_TEST

/* By rabbitmqctl encode of RabbitMQ 3.10.8, with the passphrase mypassphrase. */
static const char by_rabbitmq[] =
	"encrypted:aUGi6uOGgNU5YPYBl2Yvw/TYciCXrZJ5o+J7V9zKk7KhtqdwZrFwsvVL3dIgZzx5LdpWNKzC6el6KnY1jds"
	"QCA==";

static bool unseal(const char *passphrase)
{
	buf_clear(&why);
	bool ok = config_unseal(&c, passphrase, &why);
	ck_assert_int_eq(ok, why.len == 0);
	ck_assert_uint_eq(c.n_sealed, 0);
	return ok;
}

START_TEST(a_password_may_be_encrypted)
{
	ck_assert(set("default_pass", by_rabbitmq));
	ck_assert_str_eq(c.default_pass, "guest");
	ck_assert(unseal("mypassphrase"));
	ck_assert_str_eq(c.default_pass, "pass-Of-default");
	config_print(&c, &printed);
	ck_assert_ptr_null(strstr(text_of(&printed), "pass-Of-default"));
}
END_TEST

START_TEST(what_comes_later_wins_over_what_is_encrypted)
{
	ck_assert(set("default_pass", "encrypted:?"));
	ck_assert(set("default_pass", "plain"));
	ck_assert(set("default_users.kate.password", "encrypted:?"));
	ck_assert(set("default_users", "none"));
	ck_assert(unseal(NULL));
	ck_assert_str_eq(c.default_pass, "plain");
	ck_assert(set("default_pass", "encrypted:?"));
	ck_assert(set("default_pass", by_rabbitmq));
	ck_assert(set("default_users.kate.password", by_rabbitmq));
	ck_assert(set("default_user", by_rabbitmq));
	ck_assert(unseal("mypassphrase"));
	ck_assert_str_eq(c.default_pass, "pass-Of-default");
	ck_assert_str_eq(c.default_user, "pass-Of-default");
	ck_assert_str_eq(c.default_users, "kate.password=pass-Of-default\n");
}
END_TEST

START_TEST(the_passphrase_is_forgotten)
{
	ck_assert(set("config_entry_decoder.passphrase", "mypassphrase"));
	char *kept = c.decoder_passphrase;
	ck_assert(unseal(NULL));
	for (size_t i = 0; i < strlen("mypassphrase"); i++)
		ck_assert_int_eq(kept[i], 0);
	ck_assert(!set("config_entry_decoder.passphrase", by_rabbitmq));
	expect_in(&why, "only passwords can be encrypted, and default_user");
}
END_TEST

START_TEST(what_cannot_be_decrypted_is_said_with_its_place)
{
	ck_assert(set("default_pass", by_rabbitmq));
	ck_assert(!unseal(NULL));
	expect_why("argument: default_pass: is encrypted, and there is no "
	           "config_entry_decoder.passphrase");
	ck_assert(set("default_pass", by_rabbitmq));
	ck_assert(!unseal("yourpassphrase"));
	expect_in(&why, "argument: default_pass: cannot be decrypted: is the passphrase right");
	ck_assert_ptr_null(strstr(text_of(&why), "yourpassphrase"));
	ck_assert(set("config_entry_decoder.hash", "sha512"));
	ck_assert(set("default_pass", by_rabbitmq));
	ck_assert(!unseal("mypassphrase"));
	ck_assert_str_eq(c.default_pass, "guest");
}
END_TEST

START_TEST(only_secrets_can_be_encrypted)
{
	ck_assert(!set("cluster_name", by_rabbitmq));
	expect_why("argument: cluster_name: only passwords can be encrypted, and default_user");
	ck_assert(!set("default_users.kate.tags", by_rabbitmq));
	ck_assert(!set("nonsense", by_rabbitmq));
	expect_in(&why, "unknown key");
	ck_assert(set("auth_ldap.dn_lookup_bind.password", by_rabbitmq));
	ck_assert_uint_eq(c.n_ignored, 1);
	ck_assert(!set("config_entry_decoder.cipher", "rot13"));
	expect_in(&why, "'rot13' is not one of: aes_128_cbc aes_192_cbc aes_256_cbc");
	ck_assert(!set("config_entry_decoder.hash", "crc32"));
	expect_in(&why, "'crc32' is not one of: sha256 sha ");
	ck_assert(config_is_secret(slice_str("ssl_options.password")));
	ck_assert(config_is_secret(slice_str("default_users.kate.password")));
	ck_assert(!config_is_secret(slice_str("default_users.kate.tags")));
	ck_assert(!config_is_secret(slice_str("default_user")));
}
END_TEST

START_TEST(a_very_long_key_is_refused_like_any_other)
{
	char key[5000];
	memset(key, 'k', sizeof key);
	key[sizeof key - 1] = 0;
	ck_assert(!set(key, "5"));
	expect_in(&why, "unknown key");
}
END_TEST

/* ---- listeners ---- */

START_TEST(listeners_are_collected_by_key_and_the_last_word_counts)
{
	ck_assert(set("listeners.tcp.1", "127.0.0.1:5700"));
	ck_assert(set("listeners.tcp.2", "[::1]:5700"));
	ck_assert(set("listeners.tcp.1", "5701"));
	ck_assert(set("listeners.tcp", "none"));
	ck_assert_uint_eq(c.n_listeners, 3);
	ck_assert_str_eq(c.listeners[0].key, "listeners.tcp.1");
	ck_assert_str_eq(c.listeners[0].address, "5701");
	ck_assert_str_eq(c.listeners[1].address, "[::1]:5700");
	ck_assert_str_eq(c.listeners[2].address, "none");
}
END_TEST

START_TEST(there_is_an_end_to_listeners)
{
	char key[32];
	for (int i = 0; i < CONFIG_LISTENERS_MAX; i++) {
		snprintf(key, sizeof key, "listeners.tcp.%d", i);
		ck_assert(set(key, "5672"));
	}
	ck_assert(!set("listeners.tcp.one_more", "5672"));
	expect_in(&why, "more than 32 listeners");
	ck_assert(set("listeners.tcp.0", "5673"));
}
END_TEST

START_TEST(tls_has_listeners_of_its_own)
{
	ck_assert(set("listeners.ssl", "none"));
	ck_assert(set("listeners.ssl.default", "none"));
	ck_assert(!config_has_tls(&c));
	ck_assert(set("listeners.ssl.default", "5671"));
	ck_assert(set("listeners.ssl.local", "127.0.0.1:5670"));
	ck_assert(config_has_tls(&c));
	ck_assert(!set("listeners.sslx", "5671"));
	ck_assert(!set("listeners.ssl.", "5671"));
}
END_TEST

static const struct {
	const char *address, *host;
	uint16_t port;
} addresses[] = {
	{ "5672", "", 5672 },
	{ "0", "", 0 },
	{ "65535", "", 65535 },
	{ "127.0.0.1:5672", "127.0.0.1", 5672 },
	{ "localhost:1", "localhost", 1 },
	{ "[::1]:5672", "::1", 5672 },
	{ "::1:5672", "::1", 5672 },
	{ "unix:/run/x.sock:0", "/run/x.sock", 0 },
	{ "local:/run/x.sock", "/run/x.sock", 0 },
	{ "[::]:5672", "::", 5672 },
	{ "unix:/run/leveret/amqp", "/run/leveret/amqp", 0 },
	{ "fd:3", "fd", 3 },
};

START_TEST(addresses_are_split)
{
	char host[CONFIG_HOST_BYTES];
	uint16_t port;
	ck_assert(config_address(addresses[_i].address, host, &port));
	ck_assert_str_eq(host, addresses[_i].host);
	ck_assert_uint_eq(port, addresses[_i].port);
}
END_TEST

static const char *const wrong_addresses[] = {
	"", ":", ":5672", "65536", "-1", "+5", "5672x", "host:", "host:x", "x:1:5672", "[]:5672",
	"[::1]", "[::1]5672", "unix:", "unix:run/x", "fd:", "fd:x",
	"unix:/a-path-that-is-longer-than-the-name-of-a-socket-can-be/0123456789/0123456789/0123456789/"
	"0123456789/0123456789", "host: 5672", "99999999999999999999", "host:0x10",
	"a-name-that-is-much-longer-than-any-address-can-possibly-be-0123456789-0123456789-0123456789-"
	"0123456789-0123456789:5672",
};

START_TEST(other_addresses_are_refused)
{
	char host[CONFIG_HOST_BYTES];
	uint16_t port;
	ck_assert(!config_address(wrong_addresses[_i], host, &port));
	ck_assert(!set("listeners.tcp.1", wrong_addresses[_i]));
	expect_in(&why, "is not PORT, ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH or none");
	ck_assert_uint_eq(c.n_listeners, 0);
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_is_lines_of_key_and_value)
{
	ck_assert(read_text("# a comment\n\n  heartbeat = 30\r\n\tchannel_max=5 \nframe_max  =  8KB"));
	ck_assert_uint_eq(c.heartbeat_s, 30);
	ck_assert_uint_eq(c.channel_max, 5);
	ck_assert_uint_eq(c.frame_max, 8192);
}
END_TEST

START_TEST(later_lines_win)
{
	ck_assert(read_text("heartbeat = 30\nheartbeat = 40\n"));
	ck_assert_uint_eq(c.heartbeat_s, 40);
	ck_assert(set("heartbeat", "50"));
	ck_assert_uint_eq(c.heartbeat_s, 50);
}
END_TEST

START_TEST(values_may_hold_signs_and_stand_in_quotes)
{
	ck_assert(read_text("default_pass = a=b;c\ndefault_user = 'with blank '\n"));
	ck_assert_str_eq(c.default_pass, "a=b;c");
	ck_assert_str_eq(c.default_user, "with blank ");
	ck_assert(read_text("default_pass = '\ndefault_user = it's"));
	ck_assert_str_eq(c.default_pass, "'");
	ck_assert_str_eq(c.default_user, "it's");
}
END_TEST

START_TEST(a_comment_may_stand_behind_a_value)
{
	ck_assert(read_text("heartbeat = 30 # of them\ndefault_pass = a#b\n"
	                    "default_user = 'a # b' # c"));
	ck_assert_uint_eq(c.heartbeat_s, 30);
	ck_assert_str_eq(c.default_pass, "a#b");
	ck_assert_str_eq(c.default_user, "a # b");
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
	buf_clear(&why);
	static const char text[] = "heartbeat = 5\ndefault_pass = a\0b\n";
	ck_assert(!config_read(&c, slice_of(text, sizeof text - 1), "a.conf", &why));
	expect_why("a.conf:2: this is no text");
}
END_TEST

START_TEST(a_mistake_is_named_with_file_and_line)
{
	ck_assert(!read_text("heartbeat = 30\n\n# x\nheartbeat = soon\nchannel_max = 5\n"));
	expect_why("a.conf:4: heartbeat: 'soon' is not a number");
	ck_assert_uint_eq(c.channel_max, 2047);
	ck_assert(!read_text("heartbeat\n"));
	expect_why("a.conf:1: 'heartbeat' is not followed by = and a value");
	ck_assert(!read_text("default_pass: hush\n"));
	expect_why("a.conf:1: 'default_pass' is not followed by = and a value");
	ck_assert(!read_text("default_pass hush\n"));
	expect_why("a.conf:1: 'default_pass' is not followed by = and a value");
	ck_assert(!read_text("heartbeat = 5\n= 7"));
	expect_in(&why, "a.conf:2: ");
}
END_TEST

START_TEST(an_empty_file_is_a_file)
{
	ck_assert(read_text(""));
	ck_assert(read_text("\n\n"));
	ck_assert(read_text("# nothing"));
}
END_TEST

START_TEST(secrets_are_not_printed)
{
	ck_assert(set("default_pass", "rosebud"));
	ck_assert(set("listeners.tcp.1", "5700"));
	ck_assert(set("heartbeat", "17"));
	config_print(&c, &printed);
	ck_assert_ptr_null(strstr(text_of(&printed), "rosebud"));
	expect_in(&printed, "listeners.tcp.1 = 5700\n");
	expect_in(&printed, "heartbeat = 17\n");
	expect_in(&printed, "loopback_users = guest\n");
}
END_TEST

START_TEST(a_mistake_in_a_secret_does_not_show_it)
{
	char secret[300];
	memset(secret, 's', sizeof secret);
	secret[sizeof secret - 1] = 0;
	ck_assert(!set("default_pass", secret));
	ck_assert_ptr_null(strstr(text_of(&why), "sss"));
}
END_TEST

/* ---- files on disk ---- */

static char directory[64];

static void make_directory(void)
{
	set_up();
	snprintf(directory, sizeof directory, "/tmp/leveret-config-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void remove_directory(void)
{
	static const char *const names[] = { "conf.d/20-b.conf", "conf.d/10-a.conf", "conf.d/c.txt",
		                                 "conf.d/.conf", "conf.d", "leveret.conf" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		remove(path_of(names[i]));
	remove(directory);
	tear_down();
}

static bool load(void)
{
	buf_clear(&why);
	return config_load(&c, path_of("leveret.conf"), &why);
}

START_TEST(a_file_alone_is_enough)
{
	write_file("leveret.conf", "heartbeat = 11\n");
	ck_assert(load());
	ck_assert_uint_eq(c.heartbeat_s, 11);
}
END_TEST

START_TEST(files_in_conf_d_follow_in_the_order_of_their_names)
{
	write_file("leveret.conf", "heartbeat = 1\nchannel_max = 1\nbacklog = 5\n");
	ck_assert(!load());
	write_file("leveret.conf", "heartbeat = 1\nchannel_max = 1\n");
	mkdir(path_of("conf.d"), 0755);
	write_file("conf.d/20-b.conf", "heartbeat = 3\n");
	write_file("conf.d/10-a.conf", "heartbeat = 2\nchannel_max = 2\n");
	write_file("conf.d/c.txt", "not = read\n");
	ck_assert(load());
	ck_assert_uint_eq(c.heartbeat_s, 3);
	ck_assert_uint_eq(c.channel_max, 2);
}
END_TEST

START_TEST(a_mistake_in_conf_d_names_its_file)
{
	write_file("leveret.conf", "");
	mkdir(path_of("conf.d"), 0755);
	write_file("conf.d/10-a.conf", "heartbeat = 2\nheartbeat = x\n");
	ck_assert(!load());
	expect_in(&why, "conf.d/10-a.conf:2: heartbeat: 'x' is not a number");
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
	ck_assert(!load());
	expect_in(&why, "leveret.conf: No such file or directory");
	mkdir(path_of("conf.d"), 0755);
	ck_assert(!config_load(&c, path_of("conf.d"), &why));
}
END_TEST

static void value_cases(Suite *s)
{
	TCase *t = tcase_create("values");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, numbers_are_held_to_their_limits, 0, KEYS);
	tcase_add_test(t, a_share_is_a_part_of_one);
	tcase_add_loop_test(t, every_key_takes_its_default_and_is_printed, 0, KEYS);
	tcase_add_test(t, defaults_are_what_people_expect);
	tcase_add_loop_test(t, sizes_have_units, 0, sizeof sizes / sizeof sizes[0]);
	tcase_add_test(t, large_sizes_do_not_wrap);
	tcase_add_loop_test(t, other_sizes_are_refused, 0, sizeof wrong_sizes / sizeof wrong_sizes[0]);
	tcase_add_test(t, plain_numbers_have_no_units);
	tcase_add_test(t, a_truth_has_four_names);
	tcase_add_test(t, a_choice_names_what_can_be_chosen);
	tcase_add_test(t, texts_are_neither_empty_nor_endless);
	tcase_add_test(t, the_advertised_version_is_digits_and_dots);
	suite_add_tcase(s, t);
}

static void key_cases(Suite *s)
{
	TCase *t = tcase_create("keys");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, other_names_of_the_same_thing);
	tcase_add_test(t, no_limit_has_another_name);
	tcase_add_test(t, entries_are_collected_and_printed_one_by_one);
	tcase_add_test(t, there_is_an_end_to_entries);
	tcase_add_test(t, who_asks_others_for_users_is_refused);
	tcase_add_test(t, loopback_users_have_names_that_a_list_can_have);
	tcase_add_test(t, a_list_has_room_for_long_names_and_an_end);
	tcase_add_test(t, loopback_users_none_lets_guest_in_from_anywhere);
	tcase_add_test(t, keys_of_others_are_taken_and_counted);
	tcase_add_test(t, an_unknown_key_is_refused_with_the_nearest);
	tcase_add_test(t, all_keys_of_rabbitmq_are_known);
	tcase_add_loop_test(t, mistyped_keys_are_not_taken_for_keys_of_others, 0,
	                    sizeof mistyped / sizeof mistyped[0]);
	tcase_add_test(t, keys_of_rabbitmq_4_are_known);
	tcase_add_test(t, a_service_over_http_has_versions_and_ciphers_of_its_own);
	tcase_add_test(t, where_syslog_is_has_a_form);
	tcase_add_test(t, what_would_be_a_promise_is_refused);
	tcase_add_test(t, origins_are_named_one_by_one);
	tcase_add_test(t, a_password_may_be_encrypted);
	tcase_add_test(t, what_comes_later_wins_over_what_is_encrypted);
	tcase_add_test(t, the_passphrase_is_forgotten);
	tcase_add_test(t, what_cannot_be_decrypted_is_said_with_its_place);
	tcase_add_test(t, only_secrets_can_be_encrypted);
	tcase_add_test(t, a_very_long_key_is_refused_like_any_other);
	tcase_add_test(t, listeners_are_collected_by_key_and_the_last_word_counts);
	tcase_add_test(t, there_is_an_end_to_listeners);
	tcase_add_test(t, tls_has_listeners_of_its_own);
	tcase_add_loop_test(t, addresses_are_split, 0, sizeof addresses / sizeof addresses[0]);
	tcase_add_loop_test(t, other_addresses_are_refused, 0,
	                    sizeof wrong_addresses / sizeof wrong_addresses[0]);
	suite_add_tcase(s, t);
}

static void text_cases(Suite *s)
{
	TCase *t = tcase_create("text");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_file_is_lines_of_key_and_value);
	tcase_add_test(t, later_lines_win);
	tcase_add_test(t, values_may_hold_signs_and_stand_in_quotes);
	tcase_add_test(t, a_comment_may_stand_behind_a_value);
	tcase_add_test(t, what_is_no_text_is_refused);
	tcase_add_test(t, a_mistake_is_named_with_file_and_line);
	tcase_add_test(t, an_empty_file_is_a_file);
	tcase_add_test(t, secrets_are_not_printed);
	tcase_add_test(t, a_mistake_in_a_secret_does_not_show_it);
	suite_add_tcase(s, t);
}

static void file_cases(Suite *s)
{
	TCase *t = tcase_create("files");
	tcase_add_checked_fixture(t, make_directory, remove_directory);
	tcase_add_test(t, a_file_alone_is_enough);
	tcase_add_test(t, files_in_conf_d_follow_in_the_order_of_their_names);
	tcase_add_test(t, a_mistake_in_conf_d_names_its_file);
	tcase_add_test(t, a_file_that_is_not_there_is_named);
	suite_add_tcase(s, t);
}

Suite *suite_server_config(void)
{
	Suite *s = suite_create("server/config");
	value_cases(s);
	key_cases(s);
	text_cases(s);
	file_cases(s);
	return s;
}
