// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts names on the addresses of a plan: lines "M START LENGTH OFFSET MAJOR:MINOR INODE PATH" and "A ADDRESS" in hex, of one process.
 * Writes "ADDRESS NAME" lines. With a second argument "lines" or "inlines" also places in the source, or inlined functions too.
 */
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

#define AHEAD 32U
#define IMAGE (0x7ffffffeULL << 32 | 1)

static int add_mapping(struct ktally_processes *procs, const char *line)
{
	struct {
		struct ktally_mmap record;
		char path[KTALLY_PATH_MAX + 8];
	} map = { .record.record.type = KTALLY_RECORD_MMAP, .record.image = IMAGE };
	unsigned long long start, length, offset, inode;

	if (sscanf(line, "M %llx %llx %llx %x:%x %llx %4095s", &start, &length, &offset, &map.record.dev_major, &map.record.dev_minor,
		   &inode, map.path) != 7)
		return -1;
	map.record.start = start;
	map.record.length = length;
	map.record.offset = offset;
	map.record.inode = inode;
	map.record.record.size = (sizeof(map.record) + strlen(map.path) + 8) & ~7U;
	memmove(map.record.path, map.path, strlen(map.path) + 1);
	return ktally_processes_record(procs, &map.record.record);
}

/* Lines are put together here, as exporters do. */
static struct {
	char text[65536];
	size_t used;
} out;

static void put(const char *text, size_t len)
{
	if (len > sizeof(out.text) - out.used) {
		fwrite_unlocked(out.text, 1, out.used, stdout);
		out.used = 0;
	}
	if (len > sizeof(out.text)) {
		fwrite_unlocked(text, 1, len, stdout);
		return;
	}
	memcpy(out.text + out.used, text, len);
	out.used += len;
}

static void put_frame(const struct ktally_frame *frame, uint64_t address)
{
	static const char digits[] = "0123456789abcdef";
	char text[20], *at, place[32];

	for (; frame; frame = frame->outer) {
		uint64_t left = address;

		at = text + sizeof(text);
		for (*--at = ' '; left; left >>= 4)
			*--at = digits[left & 15];
		put(at, (size_t)(text + sizeof(text) - at));
		put(frame->name, strlen(frame->name));
		if (*frame->file) {
			put(" ", 1);
			put(frame->file, strlen(frame->file));
			put(place, (size_t)snprintf(place, sizeof(place), ":%u", frame->line));
		}
		put("\n", 1);
	}
}

static bool flush(void)
{
	return fwrite_unlocked(out.text, 1, out.used, stdout) == out.used && !fflush_unlocked(stdout);
}

struct addresses {
	uint64_t *ips;
	size_t nr, room;
};

static uint64_t hex(const char *text)
{
	uint64_t value = 0;

	for (; *text > ' '; text++)
		value = value << 4 | ((*text & 15) + (*text > '9' ? 9 : 0));
	return value;
}

static int add_address(struct addresses *addresses, uint64_t ip)
{
	uint64_t *ips = addresses->ips;

	if (addresses->nr == addresses->room) {
		addresses->room = addresses->room * 2 + 4096;
		ips = realloc(ips, addresses->room * sizeof(*ips));
		if (!ips)
			return -1;
		addresses->ips = ips;
	}
	ips[addresses->nr++] = ip;
	return 0;
}

/* As a report is exported: all are symbolized ahead, then each is asked for, in the order of the plan. */
static int name_all(struct ktally_symbolizer *sym, const struct addresses *addresses)
{
	struct ktally_asks *asks = ktally_asks_new();
	size_t i;
	int ret = asks ? 0 : -1;

	for (i = 0; i < addresses->nr && !ret; i++)
		ret = ktally_asks_user(asks, IMAGE, addresses->ips[i], false);
	if (!ret)
		ret = ktally_symbolize_asks(sym, asks);
	ktally_asks_free(asks);
	for (i = 0; i < addresses->nr && !ret; i++) {
		if (i % AHEAD == 0)
			ktally_symbolize_soon(sym, IMAGE, addresses->ips + i, addresses->nr - i < AHEAD ? addresses->nr - i : AHEAD, false);
		put_frame(ktally_symbolize_user(sym, IMAGE, addresses->ips[i], false), addresses->ips[i]);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_symbolizer *sym = NULL;
	struct addresses addresses = { 0 };
	FILE *plan = argc > 1 ? fopen(argv[1], "r") : NULL;
	static char input[65536];
	char line[KTALLY_PATH_MAX + 128];

	if (!plan || !procs) {
		fprintf(stderr, "usage: names PLAN [lines|inlines]\n");
		return 2;
	}
	setvbuf(plan, input, _IOFBF, sizeof(input));
	setvbuf(stdout, NULL, _IONBF, 0);
	ktally_symbolizer_new(&sym, procs, NULL);
	if (!sym)
		return 1;
	if (argc > 2)
		ktally_symbolizer_want(sym, KTALLY_SYMBOLIZE_LINES | (strcmp(argv[2], "lines") ? KTALLY_SYMBOLIZE_INLINES : 0));
	while (fgets_unlocked(line, sizeof(line), plan)) {
		if (line[0] == 'M' && add_mapping(procs, line)) {
			fprintf(stderr, "names: cannot use: %s", line);
			return 1;
		}
		if (line[0] == 'A' && add_address(&addresses, hex(line + 2)))
			return 1;
	}
	if (name_all(sym, &addresses) || !flush())
		return 1;
	free(addresses.ips);
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
	return fclose(plan) != 0;
}
