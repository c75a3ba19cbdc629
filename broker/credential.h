/* SPDX-License-Identifier: Apache-2.0 */
/* What a new password has to be like, where the configuration says so (credential_validator). */
#ifndef BROKER_CREDENTIAL_H
#define BROKER_CREDENTIAL_H

#include <stdbool.h>

#include "base/buf.h"

struct broker;

/* May the text be somebody's password?  False and a sentence in why, which does not show it. */
bool credential_check(struct broker *b, struct slice text, struct buf *why);

#endif
