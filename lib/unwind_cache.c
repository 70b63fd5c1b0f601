// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unwind_cache.c: unwind tables kept between runs, by build-id and by a keyed hash of what they were made of: files of the same build-id
 * may differ (stripped, patched, made to deceive). What is read is checked like anything from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symtab.h"
#include "unwind_cache.h"
#include "unwind_build.h"
#include "unwind_table.h"

#define HEAD_MAGIC	0x43574b54U	/* "TKWC" as bytes */
#define HEAD_VERSION	6	/* to be raised with every change of what tables are made, or of how */
#define TABLE_MAX	(sizeof(struct ktally_unwind_table) + KTALLY_UNWIND_ROWS_MAX * 6ULL + KTALLY_UNWIND_RULES_MAX * \
			 sizeof(struct ktally_unwind_rule) + 8)
#define NOTES_MAX	65536
#define USED_S		3600	/* that a table is used is noted as often */

/* Of a file; the table follows. @check: of the rest of the head and of the table, by the user's secret. */
struct head {
	uint64_t check;
	uint32_t magic, version;
	uint64_t functions, skipped, size;
};

/* ---- names ---- */

static bool build_id(struct ktally_image *image, char *text)
{
	GElf_Phdr header;
	size_t i, nr, size;
	uint8_t *notes;

	*text = 0;
	if (elf_getphdrnum(image->elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT_MAX && !*text; i++) {
		if (!gelf_getphdr(image->elf, (int)i, &header) || header.p_type != PT_NOTE || header.p_filesz > NOTES_MAX)
			continue;
		notes = malloc(header.p_filesz + 1);
		if (!notes)
			return false;
		size = ktally_image_read(image, header.p_offset, notes, header.p_filesz);
		ktally_notes_build_id(notes, size, text);
		free(notes);
	}
	return *text;
}

static bool hash_section(struct ktally_siphash *hash, struct ktally_image *image, const char *name)
{
	GElf_Shdr header;
	Elf_Scn *scn;
	uint64_t at;
	size_t now;

	if (!ktally_image_section(image, name, &header, &scn) || header.sh_size > KTALLY_CFI_MAX)
		return false;
	ktally_siphash_add(hash, &header.sh_addr, sizeof(header.sh_addr));
	ktally_siphash_add(hash, &header.sh_size, sizeof(header.sh_size));
	for (at = 0; at < header.sh_size; at += now) {
		now = header.sh_size - at < sizeof(image->window) ? header.sh_size - at : sizeof(image->window);
		image->window_length = 0;
		if (ktally_image_read(image, header.sh_offset + at, image->window, now) != now)
			return false;
		ktally_siphash_add(hash, image->window, now);
	}
	return true;
}

static void hash_segments(struct ktally_siphash *hash, const struct ktally_image *image)
{
	GElf_Phdr header;
	size_t i, nr;

	if (elf_getphdrnum(image->elf, &nr))
		return;
	for (i = 0; i < nr && i <= INT_MAX; i++)
		if (gelf_getphdr(image->elf, (int)i, &header))
			ktally_siphash_add(hash, &header, sizeof(header));
}

/* Return: false: the file cannot be known again */
static bool name_of(const struct ktally_cache *cache, struct ktally_image *image, char *name, size_t size)
{
	static const char *const sections[] = { ".eh_frame", ".debug_frame", ".gopclntab", ".data.rel.ro.gopclntab" };
	char id[KTALLY_BUILD_ID_TEXT];
	struct ktally_siphash hash;
	bool any = false;
	size_t i;
	int len;

	if (!build_id(image, id))
		return false;
	ktally_siphash_begin(&hash, cache->seed);
	hash_segments(&hash, image);
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		any |= hash_section(&hash, image, sections[i]);
	len = snprintf(name, size, "%s-%016llx", id, (unsigned long long)ktally_siphash_end(&hash));
	return any && len > 0 && (size_t)len < size;
}

static uint64_t check_of(const struct ktally_cache *cache, const struct head *head, const struct ktally_unwind_table *table)
{
	struct ktally_siphash hash;

	ktally_siphash_begin(&hash, cache->seed);
	ktally_siphash_add(&hash, &head->magic, sizeof(*head) - sizeof(head->check));
	ktally_siphash_add(&hash, table, head->size);
	return ktally_siphash_end(&hash);
}

/* ---- files ---- */

static bool read_all(int fd, void *buf, size_t size)
{
	size_t done = 0;
	ssize_t now;

	while (done < size) {
		now = read(fd, (char *)buf + done, size - done);
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return false;
		done += (size_t)now;
	}
	return true;
}

static bool write_all(int fd, const void *buf, size_t size)
{
	size_t done = 0;
	ssize_t now;

	while (done < size) {
		now = write(fd, (const char *)buf + done, size - done);
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			return false;
		done += (size_t)now;
	}
	return true;
}

static struct ktally_unwind_table *read_table(const struct ktally_cache *cache, int fd, uint64_t file_size, struct head *head, uint32_t machine)
{
	struct ktally_unwind_table *table;

	if (file_size < sizeof(*head) || !read_all(fd, head, sizeof(*head)) || head->magic != HEAD_MAGIC || head->version != HEAD_VERSION ||
	    head->size > TABLE_MAX || head->size != file_size - sizeof(*head))
		return NULL;
	table = malloc(head->size + 1);
	if (!table)
		return NULL;
	if (read_all(fd, table, head->size) && check_of(cache, head, table) == head->check && !ktally_unwind_check(table, head->size) &&
	    table->machine == machine)
		return table;
	free(table);
	return NULL;
}

/* What is damaged is deleted, and made again. */
static struct ktally_unwind_table *get(const struct ktally_cache *cache, const char *name, struct head *head, uint32_t machine)
{
	struct ktally_unwind_table *table;
	struct stat st;
	int fd = ktally_cache_open_file(cache->folder, name, &st);

	if (fd < 0)
		return NULL;
	table = read_table(cache, fd, (uint64_t)st.st_size, head, machine);
	if (!table)
		unlinkat(cache->folder, name, 0);
	else if (time(NULL) - st.st_mtime > USED_S)
		futimens(fd, NULL);
	close(fd);
	return table;
}

/* A folder that cannot be written is no failure: the table is there. */
static void put(const struct ktally_cache *cache, const char *name, const struct ktally_unwind_table *table, size_t size,
		const struct ktally_unwind_info *info)
{
	struct head head = { .magic = HEAD_MAGIC, .version = HEAD_VERSION, .functions = info->functions, .skipped = info->skipped, .size = size };
	char temp[KTALLY_CACHE_NAME + 64];
	bool done;
	int fd;

	head.check = check_of(cache, &head, table);
	snprintf(temp, sizeof(temp), "%s%ld-%s", KTALLY_CACHE_TEMP, (long)gettid(), name);
	unlinkat(cache->folder, temp, 0);
	fd = openat(cache->folder, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	done = write_all(fd, &head, sizeof(head)) && write_all(fd, table, size);
	if (close(fd) || !done || renameat(cache->folder, temp, cache->folder, name))
		unlinkat(cache->folder, temp, 0);
	else
		ktally_cache_prune(cache, KTALLY_CACHE_BYTES);
}

static int with_cache(const struct ktally_cache *cache, struct ktally_unwind_table **table, size_t *size, struct ktally_image *image,
		      struct ktally_unwind_info *info, struct ktally_error *err)
{
	char name[KTALLY_CACHE_NAME];
	bool named = name_of(cache, image, name, sizeof(name));
	struct head head;
	int rc;

	*table = named ? get(cache, name, &head, image->machine) : NULL;
	if (*table) {
		*size = head.size;
		*info = (struct ktally_unwind_info){ .source = "cache", .functions = head.functions, .skipped = head.skipped };
		return 0;
	}
	rc = ktally_unwind_compile_image(table, size, image, info, err);
	if (!rc && named)
		put(cache, name, *table, *size, info);
	return rc;
}

static int from_image(struct ktally_unwind_table **table, size_t *size, struct ktally_image *image, struct ktally_unwind_info *info,
		      struct ktally_error *err)
{
	struct ktally_cache cache;
	int rc = ktally_unwind_check_machine(image, err);

	if (rc)
		return rc;
	if (ktally_cache_open(&cache))
		return ktally_unwind_compile_image(table, size, image, info, err);
	rc = with_cache(&cache, table, size, image, info, err);
	ktally_cache_close(&cache);
	return rc;
}

int ktally_unwind_cached(struct ktally_unwind_table **table, size_t *size, int fd, struct ktally_unwind_info *info, struct ktally_error *err)
{
	struct ktally_image *image = malloc(sizeof(*image));
	struct ktally_unwind_info own;
	int rc;

	if (!image)
		return ktally_fail(err, -ENOMEM, "no memory for an unwind table");
	rc = fd < 0 ? ktally_fail(err, -EBADF, "there is no such open file (descriptor %d)", fd) : ktally_image_open(image, fd, NULL, 0, err);
	if (!rc) {
		rc = from_image(table, size, image, info ? info : &own, err);
		ktally_image_close(image);
	}
	free(image);
	return rc;
}
