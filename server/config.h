/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration: the keys of config.def and their values.  Everything is checked when it is read;
 * what is wrong is said with its place and what would be right, and nothing of it is taken. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "management/http.h"
#include "server/config_sealed.h"

enum { CONFIG_LISTENERS_MAX = 32, CONFIG_HOST_BYTES = 108 };

/* What credential_validator.validation_backend can be. */
#define CONFIG_ANY_PASSWORD "rabbit_credential_validator_accept_everything"
#define CONFIG_LONG_PASSWORD "rabbit_credential_validator_min_password_length"
#define CONFIG_MATCHING_PASSWORD "rabbit_credential_validator_password_regexp"

struct config_listener {
	char *key;               /* "listeners.tcp.1", "listeners.ssl.default" */
	bool tls;
	char *address;           /* "5672", "127.0.0.1:5672", "[::1]:5672", "unix:/run/x", "fd:3",
	                          * "none" */
};

struct config {
#define NUMBER(field) uint64_t field;
#define LIMIT(field) uint64_t field;
#define SIZE(field) uint64_t field;
#define SHARE(field) double field;
#define BOOL(field) bool field;
#define TEXT(field) char *field;
#define SECRET(field) char *field;
#define CHOICE(field) char *field;
#define PATTERN(field) char *field;
#define LIST(field) char *field;   /* separated by blanks */
#define FLAGS(field) char *field;  /* those that are true, separated by commas */
#define ENTRIES(field) char *field;  /* base/entries.h */
#define KEY(name, kind, field, when, standard, least, most, doc) kind(field)
#include "server/config.def"
#undef KEY
#undef NUMBER
#undef LIMIT
#undef SIZE
#undef SHARE
#undef BOOL
#undef TEXT
#undef SECRET
#undef CHOICE
#undef PATTERN
#undef LIST
#undef FLAGS
#undef ENTRIES
	struct config_listener listeners[CONFIG_LISTENERS_MAX];
	uint32_t n_listeners;
	struct config_sealed *sealed;   /* owned */
	uint32_t n_sealed;
	uint32_t n_ignored;          /* keys taken without effect */
	char *first_ignored;
	struct buf files;            /* that were read, a line each; owned */
};

/* The defaults. */
void config_init(struct config *c);
void config_free(struct config *c);

/* Sets one key; where names its place for messages ("etc/leveret.conf:12", "argument").  A secret
 * that is encrypted (encrypted:...) is kept as it is until config_unseal.  False and a sentence in
 * why. */
bool config_set(struct config *c, struct slice key, struct slice value, const char *where,
                struct buf *why);

/* Reads the text of a file called name. */
bool config_read(struct config *c, struct slice text, const char *name, struct buf *why);

/* Reads the file at path and after it, in order of names, those of the directory conf.d beside
 * it. */
bool config_load(struct config *c, const char *path, struct buf *why);

/* Those of a directory, in order of names; none when it is not there. */
bool config_load_directory(struct config *c, const char *directory, struct buf *why);

/* Decrypts and sets what is encrypted yet, as config_entry_decoder says, and forgets what that says
 * of the passphrase; passphrase is NULL when there is none.  False and a sentence in why. */
bool config_unseal(struct config *c, const char *passphrase, struct buf *why);

/* Whether values of the key are nobody's business. */
bool config_is_secret(struct slice key);

/* The i-th key that a credential may be given for: those that are secret, and the default user;
 * NULL behind the last. */
const char *config_credential(size_t i);

/* The effective settings as a file would have them, secrets blanked. */
void config_print(const struct config *c, struct buf *out);

/* What differs in two of them: names of keys, with commas between. */
struct config_changes {
	struct buf live;             /* those that take effect at once */
	struct buf start;            /* those that wait for the next start */
	struct buf first;            /* those that only count at a first start */
};

/* Compares them; out is zeroed before. */
void config_compare(const struct config *a, const struct config *b, struct config_changes *out);
void config_changes_free(struct config_changes *c);

/* Swaps what takes effect at once; all else stays where it is, and texts of it may be borrowed. */
void config_swap_live(struct config *a, struct config *b);

/* One line a key with default and meaning, for --help and the documentation. */
void config_print_keys(struct buf *out);

/* True when some listener for AMQP speaks TLS. */
bool config_has_tls(const struct config *c);

/* What is said of a service over HTTP; strings are borrowed. */
struct config_web {
	const char *what;            /* "the HTTP API" */
	const char *key;             /* of its port */
	uint16_t standard_port;
	uint16_t port, ssl_port;     /* 0: none is named */
	const char *ip, *ssl_ip;     /* "": all addresses */
	char *certfile, *keyfile, *password;
	char *cacertfile, *verify;   /* ssl_options' for its clients */
	bool fail_if_no_peer_cert;
	uint64_t depth;
	char *versions, *ciphers;    /* "": those of ssl_options */
};
struct config_web config_web(const struct config *c, enum http_service s);

/* What its clients have of the configuration: its certificate in place of the other, and whether
 * they are asked for one.  Strings are borrowed. */
struct config config_of_web(const struct config *c, enum http_service s);

/* Splits a listener's address; host is "" for all addresses, a path for a socket of the file
 * system, "fd" for a descriptor that was open at the start, which port is then.  False when it is
 * malformed. */
bool config_address(const char *address, char host[CONFIG_HOST_BYTES], uint16_t *port);

#endif
