/* SPDX-License-Identifier: Apache-2.0 */
/* Files are inodes with bytes as seen and bytes as durable, and a list of the writes between the
 * two.  The directory is a list of names as seen and one as durable, and the list of changes
 * between the two, which survive in order (a journal), up to some point. */
#include "tests/sim/disk_sim.h"

#include <errno.h>
#include <stdio.h>

#include "base/die.h"
#include "base/list.h"
#include "base/mem.h"

enum { SECTOR = 512, NAME_MAX_BYTES = 40, NAMES = 256, HANDLES = 128 };

struct change {                  /* of a file: a write, or a truncation to at */
	struct list link;
	uint64_t at;
	struct buf bytes;
	bool truncates;
};

struct inode {
	struct list link;
	struct buf seen, durable;
	struct list changes;
	int handles;
	bool linked;                 /* one file with one on another disk: nobody writes to it */
};

struct name {
	char text[NAME_MAX_BYTES];
	struct inode *inode;
};

struct directory {
	struct name names[NAMES];
	size_t n;
};

struct disk_sim {
	struct disk disk;
	uint64_t random, room, operations, n_reads, crash_at, fault_at;
	int fault;                   /* errno of the one operation that fails */
	bool down, locked, fail_sync, faulted;
	bool lies_about_syncs, lies_about_faults;
	struct list inodes;
	struct directory seen, durable;
	struct directory steps[HANDLES];   /* the directory after each unsynced change */
	size_t n_steps;
	struct inode *handles[HANDLES];
	struct disk *beside;
	bool far;                    /* that is on another file system */
};

static struct disk_sim *self(struct disk *d)
{
	return (struct disk_sim *)(void *)d;
}

static const struct disk_sim *const_self(const struct disk *d)
{
	return (const struct disk_sim *)(const void *)d;
}

static uint64_t dice(struct disk_sim *s, uint64_t n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (s->random >> 20) % n;
}

/* Counts an operation. -EIO when the power is gone, or goes now; the fault that is due; 0. */
static int operate(struct disk_sim *s)
{
	if (s->down)
		return -EIO;
	s->operations++;
	s->down = s->operations == s->crash_at;
	if (s->down || s->operations != s->fault_at)
		return s->down ? -EIO : 0;
	s->faulted = true;
	return -s->fault;
}

/* ---- bytes ---- */

static void put(struct buf *b, uint64_t at, const uint8_t *p, size_t n)
{
	if (b->len < at + n) {
		size_t more = at + n - b->len;
		memset(buf_reserve(b, more), 0, more);
		b->len += more;
	}
	if (n)
		memcpy(b->p + at, p, n);
}

static void cut(struct buf *b, uint64_t size)
{
	if (b->len < size)
		put(b, size, NULL, 0);
	b->len = size;
}

static void drop_change(struct change *c)
{
	list_remove(&c->link);
	buf_free(&c->bytes);
	mem_free(c);
}

static void note_change(struct inode *i, uint64_t at, const void *p, size_t n, bool truncates)
{
	struct change *c = mem_zalloc(sizeof *c);
	c->at = at;
	c->truncates = truncates;
	if (n)
		buf_append(&c->bytes, p, n);
	list_push(&i->changes, &c->link);
}

static void apply(struct inode *i, const struct change *c)
{
	if (c->truncates)
		cut(&i->durable, c->at);
	else
		put(&i->durable, c->at, c->bytes.p, c->bytes.len);
}

/* Part of a change that was not synced; false when what comes after it is lost as well. */
static bool apply_some(struct disk_sim *s, struct inode *i, const struct change *c,
                       enum disk_sim_loss loss)
{
	bool tears = loss == DISK_SIM_TEARS && dice(s, 4) == 0;
	size_t sectors = (c->bytes.len + SECTOR - 1) / SECTOR;
	size_t until = tears ? dice(s, sectors + 1) : sectors;
	if (c->truncates) {
		if (!tears && (loss != DISK_SIM_REORDERS || dice(s, 2)))
			apply(i, c);
		return !tears;
	}
	for (size_t k = 0; k < until; k++) {
		size_t at = k * SECTOR, n = c->bytes.len - at < SECTOR ? c->bytes.len - at : SECTOR;
		if (loss != DISK_SIM_REORDERS || dice(s, 2))
			put(&i->durable, c->at + at, c->bytes.p + at, n);
	}
	return !tears;
}

static void settle_inode(struct disk_sim *s, struct inode *i, enum disk_sim_loss loss)
{
	i->handles = 0;
	if (loss == DISK_SIM_KEEPS_ALL)
		return;
	bool on = loss != DISK_SIM_LOSES_ALL;
	for (struct list *l; (l = list_pop(&i->changes));) {
		struct change *c = list_entry(l, struct change, link);
		on = on && apply_some(s, i, c, loss);
		drop_change(c);
	}
	buf_clear(&i->seen);
	buf_append_slice(&i->seen, buf_slice(&i->durable));
}

/* ---- names ---- */

static struct name *find(struct directory *d, const char *file)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->names[i].text, file) == 0)
			return &d->names[i];
	return NULL;
}

static void add_name(struct directory *d, const char *file, struct inode *i)
{
	must(d->n < NAMES && strlen(file) < NAME_MAX_BYTES);
	struct name *n = &d->names[d->n++];
	*n = (struct name){ .inode = i };
	memcpy(n->text, file, strlen(file));
}

static void drop_name(struct directory *d, struct name *n)
{
	*n = d->names[--d->n];
}

/* Far more changes without a sync of the directory than anybody makes: the oldest is durable. */
static void directory_changed(struct disk_sim *s)
{
	if (s->n_steps == HANDLES) {
		s->durable = s->steps[0];
		memmove(s->steps, s->steps + 1, --s->n_steps * sizeof *s->steps);
	}
	s->steps[s->n_steps++] = s->seen;
}

static void settle_directory(struct disk_sim *s, enum disk_sim_loss loss)
{
	if (loss == DISK_SIM_KEEPS_ALL)
		return;
	size_t keep = loss == DISK_SIM_LOSES_ALL ? 0 : dice(s, s->n_steps + 1);
	if (keep)
		s->durable = s->steps[keep - 1];
	s->seen = s->durable;
	s->n_steps = 0;
}

static bool is_named(const struct directory *d, const struct inode *i)
{
	for (size_t k = 0; k < d->n; k++)
		if (d->names[k].inode == i)
			return true;
	return false;
}

static void free_inode(struct inode *i)
{
	for (struct list *l; (l = list_pop(&i->changes));)
		drop_change(list_entry(l, struct change, link));
	buf_free(&i->seen);
	buf_free(&i->durable);
	list_remove(&i->link);
	mem_free(i);
}

static void bury(struct disk_sim *s)
{
	list_each_safe(it, &s->inodes) {
		struct inode *i = list_entry(it, struct inode, link);
		bool used = i->handles || is_named(&s->seen, i) || is_named(&s->durable, i);
		for (size_t k = 0; k < s->n_steps && !used; k++)
			used = is_named(&s->steps[k], i);
		if (!used)
			free_inode(i);
	}
}

/* ---- the table ---- */

static int sim_lock(struct disk *d)
{
	struct disk_sim *s = self(d);
	if (s->locked)
		return -EBUSY;
	s->locked = true;
	return 0;
}

static int sim_list(struct disk *d, void (*name)(void *, const char *), void *to)
{
	struct disk_sim *s = self(d);
	struct directory now = s->seen;
	for (size_t i = 0; i < now.n; i++)
		name(to, now.names[i].text);
	return 0;
}

static int64_t used_bytes(const struct disk_sim *s)
{
	uint64_t used = 0;
	list_each(it, &s->inodes)
		used += list_entry(it, struct inode, link)->seen.len;
	return (int64_t)used;
}

static int create(struct disk_sim *s, const char *file, uint64_t size)
{
	int error = operate(s);
	if (error)
		return error;
	if (s->room && (uint64_t)used_bytes(s) + size > s->room)
		return -ENOSPC;
	struct inode *i = mem_zalloc(sizeof *i);
	list_init(&i->changes);
	list_push(&s->inodes, &i->link);
	cut(&i->seen, size);
	note_change(i, size, NULL, 0, true);
	add_name(&s->seen, file, i);
	directory_changed(s);
	return 0;
}

static int sim_open(struct disk *d, const char *file, bool creates, uint64_t size)
{
	struct disk_sim *s = self(d);
	if (s->down)
		return -EIO;
	if (creates && find(&s->seen, file))
		return -EEXIST;
	int error = creates ? create(s, file, size) : 0;
	struct name *n = error ? NULL : find(&s->seen, file);
	if (!n)
		return error ? error : -ENOENT;
	for (int h = 0; h < HANDLES; h++) {
		if (!s->handles[h]) {
			s->handles[h] = n->inode;
			n->inode->handles++;
			return h;
		}
	}
	return -EMFILE;
}

static void sim_close(struct disk *d, int handle)
{
	struct disk_sim *s = self(d);
	if (!s->handles[handle])
		return;
	s->handles[handle]->handles--;
	s->handles[handle] = NULL;
	bury(s);
}

static int64_t sim_size(struct disk *d, int handle)
{
	return (int64_t)self(d)->handles[handle]->seen.len;
}

/* The write at which the power goes, or which fails, may have begun: it is kept as a change and
 * torn later. */
static int sim_write(struct disk *d, int handle, uint64_t at, const void *p, size_t n)
{
	struct disk_sim *s = self(d);
	struct inode *i = s->handles[handle];
	if (s->down)
		return -EIO;
	must(!i->linked);
	int error = operate(s);
	note_change(i, at, p, n, false);
	put(&i->seen, at, p, n);
	return error;
}

static int sim_read(struct disk *d, int handle, uint64_t at, void *p, size_t n)
{
	const struct inode *i = self(d)->handles[handle];
	self(d)->n_reads++;
	if (self(d)->down || at > i->seen.len || n > i->seen.len - at)
		return -EIO;
	memcpy(p, i->seen.p + at, n);
	return 0;
}

static int sim_sync(struct disk *d, int handle)
{
	struct disk_sim *s = self(d);
	struct inode *i = s->handles[handle];
	int error = operate(s);
	if (s->down)
		return error;
	if (!error && s->fail_sync)
		error = -EIO;
	s->fail_sync = false;
	if (!error && s->lies_about_syncs)
		return 0;
	for (struct list *l; (l = list_pop(&i->changes));) {
		struct change *c = list_entry(l, struct change, link);
		if (!error)
			apply(i, c);
		drop_change(c);
	}
	return s->lies_about_faults ? 0 : error;
}

static int sim_truncate(struct disk *d, int handle, uint64_t size)
{
	struct disk_sim *s = self(d);
	int error = operate(s);
	if (error)
		return error;
	must(!s->handles[handle]->linked);
	note_change(s->handles[handle], size, NULL, 0, true);
	cut(&s->handles[handle]->seen, size);
	return 0;
}

static int sim_rename(struct disk *d, const char *from, const char *to)
{
	struct disk_sim *s = self(d);
	int error = operate(s);
	if (error)
		return error;
	struct name *n = find(&s->seen, from), *old = find(&s->seen, to);
	if (!n)
		return -ENOENT;
	struct inode *i = n->inode;
	if (old)
		drop_name(&s->seen, old);
	drop_name(&s->seen, find(&s->seen, from));
	add_name(&s->seen, to, i);
	directory_changed(s);
	return 0;
}

static int sim_remove(struct disk *d, const char *file)
{
	struct disk_sim *s = self(d);
	struct name *n = find(&s->seen, file);
	if (!n)
		return -ENOENT;
	int error = operate(s);
	if (error)
		return error;
	drop_name(&s->seen, n);
	directory_changed(s);
	bury(s);
	return 0;
}

static int sim_sync_directory(struct disk *d)
{
	struct disk_sim *s = self(d);
	int error = operate(s);
	if (error)
		return error;
	s->durable = s->seen;
	s->n_steps = 0;
	bury(s);
	return 0;
}

static int64_t sim_room(struct disk *d)
{
	const struct disk_sim *s = self(d);
	return s->room ? (int64_t)s->room - used_bytes(s) : INT64_MAX;
}

static int sim_links(struct disk *d, const char *file)
{
	const struct name *n = find(&self(d)->seen, file);
	return n ? 1 + n->inode->linked : -ENOENT;
}

/* Nobody writes to either again, so that two of the same bytes are as good as one. */
static int sim_link(struct disk *d, const char *file, struct disk *to)
{
	struct disk_sim *s = self(d), *t = self(to);
	struct name *n = find(&s->seen, file);
	if (s->far)
		return -EXDEV;
	int error = n ? operate(t) : -ENOENT;
	if (error)
		return error;
	must(list_empty(&n->inode->changes) && !find(&t->seen, file));
	struct inode *i = mem_zalloc(sizeof *i);
	list_init(&i->changes);
	list_push(&t->inodes, &i->link);
	buf_append_slice(&i->seen, buf_slice(&n->inode->durable));
	buf_append_slice(&i->durable, buf_slice(&n->inode->durable));
	i->linked = n->inode->linked = true;
	add_name(&t->seen, file, i);
	directory_changed(t);
	return 0;
}

static int sim_beside(struct disk *d, const char *directory, struct disk **out)
{
	(void)directory;
	*out = self(d)->beside;
	if (!*out)
		return -ENOTSUP;
	return self(*out)->seen.n ? -ENOTEMPTY : 0;
}

static void close_handles(struct disk_sim *s)
{
	for (int h = 0; h < HANDLES; h++)
		if (s->handles[h])
			sim_close(&s->disk, h);
}

static void sim_destroy(struct disk *d)
{
	close_handles(self(d));
	self(d)->locked = false;
}

/* ---- the simulator's side ---- */

struct disk *disk_sim_new(uint64_t seed, uint64_t room)
{
	static const struct disk_ops ops = {
		.lock = sim_lock,
		.list = sim_list,
		.open = sim_open,
		.close = sim_close,
		.size = sim_size,
		.write = sim_write,
		.read = sim_read,
		.sync = sim_sync,
		.truncate = sim_truncate,
		.rename = sim_rename,
		.remove = sim_remove,
		.sync_directory = sim_sync_directory,
		.room = sim_room,
		.links = sim_links,
		.link = sim_link,
		.beside = sim_beside,
		.destroy = sim_destroy,
	};
	struct disk_sim *s = mem_zalloc(sizeof *s);
	s->disk = (struct disk){ .ops = &ops, .direct = true, .how = "simulated" };
	s->random = seed * 2654435761u + 88172645463325252u;
	s->room = room;
	list_init(&s->inodes);
	return &s->disk;
}

uint64_t disk_sim_operations(const struct disk *d)
{
	return const_self(d)->operations;
}

void disk_sim_crash_at(struct disk *d, uint64_t n)
{
	self(d)->crash_at = n;
}

bool disk_sim_is_down(const struct disk *d)
{
	return const_self(d)->down;
}

void disk_sim_reboot(struct disk *d, enum disk_sim_loss loss)
{
	struct disk_sim *s = self(d);
	close_handles(s);
	settle_directory(s, loss);
	list_each(it, &s->inodes)
		settle_inode(s, list_entry(it, struct inode, link), loss);
	bury(s);
	s->down = s->locked = s->fail_sync = false;
	s->crash_at = s->fault_at = 0;
}

void disk_sim_fault_at(struct disk *d, uint64_t n, int error)
{
	self(d)->fault_at = n;
	self(d)->fault = error;
	self(d)->faulted = false;
}

void disk_sim_lie(struct disk *d, bool about_syncs, bool about_faults)
{
	self(d)->lies_about_syncs = about_syncs;
	self(d)->lies_about_faults = about_faults;
}

bool disk_sim_faulted(const struct disk *d)
{
	return const_self(d)->faulted;
}

void disk_sim_fail_sync(struct disk *d)
{
	self(d)->fail_sync = true;
}

uint64_t disk_sim_reads(const struct disk *d)
{
	return const_self(d)->n_reads;
}

void disk_sim_set_room(struct disk *d, uint64_t room)
{
	self(d)->room = room;
}

void disk_sim_set_beside(struct disk *d, struct disk *other, bool far)
{
	self(d)->beside = other;
	self(d)->far = far;
}

bool disk_sim_flip(struct disk *d, const char *file, uint64_t at, unsigned bit)
{
	struct name *n = find(&self(d)->seen, file);
	if (!n || at >= n->inode->seen.len || at >= n->inode->durable.len)
		return false;
	n->inode->seen.p[at] ^= (uint8_t)(1u << bit);
	n->inode->durable.p[at] ^= (uint8_t)(1u << bit);
	return true;
}

void disk_sim_free(struct disk *d)
{
	struct disk_sim *s = self(d);
	close_handles(s);
	while (!list_empty(&s->inodes))
		free_inode(list_entry(s->inodes.next, struct inode, link));
	mem_free(s);
}
