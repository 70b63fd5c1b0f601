// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A symbolizer whose names are crafted: what exporters must survive. Address 0xffffffff81000000 + n * 256 is kernel function n,
 * 0x400000 + n * 256 is user function n; the names are odd ones first, then plain ones. Every seventh has no name.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_symbolizer.h"
#include "recording.h"

static const char *const odd[] = {
	"a<b&c>\"d\"'e'", "semi;colon;name", "std::vector<int, std::allocator<int> >::push_back(int&&)", "na\xc3\xafve_\xe6\x97\xa5\xe6\x9c\xac",
	"bad\xff\xfe utf8 \xc3", "x", "tab\tand\nnewline", "]]>&amp;<![CDATA[", "${shell} `tick` \\back", "comma,\"quoted\",name", " leading and trailing ",
	"=cmd()", "_[k]", "operator<<", "emoji\xf0\x9f\x94\xa5",
};
#define NR_ODD (sizeof(odd) / sizeof(odd[0]))

struct ktally_symbolizer {
	struct ktally_frame frames[2][FAKE_FUNCTIONS];
	char names[2][FAKE_FUNCTIONS][48];
};

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
	}
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
