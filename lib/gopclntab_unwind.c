// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How to unwind Go functions: the pclntab tells the size of the frame at every address, from which the runtime itself walks its stacks.
 * Where the frame pointer is saved is not in there, but in the first instructions; code between Go and C needs it.
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "gopclntab.h"
#include "unwind_build.h"

#define LOADS_MAX	16
#define CODE_MAX	(512U << 20)

#define X86_RBP		6
#define X86_RSP		7
#define ARM_G		28
#define ARM_FP		29
#define ARM_LR		30
#define ARM_SP		31

/* What a function is to a walk. */
enum role {
	ROLE_PLAIN,
	ROLE_END,	/* nobody called it */
	ROLE_SWITCH,	/* goes over to another stack for what it calls, and leaves the frame pointer as it was */
	ROLE_CLOCK,	/* goes over to another stack inside of its own frame, to call the vDSO */
	ROLE_SIGNAL	/* a signal handler returns to it */
};

/* As the runtime's own traceback treats them. Before Go 1.17 flags do not tell, and never of those that it can go on from. */
static const struct {
	const char *name;
	enum role role;
} roles[] = {
	{ "runtime.goexit", ROLE_END },
	{ "runtime.mstart", ROLE_END },
	{ "runtime.rt0_go", ROLE_END },
	{ "_rt0_amd64_linux", ROLE_END },
	{ "_rt0_arm64_linux", ROLE_END },
	{ "_rt0_amd64", ROLE_END },
	{ "runtime.mcall", ROLE_END },
	{ "runtime.morestack", ROLE_END },
	{ "runtime.morestack_noctxt", ROLE_PLAIN },
	{ "runtime.externalthreadhandler", ROLE_END },
	{ "runtime.systemstack", ROLE_SWITCH },
	{ "runtime.asmcgocall", ROLE_SWITCH },
	{ "runtime.nanotime", ROLE_CLOCK },
	{ "runtime.nanotime1", ROLE_CLOCK },
	{ "runtime.walltime", ROLE_CLOCK },
	{ "runtime.walltime1", ROLE_CLOCK },
	{ "time.now", ROLE_CLOCK },
	{ "runtime.sigreturn", ROLE_SIGNAL },
	{ "runtime.sigreturn__sigaction", ROLE_SIGNAL },
	{ "runtime.sigtramp", ROLE_PLAIN },
	{ "runtime.sigtrampgo", ROLE_PLAIN },
};

struct load {
	uint64_t address, offset, size;
	const uint8_t *code;
};

struct unwind {
	Elf *elf;
	struct ktally_unwind_build *build;
	struct ktally_gopclntab *table;
	bool arm;
	struct load loads[LOADS_MAX];
	unsigned int nr_loads;
	const struct load *load;	/* of the function at work */
	bool looked;		/* for @left */
	struct ktally_unwind_rule left;	/* KTALLY_CFA_UNKNOWN: not found */
};

/* Prologue of a function: from @saved on the caller's frame pointer is in the frame, from @set on ours is in the register. 0: never */
struct prologue {
	uint64_t saved, set;
	int32_t size;	/* of the whole frame */
};

static enum role role_of(const struct ktally_go_function *function)
{
	unsigned int i;

	for (i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (!strcmp(roles[i].name, function->name))
			return roles[i].role;
	return function->top ? ROLE_END : ROLE_PLAIN;
}

static int find_code(struct unwind *unwind)
{
	GElf_Phdr segment;
	Elf_Data *data;
	size_t i, nr;

	if (elf_getphdrnum(unwind->elf, &nr))
		return -ENODATA;
	for (i = 0; i < nr && unwind->nr_loads < LOADS_MAX; i++) {
		if (!gelf_getphdr(unwind->elf, (int)i, &segment) || segment.p_type != PT_LOAD || !(segment.p_flags & PF_X) ||
		    segment.p_filesz > CODE_MAX)
			continue;
		data = elf_getdata_rawchunk(unwind->elf, (int64_t)segment.p_offset, segment.p_filesz, ELF_T_BYTE);
		if (data && data->d_buf)
			unwind->loads[unwind->nr_loads++] = (struct load){ segment.p_vaddr, segment.p_offset, data->d_size, data->d_buf };
	}
	return unwind->nr_loads ? 0 : -ENODATA;
}

static const struct load *load_of(const struct unwind *unwind, const struct ktally_go_function *function)
{
	unsigned int i;

	for (i = 0; i < unwind->nr_loads; i++)
		if (function->start >= unwind->loads[i].address && function->start - unwind->loads[i].address < unwind->loads[i].size &&
		    function->end - unwind->loads[i].address <= unwind->loads[i].size)
			return &unwind->loads[i];
	return NULL;
}

static uint64_t offset_of(const struct unwind *unwind, uint64_t address)
{
	return address - unwind->load->address + unwind->load->offset;
}

/* ---- prologues ---- */

/* Is there the instruction @code at @address? */
static bool has_code(const struct unwind *unwind, uint64_t address, const void *code, size_t len)
{
	uint64_t at = address - unwind->load->address;

	return at < unwind->load->size && len <= unwind->load->size - at && !memcmp(unwind->load->code + at, code, len);
}

/* An instruction on a place of the stack: its first bytes, then how far above the stack pointer, in 8 bits or 32. Return: its length, 0: no */
static unsigned int stack_code(const struct unwind *unwind, uint64_t address, const uint8_t *small, const uint8_t *large, int32_t place)
{
	uint8_t code[8];

	if (place >= 0 && place < 128) {
		memcpy(code, small, 4);
		code[4] = (uint8_t)place;
		return has_code(unwind, address, code, 5) ? 5 : 0;
	}
	memcpy(code, large, 4);
	memcpy(code + 4, &place, 4);
	return has_code(unwind, address, code, 8) ? 8 : 0;
}

/* Of Go 1.7 to 1.20: SUBQ $size, SP; MOVQ BP, size-8(SP); LEAQ size-8(SP), BP. Newer: PUSHQ BP; MOVQ SP, BP; SUBQ. @at: behind the first */
static void x86_prologue(const struct unwind *unwind, uint64_t at, int32_t size, struct prologue *prologue)
{
	static const uint8_t push = 0x55, move[] = { 0x48, 0x89, 0xe5 };
	static const uint8_t store8[] = { 0x48, 0x89, 0x6c, 0x24 }, store32[] = { 0x48, 0x89, 0xac, 0x24 };
	static const uint8_t load8[] = { 0x48, 0x8d, 0x6c, 0x24 }, load32[] = { 0x48, 0x8d, 0xac, 0x24 };
	unsigned int len, next;

	if (size == 8 && at > unwind->load->address && has_code(unwind, at - 1, &push, 1)) {
		prologue->saved = at;
		prologue->set = has_code(unwind, at, move, sizeof(move)) ? at + sizeof(move) : 0;
		return;
	}
	len = stack_code(unwind, at, store8, store32, size - 8);
	if (!len)
		return;
	prologue->saved = at + len;
	next = stack_code(unwind, at + len, load8, load32, size - 8);
	if (next)
		prologue->set = at + len + next;
}

/* STR R30, [SP, #-size]!; STUR R29, [SP, #-8]; SUB R29, SP, #8. Or in larger frames: SUB R20, SP; STP R29, R30, [R20, #-8]; MOV SP, R20 */
static void arm_prologue(const struct unwind *unwind, uint64_t at, struct prologue *prologue)
{
	static const uint8_t store[] = { 0xfd, 0x83, 0x1f, 0xf8 }, pair[] = { 0x9d, 0xfa, 0x3f, 0xa9 }, set[] = { 0xfd, 0x23, 0x00, 0xd1 };

	if (has_code(unwind, at, store, 4))
		prologue->saved = at + 4;
	else if (at - unwind->load->address >= 8 && has_code(unwind, at - 8, pair, 4))
		prologue->saved = at;
	if (prologue->saved && has_code(unwind, prologue->saved, set, 4))
		prologue->set = prologue->saved + 4;
}

static struct prologue prologue_of(const struct unwind *unwind, const struct ktally_go_function *function)
{
	struct prologue prologue = { 0 };
	struct ktally_go_pcvalue walk;
	bool found = false;

	ktally_go_pcvalue_begin(unwind->table, function, function->frames, &walk);
	while (ktally_go_pcvalue_next(&walk)) {
		if (walk.value > prologue.size)
			prologue.size = walk.value;
		if (walk.value <= 0 || found)
			continue;
		found = true;
		if (unwind->arm)
			arm_prologue(unwind, walk.from, &prologue);
		else
			x86_prologue(unwind, walk.from, walk.value, &prologue);
	}
	return prologue;
}

/* ---- rules ---- */

/* All but the frame pointer may be lost: Go's functions keep no registers for their callers. */
static struct ktally_unwind_rule new_rule(const struct unwind *unwind, enum ktally_cfa cfa)
{
	struct ktally_unwind_rule rule = { .cfa = cfa, .nr_saved = unwind->arm ? KTALLY_SAVED_MAX : 6 };
	unsigned int i;

	rule.saved[0] = KTALLY_SAVED_SAME;
	for (i = 1; i < rule.nr_saved; i++)
		rule.saved[i] = KTALLY_SAVED_UNKNOWN;
	/* But that is always the goroutine's: x28, the last. */
	if (unwind->arm)
		rule.saved[KTALLY_SAVED_MAX - 1] = KTALLY_SAVED_SAME;
	return rule;
}

/* With the stack pointer @size below the caller's. */
static struct ktally_unwind_rule frame_rule(const struct unwind *unwind, int32_t size, bool saved)
{
	struct ktally_unwind_rule rule = new_rule(unwind, KTALLY_CFA_REGISTER);

	rule.ret = KTALLY_RETURN_CFA;
	if (!unwind->arm) {
		rule.reg = X86_RSP;
		rule.offset = size + 8;
		rule.return_offset = -8;
		if (saved)
			rule.saved[0] = -2;
		return rule;
	}
	rule.reg = ARM_SP;
	rule.offset = size;
	rule.return_offset = -size;
	if (!size) {
		rule.ret = KTALLY_RETURN_REGISTER;
		rule.return_offset = ARM_LR;
	}
	if (saved)
		rule.saved[0] = size % 8 || size / 8 >= -KTALLY_SAVED_UNKNOWN - 2 ? KTALLY_SAVED_UNKNOWN : (__s16)(-size / 8 - 1);
	return rule;
}

/* By the function's own frame pointer, whatever the stack pointer is: it may be on another stack, above or below. */
static struct ktally_unwind_rule pointer_rule(const struct unwind *unwind, int32_t size)
{
	struct ktally_unwind_rule rule = frame_rule(unwind, size, true);

	rule.flags = KTALLY_RULE_SWITCH;
	rule.reg = unwind->arm ? ARM_FP : X86_RBP;
	rule.offset = unwind->arm ? size + 8 : 16;
	return rule;
}

/* ---- arm64: functions that go over to another stack ---- */

static uint32_t arm_code(const struct unwind *unwind, uint64_t address)
{
	const uint8_t *code = unwind->load->code + (address - unwind->load->address);

	return code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

/* LDR @to, [@from, #distance]: the distance, or -1 if that is not what is at @address. @to: 32: any. */
static int32_t arm_load(const struct unwind *unwind, uint64_t address, unsigned int to, unsigned int from)
{
	uint32_t code = arm_code(unwind, address);

	if (code >> 22 != 0x3e5 || (code >> 5 & 31) != from || (to < 32 && (code & 31) != to))
		return -1;
	return (int32_t)(code >> 10 & 0xfff) * 8;
}

/* MOV SP, @register */
static bool arm_sets_stack(const struct unwind *unwind, uint64_t address)
{
	uint32_t code = arm_code(unwind, address);

	return (code & 0xfffffc1f) == 0x9100001f && (code >> 5 & 31) != ARM_SP;
}

/* systemstack comes back by LDR Rx, [g, #m]; LDR g, [Rx, #curg]: which tells where these are. @function: of @unwind->load */
static void find_left(struct unwind *unwind, const struct ktally_go_function *function)
{
	int32_t thread, before;
	uint64_t at;

	for (at = function->start; at + 8 <= function->end; at += 4) {
		thread = arm_load(unwind, at, 32, ARM_G);
		if (thread < 0)
			continue;
		before = arm_load(unwind, at + 4, ARM_G, arm_code(unwind, at) & 31);
		if (before < 0)
			continue;
		unwind->left = frame_rule(unwind, 16, true);
		unwind->left.cfa = KTALLY_CFA_LEFT;
		unwind->left.flags = KTALLY_RULE_SWITCH;
		unwind->left.reg = ARM_G;
		unwind->left.offset = thread;
		unwind->left.offset2 = before;
		return;
	}
}

static void look_for_left(struct unwind *unwind)
{
	const struct load *load = unwind->load;
	struct ktally_go_function function;
	size_t n, nr = ktally_gopclntab_count(unwind->table);

	unwind->looked = true;
	for (n = 0; n < nr; n++) {
		if (!ktally_gopclntab_get(unwind->table, n, &function) || strcmp(function.name, "runtime.systemstack"))
			continue;
		unwind->load = load_of(unwind, &function);
		if (unwind->load)
			find_left(unwind, &function);
		break;
	}
	unwind->load = load;
}

/* The part of a function where it is on another stack. @to: on its own again */
struct part {
	uint64_t from, to;
};

/* From where the stack pointer is that of the thread up to where it, or the goroutine, is the old one again. */
static bool find_part(const struct unwind *unwind, const struct ktally_go_function *function, struct part *part)
{
	uint64_t at = function->start;

	while (at + 4 <= function->end && !arm_sets_stack(unwind, at))
		at += 4;
	/* The frame pointer is changed too, until Go 1.21. */
	part->from = at + 4;
	if (at + 8 > function->end || arm_load(unwind, part->from, ARM_FP, ARM_G) < 0)
		return false;
	for (at = part->from; at + 4 <= function->end; at += 4) {
		if ((arm_code(unwind, at) & 0xffc0001f) == (0xf9400000 | ARM_G)) {
			part->to = at + 4;
			return true;
		}
	}
	return false;
}

/* ---- functions ---- */

static int add_left(struct unwind *unwind, const struct part *part, int32_t size)
{
	struct ktally_unwind_rule rule = frame_rule(unwind, size, true);
	int ret = ktally_unwind_build_row(unwind->build, offset_of(unwind, part->from), &unwind->left);

	return ret ? ret : ktally_unwind_build_row(unwind->build, offset_of(unwind, part->to), &rule);
}

/* @by_pointer: the stack pointer does not tell. @left: NULL, or where even the frame pointer does not */
static int add_frames(struct unwind *unwind, const struct ktally_go_function *function, bool by_pointer, const struct part *left)
{
	struct prologue prologue = prologue_of(unwind, function);
	struct ktally_unwind_rule rule;
	struct ktally_go_pcvalue walk;
	bool any = false;
	uint64_t at;
	int ret = 0;

	by_pointer = by_pointer && prologue.set;
	ktally_go_pcvalue_begin(unwind->table, function, function->frames, &walk);
	while (!ret && ktally_go_pcvalue_next(&walk)) {
		if (walk.value < 0 || walk.value > INT32_MAX - 16)
			break;
		any = true;
		at = walk.from;
		rule = frame_rule(unwind, walk.value, walk.value && prologue.saved && prologue.saved <= at);
		ret = ktally_unwind_build_row(unwind->build, offset_of(unwind, at), &rule);
		if (!ret && walk.value && prologue.saved > at && prologue.saved < walk.to) {
			at = prologue.saved;
			rule = frame_rule(unwind, walk.value, true);
			ret = ktally_unwind_build_row(unwind->build, offset_of(unwind, at), &rule);
		}
		if (!ret && by_pointer && walk.value == prologue.size && prologue.set < walk.to) {
			at = prologue.set > at ? prologue.set : at;
			rule = pointer_rule(unwind, walk.value);
			ret = ktally_unwind_build_row(unwind->build, offset_of(unwind, at), &rule);
		}
		if (!ret && left && left->from > at && left->to < walk.to)
			ret = add_left(unwind, left, walk.value);
	}
	return ret || any ? ret : ktally_unwind_build_unknown(unwind->build);
}

/*
 * What it calls runs on the stack of the thread. Where it made no frame (before Go 1.21 on x86) the frame pointer is that of its caller,
 * which then is the one frame that is left out: where it was called from only the runtime knows.
 */
static int add_switch(struct unwind *unwind, const struct ktally_go_function *function)
{
	struct prologue prologue = prologue_of(unwind, function);
	struct ktally_unwind_rule rule;
	struct part part;

	if (prologue.set && unwind->arm && find_part(unwind, function, &part)) {
		if (!unwind->looked)
			look_for_left(unwind);
		return add_frames(unwind, function, false, &part);
	}
	if (prologue.set)
		return add_frames(unwind, function, true, NULL);
	rule = unwind->arm ? new_rule(unwind, KTALLY_CFA_FRAME) : pointer_rule(unwind, 0);
	return ktally_unwind_build_row(unwind->build, offset_of(unwind, function->start), &rule);
}

static int add_one(struct unwind *unwind, uint64_t offset, enum ktally_cfa cfa)
{
	struct ktally_unwind_rule rule = new_rule(unwind, cfa);

	return ktally_unwind_build_row(unwind->build, offset, &rule);
}

static int add_function(struct unwind *unwind, const struct ktally_go_function *function)
{
	enum role role = role_of(function);
	uint64_t start = offset_of(unwind, function->start);
	int ret;

	/* What a handler returns to is looked up as what comes before it: as if it had been called. */
	if (role == ROLE_SIGNAL && start)
		start--;
	ret = ktally_unwind_build_piece(unwind->build, start, offset_of(unwind, function->end));
	if (ret)
		return ret < 0 ? ret : 0;
	switch (role) {
	case ROLE_END:
		return add_one(unwind, start, KTALLY_CFA_END);
	case ROLE_SWITCH:
		return add_switch(unwind, function);
	case ROLE_SIGNAL:
		return add_one(unwind, start, KTALLY_CFA_SIGNAL);
	default:
		return add_frames(unwind, function, role == ROLE_CLOCK || function->sets_sp, NULL);
	}
}

int ktally_go_unwind(Elf *elf, struct ktally_unwind_build *build)
{
	struct unwind unwind = { .elf = elf, .build = build, .arm = ktally_unwind_build_machine(build) == EM_AARCH64 };
	struct ktally_go_function function;
	size_t n, nr;
	int ret = ktally_gopclntab_open(&unwind.table, elf);

	/* One that cannot be read is none: other descriptions, and frame pointers, are left. */
	if (ret)
		return ret == -EBADMSG ? -ENODATA : ret;
	ret = find_code(&unwind);
	nr = ret ? 0 : ktally_gopclntab_count(unwind.table);
	for (n = 0; n < nr && !ret; n++) {
		if (!ktally_gopclntab_get(unwind.table, n, &function))
			continue;
		unwind.load = load_of(&unwind, &function);
		if (unwind.load)
			ret = add_function(&unwind, &function);
	}
	ktally_gopclntab_free(unwind.table);
	return ret;
}
