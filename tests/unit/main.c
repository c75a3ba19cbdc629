/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the suites that suites.def names, or those whose name begins with an argument. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(name) Suite *suite_##name(void);
#include "tests/unit/suites.def"
#undef SUITE

static const struct {
	const char *name;
	Suite *(*make)(void);
} suites[] = {
#define SUITE(name) { #name, suite_##name },
#include "tests/unit/suites.def"
#undef SUITE
};

static int wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strncmp(name, argv[i], strlen(argv[i])) == 0)
			return 1;
	return argc == 1;
}

int main(int argc, char **argv)
{
	SRunner *r = srunner_create(NULL);
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);   /* a busy machine is no fault */
	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
		if (wanted(suites[i].name, argc, argv))
			srunner_add_suite(r, suites[i].make());
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r), run = srunner_ntests_run(r);
	srunner_free(r);
	printf("passed %d failed %d unit\n", run - failed, failed);
	return failed != 0 || run == 0;
}
