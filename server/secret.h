/* SPDX-License-Identifier: Apache-2.0 */
/* A secret that somebody types. */
#ifndef SERVER_SECRET_H
#define SERVER_SECRET_H

/* A line of the input, without its end; a terminal is asked, and does not show it.  NULL: there is
 * none.  The caller's to secret_free. */
char *secret_read(const char *prompt);

/* Nothing of it stays in memory; NULL: nothing. */
void secret_free(char *secret);

#endif
