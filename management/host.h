/* SPDX-License-Identifier: Apache-2.0 */
/* The process that the broker runs in: what management is told of it, and what it asks of it. */
#ifndef MANAGEMENT_HOST_H
#define MANAGEMENT_HOST_H

#include "base/buf.h"
#include "base/logline.h"
#include "management/http_peer.h"

struct broker;
struct list;
struct livelog;

struct host {
	struct broker *broker;
	const char *version, *data_dir, *listeners;
	uint64_t pid;
	uint64_t max_connections, max_descriptors, max_threads;
	uint64_t processors;
	uint64_t memory_total;       /* bytes that the process may use */
	uint64_t code_bytes;         /* of them, what the program itself takes */
	bool stop;                   /* set by a verb: the process is to end in order */
	enum host_wish {
		HOST_GOES_ON, HOST_SUSPENDS, HOST_RESUMES, HOST_RELOADS, HOST_SETS_LOG_LEVEL,
		HOST_ROTATES_LOGS
	} wish;                      /* set by a verb or a handler: see server/steward.c */
	bool suspended;              /* nobody new is let in */
	enum logline_level log_level;    /* for HOST_SETS_LOG_LEVEL */
	const char *log_file;        /* where lines go beside the output; NULL: nowhere */
	struct slice config_files;   /* that were read, a line each */
	const char *crypto;          /* name and version of the library for TLS */
	struct buf trouble;          /* why the last wish could not be granted; owned */
	struct buf settings;         /* the configuration in force, lines of key = value; owned */
	struct host_reloaded {
		struct buf live, start, first;
	} reloaded;                  /* what HOST_RELOADS changed, names with commas between; owned */
	unsigned n_tickers;          /* clients that are told numbers each second (ticker.h) */
	unsigned n_followers;        /* calls that go on until the caller goes */
	size_t ranked_bytes;         /* what lists take up that are put in order (ranking.h) */
	uint64_t max_body_bytes;     /* of a request over HTTP */
	struct list *aside;          /* what another thread reads (parsing.h); NULL: there is none */
	const char *path_prefix;     /* what begins with it is about the API; NULL, "": all */
	const char *cors_origins;    /* whose pages may ask from a browser, blanks between; or NULL */
	uint64_t login_minutes;      /* that a page may go on asking for who has logged in there */
	const char *metrics_path;    /* what begins with it is about metrics */
	bool scrapers_log_in;        /* who asks for them has to be somebody */
	bool metrics_per_object;     /* they are told so where nothing else is said */
	struct host_process {
		uint64_t memory, descriptors, threads;   /* in use: bytes, open ones, those there are */
	} process;                   /* as it is when metrics are told, else of the last second */
	uint64_t recovery_ms;        /* how long the log was read */
	const struct livelog *livelog;   /* what was said last */
	struct buf *visits;          /* lines of the access log (visit.h); NULL: it is not kept */
	struct host_certificate {
		const char *file;
		int64_t expires_s;       /* since 1970 */
	} certificates[HTTP_SERVICES + 1];   /* in force; the last: of AMQP; no file: none */
	struct buf ciphers;          /* of AMQP with TLS, with colons between; owned */
	const struct host_port *ports;   /* where it listens ... */
	size_t n_ports;
};

/* One of them. */
struct host_port {
	const char *protocol;        /* as RabbitMQ calls it: "amqp", "amqp/ssl", "http", "https" */
	char address[108];           /* of a host, or a path; port is 0 then */
	uint16_t port;
};

#endif
