// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_gaps.c: tells from the code itself what it is where nothing describes it. */
#include <errno.h>
#include <string.h>

#include "unwind_gaps.h"

#define X86_STACK	7
#define ARM64_STACK	31
#define ARM64_LINK	30
#define ARM64_NOP	0xd503201fU
#define ARM64_BTI_C	0xd503245fU
#define ARM64_SIGRETURN	0xd2801168U	/* mov x8, #139; */
#define ARM64_SVC	0xd4000001U
#define ARM64_PUSH	0xa9bf7bf0U	/* stp x16, x30, [sp, #-16]! */
#define NOP_MAX		15	/* bytes of an instruction */
#define LOOK		1024	/* bytes of code that are looked at at once */
#define PATTERN_MAX	9
#define CRT_MAX		288	/* bytes of crtbegin.o's code, with padding */
#define CRT_BODY	64
#define PROLOGUE_EVERY	2048	/* code that keeps frame pointers has a function's begin in as many bytes */
#define STUBS_MAX	8
#define ENTRY_MAX	96	/* bytes of code that a program begins with */

/* struct stubs - code that a linker, the crt's makers or those of a dynamic linker wrote */
struct stubs {
	uint64_t offset, size;
	enum { STUBS_PLT, STUBS_LAZY, STUBS_CRT, STUBS_ENTRY } kind;	/* of a lazy PLT the first stub is another, and all push */
	uint8_t first[32];				/* code there */
};

struct gaps {
	struct ktally_image *image;
	struct stubs stubs[STUBS_MAX];
	unsigned int nr_stubs;
};

static uint32_t word(const uint8_t *at)
{
	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- padding ---- */

/* Return: bytes of the instruction that does nothing, 0 if it is another. */
static unsigned int x86_nop(const uint8_t *code, unsigned int size)
{
	unsigned int n = 0, length;

	while (n < size && (code[n] == 0x66 || code[n] == 0x2e))
		n++;
	if (n == size)
		return 0;
	if (code[n] == 0x90 || code[n] == 0xcc)
		return n + 1;
	if (size - n < 3 || code[n] != 0x0f || code[n + 1] != 0x1f)
		return 0;
	length = 3 + ((code[n + 2] & 7) == 4) + (code[n + 2] >> 6 == 1 ? 1 : code[n + 2] >> 6 == 2 ? 4 : 0);
	return length <= size - n ? n + length : 0;
}

static unsigned int nothing(const struct ktally_image *image, const uint8_t *code, unsigned int size)
{
	if (image->machine == EM_AARCH64)
		return size >= 4 && (word(code) == ARM64_NOP || !word(code)) ? 4 : 0;
	return *code ? x86_nop(code, size) : 1;
}

static bool is_padding(struct ktally_image *image, uint64_t start, uint64_t end)
{
	const uint8_t *code;
	unsigned int size, done, step;

	while (start < end) {
		size = end - start < LOOK ? end - start : LOOK;
		code = ktally_image_code(image, start, size);
		if (!code)
			return false;
		/* An instruction may go on behind what is looked at. */
		for (done = 0; done < size && (start + size == end || size - done >= NOP_MAX); done += step) {
			step = nothing(image, code + done, size - done);
			if (!step)
				return false;
		}
		start += done;
	}
	return true;
}

/* ---- what signal handlers return to ---- */

/* Return: bytes of "system call rt_sigreturn" */
static unsigned int sigreturn_at(const struct ktally_image *image, const uint8_t *code, size_t size)
{
	static const uint8_t x86[] = { 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05 }, x86_short[] = { 0xb8, 15, 0, 0, 0, 0x0f, 0x05 };

	if (image->machine == EM_AARCH64)
		return size >= 8 && word(code) == ARM64_SIGRETURN && word(code + 4) == ARM64_SVC ? 8 : 0;
	if (size >= sizeof(x86) && !memcmp(code, x86, sizeof(x86)))
		return sizeof(x86);
	return size >= sizeof(x86_short) && !memcmp(code, x86_short, sizeof(x86_short)) ? sizeof(x86_short) : 0;
}

bool ktally_gaps_is_sigreturn(const struct ktally_image *image, const uint8_t *code, size_t size)
{
	return sigreturn_at(image, code, size);
}

bool ktally_gaps_sigreturn(void *arg, uint64_t offset, uint64_t length)
{
	struct ktally_image *image = arg;
	uint8_t code[12];
	size_t size = ktally_image_read(image, offset, code, length < sizeof(code) ? length : sizeof(code));

	/* Some begin a word early, so that an address of return, less one, is still inside. */
	return sigreturn_at(image, code, size) || (size > 4 && sigreturn_at(image, code + 4, size - 4));
}

/* ---- rules ---- */

static int add(struct ktally_unwind_build *build, uint64_t offset, const struct ktally_unwind_rule *rule)
{
	int rc = ktally_unwind_build_row(build, offset, rule);

	return rc == -EINVAL ? 0 : rc;	/* the gap ends before */
}

/* x86: the return address lies @depth bytes above the stack pointer, less 8. */
static int add_depth(struct ktally_unwind_build *build, uint64_t offset, int depth)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_REGISTER, .reg = X86_STACK, .offset = depth, .return_offset = -8 };

	return add(build, offset, &rule);
}

static int add_kind(struct ktally_unwind_build *build, uint64_t start, uint64_t end, uint8_t cfa)
{
	struct ktally_unwind_rule rule = { .cfa = cfa };
	int rc = ktally_unwind_build_piece(build, start, end);

	return rc ? (rc < 0 ? rc : 0) : add(build, start, &rule);
}

/* ---- stubs of a linker ---- */

/* The first stub pushes once more, the others push behind their jump: after byte 11, or 9 where they begin with endbr64. */
static int x86_plt(struct ktally_unwind_build *build, const struct stubs *plt, uint64_t start)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_PLT, .reg = X86_STACK, .offset = 8, .offset2 = 11, .return_offset = -8 };
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *code = plt->kind == STUBS_LAZY && plt->size >= sizeof(plt->first) ? plt->first : NULL;
	int rc;

	/* Not lazy: stubs that only jump. */
	if (!code || code[0] != 0xff || code[1] != 0x35)
		return add_depth(build, start, 8);
	if (!memcmp(code + 16, endbr64, 4))
		rule.offset2 = 9;
	if (start > plt->offset || plt->offset % 16)
		return start % 16 ? 0 : add(build, start, &rule);
	rc = add_depth(build, start, 16);
	if (!rc)
		rc = add_depth(build, start + 6, 24);
	return rc ? rc : add(build, start + 16, &rule);
}

/* "stp x16, x30, [sp, #-16]!", maybe behind a landing pad. Programs that are linked statically have no such stub. Return: bytes up to behind it */
static unsigned int arm64_push(const uint8_t *code)
{
	unsigned int at = word(code) == ARM64_BTI_C ? 4 : 0;

	return word(code + at) == ARM64_PUSH ? at + 4 : 0;
}

/* The first stub saves the link register, the others only jump. */
static int arm64_plt(struct ktally_unwind_build *build, const struct stubs *plt, uint64_t start)
{
	struct ktally_unwind_rule leaf = { .cfa = KTALLY_CFA_REGISTER, .reg = ARM64_STACK, .ret = KTALLY_RETURN_REGISTER, .return_offset = ARM64_LINK };
	struct ktally_unwind_rule pushed = { .cfa = KTALLY_CFA_REGISTER, .reg = ARM64_STACK, .offset = 16, .return_offset = -8 };
	unsigned int push = plt->kind == STUBS_LAZY && plt->size >= sizeof(plt->first) ? arm64_push(plt->first) : 0;
	int rc = add(build, start, &leaf);

	if (rc || !push || start != plt->offset)
		return rc;
	rc = add(build, start + push, &pushed);
	return rc ? rc : add(build, start + 32, &leaf);
}

/* _init and _fini, put together of parts of crti.o and crtn.o: they take 8 bytes of the stack, and give them back at their end. */
static int x86_crt(struct ktally_unwind_build *build, struct ktally_image *image, const struct stubs *stubs, uint64_t start)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa }, take[] = { 0x48, 0x83, 0xec, 8 }, give[] = { 0x48, 0x83, 0xc4, 8, 0xc3 };
	const uint8_t *code = stubs->size >= 9 && stubs->size <= LOOK && start == stubs->offset ? ktally_image_code(image, start, stubs->size) : NULL;
	size_t at, end;
	int rc;

	if (!code)
		return 0;
	at = memcmp(code, endbr64, 4) ? 0 : 4;
	end = stubs->size - sizeof(give);
	if (at + 4 > end || memcmp(code + at, take, 4) || memcmp(code + end, give, sizeof(give)))
		return 0;
	rc = add_depth(build, start, 8);
	if (!rc)
		rc = add_depth(build, start + at + 4, 16);
	return rc ? rc : add_depth(build, start + end + 4, 8);
}

static int add_stubs(struct ktally_unwind_build *build, struct gaps *gaps, const struct stubs *stubs, uint64_t start, uint64_t end)
{
	int rc = ktally_unwind_build_piece(build, start, end);

	if (rc)
		return rc < 0 ? rc : 0;
	if (stubs->kind == STUBS_ENTRY) {
		struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_END };

		return add(build, start, &rule);
	}
	if (stubs->kind == STUBS_CRT)
		return gaps->image->machine == EM_X86_64 ? x86_crt(build, gaps->image, stubs, start) : 0;
	if (gaps->image->machine == EM_X86_64)
		return x86_plt(build, stubs, start);
	return arm64_plt(build, stubs, start);
}

/*
 * Nobody called what the kernel starts a program with: of the dynamic linker it is not described. Shared libraries that begin nothing
 * have the first byte of their code there, or 0.
 */
static void find_entry(struct gaps *gaps)
{
	struct stubs *stubs = &gaps->stubs[gaps->nr_stubs];
	uint64_t offset, room;
	GElf_Shdr text;
	GElf_Ehdr head;
	Elf_Scn *scn;

	if (!gelf_getehdr(gaps->image->elf, &head) || !head.e_entry || (head.e_type != ET_EXEC && head.e_type != ET_DYN))
		return;
	if (head.e_type == ET_DYN && ktally_image_section(gaps->image, ".text", &text, &scn) && text.sh_addr == head.e_entry)
		return;
	if (!ktally_image_locate(gaps->image, head.e_entry, &offset, &room))
		return;
	*stubs = (struct stubs){ .offset = offset, .size = room < ENTRY_MAX ? room : ENTRY_MAX, .kind = STUBS_ENTRY };
	gaps->nr_stubs++;
}

static void find_stubs(struct gaps *gaps)
{
	static const struct { const char *name; int kind; } names[] = { { ".plt", STUBS_LAZY }, { ".iplt", STUBS_LAZY }, { ".plt.sec", STUBS_PLT },
									{ ".plt.got", STUBS_PLT }, { ".plt.bnd", STUBS_PLT },
									{ ".init", STUBS_CRT }, { ".fini", STUBS_CRT } };
	struct stubs *stubs;
	GElf_Shdr header;
	Elf_Scn *scn;
	uint64_t offset, room;
	size_t i;

	_Static_assert(sizeof(names) / sizeof(names[0]) < STUBS_MAX, "room for all and the entry");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!ktally_image_section(gaps->image, names[i].name, &header, &scn) ||
		    !ktally_image_locate(gaps->image, header.sh_addr, &offset, &room))
			continue;
		stubs = &gaps->stubs[gaps->nr_stubs++];
		*stubs = (struct stubs){ .offset = offset, .size = header.sh_size < room ? header.sh_size : room, .kind = names[i].kind };
		ktally_image_read(gaps->image, offset, stubs->first, sizeof(stubs->first));
	}
	find_entry(gaps);
}

/* ---- a gap ---- */

/* Return: bytes of the begin of a function that keeps a frame pointer: "push %rbp; mov %rsp,%rbp", "stp x29, x30, [sp, #-n]!" */
static bool prologue_at(const struct ktally_image *image, const uint8_t *code, size_t size)
{
	static const uint8_t forms[2][4] = { { 0x55, 0x48, 0x89, 0xe5 }, { 0x55, 0x48, 0x8b, 0xec } };

	if (size < 4)
		return false;
	if (image->machine == EM_AARCH64)
		return (word(code) & 0xffc07fffU) == 0xa9807bfdU;
	return *code == 0x55 && (!memcmp(code, forms[0], 4) || !memcmp(code, forms[1], 4));
}

/* Return: where in the code that is which signal handlers return to, @length bytes of it; or @size. @prologues are counted */
static size_t scan_part(const struct ktally_image *image, const uint8_t *code, size_t size, size_t most, uint64_t *prologues, unsigned int *length)
{
	unsigned int step = image->machine == EM_AARCH64 ? 4 : 1;
	size_t at;

	for (at = 0; at < most; at += step) {
		const uint8_t first = code[at];

		if (step == 1 && first != 0x55 && first != 0x48 && first != 0xb8)
			continue;
		*prologues += prologue_at(image, code + at, size - at);
		*length = first == 0x55 ? 0 : sigreturn_at(image, code + at, size - at);
		if (*length)
			return at;
	}
	return most;
}

/* Looks at code up to what signal handlers return to, @length bytes of that. Return: where that is, or @end */
static uint64_t scan(struct ktally_image *image, uint64_t start, uint64_t end, uint64_t *prologues, unsigned int *length)
{
	size_t size, most, done;

	*prologues = 0;
	*length = 0;
	while (start < end) {
		const uint8_t *code;

		size = end - start < LOOK ? end - start : LOOK;
		code = ktally_image_code(image, start, size);
		if (!code)
			return end;
		/* The last bytes are looked at again with what follows them. */
		most = start + size == end ? size : size - PATTERN_MAX / 4 * 4 - 4;
		done = scan_part(image, code, size, most, prologues, length);
		start += done;
		if (*length)
			return start;
	}
	return end;
}

/* Behind the last return of __do_global_dtors_aux stands frame_dummy, which only jumps. Return: where that ends */
static size_t x86_dummy(const uint8_t *code, size_t at, size_t size)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t from = at;

	while (at < size && code[at] != 0xe9 && code[at] != 0xeb) {
		if (code[at] == 0xc3)
			at++;
		else if (size - at >= 4 && !memcmp(code + at, endbr64, 4))
			at += 4;
		else if (x86_nop(code + at, size - at))
			at += x86_nop(code + at, size - at);
		else
			return from;
	}
	at += at < size ? (code[at] == 0xe9 ? 5 : 2) : 0;
	return at <= size ? at : from;
}

/*
 * What crtbegin.o comes to: register_tm_clones and such, which use no stack, and among them __do_global_dtors_aux, which pushes %rbp behind
 * "cmpb $0, completed(%rip); jne", and pops it before its return. Return: bytes of that, 0 if it is something else; or -errno
 */
static int x86_dtors(struct ktally_unwind_build *build, struct ktally_image *image, uint64_t start, uint64_t end)
{
	struct ktally_unwind_rule pushed = { .cfa = KTALLY_CFA_REGISTER, .reg = X86_STACK, .offset = 16, .return_offset = -8, .nr_saved = 1, .saved = { -2 } };
	size_t size = end - start < CRT_MAX ? end - start : CRT_MAX, push, pop, length;
	const uint8_t *code = image->machine == EM_X86_64 ? ktally_image_code(image, start, size) : NULL;
	int rc;

	if (!code)
		return 0;
	for (push = 9; push < size; push++)
		if (code[push] == 0x55 && code[push - 9] == 0x80 && code[push - 8] == 0x3d && !code[push - 3] && code[push - 2] == 0x75)
			break;
	for (pop = push + 1; pop + 1 < size && (code[pop] != 0x5d || code[pop + 1] != 0xc3);)
		pop++;
	if (pop + 1 >= size || pop - push > CRT_BODY)
		return 0;
	length = x86_dummy(code, pop + 2, size);
	rc = ktally_unwind_build_piece(build, start, start + length);
	if (!rc)
		rc = add_depth(build, start, 8);
	if (!rc)
		rc = add(build, start + push + 1, &pushed);
	if (!rc)
		rc = add_depth(build, start + pop + 1, 8);
	return rc < 0 ? rc : (int)length;
}

/* Code without stubs: whoever wrote no tables may still keep frame pointers, as JIT compilers and the code they leave in files do. */
static int code_gap(struct ktally_unwind_build *build, struct ktally_image *image, uint64_t start, uint64_t end)
{
	uint64_t prologues, at;
	unsigned int length;
	int rc = start < end ? x86_dtors(build, image, start, end) : 0;

	if (rc < 0)
		return rc;
	start += (unsigned int)rc;
	if (is_padding(image, start, end))
		return 0;
	rc = 0;
	while (start < end && !rc) {
		at = scan(image, start, end, &prologues, &length);
		/* A byte early, so that an address of return, less one, is still inside. */
		if (length && at > start)
			at--, length++;
		if (prologues && at > start && prologues * PROLOGUE_EVERY >= at - start)
			rc = add_kind(build, start, at, KTALLY_CFA_FRAME);
		if (!rc && length)
			rc = add_kind(build, at, at + length, KTALLY_CFA_SIGNAL);
		start = at + length;
	}
	return rc;
}

static int gap(void *arg, struct ktally_unwind_build *build, uint64_t start, uint64_t end)
{
	struct gaps *gaps = arg;
	unsigned int i;
	int rc;

	if (is_padding(gaps->image, start, end))
		return 1;
	while (start < end) {
		const struct stubs *next = NULL;
		uint64_t from, to;

		for (i = 0; i < gaps->nr_stubs; i++) {
			const struct stubs *stubs = &gaps->stubs[i];

			if (stubs->offset < end && stubs->offset + stubs->size > start && (!next || stubs->offset < next->offset))
				next = stubs;
		}
		from = next ? (next->offset > start ? next->offset : start) : end;
		rc = code_gap(build, gaps->image, start, from);
		if (rc || !next)
			return rc;
		to = next->offset + next->size < end ? next->offset + next->size : end;
		rc = add_stubs(build, gaps, next, from, to);
		if (rc)
			return rc;
		start = to;
	}
	return 0;
}

int ktally_gaps_fill(struct ktally_unwind_build *build, struct ktally_image *image)
{
	struct gaps gaps = { .image = image };
	uint64_t done = 0;
	unsigned int i;
	int rc = 0;

	find_stubs(&gaps);
	for (i = 0; i < image->nr_segments && !rc; i++) {
		uint64_t start = image->segments[i].offset, end = start + image->segments[i].size;

		if (start < done)
			start = done;
		if (start >= end)
			continue;
		rc = ktally_unwind_build_gaps(build, start, end, gap, &gaps);
		done = end;
	}
	return rc;
}
