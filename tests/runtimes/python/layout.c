// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compares what the library knows of CPython's structures with what the headers of one release say. Compiled with these headers.
 *
 * usage: layout BINARY		of that release: program or libpython
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <fcntl.h>
#include <frameobject.h>
#include <stddef.h>
#if PY_VERSION_HEX < 0x03090000
#include <internal/pycore_pystate.h>
#else
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#endif
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_frame.h>
#endif

#include "python_layout.h"

static unsigned int bad, compared;

static void expect(const char *what, unsigned int found, unsigned int truth)
{
	compared++;
	if (found == truth)
		return;
	printf("# %s is %u, not %u\n", what, truth, found);
	bad++;
}

#define EXPECT(member, type, of) expect(#member, interp.member, offsetof(type, of))

static unsigned int state_of(unsigned int kind, unsigned int compact, unsigned int ascii)
{
	PyASCIIObject text;
	unsigned int state;

	memset(&text, 0, sizeof(text));
	text.state.kind = kind;
	text.state.compact = compact;
	text.state.ascii = ascii;
	memcpy(&state, &text.state, sizeof(state));
	return state;
}

int main(int argc, char **argv)
{
	struct ktally_error err = { .text = "" };
	struct ktally_interp interp;
	unsigned int flags = KTALLY_INTERP_POINTER;

	if (argc != 2 || ktally_python_describe(open(argv[1], O_RDONLY), &interp, &err)) {
		printf("# %s\n", err.text);
		return 1;
	}
	expect("version", interp.version, PY_VERSION_HEX >> 16);
#if PY_VERSION_HEX < 0x030c0000
	EXPECT(current_thread, _PyRuntimeState, gilstate.tstate_current);
#endif
	EXPECT(first_interp, _PyRuntimeState, interpreters.head);
	EXPECT(next_interp, struct _is, next);
#if PY_VERSION_HEX < 0x030b0000
	EXPECT(first_thread, struct _is, tstate_head);
	EXPECT(frame, PyThreadState, frame);
	EXPECT(frame_code, PyFrameObject, f_code);
	EXPECT(frame_previous, PyFrameObject, f_back);
	EXPECT(frame_instruction, PyFrameObject, f_lasti);
	EXPECT(code_name, PyCodeObject, co_name);
	flags = KTALLY_INTERP_EACH_ENTRY;
#else
	EXPECT(first_thread, struct _is, threads.head);
	EXPECT(frame_previous, _PyInterpreterFrame, previous);
	EXPECT(code_first, PyCodeObject, co_code_adaptive);
	EXPECT(code_name, PyCodeObject, co_qualname);
	expect("instruction_size", interp.instruction_size, sizeof(_Py_CODEUNIT));
#endif
#if PY_VERSION_HEX >= 0x030b0000 && PY_VERSION_HEX < 0x030d0000
	EXPECT(frame, PyThreadState, cframe);
	EXPECT(cframe_frame, _PyCFrame, current_frame);
	EXPECT(frame_code, _PyInterpreterFrame, f_code);
	EXPECT(frame_instruction, _PyInterpreterFrame, prev_instr);
	flags |= KTALLY_INTERP_CFRAME;
#elif PY_VERSION_HEX >= 0x030d0000
	EXPECT(frame, PyThreadState, current_frame);
	EXPECT(frame_code, _PyInterpreterFrame, f_executable);
	EXPECT(frame_instruction, _PyInterpreterFrame, instr_ptr);
#endif
#if PY_VERSION_HEX >= 0x030c0000
	EXPECT(frame_entry, _PyInterpreterFrame, owner);
	expect("entry_value", interp.entry_value, FRAME_OWNED_BY_CSTACK);
	flags |= KTALLY_INTERP_SHIM;
#elif PY_VERSION_HEX >= 0x030b0000
	EXPECT(frame_entry, _PyInterpreterFrame, is_entry);
#endif
	expect("flags", interp.flags, flags);
	EXPECT(next_thread, PyThreadState, next);
	EXPECT(thread_id, PyThreadState, thread_id);
	EXPECT(code_file, PyCodeObject, co_filename);
	EXPECT(code_line, PyCodeObject, co_firstlineno);
#if PY_VERSION_HEX < 0x030a0000
	EXPECT(code_lines, PyCodeObject, co_lnotab);
#else
	EXPECT(code_lines, PyCodeObject, co_linetable);
#endif
	EXPECT(code_type, PyObject, ob_type);
	EXPECT(text_state, PyASCIIObject, state);
	EXPECT(text_length, PyASCIIObject, length);
	expect("text_data", interp.text_data, sizeof(PyASCIIObject));
	expect("text_wide", interp.text_wide, sizeof(PyCompactUnicodeObject));
	expect("text_mask", interp.text_mask, state_of(7, 1, 1));
	expect("text_ascii", interp.text_ascii, state_of(1, 1, 1));
	expect("text_kind", 1U << interp.text_kind, state_of(1, 0, 0));
	EXPECT(bytes_length, PyVarObject, ob_size);
	EXPECT(bytes_data, PyBytesObject, ob_sval);
	printf("%u members of its structures\n", compared);
	return bad != 0;
}
