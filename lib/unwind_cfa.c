// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_cfa.c: runs the instructions of call frame information, and makes of each state the rule of a row. */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "unwind_cfi.h"

/* How many states may be remembered at once; compilers need two. */
#define REMEMBER_MAX	32
#define X86_STACK	7
#define X86_COUNTER	16
#define X86_LAST	15
#define ARM64_STACK	31
#define ARM64_COUNTER	32

enum {
	CFA_NOP = 0x00, CFA_SET_LOC = 0x01, CFA_ADVANCE_LOC1 = 0x02, CFA_ADVANCE_LOC2 = 0x03, CFA_ADVANCE_LOC4 = 0x04, CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06, CFA_UNDEFINED = 0x07, CFA_SAME_VALUE = 0x08, CFA_REGISTER = 0x09, CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b, CFA_DEF_CFA = 0x0c, CFA_DEF_CFA_REGISTER = 0x0d, CFA_DEF_CFA_OFFSET = 0x0e, CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10, CFA_OFFSET_EXTENDED_SF = 0x11, CFA_DEF_CFA_SF = 0x12, CFA_DEF_CFA_OFFSET_SF = 0x13, CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15, CFA_VAL_EXPRESSION = 0x16, CFA_MIPS_ADVANCE_LOC8 = 0x1d, CFA_NEGATE_RA_STATE_WITH_PC = 0x2c,
	CFA_WINDOW_SAVE = 0x2d, CFA_GNU_ARGS_SIZE = 0x2e, CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
	CFA_ADVANCE_LOC = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0, CFA_PRIMARY = 0xc0,
};

/* struct run - @build: NULL for those of a CIE; @at: address; @changed: the state, since the last row */
struct run {
	struct ktally_unwind_build *build;
	const struct ktally_function *function;
	const struct ktally_cie *cie;
	struct ktally_bytes code;
	uint32_t machine;
	unsigned int depth;
	bool changed;
	uint64_t at;
	int error;
	struct ktally_cfa_state state, remembered[REMEMBER_MAX];
};

static unsigned int saved_registers(uint32_t machine, const uint8_t **registers)
{
	static const uint8_t x86_64[] = KTALLY_SAVED_X86_64, arm64[] = KTALLY_SAVED_ARM64;

	*registers = machine == EM_X86_64 ? x86_64 : arm64;
	return machine == EM_X86_64 ? sizeof(x86_64) : sizeof(arm64);
}

/* Where the state of register @reg is kept; NULL: it is of no interest. */
static struct ktally_place *place_of(struct ktally_cfa_state *state, const struct run *run, uint64_t reg)
{
	const uint8_t *registers;
	unsigned int nr = saved_registers(run->machine, &registers), i;

	if (reg == run->cie->ret)
		return &state->ret;
	if (reg == (run->machine == EM_X86_64 ? X86_STACK : ARM64_STACK))
		return &state->stack;
	for (i = 0; i < nr; i++)
		if (registers[i] == reg)
			return &state->saved[i];
	return NULL;
}

static struct ktally_place place(uint8_t kind, uint64_t reg, int64_t offset)
{
	if (reg > UINT8_MAX || offset < INT32_MIN || offset > INT32_MAX)
		return (struct ktally_place){ .kind = KTALLY_PLACE_OTHER };
	return (struct ktally_place){ .kind = kind, .reg = reg, .offset = offset };
}

static void set(struct run *run, uint64_t reg, struct ktally_place to)
{
	struct ktally_place *at = place_of(&run->state, run, reg);

	if (!at)
		return;
	*at = to;
	run->changed = true;
}

static int64_t factored(const struct run *run, int64_t number)
{
	int64_t offset;

	return __builtin_mul_overflow(number, run->cie->data_align, &offset) ? INT64_MAX : offset;
}

static int64_t unsigned_factored(struct run *run)
{
	uint64_t number = ktally_bytes_uleb(&run->code);

	return number > INT32_MAX ? INT64_MAX : factored(run, (int64_t)number);
}

/* ---- rules ---- */

/* In memory at an expression that counts from the register that the CFA counts from: as good as from the CFA. */
static struct ktally_place by_cfa(struct ktally_place at, const struct ktally_place *cfa)
{
	if (at.kind == KTALLY_PLACE_MEMORY && cfa->kind == KTALLY_PLACE_REGISTER && at.reg == cfa->reg)
		return place(KTALLY_PLACE_CFA, 0, (int64_t)at.offset - cfa->offset);
	return at;
}

static int16_t saved_units(int32_t offset)
{
	if (offset % 8 || offset / 8 > INT16_MAX || offset / 8 <= KTALLY_SAVED_UNKNOWN)
		return KTALLY_SAVED_UNKNOWN;
	return offset / 8;
}

/* Code that aligns its stack has its registers at the frame pointer. A rule can say one of both; the frame pointer itself matters most. */
static bool at_frame(const struct ktally_place *places, unsigned int nr, uint8_t frame)
{
	unsigned int by_frame = 0, by_cfa = 0, i;

	if (places[0].kind == KTALLY_PLACE_CFA)
		return false;
	for (i = 0; i < nr; i++) {
		by_frame += places[i].kind == KTALLY_PLACE_MEMORY && places[i].reg == frame;
		by_cfa += places[i].kind == KTALLY_PLACE_CFA;
	}
	return by_frame && (by_frame > by_cfa || places[0].kind == KTALLY_PLACE_MEMORY);
}

static void saved_rules(struct ktally_unwind_rule *rule, const struct run *run)
{
	struct ktally_place places[KTALLY_SAVED_MAX];
	const uint8_t *registers;
	unsigned int nr = saved_registers(run->machine, &registers), i;

	for (i = 0; i < nr; i++)
		places[i] = by_cfa(run->state.saved[i], &run->state.cfa);
	rule->nr_saved = nr;
	if (at_frame(places, nr, registers[0]))
		rule->flags |= KTALLY_RULE_SAVED_FRAME;
	for (i = 0; i < nr; i++) {
		rule->saved[i] = KTALLY_SAVED_UNKNOWN;
		if (places[i].kind <= KTALLY_PLACE_SAME || (places[i].kind == KTALLY_PLACE_REGISTER && places[i].reg == registers[i]))
			rule->saved[i] = KTALLY_SAVED_SAME;
		else if (places[i].kind == KTALLY_PLACE_CFA && !(rule->flags & KTALLY_RULE_SAVED_FRAME))
			rule->saved[i] = saved_units(places[i].offset);
		else if (places[i].kind == KTALLY_PLACE_MEMORY && places[i].reg == registers[0] && (rule->flags & KTALLY_RULE_SAVED_FRAME))
			rule->saved[i] = saved_units(places[i].offset);
	}
}

/* Return: false if it cannot be said */
static bool return_rule(struct ktally_unwind_rule *rule, const struct run *run)
{
	struct ktally_place ret = by_cfa(run->state.ret, &run->state.cfa);

	if (ret.kind == KTALLY_PLACE_CFA) {
		rule->return_offset = ret.offset;
		return true;
	}
	/* What was not saved is still in the link register. x86 has none. */
	if (ret.kind <= KTALLY_PLACE_SAME && run->machine == EM_AARCH64)
		ret = place(KTALLY_PLACE_REGISTER, run->cie->ret, 0);
	if (ret.kind != KTALLY_PLACE_REGISTER || ret.reg > (run->machine == EM_X86_64 ? X86_LAST : ARM64_STACK - 1))
		return false;
	rule->ret = KTALLY_RETURN_REGISTER;
	rule->return_offset = ret.reg;
	return true;
}

static bool cfa_rule(struct ktally_unwind_rule *rule, const struct run *run)
{
	const struct ktally_place *cfa = &run->state.cfa;

	rule->reg = cfa->reg;
	rule->offset = cfa->offset;
	rule->offset2 = cfa->offset2;
	if (cfa->reg > (run->machine == EM_X86_64 ? X86_LAST : ARM64_STACK))
		return false;
	switch (cfa->kind) {
	case KTALLY_PLACE_REGISTER:
		rule->cfa = KTALLY_CFA_REGISTER;
		return true;
	case KTALLY_PLACE_DEREF:
		rule->cfa = KTALLY_CFA_DEREF;
		return true;
	case KTALLY_PLACE_PLT:
		rule->cfa = KTALLY_CFA_PLT;
		return run->machine == EM_X86_64;
	}
	return false;
}

/* The caller of a signal frame is what was interrupted: all its registers, the stack pointer too, are in what the kernel put on the stack. */
static bool is_signal(const struct run *run)
{
	const struct ktally_cfa_state *state = &run->state;

	if (!run->cie->signal)
		return false;
	if (run->machine == EM_AARCH64)
		return run->function->sigreturn;
	return state->cfa.kind == KTALLY_PLACE_DEREF && state->cfa.reg == X86_STACK && !state->cfa.offset2 &&
	       state->ret.kind == KTALLY_PLACE_MEMORY && state->ret.reg == X86_STACK;
}

/* Return: false if the rule is KTALLY_CFA_UNKNOWN because this is not understood */
static bool rule_of(struct ktally_unwind_rule *rule, const struct run *run)
{
	memset(rule, 0, sizeof(*rule));
	if (run->state.ret.kind == KTALLY_PLACE_UNDEFINED) {
		rule->cfa = KTALLY_CFA_END;
		return true;
	}
	if (is_signal(run)) {
		rule->cfa = KTALLY_CFA_SIGNAL;
		return true;
	}
	/* The stack pointer of the caller is the CFA. Where it is said to be elsewhere a rule has no words for it. */
	if (run->state.stack.kind <= KTALLY_PLACE_SAME && cfa_rule(rule, run) && return_rule(rule, run)) {
		saved_rules(rule, run);
		return true;
	}
	memset(rule, 0, sizeof(*rule));
	return false;
}

/* ---- instructions ---- */

static void emit(struct run *run)
{
	uint64_t offset = run->at - run->function->start;
	struct ktally_unwind_rule rule;

	if (!run->changed || offset >= run->function->length || run->error)
		return;
	if (!rule_of(&rule, run))
		ktally_unwind_build_skip(run->build);
	run->error = ktally_unwind_build_row(run->build, run->function->file + offset, &rule);
	run->changed = false;
}

static void go_to(struct run *run, uint64_t address)
{
	if (!run->build || address < run->at) {
		run->code.bad = true;
		return;
	}
	if (address == run->at)
		return;
	emit(run);
	run->at = address;
}

static void advance(struct run *run, uint64_t units)
{
	uint64_t bytes, address;

	if (__builtin_mul_overflow(units, run->cie->code_align, &bytes) || __builtin_add_overflow(run->at, bytes, &address))
		run->code.bad = true;
	else
		go_to(run, address);
}

static void restore(struct run *run, uint64_t reg)
{
	struct ktally_cfa_state first = run->cie->first;
	struct ktally_place *at = place_of(&first, run, reg);

	if (at)
		set(run, reg, *at);
}

static void set_cfa(struct run *run, uint8_t kind, uint64_t reg, int64_t offset)
{
	run->state.cfa = place(kind, reg, offset);
	run->changed = true;
}

/* "Another register" and "another offset" make sense of a CFA that is one register and one offset. */
static bool cfa_is_register(struct run *run)
{
	if (run->state.cfa.kind != KTALLY_PLACE_REGISTER)
		run->code.bad = true;
	return !run->code.bad;
}

static struct ktally_place expression(struct run *run)
{
	struct ktally_bytes bytes = ktally_bytes_cut(&run->code, ktally_bytes_uleb(&run->code));

	return ktally_expr(bytes, run->machine == EM_X86_64 ? X86_COUNTER : ARM64_COUNTER);
}

static void register_expression(struct run *run, bool value)
{
	uint64_t reg = ktally_bytes_uleb(&run->code);
	struct ktally_place at = expression(run);

	if (at.kind == KTALLY_PLACE_REGISTER && !value)
		at.kind = KTALLY_PLACE_MEMORY;
	else if (at.kind == KTALLY_PLACE_REGISTER && at.reg == reg && !at.offset)
		at.kind = KTALLY_PLACE_SAME;
	else if (at.kind != KTALLY_PLACE_CFA || value)
		at.kind = KTALLY_PLACE_OTHER;
	set(run, reg, at);
}

/* The register is the CFA plus something: of use for the stack pointer, and only if it is nothing. */
static void value_offset(struct run *run, uint64_t reg, int64_t offset)
{
	set(run, reg, place(offset ? KTALLY_PLACE_OTHER : place_of(&run->state, run, reg) == &run->state.stack ? KTALLY_PLACE_SAME :
			    KTALLY_PLACE_OTHER, 0, 0));
}

static void remember(struct run *run)
{
	if (run->depth == REMEMBER_MAX)
		run->code.bad = true;
	else
		run->remembered[run->depth++] = run->state;
}

static void recall(struct run *run)
{
	if (!run->depth) {
		run->code.bad = true;
		return;
	}
	run->state = run->remembered[--run->depth];
	run->changed = true;
}

static void define_cfa(struct run *run, uint8_t op)
{
	uint64_t reg;
	int64_t offset;

	switch (op) {
	case CFA_DEF_CFA:
		reg = ktally_bytes_uleb(&run->code);
		offset = (int64_t)ktally_bytes_uleb(&run->code);
		set_cfa(run, KTALLY_PLACE_REGISTER, reg, offset);
		break;
	case CFA_DEF_CFA_SF:
		reg = ktally_bytes_uleb(&run->code);
		set_cfa(run, KTALLY_PLACE_REGISTER, reg, factored(run, ktally_bytes_sleb(&run->code)));
		break;
	case CFA_DEF_CFA_REGISTER:
		reg = ktally_bytes_uleb(&run->code);
		if (cfa_is_register(run))
			set_cfa(run, KTALLY_PLACE_REGISTER, reg, run->state.cfa.offset);
		break;
	case CFA_DEF_CFA_OFFSET:
	case CFA_DEF_CFA_OFFSET_SF:
		offset = op == CFA_DEF_CFA_OFFSET ? (int64_t)ktally_bytes_uleb(&run->code) : factored(run, ktally_bytes_sleb(&run->code));
		if (cfa_is_register(run))
			set_cfa(run, KTALLY_PLACE_REGISTER, run->state.cfa.reg, offset);
		break;
	case CFA_DEF_CFA_EXPRESSION:
		run->state.cfa = expression(run);
		run->changed = true;
		break;
	}
}

static void define_register(struct run *run, uint8_t op)
{
	uint64_t reg = ktally_bytes_uleb(&run->code);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set(run, reg, place(KTALLY_PLACE_CFA, 0, unsigned_factored(run)));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set(run, reg, place(KTALLY_PLACE_CFA, 0, factored(run, ktally_bytes_sleb(&run->code))));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set(run, reg, place(KTALLY_PLACE_CFA, 0, -unsigned_factored(run)));
		break;
	case CFA_RESTORE_EXTENDED:
		restore(run, reg);
		break;
	case CFA_UNDEFINED:
		set(run, reg, place(KTALLY_PLACE_UNDEFINED, 0, 0));
		break;
	case CFA_SAME_VALUE:
		set(run, reg, place(KTALLY_PLACE_SAME, 0, 0));
		break;
	case CFA_REGISTER:
		set(run, reg, place(KTALLY_PLACE_REGISTER, ktally_bytes_uleb(&run->code), 0));
		break;
	case CFA_VAL_OFFSET:
		value_offset(run, reg, unsigned_factored(run));
		break;
	case CFA_VAL_OFFSET_SF:
		value_offset(run, reg, factored(run, ktally_bytes_sleb(&run->code)));
		break;
	}
}

static void other_instruction(struct run *run, uint8_t op)
{
	switch (op) {
	case CFA_NOP:
		break;
	case CFA_SET_LOC:
		if (run->build)
			go_to(run, ktally_bytes_pointer(&run->code, run->cie->encoding, run->function->bases));
		else
			run->code.bad = true;
		break;
	case CFA_ADVANCE_LOC1:
		advance(run, ktally_bytes_le(&run->code, 1));
		break;
	case CFA_ADVANCE_LOC2:
		advance(run, ktally_bytes_le(&run->code, 2));
		break;
	case CFA_ADVANCE_LOC4:
		advance(run, ktally_bytes_le(&run->code, 4));
		break;
	case CFA_MIPS_ADVANCE_LOC8:
		advance(run, ktally_bytes_le(&run->code, 8));
		break;
	case CFA_REMEMBER_STATE:
		remember(run);
		break;
	case CFA_RESTORE_STATE:
		recall(run);
		break;
	case CFA_EXPRESSION:
	case CFA_VAL_EXPRESSION:
		register_expression(run, op == CFA_VAL_EXPRESSION);
		break;
	case CFA_GNU_ARGS_SIZE:
		ktally_bytes_uleb(&run->code);
		break;
	case CFA_WINDOW_SAVE:
	case CFA_NEGATE_RA_STATE_WITH_PC:
		/* arm64: the return address is signed from here on. Who walks takes the signature off of any. */
		run->code.bad |= run->machine != EM_AARCH64;
		break;
	default:
		run->code.bad = true;
	}
}

static void instruction(struct run *run)
{
	uint8_t op = ktally_bytes_le(&run->code, 1), low = op & ~CFA_PRIMARY;

	switch (op & CFA_PRIMARY) {
	case CFA_ADVANCE_LOC:
		advance(run, low);
		return;
	case CFA_OFFSET:
		set(run, low, place(KTALLY_PLACE_CFA, 0, unsigned_factored(run)));
		return;
	case CFA_RESTORE:
		restore(run, low);
		return;
	}
	if ((op >= CFA_DEF_CFA && op <= CFA_DEF_CFA_EXPRESSION) || op == CFA_DEF_CFA_SF || op == CFA_DEF_CFA_OFFSET_SF)
		define_cfa(run, op);
	else if ((op >= CFA_OFFSET_EXTENDED && op <= CFA_REGISTER) || op == CFA_OFFSET_EXTENDED_SF || op == CFA_VAL_OFFSET ||
		 op == CFA_VAL_OFFSET_SF || op == CFA_GNU_NEGATIVE_OFFSET_EXTENDED)
		define_register(run, op);
	else
		other_instruction(run, op);
}

/* Return: false if they are not understood */
static bool run_all(struct run *run)
{
	while (run->code.at < run->code.end && !run->code.bad && !run->error)
		instruction(run);
	return !run->code.bad;
}

bool ktally_cfa_first(struct ktally_cie *cie, struct ktally_bytes code, uint32_t machine)
{
	struct run run;

	memset(&run, 0, offsetof(struct run, remembered));
	memset(&cie->first, 0, sizeof(cie->first));
	run.cie = cie;
	run.code = code;
	run.machine = machine;
	if (!run_all(&run))
		return false;
	cie->first = run.state;
	return true;
}

int ktally_cfa_run(struct ktally_unwind_build *build, const struct ktally_function *function, struct ktally_bytes code)
{
	struct run run;

	memset(&run, 0, offsetof(struct run, remembered));
	run.build = build;
	run.function = function;
	run.cie = function->cie;
	run.code = code;
	run.machine = ktally_unwind_build_machine(build);
	run.state = function->cie->first;
	run.changed = true;
	run.at = function->start;
	if (!run_all(&run))
		return run.error ? run.error : -EBADMSG;
	emit(&run);
	return run.error;
}
