// SPDX-License-Identifier: GPL-2.0-or-later
/* names PID: reads addresses of a running process, a line each in hex, and writes address, kind, FILE:LINE and name of each, with tabs between. */
#include <stdio.h>
#include <stdlib.h>

#include "libktally.h"

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "native", "kernel", "jit", "python", "mark" };
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_symbolizer *sym = NULL;
	const struct ktally_frame *frame;
	uint64_t image, address;
	char line[64];

	if (argc != 2) {
		fprintf(stderr, "usage: names PID <addresses\n");
		return 2;
	}
	image = strtoull(argv[1], NULL, 10) << 32 | 1;
	ktally_symbolizer_new(&sym, procs, NULL);
	if (!sym)
		return 1;
	ktally_symbolizer_want(sym, KTALLY_SYMBOLIZE_LINES);
	while (fgets(line, sizeof(line), stdin)) {
		address = strtoull(line, NULL, 16);
		frame = ktally_symbolize_user(sym, image, address, false);
		printf("%llx\t%s\t%s:%u\t%s\n", (unsigned long long)address, kinds[frame->kind], *frame->file ? frame->file : "?", frame->line,
		       frame->name);
	}
	if (ktally_symbolizer_trouble(sym))
		fprintf(stderr, "%s\n", ktally_symbolizer_trouble(sym));
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
	return 0;
}
