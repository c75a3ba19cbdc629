/* SPDX-License-Identifier: Apache-2.0 */
/* The version of Leveret, for the programs. */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#define VERSION "0.1.0"

#endif
