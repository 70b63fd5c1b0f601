// SPDX-License-Identifier: LGPL-2.1-or-later
/* Program images and their executable mappings, learnt from /proc once and from the rings' system records since. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "hash.h"
#include "jit_names.h"
#include "process.h"
#include "python_code.h"
#include "reader.h"
#include "recording.h"

/*
 * An image is known exactly from the rings, or loosely from /proc, which does not tell the exec count: then it stands for
 * every image of that process that nothing better is known of.
 *
 * @whole: it was there from its beginning, so what /proc showed before it is not of it
 * @scanned: /proc was already asked as a last resort
 * @comm: name of the process, "" if unknown
 */
struct image {
	struct image *next;
	uint64_t id;
	struct ktally_maps *maps;
	bool loose, whole, ended, scanned;
	char comm[16];
};

struct path {
	struct path *next;
	char text[];
};

struct ktally_processes {
	struct image **slots;
	struct path **paths;
	size_t nr_slots, nr, nr_path_slots;
	struct ktally_files *files;
	struct ktally_jit *jit;
	struct ktally_code_book *codes;
	struct ktally_unwinder *unwinder;
	uint64_t vdso_size;
	char *symfs;
	bool recorded;		/* of another machine or time: /proc and what is mapped here say nothing */
};

#define LOOSE(image) ((image) | 0xffffffffULL)
#define PID(image) ((uint32_t)((image) >> 32))

static size_t image_slot(size_t nr_slots, uint64_t id, bool loose)
{
	return ktally_hash_word(loose, id) & (nr_slots - 1);
}

static struct image *find_image(const struct ktally_processes *procs, uint64_t id, bool loose)
{
	struct image *image;

	if (loose)
		id = LOOSE(id);
	for (image = procs->slots[image_slot(procs->nr_slots, id, loose)]; image; image = image->next)
		if (image->id == id && image->loose == loose)
			break;
	return image;
}

/* A fuller table is only slower, so it is no error if there is no memory for a bigger one. */
static void grow_images(struct ktally_processes *procs)
{
	size_t nr_slots = procs->nr_slots * 4, i, at;
	struct image **slots = calloc(nr_slots, sizeof(*slots)), *image;

	if (!slots)
		return;
	for (i = 0; i < procs->nr_slots; i++) {
		while ((image = procs->slots[i])) {
			procs->slots[i] = image->next;
			at = image_slot(nr_slots, image->id, image->loose);
			image->next = slots[at];
			slots[at] = image;
		}
	}
	free(procs->slots);
	procs->slots = slots;
	procs->nr_slots = nr_slots;
}

static struct image *get_image(struct ktally_processes *procs, uint64_t id, bool loose)
{
	struct image *image = find_image(procs, id, loose);
	size_t at;

	if (image)
		return image;
	image = calloc(1, sizeof(*image));
	if (!image)
		return NULL;
	if (++procs->nr > procs->nr_slots * 2)
		grow_images(procs);
	image->id = loose ? LOOSE(id) : id;
	image->loose = loose;
	at = image_slot(procs->nr_slots, image->id, loose);
	image->next = procs->slots[at];
	procs->slots[at] = image;
	return image;
}

static size_t path_slot(const struct ktally_processes *procs, const char *text, size_t len)
{
	uint64_t hash = len;

	while (len--)
		hash = ktally_hash_word(hash, (unsigned char)*text++);
	return hash & (procs->nr_path_slots - 1);
}

/* Paths repeat in every process: one copy of each lives as long as @procs. */
static const char *intern(struct ktally_processes *procs, const char *text, size_t len)
{
	size_t at = path_slot(procs, text, len);
	struct path *path;

	for (path = procs->paths[at]; path; path = path->next)
		if (!strncmp(path->text, text, len) && !path->text[len])
			return path->text;
	path = malloc(sizeof(*path) + len + 1);
	if (!path)
		return NULL;
	memcpy(path->text, text, len);
	path->text[len] = 0;
	path->next = procs->paths[at];
	procs->paths[at] = path;
	return path->text;
}

/* @keep: what the rings told is newer than what /proc tells now or as old */
struct scan {
	struct ktally_processes *procs;
	struct image *image;
	bool keep;
};

static int scan_map(const struct ktally_map *found, size_t path_len, void *arg)
{
	struct scan *scan = arg;
	struct ktally_map map = *found;

	map.path = intern(scan->procs, found->path, strnlen(found->path, path_len));
	if (!map.path)
		return -ENOMEM;
	ktally_jit_process_maps(scan->procs->jit, PID(scan->image->id), &map);
	return ktally_maps_set(&scan->image->maps, &map, scan->keep);
}

static void scan_comm(struct image *image)
{
	char name[64], *text;
	size_t size;

	snprintf(name, sizeof(name), "/proc/%u/comm", PID(image->id));
	text = ktally_read_file(name, &size);
	if (text && size && text[size - 1] == '\n')
		text[size - 1] = 0;
	if (text)
		snprintf(image->comm, sizeof(image->comm), "%s", text);
	free(text);
}

static int scan_process(struct ktally_processes *procs, struct image *image, bool keep)
{
	struct scan scan = { procs, image, keep };
	char name[64], *text;
	size_t size;
	int ret;

	snprintf(name, sizeof(name), "/proc/%u/maps", PID(image->id));
	text = ktally_read_file(name, &size);
	if (!text)
		return errno == ENOMEM ? -ENOMEM : 0;
	ret = ktally_maps_parse(text, size, scan_map, &scan);
	free(text);
	if (!keep || !image->comm[0])
		scan_comm(image);
	return ret;
}

static int scan_all(struct ktally_processes *procs)
{
	DIR *dir = opendir("/proc");
	struct image *image;
	struct dirent *entry;
	unsigned long pid;
	char *end;
	int ret = 0;

	if (!dir)
		return 0;
	while (!ret && (entry = readdir(dir))) {
		pid = strtoul(entry->d_name, &end, 10);
		if (*end || !pid || pid > INT32_MAX)
			continue;
		image = get_image(procs, (uint64_t)pid << 32, true);
		ret = image ? scan_process(procs, image, true) : -ENOMEM;
	}
	closedir(dir);
	return ret;
}

struct ktally_processes *ktally_processes_new(bool scan)
{
	struct ktally_processes *procs = calloc(1, sizeof(*procs));

	if (!procs)
		return NULL;
	procs->nr_slots = 1024;
	procs->nr_path_slots = 4096;
	procs->slots = calloc(procs->nr_slots, sizeof(*procs->slots));
	procs->paths = calloc(procs->nr_path_slots, sizeof(*procs->paths));
	procs->files = ktally_files_new();
	procs->jit = ktally_jit_new(procs);
	procs->codes = ktally_code_book_new();
	procs->vdso_size = ktally_vdso_size();
	if (!procs->slots || !procs->paths || !procs->files || !procs->codes || !procs->jit || (scan && scan_all(procs))) {
		ktally_processes_free(procs);
		return NULL;
	}
	return procs;
}

void ktally_processes_free(struct ktally_processes *procs)
{
	struct image *image;
	struct path *path;
	size_t i;

	if (!procs)
		return;
	for (i = 0; procs->slots && i < procs->nr_slots; i++) {
		while ((image = procs->slots[i])) {
			procs->slots[i] = image->next;
			ktally_maps_put(image->maps);
			free(image);
		}
	}
	for (i = 0; procs->paths && i < procs->nr_path_slots; i++) {
		while ((path = procs->paths[i])) {
			procs->paths[i] = path->next;
			free(path);
		}
	}
	ktally_unwinder_free(procs->unwinder);
	ktally_jit_free(procs->jit);
	ktally_files_free(procs->files);
	ktally_code_book_free(procs->codes);
	free(procs->symfs);
	free(procs->slots);
	free(procs->paths);
	free(procs);
}

static void learn_comm(struct image *image, const struct ktally_process *process)
{
	snprintf(image->comm, sizeof(image->comm), "%.*s", (int)sizeof(process->comm), process->comm);
}

/* A child runs what its parent ran; if the parent was never seen, /proc may still tell when it is asked for. */
static int learn_fork(struct ktally_processes *procs, const struct ktally_process *process)
{
	const struct image *parent = find_image(procs, process->parent, false);
	const struct image *loose = find_image(procs, process->parent, true);
	struct image *child = get_image(procs, process->image, false);
	struct ktally_maps *maps = NULL;
	unsigned int i;
	int ret = 0;

	if (!child)
		return -ENOMEM;
	if (parent)
		maps = ktally_maps_get(parent->maps);
	if (!maps && loose && !(parent && parent->whole))
		maps = ktally_maps_get(loose->maps);
	else if (maps && loose && loose->maps && !parent->whole)
		for (i = 0; i < loose->maps->nr && !ret; i++)
			ret = ktally_maps_set(&maps, &loose->maps->list[i], true);
	ktally_maps_put(child->maps);
	child->maps = maps;
	child->whole = true;
	learn_comm(child, process);
	return ret;
}

/*
 * The record of an exec comes behind those of the mappings that the kernel made, and before the program's own: memory
 * without a file that is mapped by then, and as long as a vDSO, is the vDSO.
 */
static void name_vdso(const struct ktally_processes *procs, struct ktally_maps *maps)
{
	unsigned int i;

	for (i = 0; maps && procs->vdso_size && i < maps->nr; i++)
		if (!maps->list[i].path[0] && maps->list[i].end - maps->list[i].start == procs->vdso_size)
			maps->list[i].path = "[vdso]";
}

static int learn_exec(struct ktally_processes *procs, const struct ktally_process *process)
{
	struct image *image = get_image(procs, process->image, false);

	ktally_jit_process_exits(procs->jit, PID(process->image));
	if (!image)
		return -ENOMEM;
	if (!image->whole)
		name_vdso(procs, image->maps);
	image->whole = true;
	learn_comm(image, process);
	return 0;
}

static int learn_name(struct ktally_processes *procs, const struct ktally_process *process)
{
	struct image *image = get_image(procs, process->image, false);

	if (!image)
		return -ENOMEM;
	learn_comm(image, process);
	return 0;
}

static void learn_exit(struct ktally_processes *procs, const struct ktally_process *process)
{
	struct image *image = find_image(procs, process->image, false);

	ktally_jit_process_exits(procs->jit, PID(process->image));
	if (!image)
		image = find_image(procs, process->image, true);
	if (image)
		image->ended = true;
}

static int learn_mmap(struct ktally_processes *procs, const struct ktally_mmap *record)
{
	struct image *image = get_image(procs, record->image, false);
	struct ktally_map map = { .start = record->start, .offset = record->offset, .inode = record->inode,
				  .dev_major = record->dev_major, .dev_minor = record->dev_minor,
				  .deleted = record->flags & KTALLY_MMAP_DELETED };
	const char *path = strcmp(record->path, "//anon") ? record->path : "";

	if (!image)
		return -ENOMEM;
	if (record->length > UINT64_MAX - record->start)
		return -EBADMSG;
	map.end = record->start + record->length;
	map.path = record->flags & KTALLY_MMAP_VDSO ? "[vdso]" : intern(procs, path, strlen(path));
	if (!map.path)
		return -ENOMEM;
	ktally_files_keep(procs->files, &map, PID(record->image));
	ktally_jit_process_maps(procs->jit, PID(record->image), &map);
	return ktally_maps_set(&image->maps, &map, false);
}

int ktally_processes_record(struct ktally_processes *procs, const struct ktally_record *record)
{
	if (!ktally_record_valid(record, record->size))
		return -EBADMSG;
	switch (record->type) {
	case KTALLY_RECORD_FORK:
		return learn_fork(procs, (const struct ktally_process *)record);
	case KTALLY_RECORD_EXEC:
		return learn_exec(procs, (const struct ktally_process *)record);
	case KTALLY_RECORD_EXIT:
		learn_exit(procs, (const struct ktally_process *)record);
		return 0;
	case KTALLY_RECORD_COMM:
		return learn_name(procs, (const struct ktally_process *)record);
	case KTALLY_RECORD_MMAP:
		return learn_mmap(procs, (const struct ktally_mmap *)record);
	case KTALLY_RECORD_CODE:
		return ktally_code_book_learn(procs->codes, (const struct ktally_code *)record);
	default:
		return 0;
	}
}

struct ktally_jit *ktally_processes_jit(struct ktally_processes *procs)
{
	return procs ? procs->jit : NULL;
}

/* /proc shows the process' newest image; a later one than ours means that its mappings are not ours. */
static bool is_newest(const struct ktally_processes *procs, const struct image *image)
{
	const struct image *other;
	size_t i;

	for (i = 0; i < procs->nr_slots; i++)
		for (other = procs->slots[i]; other; other = other->next)
			if (!other->loose && PID(other->id) == PID(image->id) && other->id > image->id)
				return false;
	return true;
}

const struct ktally_map *ktally_processes_find(struct ktally_processes *procs, uint64_t id, uint64_t ip)
{
	struct image *image = find_image(procs, id, false);
	const struct image *loose = find_image(procs, id, true);
	const struct ktally_map *map = image ? ktally_maps_find(image->maps, ip) : NULL;

	if (!map && loose && !(image && image->whole))
		map = ktally_maps_find(loose->maps, ip);
	if (map || !PID(id) || procs->recorded)
		return map;
	image = get_image(procs, id, false);
	if (!image || image->scanned || image->ended || (loose && loose->ended && !image->whole))
		return NULL;
	image->scanned = true;
	if (!is_newest(procs, image) || scan_process(procs, image, true))
		return NULL;
	return ktally_maps_find(image->maps, ip);
}

int ktally_processes_open(struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid)
{
	if (procs && procs->recorded)
		return ktally_recorded_open(procs->symfs, map->path, map->build_id);
	return ktally_files_open(procs ? procs->files : NULL, map, pid);
}

/* /proc is newer than the records that were read so far. An exec in between makes it another image's, which records of it put right. */
int ktally_processes_running(struct ktally_processes *procs, uint32_t pid, uint64_t id)
{
	struct image *image = get_image(procs, id, false);

	if (!image || PID(id) != pid)
		return image ? -EINVAL : -ENOMEM;
	image->scanned = true;
	return scan_process(procs, image, false);
}

const char *ktally_processes_comm(const struct ktally_processes *procs, uint64_t id)
{
	const struct image *image = find_image(procs, id, false);

	if (!image || !image->comm[0])
		image = find_image(procs, id, true);
	return image && image->comm[0] ? image->comm : NULL;
}

/* What the module calls the file, and what /proc calls it: of an overlay that may be two files. */
void ktally_processes_file(struct ktally_processes *procs, const struct ktally_mapped *mapped, int fd)
{
	struct ktally_map map = { .inode = mapped->inode, .dev_major = mapped->dev_major, .dev_minor = mapped->dev_minor };
	const struct ktally_map *known;
	const struct image *image;
	size_t i;

	ktally_files_add(procs->files, &map, fd);
	for (i = 0; i < procs->nr_slots; i++) {
		for (image = procs->slots[i]; image; image = image->next) {
			known = PID(image->id) == mapped->pid ? ktally_maps_find(image->maps, mapped->start) : NULL;
			if (known && known->start == mapped->start && known->offset == mapped->offset)
				ktally_files_add(procs->files, known, fd);
		}
	}
}

uint64_t ktally_processes_stamp(const struct ktally_processes *procs, uint64_t id)
{
	const struct image *image = find_image(procs, id, false), *loose = find_image(procs, id, true);

	return (image && image->maps ? image->maps->stamp : 0) + (loose && loose->maps ? loose->maps->stamp : 0);
}

struct ktally_unwinder **ktally_processes_unwinder(struct ktally_processes *procs)
{
	return &procs->unwinder;
}

/* ---- recordings ---- */

struct ktally_processes *ktally_processes_new_recorded(const char *symfs)
{
	struct ktally_processes *procs = ktally_processes_new(false);

	if (!procs)
		return NULL;
	procs->recorded = true;
	procs->symfs = symfs ? strdup(symfs) : NULL;
	if (symfs && !procs->symfs) {
		ktally_processes_free(procs);
		return NULL;
	}
	return procs;
}

bool ktally_processes_recorded(const struct ktally_processes *procs)
{
	return procs && procs->recorded;
}

int ktally_processes_put(struct ktally_processes *procs, uint64_t id, const struct ktally_map *map)
{
	struct image *image = get_image(procs, id, false);

	if (!image)
		return -ENOMEM;
	image->whole = true;
	return ktally_maps_set(&image->maps, map, false);
}

int ktally_processes_each(const struct ktally_processes *procs, uint64_t id, int (*fn)(const struct ktally_map *map, void *arg), void *arg)
{
	const struct image *image = find_image(procs, id, false), *loose = find_image(procs, id, true);
	unsigned int i;
	int ret = 0;

	for (i = 0; image && image->maps && i < image->maps->nr && !ret; i++)
		ret = fn(&image->maps->list[i], arg);
	if (image && image->whole)
		return ret;
	for (i = 0; loose && loose->maps && i < loose->maps->nr && !ret; i++)
		if (!image || !ktally_maps_find(image->maps, loose->maps->list[i].start))
			ret = fn(&loose->maps->list[i], arg);
	return ret;
}

const struct ktally_code_object *ktally_processes_code(const struct ktally_processes *procs, uint64_t image, uint64_t code)
{
	return ktally_code_book_find(procs->codes, image, code);
}
