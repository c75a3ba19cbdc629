/* SPDX-License-Identifier: Apache-2.0 */
/* What good clients and the broker's memory suffer while others mean harm.
 *
 * siege PORT TLS_PORT BROKER_PID [memory] [runs=N] [only=TEXT] [stories=COMMAND] [table=FILE]
 *     memory: only the ceilings, which are tests; else figures as well. */
#include "tests/hostile/siege.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void siege_pass_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

/* What stands behind the key, or else. */
static const char *option(int argc, char **argv, const char *key, const char *otherwise)
{
	for (int i = 4; i < argc; i++)
		if (!strncmp(argv[i], key, strlen(key)))
			return argv[i] + strlen(key);
	return otherwise;
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;
	if (argc < 4)
		return 2;
	struct siege s = {
		.port = (uint16_t)atoi(argv[1]),
		.tls_port = (uint16_t)atoi(argv[2]),
		.broker = atoi(argv[3]),
		.stories = option(argc, argv, "stories=", "false"),
		.only = option(argc, argv, "only=", ""),
		.runs = (unsigned)atoi(option(argc, argv, "runs=", "3")),
		.table = option(argc, argv, "table=", NULL),
	};
	signal(SIGPIPE, SIG_IGN);
	if (!option(argc, argv, "memory", NULL))
		harms_measure(&s);
	strangers_hold(&s, &passed, &failed);
	printf("passed %u failed %u siege\n", passed, failed);
	return failed > 0;
}
