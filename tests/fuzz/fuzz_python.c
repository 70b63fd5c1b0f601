// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes what is known of Python: the first byte chooses between a record of a code object, whose lines are then asked for, a table of
 * lines of any version, and an ELF file in which a CPython is looked for.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process.h"
#include "python_code.h"
#include "python_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_record(const uint8_t *data, size_t size)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	size_t whole = (size + sizeof(struct ktally_record) + 7) & ~(size_t)7;
	struct ktally_record *record = calloc(1, whole);
	const struct ktally_code *code = (const struct ktally_code *)record;
	const struct ktally_code_object *object;

	memcpy(record + 1, data, size);
	*record = (struct ktally_record){ .size = whole, .type = KTALLY_RECORD_CODE };
	if (!ktally_processes_record(procs, record)) {
		object = ktally_processes_code(procs, code->image, code->code);
		if (!object || strlen(object->name) > code->name + sizeof(KTALLY_CODE_OWN) || object->lines_size != code->lines)
			__builtin_trap();
		ktally_python_line(object, code->line & 0xff);
	}
	free(record);
	ktally_processes_free(procs);
}

static void try_lines(const uint8_t *data, size_t size)
{
	struct ktally_code_object object = { .version = KTALLY_PYTHON(data[0] & 15), .line = data[1] * 0x01010101U };
	unsigned int instruction;

	object.lines = data + 2;
	object.lines_size = size - 2;
	for (instruction = 0; instruction < 64; instruction++)
		if (ktally_python_line(&object, instruction) > INT32_MAX)
			__builtin_trap();
	ktally_python_line(&object, KTALLY_INSTRUCTION_UNKNOWN - 1);
}

static void try_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct ktally_interp interp;
	struct ktally_error err;

	if (write(fd, data, size) == (ssize_t)size)
		ktally_python_describe(fd, &interp, &err);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	switch (data[0] % 3) {
	case 0:
		try_record(data + 1, size - 1);
		break;
	case 1:
		try_lines(data + 1, size - 1);
		break;
	default:
		try_file(data + 1, size - 1);
	}
	return 0;
}
