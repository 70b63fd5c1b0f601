// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the CPython in an ELF file and says where it keeps its frames.
 *
 * Up to 3.12 the structures are known from the headers of each release, whose layout does not change within a minor version; 3.13 tells
 * them itself, in struct _Py_DebugOffsets at the start of its global state.
 */
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "python_layout.h"

/*
 * In the global state the lock of the interpreter stands before the thread that runs: two mutexes, which the C library of arm64 makes 8
 * bytes longer each.
 */
#if defined(__aarch64__)
#define BEHIND_GIL 16
#else
#define BEHIND_GIL 0
#endif

/* PyObject, PyVarObject, PyBytesObject, PyASCIIObject.state: the same in all of these. */
#define OBJECTS											\
	.code_type = 8, .text_length = 16, .text_state = 32, .text_mask = 0x7c, .text_ascii = 0x64, .text_kind = 2,	\
	.bytes_length = 16, .bytes_data = 32
/* Whether PyASCIIObject still has wstr, and PyCompactUnicodeObject its length: until 3.11 */
#define TEXT_WITH_WSTR		.text_data = 48, .text_wide = 72
#define TEXT_WITHOUT_WSTR	.text_data = 40, .text_wide = 56

/*
 * Of PyFrameObject (f_back, f_code, f_lasti), struct _ts (next, frame, thread_id), PyCodeObject (co_firstlineno, co_filename, co_name,
 * co_lnotab) and _PyRuntimeState (gilstate.tstate_current, interpreters.head): 3.8 Include/frameobject.h, cpython/pystate.h, code.h,
 * internal/pycore_pystate.h; 3.9 and 3.10 Include/cpython/frameobject.h, pystate.h, code.h, internal/pycore_runtime.h, pycore_interp.h.
 */
#define BEFORE_3_11										\
	.flags = KTALLY_INTERP_EACH_ENTRY, .first_interp = 32, .next_interp = 0, .first_thread = 8, .next_thread = 8,	\
	.thread_id = 176, .frame = 24, .frame_previous = 24, .frame_code = 32,						\
	.code_line = 40, .code_file = 104, .code_name = 112, .code_lines = 120, TEXT_WITH_WSTR, OBJECTS

static const struct ktally_interp known[] = {
	/* f_lasti counts bytes, two an instruction; */
	{ .version = KTALLY_PYTHON(8), BEFORE_3_11, .current_thread = 1368 + BEHIND_GIL, .frame_instruction = 104, .instruction_size = 2 },
	{ .version = KTALLY_PYTHON(9), BEFORE_3_11, .current_thread = 568 + BEHIND_GIL, .frame_instruction = 104, .instruction_size = 2 },
	/* and instructions since 3.10. */
	{ .version = KTALLY_PYTHON(10), BEFORE_3_11, .current_thread = 568 + BEHIND_GIL, .frame_instruction = 96, .instruction_size = 1 },
	/*
	 * 3.11: Include/internal/pycore_frame.h struct _PyInterpreterFrame (f_code, previous, prev_instr, is_entry); cpython/pystate.h
	 * struct _ts (next, cframe, thread_id), _PyCFrame.current_frame; cpython/code.h struct PyCodeObject (co_firstlineno, co_filename,
	 * co_qualname, co_linetable, co_code_adaptive); internal/pycore_runtime.h, pycore_interp.h (threads.head).
	 */
	{ .version = KTALLY_PYTHON(11), .flags = KTALLY_INTERP_CFRAME | KTALLY_INTERP_POINTER, .current_thread = 576 + BEHIND_GIL,
	  .first_interp = 40, .next_interp = 0, .first_thread = 16, .next_thread = 8, .thread_id = 152, .frame = 56, .cframe_frame = 8,
	  .frame_code = 32, .frame_previous = 48, .frame_instruction = 56, .frame_entry = 68, .entry_value = 1,
	  .code_first = 184, .instruction_size = 2, .code_line = 72, .code_file = 112, .code_name = 128, .code_lines = 136,
	  TEXT_WITH_WSTR, OBJECTS },
	/*
	 * 3.12: the same headers, with owner in place of is_entry: FRAME_OWNED_BY_CSTACK is a frame that only marks the call by native
	 * code. Each interpreter has a lock of its own, and which thread runs is no longer in the global state.
	 */
	{ .version = KTALLY_PYTHON(12), .flags = KTALLY_INTERP_CFRAME | KTALLY_INTERP_POINTER | KTALLY_INTERP_SHIM, .current_thread = 0,
	  .first_interp = 40, .next_interp = 0, .first_thread = 72, .next_thread = 8, .thread_id = 136, .frame = 56, .cframe_frame = 0,
	  .frame_code = 0, .frame_previous = 8, .frame_instruction = 56, .frame_entry = 70, .entry_value = 3,
	  .code_first = 192, .instruction_size = 2, .code_line = 68, .code_file = 112, .code_name = 128, .code_lines = 136,
	  TEXT_WITHOUT_WSTR, OBJECTS },
};

bool ktally_python_known(unsigned int minor, struct ktally_interp *interp)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].version != KTALLY_PYTHON(minor))
			continue;
		*interp = known[i];
		return true;
	}
	return false;
}

/* ---- 3.13: Include/internal/pycore_runtime.h struct _Py_DebugOffsets, all members uint64_t ---- */

enum {
	DEBUG_COOKIE = 0,
	DEBUG_VERSION = 1,
	DEBUG_FREE_THREADED = 2,
	DEBUG_RUNTIME = 3,	/* size, finalizing, interpreters_head */
	DEBUG_INTERPRETER = 6,	/* size, id, next, threads_head, gc, imports_modules, sysdict, builtins, ceval_gil, four of the gil */
	DEBUG_THREAD = 19,	/* size, prev, next, interp, current_frame, thread_id, native_thread_id, datastack_chunk, status */
	DEBUG_FRAME = 28,	/* size, previous, executable, instr_ptr, localsplus, owner */
	DEBUG_CODE = 34,	/* size, filename, name, qualname, linetable, firstlineno, argcount, two of locals, co_code_adaptive */
	DEBUG_OBJECT = 44,	/* size, ob_type */
	DEBUG_TYPE = 46,	/* size, tp_name, tp_repr, tp_flags */
	DEBUG_TUPLE = 50,	/* size, ob_item, ob_size */
	DEBUG_LIST = 53,	/* size, ob_item, ob_size */
	DEBUG_DICT = 56,	/* size, ma_keys, ma_values */
	DEBUG_FLOAT = 59,	/* size, ob_fval */
	DEBUG_LONG = 61,	/* size, lv_tag, ob_digit */
	DEBUG_BYTES = 64,	/* size, ob_size, ob_sval */
	DEBUG_TEXT = 67,	/* size, state, length, asciiobject_size */
	DEBUG_WORDS = 71,
};

/* The kernel takes no larger offset. */
#define DEBUG_LARGEST (1U << 24)

/* From _frameowner in pycore_frame.h: FRAME_OWNED_BY_CSTACK */
#define OWNED_BY_CSTACK 3

static bool take_debug_offsets(const uint64_t *words, struct ktally_interp *interp)
{
	unsigned int i;

	for (i = DEBUG_FREE_THREADED; i < DEBUG_WORDS; i++)
		if (words[i] > DEBUG_LARGEST)
			return false;
	*interp = (struct ktally_interp){
		.version = KTALLY_PYTHON(13), .flags = KTALLY_INTERP_POINTER | KTALLY_INTERP_SHIM,
		.first_interp = words[DEBUG_RUNTIME + 2],
		.next_interp = words[DEBUG_INTERPRETER + 2], .first_thread = words[DEBUG_INTERPRETER + 3],
		.next_thread = words[DEBUG_THREAD + 2], .frame = words[DEBUG_THREAD + 4], .thread_id = words[DEBUG_THREAD + 5],
		.frame_previous = words[DEBUG_FRAME + 1], .frame_code = words[DEBUG_FRAME + 2],
		.frame_instruction = words[DEBUG_FRAME + 3], .frame_entry = words[DEBUG_FRAME + 5], .entry_value = OWNED_BY_CSTACK,
		.code_file = words[DEBUG_CODE + 1], .code_name = words[DEBUG_CODE + 3], .code_lines = words[DEBUG_CODE + 4],
		.code_line = words[DEBUG_CODE + 5], .code_first = words[DEBUG_CODE + 9], .instruction_size = 2,
		.code_type = words[DEBUG_OBJECT + 1],
		.bytes_length = words[DEBUG_BYTES + 1], .bytes_data = words[DEBUG_BYTES + 2],
		.text_state = words[DEBUG_TEXT + 1], .text_length = words[DEBUG_TEXT + 2], .text_data = words[DEBUG_TEXT + 3],
		/* What these do not tell is as in 3.12: bits of the state, and utf8_length and utf8 behind PyASCIIObject. */
		.text_mask = 0x7c, .text_ascii = 0x64, .text_kind = 2, .text_wide = words[DEBUG_TEXT + 3] + 16,
	};
	return true;
}

/* ---- the file ---- */

/**
 * struct python - what was found in a file
 * @runtime: address of _PyRuntime, 0: none
 * @version: address of Py_Version, since 3.11; 0: none
 * @evaluates: it defines PyEval_EvalFrameEx, so it is a CPython at least
 */
struct python {
	Elf *elf;
	uint64_t runtime, version;
	bool evaluates;
};

static void look_at_symbol(struct python *python, const GElf_Sym *sym, const char *name)
{
	if (!name || sym->st_shndx == SHN_UNDEF)
		return;
	if (!strcmp(name, "_PyRuntime"))
		python->runtime = sym->st_value;
	else if (!strcmp(name, "Py_Version"))
		python->version = sym->st_value;
	else if (!strcmp(name, "PyEval_EvalFrameEx"))
		python->evaluates = true;
}

static void look_at_symbols(struct python *python)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Sym sym;
	size_t i;

	while ((scn = elf_nextscn(python->elf, scn))) {
		if (!gelf_getshdr(scn, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		data = elf_getdata(scn, NULL);
		for (i = 0; data && header.sh_entsize && i < data->d_size / header.sh_entsize && i <= INT32_MAX; i++)
			if (gelf_getsym(data, (int)i, &sym))
				look_at_symbol(python, &sym, elf_strptr(python->elf, header.sh_link, sym.st_name));
	}
	/* Without symbols: since 3.10 it has a section of its own. */
	if (!python->runtime && ktally_elf_section(python->elf, ".PyRuntime", &header))
		python->runtime = header.sh_addr;
}

/* Copies @size bytes at address @vaddr, if the file has them. */
static bool read_at(Elf *elf, uint64_t vaddr, void *to, size_t size)
{
	GElf_Phdr segment;
	Elf_Data *data;
	size_t i, nr;

	if (elf_getphdrnum(elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT32_MAX; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD || vaddr < segment.p_vaddr ||
		    vaddr - segment.p_vaddr > segment.p_filesz || segment.p_filesz - (vaddr - segment.p_vaddr) < size)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)(vaddr - segment.p_vaddr + segment.p_offset), size, ELF_T_BYTE);
		if (!data || !data->d_buf || data->d_size != size)
			return false;
		memcpy(to, data->d_buf, size);
		return true;
	}
	return false;
}

/* "...python3.N" that no letter or digit follows: the minor version, or 0. */
static unsigned int minor_in(const char *text, size_t size)
{
	static const char name[] = "python3.";
	const char *end = text + size, *at = text;
	unsigned int minor;

	while ((at = memmem(at, end - at, name, sizeof(name) - 1))) {
		at += sizeof(name) - 1;
		for (minor = 0; at < end && *at >= '0' && *at <= '9' && minor < 100; at++)
			minor = minor * 10 + (*at - '0');
		if (minor && (at == end || *at == '\0' || *at == '.' || *at == '/'))
			return minor;
	}
	return 0;
}

/* The folder of its own modules is compiled in: "python3.9". */
static unsigned int minor_of_texts(Elf *elf)
{
	GElf_Shdr header;
	Elf_Scn *scn = ktally_elf_section(elf, ".rodata", &header);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;

	return data && data->d_buf ? minor_in(data->d_buf, data->d_size) : 0;
}

static unsigned int minor_of_name(int fd)
{
	char link[64], name[KTALLY_PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, name, sizeof(name));
	return len > 0 ? minor_in(name, (size_t)len) : 0;
}

/* What byte 0 of the file is mapped at, where its code is mapped at its own addresses. */
static bool code_base(Elf *elf, uint64_t *base)
{
	GElf_Phdr segment;
	size_t i, nr;

	if (elf_getphdrnum(elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT32_MAX; i++) {
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD && segment.p_flags & PF_X) {
			*base = segment.p_vaddr - segment.p_offset;
			return true;
		}
	}
	return false;
}

static int describe_debug(const struct python *python, struct ktally_interp *interp, struct ktally_error *err)
{
	uint64_t words[DEBUG_WORDS];
	unsigned int minor;

	if (!read_at(python->elf, python->runtime, words, sizeof(words)) || memcmp(words, "xdebugpy", 8))
		return ktally_fail(err, -EOPNOTSUPP, "a CPython that does not say where it keeps its frames, as 3.13 does");
	minor = words[DEBUG_VERSION] >> 16 & 0xff;
	if (words[DEBUG_VERSION] >> 24 != 3 || minor != 13)
		return ktally_fail(err, -EOPNOTSUPP, "CPython %u.%u keeps its frames in a way that is not known here; 3.8 to 3.13 are",
				   (unsigned int)(words[DEBUG_VERSION] >> 24), minor);
	if (!take_debug_offsets(words, interp))
		return ktally_fail(err, -EOPNOTSUPP, "a CPython 3.13 that tells impossible places of its frames: a damaged file?");
	return 0;
}

static int describe(struct python *python, int fd, struct ktally_interp *interp, struct ktally_error *err)
{
	unsigned int minor = 0;
	uint32_t version;
	uint64_t base;
	int rc;

	look_at_symbols(python);
	if (!python->runtime && python->evaluates)
		return ktally_fail(err, -EOPNOTSUPP, "a CPython before 3.7, or one without the symbol _PyRuntime; frames of 3.8 to 3.13 can be read");
	if (!python->runtime || !code_base(python->elf, &base))
		return ktally_fail(err, -ENODATA, "there is no CPython in this file");
	if (python->version && read_at(python->elf, python->version, &version, sizeof(version)) && version >> 24 == 3)
		minor = version >> 16 & 0xff;
	if (!minor)
		minor = minor_of_texts(python->elf);
	if (!minor)
		minor = minor_of_name(fd);
	if (!ktally_python_known(minor, interp)) {
		if (minor && minor < 13)
			return ktally_fail(err, -EOPNOTSUPP, "CPython 3.%u keeps its frames in a way that is not known here; 3.8 to 3.13 are", minor);
		rc = describe_debug(python, interp, err);
		if (rc)
			return rc;
	}
	interp->runtime = python->runtime - base;
	return 0;
}

int ktally_python_describe(int fd, struct ktally_interp *interp, struct ktally_error *err)
{
	struct python python = { 0 };
	GElf_Ehdr head;
	int rc;

	memset(interp, 0, sizeof(*interp));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return ktally_fail(err, -ENODATA, "libelf does not work");
	python.elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!python.elf || elf_kind(python.elf) != ELF_K_ELF || !gelf_getehdr(python.elf, &head) ||
	    head.e_machine != KTALLY_ELF_MACHINE || head.e_ident[EI_CLASS] != ELFCLASS64)
		rc = ktally_fail(err, -ENODATA, "no ELF file of this machine, so there is no CPython in it");
	else
		rc = describe(&python, fd, interp, err);
	elf_end(python.elf);
	return rc;
}
