/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/security.h"

#include "base/mem.h"

struct security {
	const char *texts[SECURITY_TEXTS];   /* behind it, in the same piece of memory */
};

struct security *security_new(const struct buf texts[SECURITY_TEXTS])
{
	size_t n = sizeof(struct security);
	for (size_t i = 0; i < SECURITY_TEXTS; i++)
		n += texts[i].len + 1;
	struct security *s = mem_zalloc(n);
	char *at = (char *)(s + 1);
	for (size_t i = 0; i < SECURITY_TEXTS; i++) {
		if (!texts[i].len)
			continue;
		s->texts[i] = memcpy(at, texts[i].p, texts[i].len);
		at += texts[i].len + 1;
	}
	return s;
}

const char *security_text(const struct security *s, enum security_text t)
{
	return s ? s->texts[t] : NULL;
}
