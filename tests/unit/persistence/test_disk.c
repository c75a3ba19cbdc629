/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of disk.h on a real directory, with O_DIRECT where that can be had and without.
 * tests/kill has the disks that make it hard. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "persistence/disk.h"

Suite *suite_persistence_disk(void);

static char directory[64];
static struct disk *disk;
static uint8_t *block;

static void set_up(bool direct)
{
	snprintf(directory, sizeof directory, "/tmp/leveret-disk-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	block = mem_pages(DISK_BLOCK);
	disk = disk_posix_new(directory, direct);
	ck_assert_int_eq(disk->ops->lock(disk), 0);
}

static void set_up_direct(void)
{
	set_up(true);
}

static void set_up_buffered(void)
{
	set_up(false);
}

static void remove_file(void *to, const char *file)
{
	(void)to;
	disk->ops->remove(disk, file);
}

static void tear_down(void)
{
	disk->ops->list(disk, remove_file, NULL);
	disk->ops->destroy(disk);
	mem_pages_free(block, DISK_BLOCK);
	ck_assert_int_eq(rmdir(directory), 0);
}

static int make(const char *name, uint64_t size)
{
	int handle = disk->ops->open(disk, name, true, size);
	ck_assert_int_ge(handle, 0);
	return handle;
}

static int put(int handle, uint64_t at, char what)
{
	memset(block, what, DISK_BLOCK);
	return disk->ops->write(disk, handle, at, block, DISK_BLOCK);
}

static int get(int handle, uint64_t at)
{
	int error = disk->ops->read(disk, handle, at, block, DISK_BLOCK);
	return error ? error : block[DISK_BLOCK - 1];
}

static void count_file(void *to, const char *file)
{
	*(unsigned *)to += strcmp(file, "lock") != 0;
}

static unsigned files(void)
{
	unsigned n = 0;
	ck_assert_int_eq(disk->ops->list(disk, count_file, &n), 0);
	return n;
}

START_TEST(it_says_which_way_it_writes)
{
	ck_assert_str_eq(disk->how, disk->direct ? "O_DIRECT + fdatasync" : "buffered + fdatasync");
	ck_assert_uint_eq(files(), 0);   /* nothing is left of the trial */
}
END_TEST

START_TEST(nobody_else_gets_a_directory_that_is_locked)
{
	struct disk *other = disk_posix_new(directory, false);
	ck_assert_int_eq(other->ops->lock(other), -EBUSY);
	other->ops->destroy(other);
}
END_TEST

START_TEST(what_is_written_is_read_at_its_place)
{
	int handle = make("a", 3 * DISK_BLOCK);
	ck_assert_int_eq(disk->ops->size(disk, handle), 3 * DISK_BLOCK);
	ck_assert_int_eq(put(handle, 2 * DISK_BLOCK, 'c'), 0);
	ck_assert_int_eq(put(handle, 0, 'a'), 0);
	ck_assert_int_eq(disk->ops->sync(disk, handle), 0);
	disk->ops->close(disk, handle);
	handle = disk->ops->open(disk, "a", false, 0);
	ck_assert_int_eq(get(handle, 0), 'a');
	ck_assert_int_eq(get(handle, DISK_BLOCK), 0);
	ck_assert_int_eq(get(handle, 2 * DISK_BLOCK), 'c');
	ck_assert_int_eq(get(handle, 3 * DISK_BLOCK), -EIO);
	ck_assert_int_eq(disk->ops->truncate(disk, handle, DISK_BLOCK), 0);
	ck_assert_int_eq(get(handle, DISK_BLOCK), -EIO);
	disk->ops->close(disk, handle);
}
END_TEST

START_TEST(a_file_is_made_whole_or_not_at_all)
{
	disk->ops->close(disk, make("a", DISK_BLOCK));
	ck_assert_int_eq(disk->ops->open(disk, "a", true, DISK_BLOCK), -EEXIST);
	ck_assert_int_eq(disk->ops->open(disk, "b", false, 0), -ENOENT);
	uint64_t more_than_any = (uint64_t)1 << 62;
	ck_assert_int_lt(disk->ops->open(disk, "b", true, more_than_any), 0);
	ck_assert_uint_eq(files(), 1);
}
END_TEST

START_TEST(a_renamed_file_takes_the_place_of_another)
{
	int a = make("a", DISK_BLOCK), b = make("b", DISK_BLOCK);
	ck_assert_int_eq(put(a, 0, 'a'), 0);
	ck_assert_int_eq(put(b, 0, 'b'), 0);
	ck_assert_int_eq(disk->ops->rename(disk, "a", "b"), 0);
	ck_assert_int_eq(disk->ops->sync_directory(disk), 0);
	disk->ops->close(disk, a);
	disk->ops->close(disk, b);
	b = disk->ops->open(disk, "b", false, 0);
	ck_assert_int_eq(get(b, 0), 'a');
	disk->ops->close(disk, b);
	ck_assert_int_eq(disk->ops->remove(disk, "a"), -ENOENT);
	ck_assert_int_eq(disk->ops->remove(disk, "b"), 0);
	ck_assert_int_gt(disk->ops->room(disk), 0);
}
END_TEST

START_TEST(a_file_may_have_a_second_name_elsewhere)
{
	char path[96];
	struct disk *other = NULL;
	int handle = make("a", DISK_BLOCK);
	ck_assert_int_eq(put(handle, 0, 'a'), 0);
	ck_assert_int_eq(disk->ops->sync(disk, handle), 0);
	disk->ops->close(disk, handle);
	ck_assert_int_eq(disk->ops->beside(disk, directory, &other), -ENOTEMPTY);
	snprintf(path, sizeof path, "%s-beside", directory);
	ck_assert_int_eq(disk->ops->beside(disk, path, &other), 0);
	ck_assert_int_eq(other->ops->lock(other), 0);
	ck_assert_int_eq(disk->ops->links(disk, "a"), 1);
	ck_assert_int_eq(disk->ops->links(disk, "b"), -ENOENT);
	ck_assert_int_eq(disk->ops->link(disk, "b", other), -ENOENT);
	ck_assert_int_eq(disk->ops->link(disk, "a", other), 0);
	ck_assert_int_eq(disk->ops->link(disk, "a", other), -EEXIST);
	ck_assert_int_eq(disk->ops->links(disk, "a"), 2);
	ck_assert_int_eq(disk->ops->remove(disk, "a"), 0);
	ck_assert_int_eq(other->ops->links(other, "a"), 1);
	handle = other->ops->open(other, "a", false, 0);
	ck_assert_int_eq(other->ops->read(other, handle, 0, block, DISK_BLOCK), 0);
	ck_assert_int_eq(block[0], 'a');
	other->ops->close(other, handle);
	other->ops->remove(other, "a");
	other->ops->destroy(other);
	ck_assert_int_eq(disk->ops->beside(disk, path, &other), 0);   /* a lock is nothing */
	other->ops->destroy(other);
	snprintf(path, sizeof path, "%s-beside/lock", directory);
	ck_assert_int_eq(unlink(path), 0);
	path[strlen(path) - 5] = 0;
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

static TCase *all(const char *name, void (*begin)(void))
{
	TCase *t = tcase_create(name);
	tcase_add_checked_fixture(t, begin, tear_down);
	tcase_add_test(t, it_says_which_way_it_writes);
	tcase_add_test(t, nobody_else_gets_a_directory_that_is_locked);
	tcase_add_test(t, what_is_written_is_read_at_its_place);
	tcase_add_test(t, a_file_is_made_whole_or_not_at_all);
	tcase_add_test(t, a_renamed_file_takes_the_place_of_another);
	tcase_add_test(t, a_file_may_have_a_second_name_elsewhere);
	return t;
}

Suite *suite_persistence_disk(void)
{
	Suite *s = suite_create("disk");
	suite_add_tcase(s, all("direct", set_up_direct));
	suite_add_tcase(s, all("buffered", set_up_buffered));
	return s;
}
