// SPDX-License-Identifier: GPL-2.0-or-later
/* rows FILE: the unwind table of a Go program from its pclntab alone, a row each: "OFFSET CFA-KIND REGISTER DISTANCE". */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gelf.h>

#include "unwind_build.h"

int main(int argc, char **argv)
{
	struct ktally_unwind_table *table;
	struct ktally_unwind_build *build;
	const struct ktally_unwind_rule *rules;
	const uint32_t *rows;
	const uint16_t *rule;
	GElf_Ehdr head;
	size_t size;
	unsigned int i;
	int fd = open(argc == 2 ? argv[1] : "", O_RDONLY), ret;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || !gelf_getehdr(elf, &head)) {
		fprintf(stderr, "usage: rows FILE\n");
		return 2;
	}
	build = ktally_unwind_build_new(head.e_machine);
	ret = ktally_go_unwind(elf, build);
	if (!ret)
		ret = ktally_unwind_build_finish(build, &table, &size);
	if (ret || ktally_unwind_check(table, size)) {
		fprintf(stderr, "rows: %d\n", ret);
		return 1;
	}
	rows = (const uint32_t *)(table + 1);
	rule = (const uint16_t *)(rows + table->nr_rows);
	rules = (const struct ktally_unwind_rule *)((const char *)table + table->rules_offset);
	for (i = 0; i < table->nr_rows; i++)
		printf("%llx %u %u %d\n", (unsigned long long)(table->start + rows[i]), rules[rule[i]].cfa, rules[rule[i]].reg,
		       rules[rule[i]].offset);
	free(table);
	ktally_unwind_build_free(build);
	elf_end(elf);
	close(fd);
	return 0;
}
