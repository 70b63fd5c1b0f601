// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads jitdump files: code that is loaded and moved, and the lines of its source. */
#include <byteswap.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jitdump.h"

#define MAGIC 0x4a695444U	/* "JiTD" */
#define VERSION 1U
#define HEAD_MAX 4096U
/* Of a record only the part that is looked at is read; the rest is bytes of code. */
#define RECORD_LOOK 65536U
#define LINES_LOOK (16U << 20)
#define ELF_HEADER 64U
#define RECORDS_PER_READ (1U << 22)

enum { LOAD = 0, MOVE = 1, DEBUG_INFO = 2, CLOSE = 3 };

struct file_head {
	uint32_t magic, version, total_size, machine, pad, pid;
	uint64_t timestamp, flags;
};

struct record_head {
	uint32_t id, size;
	uint64_t time;
};

struct load {
	uint32_t pid, tid;
	uint64_t vma, address, size, index;
};

struct move {
	uint32_t pid, tid;
	uint64_t vma, from, to, size, index;
};

/* What a DEBUG_INFO told of the code that the next LOAD at the same address has. */
struct lines {
	uint64_t address;
	struct ktally_jit_line *list;
	uint32_t nr;
};

struct ktally_jitdump {
	struct ktally_jit_codes *codes;
	off_t at;
	bool swapped, closed, broken;
	struct lines lines;
};

struct ktally_jitdump *ktally_jitdump_new(struct ktally_jit_codes *codes)
{
	struct ktally_jitdump *dump = calloc(1, sizeof(*dump));

	if (dump)
		dump->codes = codes;
	return dump;
}

void ktally_jitdump_free(struct ktally_jitdump *dump)
{
	free(dump);
}

bool ktally_jitdump_path(const char *path)
{
	const char *name = strrchr(path, '/');
	size_t digits;

	if (!name || strncmp(name, "/jit-", 5))
		return false;
	digits = strspn(name + 5, "0123456789");
	return digits && !strcmp(name + 5 + digits, ".dump");
}

static uint32_t u32(const struct ktally_jitdump *dump, uint32_t value)
{
	return dump->swapped ? bswap_32(value) : value;
}

static uint64_t u64(const struct ktally_jitdump *dump, uint64_t value)
{
	return dump->swapped ? bswap_64(value) : value;
}

/* Return: 1: all of it is there; 0: not yet; -errno */
static int read_at(int fd, off_t at, void *to, size_t size)
{
	ssize_t got = pread(fd, to, size, at);

	return got < 0 ? -errno : (size_t)got == size;
}

static int read_head(struct ktally_jitdump *dump, int fd)
{
	struct file_head head;
	int ret = read_at(fd, 0, &head, sizeof(head));

	if (ret <= 0)
		return ret;
	dump->swapped = head.magic == bswap_32(MAGIC);
	if ((head.magic != MAGIC && !dump->swapped) || u32(dump, head.version) != VERSION)
		return -EBADMSG;
	dump->at = u32(dump, head.total_size);
	return dump->at < (off_t)sizeof(head) || dump->at > (off_t)HEAD_MAX ? -EBADMSG : 1;
}

/* V8 counts addresses of lines from an ELF header that perf is going to put before the code. */
static uint64_t lines_shift(const struct ktally_jitdump *dump, const char *name)
{
	static const char *const prefixes[] = { "JS:", "LazyCompile:", "Function:", "Script:", "Eval:" };
	unsigned int i;

	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return dump->lines.list[0].delta >= ELF_HEADER ? ELF_HEADER : 0;
	return 0;
}

/* The lines that were told of its address, as those of @code. */
static void take_lines(struct ktally_jitdump *dump, struct ktally_jit_code *code)
{
	uint64_t shift = dump->lines.nr ? lines_shift(dump, code->name) : 0;
	uint32_t i;

	if (dump->lines.nr && dump->lines.address == code->start) {
		for (i = 0; i < dump->lines.nr; i++)
			dump->lines.list[i].delta -= shift;
		code->lines = dump->lines.list;
		code->nr_lines = dump->lines.nr;
	}
	dump->lines.nr = 0;
}

static int load(struct ktally_jitdump *dump, const struct record_head *head, const char *body, size_t size)
{
	struct ktally_jit_code *code;
	const char *name;
	struct load load;

	if (size <= sizeof(load))
		return -EBADMSG;
	memcpy(&load, body, sizeof(load));
	if (!memchr(body + sizeof(load), 0, size - sizeof(load)))
		return size < RECORD_LOOK ? -EBADMSG : 0;
	name = ktally_jit_codes_text(dump->codes, body + sizeof(load), size - sizeof(load));
	if (!name)
		return -ENOMEM;
	code = ktally_jit_codes_add(dump->codes, u64(dump, load.address), u64(dump, load.size), head->time, *name ? name : "[unnamed]");
	if (code)
		take_lines(dump, code);
	return 0;
}

/* The code goes on by its name and its lines at another address; what is left behind is stale, but may still be what older samples saw. */
static int move(struct ktally_jitdump *dump, const struct record_head *head, const char *body, size_t size)
{
	const struct ktally_jit_code *old;
	struct ktally_jit_code *code;
	struct move move;

	if (size < sizeof(move))
		return -EBADMSG;
	memcpy(&move, body, sizeof(move));
	old = ktally_jit_codes_find(dump->codes, u64(dump, move.from), 0);
	if (!old)
		return 0;
	code = ktally_jit_codes_add(dump->codes, u64(dump, move.to), u64(dump, move.size), head->time, old->name);
	if (code) {
		code->lines = old->lines;
		code->nr_lines = old->nr_lines;
	}
	return 0;
}

static int by_delta(const void *left, const void *right)
{
	const struct ktally_jit_line *a = left, *b = right;

	return a->delta < b->delta ? -1 : a->delta > b->delta;
}

/* One entry: address, line, discriminator, name of the file or "\xff" for the one before. Return: bytes, 0: it does not fit */
static size_t take_entry(struct ktally_jitdump *dump, struct ktally_jit_line *line, const char *at, size_t left, const char **file)
{
	uint32_t number;
	uint64_t address;
	size_t len;

	if (left < 17)
		return 0;
	memcpy(&address, at, 8);
	memcpy(&number, at + 8, 4);
	len = strnlen(at + 16, left - 16);
	if (len == left - 16)
		return 0;
	if (strcmp(at + 16, "\xff") && (!*file || strcmp(*file, at + 16)))
		*file = ktally_jit_codes_text(dump->codes, at + 16, len);
	address = u64(dump, address);
	*line = (struct ktally_jit_line){ address - dump->lines.address, u32(dump, number), *file ? *file : "" };
	return 16 + len + 1;
}

static int debug_info(struct ktally_jitdump *dump, int fd, const struct record_head *head)
{
	size_t size = head->size - sizeof(*head), at = 16, step;
	const char *file = NULL;
	uint64_t words[2], i;
	char *body;
	int ret;

	dump->lines.nr = 0;
	if (size < sizeof(words))
		return -EBADMSG;
	if (size > LINES_LOOK)
		return 0;
	body = malloc(size);
	if (!body)
		return -ENOMEM;
	ret = read_at(fd, dump->at + (off_t)sizeof(*head), body, size);
	if (ret > 0) {
		memcpy(words, body, sizeof(words));
		dump->lines.address = u64(dump, words[0]);
		words[1] = u64(dump, words[1]);
		if (words[1] > size / 17)
			words[1] = size / 17;
		dump->lines.list = ktally_jit_codes_alloc(dump->codes, words[1] * sizeof(*dump->lines.list));
		for (i = 0; dump->lines.list && i < words[1]; i++, at += step) {
			step = take_entry(dump, &dump->lines.list[i], body + at, size - at, &file);
			if (!step)
				break;
			dump->lines.nr++;
		}
		if (dump->lines.nr)
			qsort(dump->lines.list, dump->lines.nr, sizeof(*dump->lines.list), by_delta);
	}
	free(body);
	return ret < 0 ? ret : 0;
}

static int take_record(struct ktally_jitdump *dump, int fd, const struct record_head *head)
{
	char body[RECORD_LOOK];
	size_t size = head->size - sizeof(*head);
	int ret;

	if (head->id == CLOSE) {
		dump->closed = true;
		return 0;
	}
	if (head->id == DEBUG_INFO)
		return debug_info(dump, fd, head);
	if (head->id != LOAD && head->id != MOVE)
		return 0;
	if (size > sizeof(body))
		size = sizeof(body);
	ret = read_at(fd, dump->at + (off_t)sizeof(*head), body, size);
	if (ret <= 0)
		return ret;
	return head->id == LOAD ? load(dump, head, body, size) : move(dump, head, body, size);
}

/* Return: 1: a record was read; 0: there is no whole one; -errno */
static int next_record(struct ktally_jitdump *dump, int fd, off_t end)
{
	struct record_head head;
	int ret;

	if (dump->closed || end - dump->at < (off_t)sizeof(head))
		return 0;
	ret = read_at(fd, dump->at, &head, sizeof(head));
	if (ret <= 0)
		return ret;
	head = (struct record_head){ u32(dump, head.id), u32(dump, head.size), u64(dump, head.time) };
	/* Room that was made but not yet written to. */
	if (!head.id && !head.size)
		return 0;
	if (head.size < sizeof(head))
		return -EBADMSG;
	if (end - dump->at < (off_t)head.size)
		return 0;
	ret = take_record(dump, fd, &head);
	if (ret < 0)
		return ret;
	dump->at += head.size;
	return 1;
}

int ktally_jitdump_read(struct ktally_jitdump *dump, int fd)
{
	unsigned int nr;
	struct stat st;
	int ret = 1, new = 0;

	if (dump->broken)
		return -EBADMSG;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	if (!dump->at)
		ret = read_head(dump, fd);
	for (nr = 0; ret > 0 && nr < RECORDS_PER_READ; nr++) {
		ret = next_record(dump, fd, st.st_size);
		if (ret > 0)
			new = 1;
	}
	if (ret == -EBADMSG)
		dump->broken = true;
	return ret < 0 ? ret : new;
}
