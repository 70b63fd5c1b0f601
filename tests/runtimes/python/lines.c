// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares the library's lines of instructions with Python's own, which lines.py writes and this reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "python_code.h"

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t nr = 0;
	unsigned int byte;

	while (sscanf(text + 2 * nr, "%2x", &byte) == 1)
		bytes[nr++] = byte;
	return nr;
}

int main(void)
{
	struct ktally_code_object object = { .name = "", .file = "" };
	char *line = NULL, *table, *at;
	unsigned int instruction, found, truth;
	unsigned long objects = 0, compared = 0, wrong = 0;
	uint8_t *bytes = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		object.version = strtoul(line, &at, 16);
		object.line = strtoul(at, &at, 10);
		table = strtok(at, " \n");
		at = strtok(NULL, "\n");
		if (!table || !at)
			return 2;
		bytes = realloc(bytes, strlen(table) + 1);
		object.lines_size = unhex(table, bytes);
		object.lines = bytes;
		objects++;
		for (instruction = 0; *at; instruction++, compared++) {
			truth = strtoul(at, &at, 10);
			at += *at == ',';
			found = ktally_python_line(&object, instruction);
			if (found != truth && wrong++ < 10)
				printf("# %s: instruction %u is in line %u, not %u\n", line, instruction, truth, found);
		}
	}
	printf("%lu instructions of %lu code objects: %lu have another line\n", compared, objects, wrong);
	free(bytes);
	free(line);
	return wrong || !compared;
}
