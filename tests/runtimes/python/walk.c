// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads the Python stacks of a stopped process with the module's own code (kmod/interp*.c) and the library's names, and says of each
 * thread whether they are what the process itself wrote down.
 *
 * usage: walk PID DIR	(see target.py for DIR)
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interp.h"
#include "libktally.h"
#include "process.h"
#include "python_code.h"
#include "python_layout.h"

#define IMAGE 0x100000001ULL

struct shim_task shim_task = { .mm = &shim_task };
unsigned long shim_thread_pointer;
static pid_t pid;
static struct ktally_processes *procs;
static union {
	struct ktally_record record;
	char bytes[65536];
} room;

long copy_from_user_nofault(void *to, const void *from, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -EFAULT;
}

struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, struct ktally_ring *ring, unsigned int type, u32 size,
					  const void *task)
{
	(void)probe;
	(void)ring;
	(void)task;
	if (size > sizeof(room))
		return NULL;
	room.record = (struct ktally_record){ .size = size, .type = type };
	return &room.record;
}

void ktally_ring_commit(struct ktally_ring *ring)
{
	(void)ring;
	if (ktally_processes_record(procs, &room.record)) {
		fprintf(stderr, "walk: the library does not take the record\n");
		exit(1);
	}
}

struct search {
	struct ktally_interp *interp;
	uint64_t base;
	char path[512];
	struct ktally_error err;
};

/* The program or library that is the interpreter. */
static int find_python(const struct ktally_map *map, size_t path_len, void *arg)
{
	struct search *search = arg;
	int fd;

	if (search->base || path_len >= sizeof(search->path) || map->path[0] != '/')
		return 0;
	snprintf(search->path, sizeof(search->path), "%.*s", (int)path_len, map->path);
	fd = open(search->path, O_RDONLY);
	if (fd >= 0 && !ktally_python_describe(fd, search->interp, &search->err))
		search->base = map->start - map->offset;
	close(fd);
	return 0;
}

static uint64_t find_base(struct ktally_interp *interp)
{
	struct search search = { .interp = interp };
	char name[64], *text;
	size_t size;

	snprintf(name, sizeof(name), "/proc/%d/maps", pid);
	text = ktally_read_file(name, &size);
	if (text)
		ktally_maps_parse(text, size, find_python, &search);
	free(text);
	if (!search.base)
		fprintf(stderr, "walk: no interpreter is mapped: %s\n", search.err.text);
	return search.base;
}

static bool thread_pointer(pid_t tid)
{
	struct user_regs_struct regs;
	int status;

	if (ptrace(PTRACE_ATTACH, tid, 0, 0) || waitpid(tid, &status, __WALL) != tid || ptrace(PTRACE_GETREGS, tid, 0, &regs))
		return false;
	shim_thread_pointer = regs.fs_base;
	return true;
}

/* The frames as target.py writes them. Returns malloc'ed text. */
static char *frames(const struct ktally_interp *interp, uint64_t runtime, struct ktally_codes *codes, struct ktally_symbolizer *sym,
		    unsigned int *nr)
{
	unsigned long words[KTALLY_INTERP_DEPTH_MAX];
	struct ktally_consumer_page consumer = { 0 };
	struct ktally_ring ring = { .mode = KTALLY_RING_DISCARD, .size = 1 << 20, .consumer = &consumer };
	const struct ktally_frame *frame;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	unsigned int i, tries;

	*nr = ktally_interp_walk(interp, runtime, words, KTALLY_INTERP_DEPTH_MAX);
	for (tries = 0; tries < 2 + *nr / KTALLY_CODES_PER_HIT; tries++)
		ktally_interp_codes(NULL, &ring, codes, IMAGE, interp, words, *nr);
	for (i = 0; i < *nr; i++) {
		if (!KTALLY_WORD_CODE(words[i])) {
			fprintf(out, "%s\n", words[i] == KTALLY_WORD_NO_FRAME ? "(no frame)" : "(cut)");
			continue;
		}
		frame = ktally_symbolize_user(sym, IMAGE, words[i], false);
		if (strcmp(frame->name, KTALLY_CODE_OWN))
			fprintf(out, "%s\t%s\t%u\n", frame->name, frame->file, frame->line);
	}
	fclose(out);
	return text;
}

/* What was read must be all of it; of a stack that is deeper than can be read, its beginning. */
static bool same(const char *found, const char *truth, unsigned int nr)
{
	size_t len = strlen(found);

	if (nr < KTALLY_INTERP_DEPTH_MAX)
		return !strcmp(found, truth);
	return len > 6 && !strcmp(found + len - 6, "(cut)\n") && !strncmp(found, truth, len - 6);
}

int main(int argc, char **argv)
{
	struct ktally_error err = { 0 };
	struct ktally_symbolizer *sym;
	struct ktally_interp interp;
	struct dirent *entry;
	unsigned int good = 0, bad = 0, depth = 0, nr;
	struct ktally_codes *codes = ktally_codes_new(0);
	char name[512], *truth, *found;
	uint64_t base;
	size_t size;
	DIR *dir;

	if (argc != 3)
		return 2;
	pid = atoi(argv[1]);
	procs = ktally_processes_new(false);
	ktally_symbolizer_new(&sym, procs, &err);
	base = find_base(&interp);
	dir = opendir(argv[2]);
	if (!base || ktally_interp_check(&interp) || !dir) {
		fprintf(stderr, "walk: the layout is refused, or there is no folder %s\n", argv[2]);
		return 1;
	}
	while ((entry = readdir(dir))) {
		if (!atoi(entry->d_name))
			continue;
		snprintf(name, sizeof(name), "%s/%s", argv[2], entry->d_name);
		truth = ktally_read_file(name, &size);
		if (!truth || !thread_pointer(atoi(entry->d_name))) {
			fprintf(stderr, "walk: cannot look at thread %s\n", entry->d_name);
			return 1;
		}
		found = frames(&interp, base + interp.runtime, codes, sym, &nr);
		if (same(found, truth, nr)) {
			good++;
		} else {
			bad++;
			printf("# thread %s, read:\n%s# the process itself says:\n%s", entry->d_name, found, truth);
		}
		depth = nr > depth ? nr : depth;
		free(truth);
		free(found);
	}
	closedir(dir);
	printf("%u stacks of Python 3.%u as the process itself has them, %u not; the deepest has %u words\n", good, interp.version & 0xff, bad, depth);
	ktally_codes_free(codes);
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
	return bad || !good;
}
