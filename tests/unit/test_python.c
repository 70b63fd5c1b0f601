// SPDX-License-Identifier: GPL-2.0-or-later
/* Python: lines of instructions, code objects in records, and its frames among the native ones. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "crafted.h"
#include "process.h"
#include "python_code.h"
#include "python_layout.h"
#include "python_lines.h"
#include "recording.h"

#define IMAGE 0x700000001ULL

/* ---- lines ---- */

static size_t unhex(const char *text, uint8_t *bytes)
{
	size_t nr = 0;
	unsigned int byte;

	while (isxdigit((unsigned char)text[2 * nr]) && sscanf(text + 2 * nr, "%2x", &byte) == 1)
		bytes[nr++] = byte;
	return nr;
}

static void lines_are_those_that_python_says(void **state)
{
	char *text = strdup(python_lines), *next = text, *line, *at;
	unsigned int instruction, compared = 0, versions = 0;
	struct ktally_code_object object = { .name = "" };
	uint8_t bytes[4096];

	(void)state;
	while ((line = strsep(&next, "\n")) && *line) {
		object.version = strtoul(line, &at, 16);
		versions |= 1U << (object.version & 31);
		object.line = strtoul(at, &at, 10);
		object.lines_size = unhex(at + 1, bytes);
		/* In memory of its own, so that a byte read behind it is seen. */
		object.lines = malloc(object.lines_size);
		memcpy((uint8_t *)object.lines, bytes, object.lines_size);
		at = strchr(at + 1, ' ');
		for (instruction = 0; *at; instruction++, compared++)
			assert_int_equal(ktally_python_line(&object, instruction), strtoul(at + 1, &at, 10));
		assert_int_equal(ktally_python_line(&object, KTALLY_INSTRUCTION_UNKNOWN), object.line);
		free((uint8_t *)object.lines);
	}
	assert_true(compared > 1000);
	assert_int_equal(versions, 0x3f << 8);
	free(text);
}

static void damaged_tables_have_no_absurd_lines(void **state)
{
	static const uint8_t far[] = { 0xf8 | 7, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t back[] = { 0, 0x80, 0, 0x80, 0, 0x80, 2, 0x81 };
	struct ktally_code_object object = { .version = KTALLY_PYTHON(12), .line = 7, .lines = far, .lines_size = sizeof(far) };

	(void)state;
	assert_int_equal(ktally_python_line(&object, 3), 0);		/* an instruction of no line */
	assert_int_equal(ktally_python_line(&object, 8), 0);		/* far beyond any file */
	assert_int_equal(ktally_python_line(&object, 1000), 0);		/* beyond the table */
	object.lines = back;
	object.lines_size = sizeof(back);
	object.version = KTALLY_PYTHON(8);
	assert_int_equal(ktally_python_line(&object, 100), 0);		/* before line 1 */
	object.lines_size = 3;
	assert_int_equal(ktally_python_line(&object, 0), 0);
	object.lines = NULL;
	assert_int_equal(ktally_python_line(&object, 100), 7);
	object.line = 0x80000000;
	assert_int_equal(ktally_python_line(&object, 100), 0);
}

/* ---- records ---- */

static union {
	struct ktally_code code;
	char bytes[1024];
} room;

static int learn(struct ktally_processes *procs, uint64_t code, const char *name, const char *file, unsigned int line)
{
	size_t size = (sizeof(room.code) + strlen(name) + strlen(file) + 2 + 7) / 8 * 8;

	memset(&room, 0, sizeof(room));
	room.code = (struct ktally_code){ .record = { .size = size, .type = KTALLY_RECORD_CODE }, .image = IMAGE, .code = code, .line = line,
					  .name = strlen(name), .file = strlen(file), .lines = 2, .version = KTALLY_PYTHON(11) };
	memcpy(room.code.data, name, strlen(name));
	memcpy(room.code.data + strlen(name), file, strlen(file));
	memcpy(room.code.data + strlen(name) + strlen(file), "\x80\x00", 2);
	return ktally_processes_record(procs, &room.code.record);
}

static void records_name_frames(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_symbolizer *sym;
	const struct ktally_frame *frame;
	uint64_t word = KTALLY_WORD_INTERP | 0x12345, i;
	char name[32];

	(void)state;
	ktally_symbolizer_new(&sym, procs, NULL);
	assert_string_equal(ktally_symbolize_user(sym, IMAGE, word, false)->name, "[unknown]");
	assert_int_equal(learn(procs, 0x12345, "f", "/a/b.py", 12), 0);
	frame = ktally_symbolize_user(sym, IMAGE, word, true);
	assert_string_equal(frame->name, "f");
	assert_string_equal(frame->file, "/a/b.py");
	assert_int_equal(frame->line, 12);
	assert_int_equal(frame->kind, KTALLY_FRAME_PYTHON);
	assert_string_equal(frame->module, "[python]");
	assert_ptr_equal(frame, ktally_symbolize_user(sym, IMAGE, word | KTALLY_WORD_ENTRY, false));
	assert_string_equal(ktally_symbolize_user(sym, IMAGE + 1, word, false)->name, "[unknown]");
	/* The address is used again: both are known, or if the hash does not tell them apart, the new one. */
	assert_int_equal(learn(procs, 0x12346, "another", "", 1), 0);
	assert_string_equal(ktally_symbolize_user(sym, IMAGE, word | 1ULL << 48, false)->name, "f");
	assert_string_equal(ktally_symbolize_user(sym, IMAGE, KTALLY_WORD_INTERP | 0x12346, false)->name, "another");
	assert_int_equal(learn(procs, 0x12345, "third", "", 1), 0);
	assert_string_equal(frame->name, "f");
	assert_string_equal(ktally_symbolize_user(sym, IMAGE, word | 2ULL << 48, false)->name, "third");
	for (i = 1; i < 5000; i++) {
		snprintf(name, sizeof(name), "f%u", (unsigned int)i);
		assert_int_equal(learn(procs, i * 16, name, "/a/b.py", 1), 0);
	}
	assert_string_equal(ktally_symbolize_user(sym, IMAGE, KTALLY_WORD_INTERP | 4321 * 16, false)->name, "f4321");
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

static void bad_records_are_refused(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);

	(void)state;
	assert_int_equal(learn(procs, 16, "name", "file", 1), 0);
	room.code.name = 0xffff;
	assert_int_equal(ktally_processes_record(procs, &room.code.record), -EBADMSG);
	room.code.name = 4;
	room.code.lines = 0xfffffff0;
	assert_int_equal(ktally_processes_record(procs, &room.code.record), -EBADMSG);
	room.code.lines = 0;
	room.code.record.size = 32;
	assert_int_equal(ktally_processes_record(procs, &room.code.record), -EBADMSG);
	ktally_processes_free(procs);
}

/* ---- among native frames ---- */

#define LOOP "_PyEval_EvalFrameDefault"

/* "E" is the interpreter's loop, "?" at no code, "%name" inlined into the one that follows; "cut" ends a walk. */
static unsigned int put_native(struct ktally_symbolizer *sym, char *text, uint64_t *words)
{
	static struct ktally_frame frames[64];
	struct ktally_recorded_frame recorded = { .image = IMAGE };
	struct ktally_frame *inlined = NULL;
	unsigned int nr = 0, i = 0;
	char *name;

	while ((name = strsep(&text, " ")) && *name) {
		if (!strcmp(name, "cut")) {
			words[nr++] = KTALLY_WORD_CUT(KTALLY_CUT_DEPTH);
			continue;
		}
		frames[i] = (struct ktally_frame){ .name = name, .module = "/bin/python3.11", .build_id = "", .file = "" };
		if (*name == '%') {
			frames[i].name++;
			inlined = &frames[i++];
			continue;
		}
		if (*name == 'E')
			frames[i].name = name[1] ? name + 1 : LOOP;
		if (*name == '?')
			frames[i].module = "";
		recorded.word = words[nr++] = 0x1000 + i;
		if (inlined)
			inlined->outer = &frames[i];
		recorded.frame = inlined ? inlined : &frames[i];
		for (recorded.caller = false; ; recorded.caller = true) {
			assert_int_equal(ktally_symbolizer_put(sym, &recorded), 0);
			if (recorded.caller)
				break;
		}
		inlined = NULL;
		i++;
	}
	return nr;
}

/* "f!": native code called it; "-": a call of the loop without a frame; "..." more that was not read. */
static unsigned int put_python(struct ktally_symbolizer *sym, char *text, uint64_t *words)
{
	static struct ktally_frame frames[64];
	struct ktally_recorded_frame recorded = { .image = IMAGE };
	unsigned int nr = 0;
	char *name;

	while ((name = strsep(&text, " ")) && *name) {
		words[nr] = KTALLY_WORD_INTERP | (nr + 1);
		frames[nr] = (struct ktally_frame){ .name = name, .module = "[python]", .build_id = "", .file = "",
						    .kind = KTALLY_FRAME_PYTHON, .symbol_address = 16 };
		recorded.word = words[nr];
		recorded.frame = &frames[nr];
		if (!strcmp(name, "-")) {
			words[nr++] = KTALLY_WORD_NO_FRAME;
			continue;
		} else if (!strcmp(name, "...")) {
			words[nr++] = KTALLY_WORD_INTERP_CUT;
			continue;
		} else if (name[strlen(name) - 1] == '!') {
			name[strlen(name) - 1] = 0;
			words[nr] |= KTALLY_WORD_ENTRY;
		}
		assert_int_equal(ktally_symbolizer_put(sym, &recorded), 0);
		nr++;
	}
	return nr;
}

/* Outermost first. */
static void expect(const char *native, const char *python, const char *merged)
{
	struct ktally_symbolizer *sym = ktally_symbolizer_new_recorded(NULL);
	char *native_text = strdup(native), *python_text = strdup(python), found[1024] = "";
	struct ktally_stack_view view = { 0 };
	unsigned int nr, i;
	uint64_t words[128];

	nr = put_native(sym, native_text, words);
	nr += put_python(sym, python_text, words + nr);
	assert_int_equal(ktally_view_user(&view, sym, IMAGE, words, nr), 0);
	for (i = 0; i < view.nr; i++) {
		strcat(found, i ? " " : "");
		strcat(found, strcmp(view.frames[i]->name, LOOP) ? view.frames[i]->name : "E");
	}
	assert_string_equal(found, merged);
	ktally_stack_view_clear(&view);
	ktally_symbolizer_free(sym);
	free(native_text);
	free(python_text);
}

static void python_stands_where_its_interpreter_was_called(void **state)
{
	(void)state;
	expect("main", "", "main");
	expect("", "", "");
	expect("dict_get E call main", "f module!", "main call module f dict_get");
	expect("memcpy E key_call sort E main", "key! f module!", "main module f sort key_call key memcpy");
	/* Three of its calls, the middle one of two functions. */
	expect("E x E y E main", "a! b c! d!", "main d y c b x a");
	/* Each Python function is a call of its loop: before 3.11. */
	expect("read E v E v E main", "a! b! c!", "main c v b v a read");
	/* What compilers make of its name. */
	expect("x E_PyEval_EvalFrameDefault.cold v E_PyEval_EvalFrameDefault.lto_priv.0 main", "a! b!", "main b v a x");
	expect("x E_PyEval_EvalFrameDefault.part.0 E main", "a b!", "main b a x");
	expect("E_PyEval_EvalFrameDefaultNot main", "", "main _PyEval_EvalFrameDefaultNot");
	/* What is inlined into it goes with it, what it is inlined into stays. */
	expect("%fast_add E main", "a!", "main a");
	expect("%_PyEval_EvalFrameDefault vector main", "", "main vector E");
}

static void what_does_not_fit_is_not_mixed_up(void **state)
{
	(void)state;
	/* Its innermost call has no frame yet, or has it no more. */
	expect("E v E main", "b!", "main b v E");
	expect("clear E v E main", "b!", "main b v E clear");
	expect("E v E main", "- b!", "main b v E");
	/* Stacks were switched below. */
	expect("x w E v E main", "a!", "main E v a w x");
	expect("x E v E w E main", "a!", "main E w E v a x");
	/* A thread of the interpreter that runs none of it; native code of other threads. */
	expect("E main", "", "main E");
	expect("x y z", "", "z y x");
	/* The native walk ended early: what is beyond stands outermost. */
	expect("x E v cut", "a b! c! d!", "d c [cut: depth] v b a x");
	expect("x y cut", "a! b!", "b a [cut: depth] y x");
	expect("x E cut", "", "[cut: depth] E x");
	expect("x E v ?", "a b! c!", "c ? v b a x");
	/* So did that of Python. */
	expect("x E v E w E main", "a! b ...", "main E w [cut: frames of the interpreter] b v a x");
	expect("x E cut", "a! b! c ...", "[cut: frames of the interpreter] c b [cut: depth] a x");
	/* The interpreter has no symbols. */
	expect("unknown1 unknown2 main", "a! b!", "main unknown2 unknown1 b a");
	/* Frames that the interpreter makes for itself. */
	expect("x E main", "a [interpreter] b!", "main b a x");
	expect("x E main", "[interpreter]!", "main E x");
}

/* Behind a signal the address is where it struck: not the call before. */
static void interrupted_addresses_are_exact(void **state)
{
	struct ktally_symbolizer *sym = ktally_symbolizer_new_recorded(NULL);
	struct ktally_frame frames[] = { { .name = "handler" }, { .name = "__restore_rt" }, { .name = "interrupted" },
					 { .name = "the function before" }, { .name = "main" } };
	struct ktally_recorded_frame recorded[] = { { .word = 0x10, .frame = &frames[0] }, { .word = 0x20, .caller = true, .frame = &frames[1] },
						    { .word = 0x30, .frame = &frames[2] }, { .word = 0x30, .caller = true, .frame = &frames[3] },
						    { .word = 0x40, .caller = true, .frame = &frames[4] } };
	const uint64_t words[] = { 0x10, 0x20, 0x30, 0x40 };
	struct ktally_stack_view view = { 0 };
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		frames[i].module = "/bin/x";
		frames[i].build_id = frames[i].file = "";
		recorded[i].image = IMAGE;
		assert_int_equal(ktally_symbolizer_put(sym, &recorded[i]), 0);
	}
	assert_int_equal(ktally_view_user(&view, sym, IMAGE, words, 4), 0);
	assert_int_equal(view.nr, 4);
	assert_string_equal(view.frames[0]->name, "main");
	assert_string_equal(view.frames[1]->name, "interrupted");
	assert_string_equal(view.frames[2]->name, "__restore_rt");
	ktally_stack_view_clear(&view);
	ktally_symbolizer_free(sym);
}

/* ---- which files are a CPython ---- */

static void other_files_are_no_python(void **state)
{
	struct ktally_interp interp;
	struct ktally_error err;
	int fd;

	(void)state;
	fd = open("/proc/self/exe", O_RDONLY);
	assert_int_equal(ktally_python_describe(fd, &interp, &err), -ENODATA);
	assert_non_null(strstr(err.text, "no CPython"));
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(ktally_python_describe(fd, &interp, &err), -ENODATA);
	close(fd);
	assert_int_equal(ktally_python_describe(-1, &interp, NULL), -ENODATA);
	assert_false(ktally_python_known(7, &interp));
	assert_false(ktally_python_known(13, &interp));
	assert_true(ktally_python_known(8, &interp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_those_that_python_says),
		cmocka_unit_test(damaged_tables_have_no_absurd_lines),
		cmocka_unit_test(records_name_frames),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(python_stands_where_its_interpreter_was_called),
		cmocka_unit_test(what_does_not_fit_is_not_mixed_up),
		cmocka_unit_test(interrupted_addresses_are_exact),
		cmocka_unit_test(other_files_are_no_python),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
