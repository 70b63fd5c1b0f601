// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where functions begin and end that no symbol names: descriptions for unwinding (.eh_frame) stay in a file that was stripped, one for
 * each function, or for each piece that the compiler moved elsewhere. Few of them have a name that can be known for sure.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "elf_functions.h"
#include "elf_file.h"
#include "unwind_table.h"

#define FUNCTIONS_MAX (1U << 22)	/* ten times those of the largest programs */

/* From the first code on: 8 bytes each, for large programs have hundreds of thousands. */
struct range {
	uint32_t start, length;
};

/* Code that has a name for sure. */
enum special { ENTRY, MAIN, INIT, FINI, SPECIALS };

static const char *const special_names[SPECIALS] = { "_start", "main", "_init", "_fini" };

/* Where it is; one byte: a function that begins there is it; @end: 0: nowhere */
struct place {
	uint64_t start, end;
};

struct ktally_functions {
	uint64_t base;
	struct range *ranges;
	size_t nr, room;
	bool sorted;
	struct place special[SPECIALS];
};

/* ---- descriptions ---- */

/* All code of a file lies within 4 GiB; what is said to be elsewhere is not found. */
static int add_range(void *arg, uint64_t start, uint64_t length)
{
	struct ktally_functions *functions = arg;
	size_t room = functions->room + functions->room / 2 + 256;
	struct range *ranges;

	if (start < functions->base || start - functions->base > UINT32_MAX || functions->nr == FUNCTIONS_MAX)
		return 0;
	if (functions->nr == functions->room) {
		ranges = realloc(functions->ranges, room * sizeof(*ranges));
		if (!ranges)
			return -ENOMEM;
		functions->ranges = ranges;
		functions->room = room;
	}
	start -= functions->base;
	functions->sorted &= !functions->nr || functions->ranges[functions->nr - 1].start < start;
	functions->ranges[functions->nr++] = (struct range){ (uint32_t)start, length < UINT32_MAX ? (uint32_t)length : UINT32_MAX };
	return 0;
}

static int by_start(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->length > b->length ? -1 : a->length < b->length;
}

/* Of two that begin at one address the longer one is kept. */
static void sort(struct ktally_functions *functions)
{
	struct range *ranges = functions->ranges, *smaller;
	size_t kept = 0, i;

	if (!functions->sorted)
		qsort(ranges, functions->nr, sizeof(*ranges), by_start);
	for (i = 0; i < functions->nr; i++)
		if (!kept || ranges[kept - 1].start != ranges[i].start)
			ranges[kept++] = ranges[i];
	functions->nr = kept;
	smaller = kept ? realloc(ranges, kept * sizeof(*ranges)) : NULL;
	functions->ranges = smaller ? smaller : ranges;
}

static int read_ranges(struct ktally_functions *functions, struct ktally_image *image)
{
	struct ktally_cfi cfi;
	unsigned int i;
	void *data;
	int rc = ktally_unwind_eh_frame(image, &cfi, &data);

	functions->sorted = true;
	functions->base = image->nr_segments ? UINT64_MAX : 0;
	for (i = 0; i < image->nr_segments; i++)
		if (image->segments[i].address < functions->base)
			functions->base = image->segments[i].address;
	if (!rc) {
		cfi.visit = add_range;
		cfi.visitor = functions;
		rc = ktally_cfi_read(NULL, &cfi);
		sort(functions);
	}
	free(data);
	return rc == -ENOMEM ? rc : 0;
}

/* How many begin at @vaddr or before. */
static size_t count_until(const struct ktally_functions *functions, uint64_t vaddr)
{
	size_t low = 0, high = functions->nr, mid;
	uint64_t want = vaddr - functions->base;

	if (vaddr < functions->base)
		return 0;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (functions->ranges[mid].start <= want)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct range *find_range(const struct ktally_functions *functions, uint64_t vaddr)
{
	size_t nr = count_until(functions, vaddr);
	const struct range *range = nr ? &functions->ranges[nr - 1] : NULL;

	return range && vaddr - functions->base - range->start < range->length ? range : NULL;
}

static bool is_start(const struct ktally_functions *functions, uint64_t vaddr)
{
	const struct range *range = find_range(functions, vaddr);

	return range && functions->base + range->start == vaddr;
}

/* ---- names without symbols ---- */

struct dynamic {
	uint64_t init, fini, flags;
};

static void read_dynamic(const struct ktally_image *image, struct dynamic *dynamic)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Dyn entry;
	int i;

	while ((scn = elf_nextscn(image->elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_DYNAMIC)
			break;
	data = scn ? elf_getdata(scn, NULL) : NULL;
	for (i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		if (entry.d_tag == DT_INIT)
			dynamic->init = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_FINI)
			dynamic->fini = entry.d_un.d_ptr;
		else if (entry.d_tag == DT_FLAGS_1)
			dynamic->flags = entry.d_un.d_val;
	}
}

/* What runs before main() and after it fills a section of its own, which mostly nothing describes. */
static struct place whole_section(const struct ktally_functions *functions, const struct ktally_image *image, const char *name, uint64_t start)
{
	GElf_Shdr header;
	uint64_t end;
	Elf_Scn *scn;

	if (!start || !ktally_image_section(image, name, &header, &scn) || !(header.sh_flags & SHF_EXECINSTR) || header.sh_addr != start)
		return (struct place){ 0 };
	end = start + header.sh_size;
	if (is_start(functions, start))
		end = start + 1;
	else if (end < start || find_range(functions, start) || count_until(functions, end - 1) != count_until(functions, start))
		return (struct place){ 0 };
	return (struct place){ start, end };
}

/* The bytes that an instruction begins with; any number may follow. */
struct instruction {
	uint8_t length, nr, bytes[3];
};

/* Return: how long the one of @choices is that @code begins with, 0: none */
static size_t one_of(const uint8_t *code, size_t size, const struct instruction choices[3])
{
	size_t i;

	for (i = 0; i < 3; i++)
		if (choices[i].length && choices[i].length <= size && !memcmp(code, choices[i].bytes, choices[i].nr))
			return choices[i].length;
	return 0;
}

/*
 * glibc's _start on x86_64, instruction by instruction: it gives main() as the first argument to __libc_start_main().
 * Return: the address of main(), 0: this is other code
 */
static uint64_t main_of_start(const uint8_t *code, size_t size, uint64_t address)
{
	static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	/* xor %ebp,%ebp; mov %rdx,%r9; pop %rsi; mov %rsp,%rdx; and $-16,%rsp; push %rax; push %rsp */
	static const uint8_t head[] = { 0x31, 0xed, 0x49, 0x89, 0xd1, 0x5e, 0x48, 0x89, 0xe2, 0x48, 0x83, 0xe4, 0xf0, 0x50, 0x54 };
	enum { FINI_STEP, INIT_STEP, MAIN_STEP, CALL_STEP, STEPS };
	static const struct instruction steps[STEPS][3] = {
		[FINI_STEP] = { { 3, 3, { 0x45, 0x31, 0xc0 } }, { 7, 3, { 0x49, 0xc7, 0xc0 } }, { 7, 3, { 0x4c, 0x8d, 0x05 } } },	/* %r8 */
		[INIT_STEP] = { { 2, 2, { 0x31, 0xc9 } }, { 7, 3, { 0x48, 0xc7, 0xc1 } }, { 7, 3, { 0x48, 0x8d, 0x0d } } },	/* %rcx */
		[MAIN_STEP] = { { 7, 3, { 0x48, 0xc7, 0xc7 } }, { 7, 3, { 0x48, 0x8d, 0x3d } } },	/* mov $main,%rdi; lea main(%rip),%rdi */
		[CALL_STEP] = { { 6, 2, { 0xff, 0x15 } }, { 5, 1, { 0xe8 } }, { 6, 2, { 0x67, 0xe8 } } },
	};
	size_t at = size >= sizeof(endbr) && !memcmp(code, endbr, sizeof(endbr)) ? sizeof(endbr) : 0, len;
	uint64_t found = 0;
	unsigned int step;
	int32_t number;

	if (size - at < sizeof(head) || memcmp(code + at, head, sizeof(head)))
		return 0;
	at += sizeof(head);
	for (step = 0; step < STEPS; step++, at += len) {
		len = one_of(code + at, size - at, steps[step]);
		if (!len)
			return 0;
		if (step != MAIN_STEP)
			continue;
		memcpy(&number, code + at + 3, sizeof(number));
		found = (code[at + 1] == 0x8d ? address + at + len : 0) + (uint64_t)(int64_t)number;
	}
	return found;
}

#define START_BYTES 64

/* Only programs begin where the file says: a library's entry, if it has one, may be anything. */
static void read_entry(struct ktally_functions *functions, struct ktally_image *image, bool pie)
{
	const uint8_t *code;
	uint64_t offset, length, found = 0;
	GElf_Ehdr head;

	if (!gelf_getehdr(image->elf, &head) || (head.e_type != ET_EXEC && !pie) || !is_start(functions, head.e_entry))
		return;
	functions->special[ENTRY] = (struct place){ head.e_entry, head.e_entry + 1 };
	if (image->machine != EM_X86_64 || !ktally_image_locate(image, head.e_entry, &offset, &length))
		return;
	length = length < START_BYTES ? length : START_BYTES;
	code = ktally_image_code(image, offset, length);
	if (code)
		found = main_of_start(code, length, head.e_entry);
	if (found && is_start(functions, found))
		functions->special[MAIN] = (struct place){ found, found + 1 };
}

static void read_special(struct ktally_functions *functions, struct ktally_image *image)
{
	struct dynamic dynamic = { 0 };

	read_dynamic(image, &dynamic);
	functions->special[INIT] = whole_section(functions, image, ".init", dynamic.init);
	functions->special[FINI] = whole_section(functions, image, ".fini", dynamic.fini);
	read_entry(functions, image, dynamic.flags & DF_1_PIE);
}

/* ---- files ---- */

static bool is_empty(const struct ktally_functions *functions)
{
	unsigned int i;

	for (i = 0; i < SPECIALS; i++)
		if (functions->special[i].end)
			return false;
	return !functions->nr;
}

static struct ktally_functions *read_image(int fd, const void *memory, size_t size)
{
	struct ktally_functions *functions = calloc(1, sizeof(*functions));
	struct ktally_image *image = malloc(sizeof(*image));
	bool failed = !functions || !image || ktally_image_open(image, fd, memory, size, NULL);

	if (!failed) {
		failed = read_ranges(functions, image);
		read_special(functions, image);
		ktally_image_close(image);
	}
	free(image);
	if (!failed && !is_empty(functions))
		return functions;
	ktally_functions_free(functions);
	return NULL;
}

struct ktally_functions *ktally_functions_read(int fd)
{
	return fd < 0 ? NULL : read_image(fd, NULL, 0);
}

struct ktally_functions *ktally_functions_read_memory(const void *image, size_t size)
{
	return read_image(-1, image, size);
}

void ktally_functions_free(struct ktally_functions *functions)
{
	if (functions)
		free(functions->ranges);
	free(functions);
}

/* ---- looking up ---- */

size_t ktally_functions_count(const struct ktally_functions *functions)
{
	return functions->nr + SPECIALS;
}

bool ktally_functions_find(const struct ktally_functions *functions, uint64_t vaddr, struct ktally_function_hit *hit)
{
	const struct range *range = find_range(functions, vaddr);
	uint64_t at = range ? functions->base + range->start : vaddr;
	unsigned int i;

	for (i = 0; i < SPECIALS; i++) {
		const struct place *place = &functions->special[i];

		if (at < place->start || at >= place->end)
			continue;
		*hit = (struct ktally_function_hit){ place->start, special_names[i], functions->nr + i };
		return true;
	}
	if (range)
		*hit = (struct ktally_function_hit){ at, NULL, (size_t)(range - functions->ranges) };
	return range;
}

uint64_t ktally_functions_end(const struct ktally_functions *functions, uint64_t vaddr)
{
	const struct range *range = find_range(functions, vaddr);
	size_t nr = count_until(functions, vaddr);

	if (range)
		return functions->base + range->start + range->length;
	return nr < functions->nr ? functions->base + functions->ranges[nr].start : UINT64_MAX;
}
