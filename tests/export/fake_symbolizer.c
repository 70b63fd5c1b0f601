// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A symbolizer whose names are crafted: what exporters must survive. Address 0xffffffff81000000 + n * 256 is kernel function n,
 * 0x400000 + n * 256 is user function n; the names are odd ones first, then plain ones. Every seventh has no name, and of those behind
 * these some are only told from others.
 * Of user functions some are inlined into another one, some have a place in the source, some are a guess.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_symbolizer.h"
#include "recording.h"
#include "symtab.h"

static const char *const odd[] = {
	"a<b&c>\"d\"'e'", "semi;colon;name", "std::vector<int, std::allocator<int> >::push_back(int&&)", "na\xc3\xafve_\xe6\x97\xa5\xe6\x9c\xac",
	"bad\xff\xfe utf8 \xc3", "x", "tab\tand\nnewline", "]]>&amp;<![CDATA[", "${shell} `tick` \\back", "comma,\"quoted\",name", " leading and trailing ",
	"=cmd()", "_[k]", "operator<<", "emoji\xf0\x9f\x94\xa5",
};
#define FAKE_MARKS 8U
#define NR_ODD (sizeof(odd) / sizeof(odd[0]))

struct ktally_symbolizer {
	struct ktally_frame frames[2][FAKE_FUNCTIONS], outer[FAKE_FUNCTIONS];
	char names[2][FAKE_FUNCTIONS][48], outer_names[FAKE_FUNCTIONS][48];
	char files[FAKE_FUNCTIONS][48];
	struct ktally_frame marks[FAKE_MARKS];
	unsigned int nr_marks;
};

static void place_frame(struct ktally_symbolizer *sym, unsigned int n)
{
	struct ktally_frame *frame = &sym->frames[0][n];

	frame->guess = n % 13 == 5;
	frame->file = "";
	if (n % 3 == 0) {
		snprintf(sym->files[n], sizeof(sym->files[n]), "/src/file_%u.c", n / 9);
		frame->file = sym->files[n];
		frame->line = n + 1;
	}
	if (n < NR_ODD || n % 11 != 3)
		return;
	snprintf(sym->outer_names[n], sizeof(sym->outer_names[n]), "around_%u", n / 100);
	sym->outer[n] = *frame;
	sym->outer[n].name = sym->outer_names[n];
	sym->outer[n].line = 0;
	sym->outer[n].unnamed = false;
	frame->outer = &sym->outer[n];
}

static void name_frame(struct ktally_symbolizer *sym, bool kernel, unsigned int n)
{
	static const char *const user_modules[] = { "/usr/bin/app", "/usr/lib/libodd <&\">.so", "[vdso]", "/usr/lib/libplain.so.6", "[anon]" };
	static const char *const kernel_modules[] = { "[kernel]", "[kernel]", "[kernel]", "[nf_tables]", "[ext4]" };
	struct ktally_frame *frame = &sym->frames[kernel][n];
	unsigned int module = n % 5;

	frame->address = (kernel ? FAKE_KERNEL : FAKE_USER) + n * 256 + 17;
	frame->symbol_address = frame->address - 17;
	frame->kernel = kernel;
	frame->module = kernel ? kernel_modules[module] : user_modules[module];
	frame->build_id = kernel || module == 4 ? "" : "0123456789abcdef0123456789abcdef01234567";
	if (!kernel && module != 4) {
		frame->map_start = FAKE_USER & ~0xfffULL;
		frame->map_end = FAKE_USER + FAKE_FUNCTIONS * 256;
		frame->map_offset = 0x1000 * module;
	}
	if (n < NR_ODD)
		snprintf(sym->names[kernel][n], sizeof(sym->names[kernel][n]), "%s", odd[n]);
	else
		snprintf(sym->names[kernel][n], sizeof(sym->names[kernel][n]), "%s_%u", kernel ? "kfunc" : "ufunc", n);
	frame->name = sym->names[kernel][n];
	if (n >= NR_ODD && n % 7 == 0) {
		frame->name = "[unknown]";
		frame->symbol_address = 0;
	} else if (n >= NR_ODD && n % 7 == 1 && !kernel && module == 0) {
		snprintf(sym->names[kernel][n], sizeof(sym->names[kernel][n]), "[app+0x%x]", n * 256);
		frame->unnamed = true;
	}
	if (!kernel)
		place_frame(sym, n);
}

int ktally_symbolizer_new(struct ktally_symbolizer **out, struct ktally_processes *procs, struct ktally_error *err)
{
	unsigned int n;

	(void)procs;
	(void)err;
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -1;
	for (n = 0; n < FAKE_FUNCTIONS; n++) {
		name_frame(*out, false, n);
		name_frame(*out, true, n);
	}
	return 0;
}

void ktally_symbolizer_free(struct ktally_symbolizer *sym)
{
	free(sym);
}

const struct ktally_frame *ktally_symbolize_kernel(struct ktally_symbolizer *sym, uint64_t ip, bool caller)
{
	(void)caller;
	return &sym->frames[1][(ip - FAKE_KERNEL) / 256];
}

const struct ktally_frame *ktally_symbolize_user(struct ktally_symbolizer *sym, uint64_t image, uint64_t ip, bool caller)
{
	(void)image;
	(void)caller;
	return &sym->frames[0][(ip - FAKE_USER) / 256];
}

/* All is known from the start. */
void ktally_symbolize_soon(const struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, size_t nr, bool caller)
{
	(void)sym;
	(void)image;
	(void)words;
	(void)nr;
	(void)caller;
}

int ktally_symbolizer_expect(struct ktally_symbolizer *sym, size_t nr)
{
	(void)sym;
	(void)nr;
	return 0;
}

void ktally_symbolizer_defer(struct ktally_symbolizer *sym, bool defer)
{
	(void)sym;
	(void)defer;
}

const struct ktally_frame *ktally_symbolize_mark(struct ktally_symbolizer *sym, const char *name)
{
	unsigned int i;

	for (i = 0; i < sym->nr_marks; i++)
		if (!strcmp(sym->marks[i].name, name))
			return &sym->marks[i];
	if (sym->nr_marks == FAKE_MARKS)
		return NULL;
	sym->marks[i] = (struct ktally_frame){ .name = name, .module = "", .build_id = "", .file = "", .kind = KTALLY_FRAME_MARK };
	return &sym->marks[sym->nr_marks++];
}

/* Names for a recording: it asks for those that were looked up, of which there is no list here. */
int ktally_symbolizer_each(struct ktally_symbolizer *sym, ktally_frame_fn fn, void *arg)
{
	(void)sym;
	(void)fn;
	(void)arg;
	return 0;
}

struct ktally_cgroups *ktally_symbolizer_get_cgroups(const struct ktally_symbolizer *sym)
{
	(void)sym;
	return NULL;
}

struct ktally_processes *ktally_symbolizer_processes(const struct ktally_symbolizer *sym)
{
	(void)sym;
	return NULL;
}

const char *ktally_syscall_name(long nr)
{
	static const char *const names[] = { "read", "write", "open", "close" };

	return nr >= 0 && nr < 4 ? names[nr] : NULL;
}

const char *ktally_symbolizer_text(struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t value)
{
	(void)sym;
	(void)kind;
	(void)value;
	return NULL;
}

bool ktally_symbolizer_recorded(const struct ktally_symbolizer *sym)
{
	(void)sym;
	return false;
}
