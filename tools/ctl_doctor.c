/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: looks at the machine and at the broker on it for what will hurt one day, and says what
 * mends it. */
#include <dirent.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "management/request.h"
#include "server/doorway.h"
#include "server/version.h"
#include "tools/ctl_asking.h"
#include "tools/ctl_own.h"

enum { FEW_DESCRIPTORS = 65536, SHORT_QUEUE = 1024, LONG_QUEUE = 100000 };

struct patient {
	const struct whom *whom;
	long pid;                    /* 0: it does not answer, or is elsewhere */
	struct buf finding;          /* what was seen, for the line */
};

enum verdict { WELL, AILS, UNKNOWN };

/* ---- ways to look ---- */

/* A call with up to four words; what it puts out. */
static int ask(const struct patient *p, struct buf *out, const char *a, const char *b,
               const char *c, const char *d)
{
	const char *words[] = { a, b, c, d };
	struct request r = { 0 };
	struct asking asking = { .whom = p->whom, .quiet = true };
	struct answer_piece piece;
	while (r.n < 4 && words[r.n]) {
		r.arguments[r.n] = slice_str(words[r.n]);
		r.n++;
	}
	if (asking_open(&asking, &r, r.arguments[0]))
		while (asking_next(&asking, &piece))
			if (piece.kind != ANSWER_PROGRESS)
				buf_append_slice(out, piece.bytes);
	asking_close(&asking);
	return asking.code;
}

/* Succeeds as the verb does, and finds what it says. */
static enum verdict verb(struct patient *p, const char *a, const char *b, const char *c)
{
	int code = ask(p, &p->finding, a, "-q", b, c);
	for (size_t i = 0; i < p->finding.len; i++)
		if (p->finding.p[i] == '\n')
			p->finding.p[i] = ' ';
	return code == CALL_EXIT_OK ? WELL : p->finding.len ? AILS : UNKNOWN;
}

/* The number behind a word in a file; -1: there is none. */
static long number_in(const char *path, const char *word)
{
	char line[256];
	long n = -1;
	FILE *f = fopen(path, "re");
	while (f && n < 0 && fgets(line, sizeof line, f)) {
		const char *at = strstr(line, word);
		if (at && sscanf(at + strlen(word), "%ld", &n) != 1)
			n = strstr(at, "unlimited") ? LONG_MAX : -1;
	}
	if (f)
		fclose(f);
	return n;
}

static long of_process(const struct patient *p, const char *file, const char *word)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%ld/%s", p->pid, file);
	return p->pid ? number_in(path, word) : -1;
}

static enum verdict judge(struct patient *p, const char *what, long n, bool well)
{
	if (n < 0)
		return UNKNOWN;
	buf_printf(&p->finding, "%s %ld", what, n);
	return well ? WELL : AILS;
}

/* ---- the broker ---- */

static enum verdict answers(struct patient *p)
{
	struct buf text = { 0 };
	int code = ask(p, &text, "status", "-q", NULL, NULL);
	buf_u8(&text, '\0');
	const char *at = strstr((const char *)text.p, "OS PID: ");
	if (!code && at && !p->whom->host)
		p->pid = atol(at + 8);
	buf_free(&text);
	return code ? AILS : WELL;
}

static enum verdict version(struct patient *p)
{
	if (ask(p, &p->finding, "version", NULL, NULL, NULL))
		return UNKNOWN;
	p->finding.len -= p->finding.len > 0;
	return slice_is(buf_slice(&p->finding), VERSION) ? WELL : AILS;
}

static enum verdict alarms(struct patient *p)
{
	return verb(p, "check_alarms", NULL, NULL);
}

static enum verdict listens(struct patient *p)
{
	return verb(p, "check_port_connectivity", NULL, NULL);
}

static enum verdict certificates(struct patient *p)
{
	return verb(p, "check_certificate_expiration", "--unit=days", "--within=30");
}

/* A password that everybody knows, where more than this machine is let in. */
static enum verdict guest(struct patient *p)
{
	struct buf text = { 0 };
	ask(p, &text, "listeners", "-q", NULL, NULL);
	buf_u8(&text, '\0');
	bool open = strstr((const char *)text.p, "0.0.0.0") || strstr((const char *)text.p, "[::]") ||
	            strstr((const char *)text.p, "Interface: ::,");
	buf_free(&text);
	if (!open)
		return WELL;
	int code = ask(p, &text, "authenticate_user", "-q", "guest", "guest");
	buf_free(&text);
	return code == CALL_EXIT_OK ? AILS : code == CALL_EXIT_DATA ? WELL : UNKNOWN;
}

static enum verdict warnings(struct patient *p)
{
	struct buf text = { 0 };
	long n = 0;
	if (ask(p, &text, "log_tail", "-q", "--number=256", NULL)) {
		buf_free(&text);
		return UNKNOWN;
	}
	for (struct slice rest = buf_slice(&text); rest.n;) {
		struct slice line = slice_cut(&rest, '\n');
		n += memmem(line.p, line.n, " [warning] ", 11) || memmem(line.p, line.n, " [error] ", 9);
	}
	buf_free(&text);
	return judge(p, "warnings and errors among the last 256 lines:", n, n == 0);
}

/* The deepest one: behind the line of all together. */
static enum verdict forgotten(struct patient *p)
{
	struct buf text = { 0 };
	long messages = 0, consumers = 1;
	if (!ask(p, &text, "rank_queues", "-s", "--number=1", NULL)) {
		struct slice rest = buf_slice(&text);
		slice_cut(&rest, '\n');
		struct slice vhost = slice_cut(&rest, '\t'), name = slice_cut(&rest, '\t');
		buf_u8(&text, '\0');
		if (rest.n && sscanf((const char *)rest.p, "%ld %*d %*d %ld", &messages, &consumers) == 2)
			buf_printf(&p->finding, "%.*s in %.*s has %ld messages and %ld consumers",
			           SLICE_ARG(name), SLICE_ARG(vhost), messages, consumers);
	}
	buf_free(&text);
	return messages > LONG_QUEUE && consumers == 0 ? AILS : WELL;
}

/* ---- its process ---- */

static enum verdict descriptors(struct patient *p)
{
	long n = of_process(p, "limits", "Max open files");
	return judge(p, "it may open", n, n >= FEW_DESCRIPTORS);
}

static enum verdict descriptors_used(struct patient *p)
{
	char path[64];
	long n = 0, most = of_process(p, "limits", "Max open files");
	snprintf(path, sizeof path, "/proc/%ld/fd", p->pid);
	DIR *d = p->pid ? opendir(path) : NULL;
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return d ? judge(p, "it has open", n, n < most - most / 5) : UNKNOWN;
}

static enum verdict swapped(struct patient *p)
{
	long n = of_process(p, "status", "VmSwap:");
	return judge(p, "kB of it swapped out:", n, n == 0);
}

/* ---- its data directory ---- */

static enum verdict disk(struct patient *p)
{
	struct statvfs v;
	if (statvfs(p->whom->data_dir, &v) != 0 || !v.f_blocks)
		return UNKNOWN;
	long percent = (long)(100 * v.f_bavail / v.f_blocks);
	return judge(p, "percent free:", percent, percent >= 10);
}

static enum verdict inodes(struct patient *p)
{
	struct statvfs v;
	if (statvfs(p->whom->data_dir, &v) != 0 || !v.f_files)
		return UNKNOWN;
	long percent = (long)(100 * v.f_favail / v.f_files);
	return judge(p, "percent free:", percent, percent >= 5);
}

static enum verdict file_system(struct patient *p)
{
	static const struct {
		long magic;
		const char *name;
	} bad[] = { { NFS_SUPER_MAGIC, "NFS" }, { TMPFS_MAGIC, "memory alone (tmpfs)" },
		        { OVERLAYFS_SUPER_MAGIC, "an overlay, as of a container's image" },
		        { FUSE_SUPER_MAGIC, "FUSE" }, { SMB2_SUPER_MAGIC, "SMB" } };
	struct statfs s;
	if (statfs(p->whom->data_dir, &s) != 0)
		return UNKNOWN;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if ((long)s.f_type == bad[i].magic) {
			buf_printf(&p->finding, "it is %s", bad[i].name);
			return AILS;
		}
	return WELL;
}

static enum verdict read_only(struct patient *p)
{
	struct statvfs v;
	if (statvfs(p->whom->data_dir, &v) != 0)
		return UNKNOWN;
	return v.f_flag & ST_RDONLY ? AILS : WELL;
}

static enum verdict mode_of(struct patient *p, const char *name, unsigned forbidden)
{
	char path[4096];
	struct stat s;
	snprintf(path, sizeof path, "%s/%s", p->whom->data_dir, name);
	if (stat(path, &s) != 0)
		return UNKNOWN;
	buf_printf(&p->finding, "its mode is %03o", s.st_mode & 0777);
	return s.st_mode & forbidden ? AILS : WELL;
}

static enum verdict directory_mode(struct patient *p)
{
	return mode_of(p, ".", 0027);
}

static enum verdict door_mode(struct patient *p)
{
	return mode_of(p, DOORWAY_NAME, 0077);
}

/* ---- the machine ---- */

static enum verdict huge_pages(struct patient *p)
{
	char line[128] = "";
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
	bool read = f && fgets(line, sizeof line, f);
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	buf_printf(&p->finding, "%s", line);
	return !read ? UNKNOWN : strstr(line, "[always]") ? AILS : WELL;
}

static enum verdict clock_is_right(struct patient *p)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);
	if (state < 0)
		return UNKNOWN;
	bool kept = state != TIME_ERROR && !(t.status & STA_UNSYNC);
	buf_printf(&p->finding, "%s", kept ? "it is kept by NTP" : "nothing keeps it");
	return kept ? WELL : AILS;
}

static enum verdict backlog(struct patient *p)
{
	long n = number_in("/proc/sys/net/core/somaxconn", "");
	return judge(p, "net.core.somaxconn is", n, n >= SHORT_QUEUE);
}

static enum verdict swappiness(struct patient *p)
{
	long n = number_in("/proc/sys/vm/swappiness", "");
	long swap = number_in("/proc/meminfo", "SwapTotal:");
	return judge(p, "vm.swappiness is", n, n <= 10 || swap <= 0);
}

static enum verdict memory(struct patient *p)
{
	long all = number_in("/proc/meminfo", "MemTotal:");
	long left = number_in("/proc/meminfo", "MemAvailable:");
	long percent = all > 0 && left >= 0 ? (long)(100. * (double)left / (double)all) : -1;
	return judge(p, "percent available:", percent, percent >= 10);
}

/* ---- the visit ---- */

static const struct check {
	const char *what, *mend;
	enum verdict (*look)(struct patient *p);
	bool here;                   /* of this machine: not of a broker that is elsewhere */
} checks[] = {
	{ "the broker answers", "start it, or name its data directory with --data-dir", answers,
	  false },
	{ "its version is this program's", "install both from one package, and restart", version,
	  false },
	{ "neither memory nor disk is short",
	  "make room, or raise vm_memory_high_watermark or disk_free_limit", alarms, false },
	{ "it lets clients in", "leveretctl resume_listeners", listens, false },
	{ "no certificate expires within 30 days", "renew it, and send SIGHUP", certificates, false },
	{ "guest is for this machine alone", "leveretctl change_password guest, or delete_user guest",
	  guest, false },
	{ "its log is quiet", "read it: leveretctl log_tail", warnings, false },
	{ "no deep queue is forgotten", "consume it, purge it, or limit it with a policy", forgotten,
	  false },
	{ "it may open enough files", "LimitNOFILE=1048576 in its unit", descriptors, true },
	{ "a fifth of them is left", "close connections, or raise LimitNOFILE in its unit",
	  descriptors_used, true },
	{ "none of it is swapped out", "give it memory: MemorySwapMax=0 in its unit", swapped, true },
	{ "there is room on its disk", "make room, or move data_dir to a larger one", disk, true },
	{ "there are inodes on its disk", "make room: many small files are on it", inodes, true },
	{ "its file system keeps what it says", "move data_dir to a local ext4 or XFS", file_system,
	  true },
	{ "its file system can be written", "mount it rw", read_only, true },
	{ "its data is nobody else's to read", "chmod 750 on data_dir", directory_mode, true },
	{ "its door is its owner's alone", "chmod 600 on " DOORWAY_NAME, door_mode, true },
	{ "huge pages come when asked for", "echo madvise > "
	  "/sys/kernel/mm/transparent_hugepage/enabled", huge_pages, true },
	{ "the clock is kept", "install chrony, or systemd-timesyncd", clock_is_right, true },
	{ "many may connect at once", "sysctl net.core.somaxconn=4096", backlog, true },
	{ "memory is not swapped early", "sysctl vm.swappiness=1", swappiness, true },
	{ "memory is left", "stop what else takes it, or add some", memory, true },
};

static enum verdict examine(struct patient *p, const struct check *c)
{
	static const char *const words[] = { [WELL] = "ok", [AILS] = "!!", [UNKNOWN] = "--" };
	buf_clear(&p->finding);
	enum verdict v = c->look(p);
	printf("%s  %s", words[v], c->what);
	if (p->finding.len)
		printf(" (%.*s)", SLICE_ARG(buf_slice(&p->finding)));
	printf("\n");
	if (v == AILS)
		printf("      mend it: %s\n", c->mend);
	return v;
}

int own_doctor(struct own_call *o)
{
	struct patient p = { .whom = o->whom };
	unsigned ails = 0;
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (!checks[i].here || !o->whom->host)
			ails += examine(&p, &checks[i]) == AILS;
	buf_free(&p.finding);
	printf("%s", ails ? "" : "all is well\n");
	return ails ? CALL_EXIT_UNAVAILABLE : CALL_EXIT_OK;
}
