// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Walks a stack that was recorded with its registers (KTALLY_RECORD_USER), by libunwind.
 *
 * libunwind asks for words of memory and for the unwind table of an address. Memory is the recorded piece of the stack, and the mapped files;
 * what else the process had is not known. Tables are .eh_frame, found by way of .eh_frame_hdr.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libunwind.h>

#include "elf_file.h"
#include "process.h"
#include "unwind_cfi.h"
#include "unwind_file.h"

/* Not in libunwind's headers, but part of its interface for remote use: looks an address up in a sorted table of @di. */
#define search_unwind_table UNW_OBJ(dwarf_search_unwind_table)
extern int search_unwind_table(unw_addr_space_t as, unw_word_t ip, unw_dyn_info_t *di, unw_proc_info_t *pi, int need_unwind_info, void *arg);

#define SPACES_MAX	32U
#define MODULES_MAX	128U
#define READS_MAX	(1U << 16)	/* of a step: a hostile table can make libunwind go round in circles */
#define CACHE_ENTRIES	1024
#define SIGNS_MAX	32U
#define CODE_MAX	1024U	/* bytes of instructions of a function that signs are looked for in */

/* A file where a process has it. @file NULL: it cannot be read. */
struct module {
	struct ktally_unwind_file *file;
	uint64_t bias, start, end;
};

/* What is known of an image, for as long as its mappings stay the same (@stamp). */
struct space {
	uint64_t image, stamp, used;
	unw_addr_space_t as;
	struct module modules[MODULES_MAX];
	unsigned int nr;
};

struct ktally_unwinder {
	struct ktally_unwind_files *files;
	struct space *spaces[SPACES_MAX];
	uint64_t clock;
};

/* One walk. @missing, @fault: why libunwind could not go on; @signs: where instructions are that it must not see */
struct walk {
	struct ktally_unwinder *unwinder;
	struct ktally_processes *procs;
	const struct ktally_user *record;
	const uint64_t *stack;
	uint64_t sp;
	struct space *space;
	unsigned int reads;
	bool missing, fault;
	uint64_t signs[SIGNS_MAX];
	unsigned int nr_signs;
};

static void drop_modules(struct ktally_unwinder *unwinder, struct space *space)
{
	while (space->nr)
		ktally_unwind_file_put(unwinder->files, space->modules[--space->nr].file);
}

static void free_space(struct ktally_unwinder *unwinder, struct space *space)
{
	if (!space)
		return;
	drop_modules(unwinder, space);
	if (space->as)
		unw_destroy_addr_space(space->as);
	free(space);
}

void ktally_unwinder_free(struct ktally_unwinder *unwinder)
{
	unsigned int i;

	if (!unwinder)
		return;
	for (i = 0; i < SPACES_MAX; i++)
		free_space(unwinder, unwinder->spaces[i]);
	ktally_unwind_files_free(unwinder->files);
	free(unwinder);
}

static struct ktally_unwinder *get_unwinder(struct ktally_processes *procs)
{
	struct ktally_unwinder **at = ktally_processes_unwinder(procs);

	if (*at)
		return *at;
	*at = calloc(1, sizeof(**at));
	if (*at)
		(*at)->files = ktally_unwind_files_new();
	if (*at && !(*at)->files) {
		free(*at);
		*at = NULL;
	}
	return *at;
}

/* ---- mapped files ---- */

static struct module *find_module(struct space *space, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < space->nr; i++)
		if (address >= space->modules[i].start && address < space->modules[i].end)
			return &space->modules[i];
	return NULL;
}

/* The module that executable memory at @address belongs to; NULL: nothing is mapped there, or memory without a file. */
static struct module *module_at(struct walk *walk, uint64_t address)
{
	struct space *space = walk->space;
	struct module *module = find_module(space, address);
	const struct ktally_map *map;

	if (module)
		return module;
	map = ktally_processes_find(walk->procs, space->image, address);
	if (!map || !map->path[0])
		return NULL;
	if (space->nr == MODULES_MAX) {
		unw_flush_cache(space->as, 0, 0);
		drop_modules(walk->unwinder, space);
	}
	module = &space->modules[space->nr++];
	*module = (struct module){ .start = map->start, .end = map->end };
	module->file = ktally_unwind_file_get(walk->unwinder->files, walk->procs, map, space->image >> 32);
	if (module->file && !ktally_unwind_file_place(module->file, map, &module->bias, &module->start, &module->end)) {
		ktally_unwind_file_put(walk->unwinder->files, module->file);
		module->file = NULL;
	}
	return module;
}

static bool file_word(struct walk *walk, uint64_t address, uint64_t *value)
{
	struct module *module = module_at(walk, address);

	return module && module->file && ktally_unwind_file_word(walk->unwinder->files, module->file, address - module->bias, value);
}

/* ---- signed return addresses: libunwind before 1.8 gives up where they begin, and leaves it to its user to read them ---- */

/* The head of what search_unwind_table() leaves in unwind_info (libunwind's struct dwarf_cie_info): where instructions are. */
struct instructions {
	unw_word_t shared, shared_end, own, own_end;
};

static void find_signs(struct walk *walk, const unw_proc_info_t *info)
{
	const struct instructions *code = info->unwind_info;
	uint8_t bytes[CODE_MAX + sizeof(uint64_t)];
	uint32_t offsets[SIGNS_MAX];
	uint64_t word, size = code ? code->own_end - code->own : 0, at;
	unsigned int i;

	walk->nr_signs = 0;
	if (!size || size > CODE_MAX)
		return;
	for (at = 0; at < size; at += sizeof(word)) {
		if (!file_word(walk, code->own + at, &word))
			return;
		memcpy(bytes + at, &word, sizeof(word));
	}
	walk->nr_signs = ktally_cfi_signs((struct ktally_bytes){ .at = bytes, .end = bytes + size }, offsets, SIGNS_MAX);
	for (i = 0; i < walk->nr_signs; i++)
		walk->signs[i] = code->own + offsets[i];
}

/* Instructions that do nothing, in their place. */
static uint64_t hide_signs(const struct walk *walk, uint64_t address, uint64_t word)
{
	unsigned int i;

	for (i = 0; i < walk->nr_signs; i++)
		if (walk->signs[i] - address < sizeof(word))
			word &= ~(0xffULL << 8 * (walk->signs[i] - address));
	return word;
}

/* User addresses of arm64 have 48 bits, unless a program asks for more: above them stands the signature. */
static uint64_t strip(uint64_t ip)
{
	return KTALLY_ELF_MACHINE == EM_AARCH64 ? ip & ((1ULL << 48) - 1) : ip;
}

/* ---- what libunwind asks for ---- */

static int find_proc_info(unw_addr_space_t as, unw_word_t ip, unw_proc_info_t *info, int need_unwind_info, void *arg)
{
	struct walk *walk = arg;
	struct module *module = module_at(walk, ip);
	unw_dyn_info_t table = { .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	uint64_t head, entries, nr;
	int ret = -UNW_ENOINFO;

	if (module && module->file && ktally_unwind_file_table(module->file, &head, &entries, &nr)) {
		table.start_ip = module->start;
		table.end_ip = module->end;
		table.u.rti.segbase = module->bias + head;
		table.u.rti.table_data = module->bias + entries;
		table.u.rti.table_len = nr;
		ret = search_unwind_table(as, ip, &table, info, need_unwind_info, arg);
	}
	walk->missing = ret < 0;
	if (!ret && need_unwind_info && KTALLY_ELF_MACHINE == EM_AARCH64)
		find_signs(walk, info);
	return ret;
}

/* libunwind frees by itself what search_unwind_table() made. */
static void put_unwind_info(unw_addr_space_t as, unw_proc_info_t *info, void *arg)
{
	(void)as;
	(void)info;
	(void)arg;
}

static int no_dyn_info(unw_addr_space_t as, unw_word_t *address, void *arg)
{
	(void)as;
	(void)address;
	(void)arg;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t as, unw_word_t address, unw_word_t *value, int write, void *arg)
{
	struct walk *walk = arg;
	uint64_t offset = address - walk->sp;

	(void)as;
	if (write || walk->reads++ > READS_MAX)
		return -UNW_EINVAL;
	if (address >= walk->sp && offset < walk->record->bytes && walk->record->bytes - offset >= sizeof(*value)) {
		memcpy(value, (const char *)walk->stack + offset, sizeof(*value));
		return 0;
	}
	if (file_word(walk, address, value)) {
		*value = hide_signs(walk, address, *value);
		return 0;
	}
	walk->fault = true;
	return -UNW_EINVAL;
}

static int access_reg(unw_addr_space_t as, unw_regnum_t reg, unw_word_t *value, int write, void *arg)
{
	struct walk *walk = arg;

	(void)as;
	if (write || reg < 0 || (unsigned int)reg >= walk->record->nr_regs)
		return -UNW_EBADREG;
	*value = walk->record->data[reg];
	return 0;
}

static int access_fpreg(unw_addr_space_t as, unw_regnum_t reg, unw_fpreg_t *value, int write, void *arg)
{
	(void)as;
	(void)reg;
	(void)value;
	(void)write;
	(void)arg;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t as, unw_cursor_t *cursor, void *arg)
{
	(void)as;
	(void)cursor;
	(void)arg;
	return -UNW_EINVAL;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = put_unwind_info,
	.get_dyn_info_list_addr = no_dyn_info,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = access_fpreg,
	.resume = no_resume,
};

/* ---- spaces ---- */

static struct space *new_space(uint64_t image)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->image = image;
	space->as = unw_create_addr_space(&accessors, 0);
	if (!space->as) {
		free(space);
		return NULL;
	}
	unw_set_caching_policy(space->as, UNW_CACHE_GLOBAL);
	unw_set_cache_size(space->as, CACHE_ENTRIES, 0);
	return space;
}

/* That of @image, else in the place of the one that was not used for the longest time. */
static struct space *get_space(struct ktally_unwinder *unwinder, struct ktally_processes *procs, uint64_t image)
{
	uint64_t stamp = ktally_processes_stamp(procs, image);
	unsigned int i, at = 0;
	struct space *space;

	for (i = 0; i < SPACES_MAX && unwinder->spaces[i] && unwinder->spaces[i]->image != image; i++)
		if (unwinder->spaces[i]->used < unwinder->spaces[at]->used)
			at = i;
	if (i < SPACES_MAX)
		at = i;
	space = unwinder->spaces[at];
	if (!space || space->image != image) {
		free_space(unwinder, space);
		space = unwinder->spaces[at] = new_space(image);
		if (!space)
			return NULL;
		space->stamp = stamp;
	}
	if (space->stamp != stamp) {
		unw_flush_cache(space->as, 0, 0);
		drop_modules(unwinder, space);
		space->stamp = stamp;
	}
	space->used = ++unwinder->clock;
	return space;
}

/* ---- the walk ---- */

/* A word of an address, or 0 if it cannot be one of user space. */
static uint64_t word_of(uint64_t ip, bool guess)
{
	if (ip >> 57)
		return 0;
	return ip | (guess ? KTALLY_WORD_GUESS : 0);
}

static unsigned int cut(uint64_t *ips, unsigned int nr, unsigned int max, enum ktally_cut reason)
{
	ips[nr < max ? nr : max - 1] = KTALLY_WORD_CUT(reason);
	return nr < max ? nr + 1 : max;
}

/* Why libunwind refused. */
static enum ktally_cut reason_of(const struct walk *walk, int ret)
{
	if (ret == -UNW_EBADFRAME)
		return KTALLY_CUT_LOOP;
	if (walk->missing)
		return KTALLY_CUT_TABLE;
	return walk->fault ? KTALLY_CUT_FAULT : KTALLY_CUT_RULE;
}

static bool is_code(struct walk *walk, uint64_t ip)
{
	return module_at(walk, ip) || ktally_processes_find(walk->procs, walk->space->image, ip);
}

/* Every frame lies above the one before, but for a signal's: that may have a stack of its own. A leaf of arm64 that was interrupted has none. */
static unsigned int steps(struct walk *walk, unw_cursor_t *cursor, uint64_t *ips, unsigned int nr, unsigned int max)
{
	uint64_t sp = walk->sp, word;
	unw_word_t ip, next_sp;
	bool signal, interrupted = true;
	int ret;

	while (nr < max) {
		walk->reads = 0;
		walk->missing = false;
		walk->fault = false;
		signal = unw_is_signal_frame(cursor) > 0;
		walk->missing = false;
		walk->fault = false;
		ret = unw_step(cursor);
		if (!ret)
			return nr;
		if (ret < 0)
			return cut(ips, nr, max, reason_of(walk, ret));
		if (unw_get_reg(cursor, UNW_REG_IP, &ip) || unw_get_reg(cursor, UNW_REG_SP, &next_sp))
			return cut(ips, nr, max, KTALLY_CUT_RULE);
		/* libunwind takes the address, and is then told that the place where it was saved cannot be written. */
		if (strip(ip) != ip) {
			ip = strip(ip);
			unw_set_reg(cursor, UNW_REG_IP, ip);
		}
		if (!ip)
			return nr;
		if (!signal && next_sp < sp + !interrupted)
			return cut(ips, nr, max, KTALLY_CUT_LOOP);
		interrupted = signal;
		sp = next_sp;
		word = word_of(ip, walk->missing);
		if (!word)
			return cut(ips, nr, max, KTALLY_CUT_MAPPING);
		ips[nr++] = word;
		if (!is_code(walk, ip - 1))
			return cut(ips, nr, max, KTALLY_CUT_MAPPING);
	}
	return cut(ips, nr, max, KTALLY_CUT_DEPTH);
}

#if defined(__x86_64__)
#define NR_REGS 17
#define REG_SP UNW_X86_64_RSP
#define REG_IP UNW_X86_64_RIP
#elif defined(__aarch64__)
#define NR_REGS 33
#define REG_SP UNW_AARCH64_SP
#define REG_IP UNW_AARCH64_PC
#endif

int ktally_unwind_dump(struct ktally_processes *procs, const struct ktally_user *record, uint64_t *ips, unsigned int max)
{
	struct walk walk = { .procs = procs, .record = record, .stack = (const uint64_t *)record->data + NR_REGS };
	unw_cursor_t cursor;

	if (record->nr_regs != NR_REGS)
		return -EOPNOTSUPP;	/* of another architecture */
	if (!max)
		return -EINVAL;
	walk.sp = record->data[REG_SP];
	walk.unwinder = get_unwinder(procs);
	walk.space = walk.unwinder ? get_space(walk.unwinder, procs, record->image) : NULL;
	if (!walk.space)
		return -ENOMEM;
	ips[0] = word_of(record->data[REG_IP], false);
	if (!ips[0] || !is_code(&walk, ips[0]))
		return cut(ips, !!ips[0], max, KTALLY_CUT_MAPPING);
	if (unw_init_remote(&cursor, walk.space->as, &walk))
		return cut(ips, 1, max, KTALLY_CUT_RULE);
	return steps(&walk, &cursor, ips, 1, max);
}
