// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keeps for each process that runs generated code what its perf map, its jitdumps and its virtual machine say of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "jit_names.h"
#include "jitdump.h"
#include "jvm.h"
#include "perfmap.h"
#include "recording.h"

#define SLOTS 256U
#define PROCESSES_MAX 4096U
#define DUMPS_MAX 16U
#define ROOM (160U << 20)	/* bytes that all names take */
#define AGAIN_MS 50U		/* what was not there is looked for again so much later, */
#define OLD_MS 1000U		/* and what was there may be replaced by then */
#define ASK_MS 2000U		/* an answer of a virtual machine is waited for so long, */
#define ASK_GAP_MS 1000U	/* and it is asked again for newer code so much later, */
#define ASK_WAIT_MS 2000U	/* while we measure rather so much, doubled each time up to a minute, */
#define ASKS_MAX 64U		/* at most so often */
#define RANGES_MAX 512U

struct dump {
	struct dump *next;
	struct ktally_jit_codes *codes;
	struct ktally_jitdump *dump;
	dev_t dev;
	ino_t inode;
	int fd;
};

struct process {
	struct process *next;
	struct ktally_jit_process process;
	struct ktally_jit_codes *codes;
	struct ktally_perfmap *map;
	struct ktally_perfmap_file file;
	struct dump *dumps;
	struct ktally_jit_range *ranges;	/* of its generated code */
	unsigned int nr_ranges, nr_dumps, asks;
	uint64_t checked, ask_next, ask_wait;
	bool jvm, mute, ended;
};

struct ktally_jit {
	struct ktally_processes *procs;
	struct process *slots[SLOTS];
	unsigned int nr, nr_open, most_open;
	size_t room;
	struct ktally_error trouble;
	struct ktally_jit_peek *peek;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* An eighth of what may be open is for folders and dumps; others hold files open as well. */
struct ktally_jit *ktally_jit_new(struct ktally_processes *procs)
{
	struct ktally_jit *jit = calloc(1, sizeof(*jit));
	struct rlimit limit;

	if (!jit)
		return NULL;
	jit->procs = procs;
	jit->room = ROOM;
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		jit->most_open = limit.rlim_cur / 8 < 1024 ? (unsigned int)(limit.rlim_cur / 8) : 1024;
	return jit;
}

static void close_folder(struct ktally_jit *jit, struct process *process)
{
	if (process->process.tmp < 0)
		return;
	ktally_jit_process_close(&process->process);
	jit->nr_open--;
}

static void close_dump(struct ktally_jit *jit, struct dump *dump)
{
	if (dump->fd < 0)
		return;
	close(dump->fd);
	dump->fd = -1;
	jit->nr_open--;
}

static void free_process(struct ktally_jit *jit, struct process *process)
{
	struct dump *dump;

	while ((dump = process->dumps)) {
		process->dumps = dump->next;
		close_dump(jit, dump);
		ktally_jitdump_free(dump->dump);
		ktally_jit_codes_free(dump->codes);
		free(dump);
	}
	close_folder(jit, process);
	ktally_perfmap_free(process->map);
	ktally_jit_codes_free(process->codes);
	free(process->ranges);
	free(process);
}

void ktally_jit_free(struct ktally_jit *jit)
{
	struct process *process;
	unsigned int i;

	if (!jit)
		return;
	for (i = 0; i < SLOTS; i++) {
		while ((process = jit->slots[i])) {
			jit->slots[i] = process->next;
			free_process(jit, process);
		}
	}
	ktally_jit_peek_free(jit->peek);
	free(jit);
}

/* Those that have ended are behind the one that lives. */
static struct process *find_process(const struct ktally_jit *jit, uint32_t pid)
{
	struct process *process;

	for (process = jit->slots[pid % SLOTS]; process; process = process->next)
		if (process->process.pid == pid)
			return process;
	return NULL;
}

static void say(struct ktally_jit *jit, const struct ktally_error *err)
{
	if (!jit->trouble.text[0])
		jit->trouble = *err;
}

/* ---- what a process has mapped ---- */

/* It is asked of every address: the first letters tell most files from the rest. */
bool ktally_jit_mapping(const struct ktally_map *map)
{
	const char *path = map->path;

	if (path[0] == '/')
		return strchr("mdS/", path[1]) &&
		       (!strncmp(path, "/memfd:", 7) || !strcmp(path, "/dev/zero") || !strncmp(path, "/SYSV", 5) || !strcmp(path, "//anon"));
	return !path[0] || !strncmp(path, "[anon", 5) || !strcmp(path, "[heap]") || !strncmp(path, "[stack", 6);
}

static bool says_generated(const struct ktally_map *map)
{
	return ktally_jit_mapping(map) || ktally_jitdump_path(map->path) || ktally_jvm_path(map->path);
}

/* Of the process' user or root, as with perf maps; the mapping itself shows that it is what the process means. */
static bool is_trusted(const struct process *process, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (!st->st_uid || st->st_uid == (process->process.known ? process->process.uid : geteuid()));
}

static bool has_dump(const struct process *process, const struct stat *st)
{
	const struct dump *dump;

	for (dump = process->dumps; dump; dump = dump->next)
		if (dump->dev == st->st_dev && dump->inode == st->st_ino)
			return true;
	return false;
}

static void add_dump(struct ktally_jit *jit, struct process *process, const struct ktally_map *map)
{
	struct dump *dump;
	struct stat st;
	int fd;

	if (process->nr_dumps == DUMPS_MAX || jit->nr_open >= jit->most_open)
		return;
	fd = ktally_processes_open(jit->procs, map, process->process.pid);
	if (fd < 0)
		return;
	dump = fstat(fd, &st) || !is_trusted(process, &st) || has_dump(process, &st) ? NULL : calloc(1, sizeof(*dump));
	if (dump)
		dump->codes = ktally_jit_codes_new(&jit->room);
	if (dump && dump->codes)
		dump->dump = ktally_jitdump_new(dump->codes);
	if (!dump || !dump->dump) {
		ktally_jit_codes_free(dump ? dump->codes : NULL);
		free(dump);
		close(fd);
		return;
	}
	dump->dev = st.st_dev;
	dump->inode = st.st_ino;
	dump->fd = fd;
	jit->nr_open++;
	dump->next = process->dumps;
	process->dumps = dump;
	process->nr_dumps++;
}

/* Code that grows is mapped piece by piece. */
static void add_range(struct process *process, const struct ktally_map *map)
{
	struct ktally_jit_range *last = process->nr_ranges ? &process->ranges[process->nr_ranges - 1] : NULL, *more;

	if (last && map->start <= last->end && map->end >= last->start) {
		last->start = map->start < last->start ? map->start : last->start;
		last->end = map->end > last->end ? map->end : last->end;
		return;
	}
	if (process->nr_ranges == RANGES_MAX)
		return;
	if (!(process->nr_ranges & (process->nr_ranges - 1))) {
		more = realloc(process->ranges, (process->nr_ranges ? 2 * process->nr_ranges : 1) * sizeof(*more));
		if (!more)
			return;
		process->ranges = more;
	}
	process->ranges[process->nr_ranges++] = (struct ktally_jit_range){ map->start, map->end, process->process.pid };
}

static void learn(struct ktally_jit *jit, struct process *process, const struct ktally_map *map)
{
	if (ktally_jit_mapping(map))
		add_range(process, map);
	else if (ktally_jitdump_path(map->path))
		add_dump(jit, process, map);
	else if (ktally_jvm_path(map->path))
		process->jvm = true;
}

struct scan {
	struct ktally_jit *jit;
	struct process *process;
};

static int scan_map(const struct ktally_map *found, size_t path_len, void *arg)
{
	struct ktally_map map = *found;
	struct scan *scan = arg;
	char path[KTALLY_PATH_MAX];

	if (path_len >= sizeof(path))
		return 0;
	memcpy(path, found->path, path_len);
	path[path_len] = 0;
	map.path = path;
	learn(scan->jit, scan->process, &map);
	return 0;
}

static void scan_maps(struct ktally_jit *jit, struct process *process)
{
	struct scan scan = { jit, process };
	char name[64], *text;
	size_t size;

	snprintf(name, sizeof(name), "/proc/%u/maps", process->process.pid);
	text = ktally_read_file(name, &size);
	if (text)
		ktally_maps_parse(text, size, scan_map, &scan);
	free(text);
}

static struct process *new_process(struct ktally_jit *jit, uint32_t pid)
{
	struct process *process;

	if (jit->nr == PROCESSES_MAX)
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->process.tmp = -1;
	process->codes = ktally_jit_codes_new(&jit->room);
	process->map = process->codes ? ktally_perfmap_new(process->codes) : NULL;
	if (!process->map) {
		free_process(jit, process);
		return NULL;
	}
	ktally_jit_process_open(&process->process, pid);
	jit->nr_open += process->process.tmp >= 0;
	if (jit->nr_open > jit->most_open)
		close_folder(jit, process);
	process->next = jit->slots[pid % SLOTS];
	jit->slots[pid % SLOTS] = process;
	jit->nr++;
	return process;
}

void ktally_jit_process_maps(struct ktally_jit *jit, uint32_t pid, const struct ktally_map *map)
{
	struct process *process;

	if (!jit || !pid || !says_generated(map) || ktally_processes_recorded(jit->procs))
		return;
	process = find_process(jit, pid);
	if (!process || process->ended)
		process = new_process(jit, pid);
	if (process)
		learn(jit, process, map);
}

/* ---- reading what is new ---- */

/* Where too many folders were open this one was closed; then the process is asked again, if it is still the same. */
static bool open_folder(struct ktally_jit *jit, struct process *process)
{
	struct ktally_jit_process again;

	if (process->process.tmp >= 0)
		return true;
	ktally_jit_process_open(&again, process->process.pid);
	if (again.known != process->process.known || again.born != process->process.born)
		ktally_jit_process_close(&again);
	process->process.tmp = again.tmp;
	jit->nr_open += again.tmp >= 0;
	return again.tmp >= 0;
}

/* Return: as ktally_perfmap_read() */
static int read_map(struct ktally_jit *jit, struct process *process)
{
	int ret;

	if (!open_folder(jit, process))
		return -ENOENT;
	ret = ktally_perfmap_read(process->map, &process->file, &process->process);
	if (jit->nr_open > jit->most_open)
		close_folder(jit, process);
	return ret;
}

/*
 * The virtual machine writes a file that nobody else has asked for, and we take it away again. It is not asked where there is one that we
 * did not ask for: an agent keeps that.
 */
static void ask_jvm(struct ktally_jit *jit, struct process *process, int had_map)
{
	struct ktally_error err = { .text = "" };
	uint64_t now = now_ms();
	char name[32];
	int ret;

	if (!process->jvm || process->mute || process->ended || had_map >= 0 || now < process->ask_next || process->asks == ASKS_MAX)
		return;
	if (had_map != -ENOENT && had_map != -ESTALE)
		return;
	if (!open_folder(jit, process))
		return;
	process->asks++;
	ret = ktally_jvm_perfmap(&process->process, ASK_MS, &err);
	/* An answer that takes long is dear to the process as well. */
	process->ask_next = now_ms() + ASK_GAP_MS + 20 * (now_ms() - now);
	process->ask_wait = process->ask_next + (ASK_WAIT_MS << (process->asks < 5 ? process->asks : 5)) - ASK_GAP_MS;
	if (ret) {
		process->mute = true;
		say(jit, &err);
		return;
	}
	process->file = (struct ktally_perfmap_file){ 0 };
	if (ktally_perfmap_read(process->map, &process->file, &process->process) > 0) {
		snprintf(name, sizeof(name), "perf-%u.map", process->process.inner);
		unlinkat(process->process.tmp, name, 0);
	}
	process->file = (struct ktally_perfmap_file){ 0 };
}

static void read_dumps(struct process *process)
{
	struct dump *dump;

	for (dump = process->dumps; dump; dump = dump->next)
		if (dump->fd >= 0)
			ktally_jitdump_read(dump->dump, dump->fd);
}

static void read_all(struct ktally_jit *jit, struct process *process)
{
	read_dumps(process);
	ask_jvm(jit, process, read_map(jit, process));
	process->checked = now_ms();
}

void ktally_jit_process_exits(struct ktally_jit *jit, uint32_t pid)
{
	struct process *process = jit ? find_process(jit, pid) : NULL;
	struct dump *dump;

	if (!process || process->ended)
		return;
	process->ended = true;
	read_dumps(process);
	read_map(jit, process);
	for (dump = process->dumps; dump; dump = dump->next)
		close_dump(jit, dump);
	close_folder(jit, process);
}

static bool may_ask(const struct process *process, uint64_t now)
{
	return process->jvm && !process->ended && !process->mute && process->asks < ASKS_MAX && now >= process->ask_wait;
}

void ktally_jit_process_sampled(struct ktally_jit *jit, uint32_t pid)
{
	struct process *process = jit ? find_process(jit, pid) : NULL;

	if (process && may_ask(process, now_ms()))
		ask_jvm(jit, process, read_map(jit, process));
}

unsigned int ktally_jit_waiting(const struct ktally_jit *jit, struct ktally_jit_range *ranges, unsigned int max)
{
	const struct process *process;
	uint64_t now = now_ms();
	unsigned int nr = 0, i, n;

	for (i = 0; i < SLOTS; i++)
		for (process = jit->slots[i]; process; process = process->next)
			for (n = 0; may_ask(process, now) && n < process->nr_ranges && nr < max; n++)
				ranges[nr++] = process->ranges[n];
	return nr;
}

struct ktally_jit_peek **ktally_jit_peeked(struct ktally_jit *jit)
{
	return &jit->peek;
}

/* ---- finding ---- */

static void take_place(const struct ktally_jit_code *code, uint64_t ip, struct ktally_jit_name *found)
{
	size_t low = 0, high = code->nr_lines, mid;

	*found = (struct ktally_jit_name){ .name = code->name, .file = "", .address = code->start };
	while (low < high) {
		mid = low + (high - low) / 2;
		if (code->lines[mid].delta <= ip - code->start)
			low = mid + 1;
		else
			high = mid;
	}
	if (low) {
		found->file = code->lines[low - 1].file;
		found->line = code->lines[low - 1].line;
	}
}

/* A dump knows more than a map: when, and which line. */
static bool find_now(const struct process *process, uint64_t ip, uint64_t time, struct ktally_jit_name *found)
{
	const struct ktally_jit_code *code = NULL;
	const struct dump *dump;

	for (dump = process->dumps; dump && !code; dump = dump->next)
		code = ktally_jit_codes_find(dump->codes, ip, time);
	if (!code)
		code = ktally_jit_codes_find(process->codes, ip, 0);
	if (code)
		take_place(code, ip, found);
	return code != NULL;
}

static bool find_in(struct ktally_jit *jit, struct process *process, uint64_t ip, uint64_t time, struct ktally_jit_name *found)
{
	uint64_t since = now_ms() - process->checked;

	if (!process->ended && since >= OLD_MS) {
		scan_maps(jit, process);
		read_all(jit, process);
	} else if (find_now(process, ip, time, found)) {
		return true;
	} else if (!process->ended && since >= AGAIN_MS) {
		read_all(jit, process);
	}
	return find_now(process, ip, time, found);
}

/* Of several processes that had the number one after the other, the latest that knows the address. */
bool ktally_jit_find(struct ktally_jit *jit, uint32_t pid, uint64_t ip, uint64_t time, struct ktally_jit_name *found)
{
	struct process *process = jit && pid ? find_process(jit, pid) : NULL;

	if (jit && pid && !process)
		process = new_process(jit, pid);
	for (; process; process = process->next)
		if (process->process.pid == pid && find_in(jit, process, ip, time, found))
			return true;
	return false;
}

const char *ktally_jit_trouble(const struct ktally_jit *jit)
{
	return jit && jit->trouble.text[0] ? jit->trouble.text : NULL;
}
