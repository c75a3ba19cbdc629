/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/hostile/siege.h"
#include "tests/hostile/words.h"

enum { CEILING_BYTES = 16 << 20, HOLD_S = 4, TLS_HOLD_S = 6, LOOK_MS = 20, HELLO_MAX = 2000 };

/* A handshake message of 100 KB, in records of 16 KB, of which the last does not come. */
#define RECORD "\x16\x03\x01\x40\x00"
#define LONG_HELLO RECORD "\1\1\x90\0\3\3"

static char hello[HELLO_MAX];

static const struct attack strangers[] = {
	{ "silent", 10000, attack_hold, BYTES(""), .zeros = 0 },
	{ "seven bytes of header", 10000, attack_hold, BYTES("AMQP\0\0\x09"), .zeros = 0 },
	{ "header, then silent", 10000, attack_hold, BYTES(HEADER), .zeros = 0 },
	{ "the most that fits, silent", 19000, attack_hold, BYTES(HEADER), .zeros = 0 },
	{ "128 KiB announced", 10000, attack_hold, BYTES(HEADER "\1\0\0\0\2\0\0"), .zeros = 60000 },
	{ "a start-ok of 8 KiB less a byte", 10000, attack_hold,
	  BYTES(HEADER "\1\0\0\0\0\x20\0\0\x0a\0\x0b"), .zeros = 8187 },
	{ "a start-ok of 4 KiB that grows by a byte a second", 10000, attack_drip,
	  BYTES(HEADER "\1\0\0\0\0\x10\0\0\x0a\0\x0b"), .zeros = 100 },
	{ "refused", 10000, attack_hold, BYTES("GET / HTTP/1.0\r\n\r\n"), .zeros = 0 },
	{ "TLS: silent", 10000, attack_hold, BYTES(""), .zeros = 0, .tls = true },
	{ "TLS: half a ClientHello", 10000, attack_hold, hello, 100, .tls = true },
	{ "TLS: a ClientHello of 16 KB less a byte", 10000, attack_hold, BYTES(LONG_HELLO),
	  .zeros = 16377, .tls = true },
	{ "TLS: a ClientHello, then silent", 10000, attack_hold, hello, HELLO_MAX, .tls = true },
	{ "TLS: a whole handshake, then silent", 10000, attack_greet, BYTES(""), .zeros = 0,
	  .tls = true },
	{ "TLS: a whole handshake, and a login less a byte", 10000, attack_greet,
	  BYTES(HEADER "\1\0\0\0\0\x20\0\0\x0a\0\x0b"), .zeros = 8187, .tls = true },
};

static long resident_kb(int pid)
{
	char path[64], line[200];
	long kb = 0;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		sscanf(line, "RssAnon: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

/* The most that the broker took in the time, above what it had before all strangers. */
static bool hold(struct attack a, const struct siege *s, long before)
{
	long most = before;
	if (a.n_bytes == HELLO_MAX)
		a.n_bytes = attack_client_hello(hello, HELLO_MAX);
	int pid = attack_begin(a, s);
	for (int i = 0; i < (a.tls ? TLS_HOLD_S : HOLD_S) * 1000 / LOOK_MS; i++) {
		siege_pass_ms(LOOK_MS);
		long now = resident_kb(s->broker);
		most = now > most ? now : most;
	}
	attack_end(pid);
	bool ok = before > 0 && (most - before) * 1024 <= CEILING_BYTES;
	printf("%s %d strangers, %s: %ld KiB, at most %d\n", ok ? "ok" : "FAIL", a.n, a.name,
	       most - before, CEILING_BYTES >> 10);
	fflush(stdout);
	siege_pass_ms(1500);
	return ok;
}

void strangers_hold(const struct siege *s, unsigned *passed, unsigned *failed)
{
	long before = resident_kb(s->broker);
	attack_client_hello(hello, HELLO_MAX);
	for (size_t i = 0; i < LENGTH(strangers); i++) {
		if (!strstr(strangers[i].name, s->only))
			continue;
		if (hold(strangers[i], s, before))
			++*passed;
		else
			++*failed;
	}
}
