/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: user stacks without frame pointers. The module follows which files processes have mapped where; user space gives it, for each such
 * file once, a table of how to get from any address of the file's code to its caller; then stacks are walked in the kernel at the hit.
 *
 * A session made with KTALLY_A_MAPPINGS has room for that many mappings. All below are commands of the device, for a file that is
 * attached to the session; they also work before the session is started, so that tables can be there before the first hit:
 *
 *	KTALLY_IOC_PROCESS	learn what a process has mapped already; later mappings are followed (KTALLY_SOURCE_PROCESS)
 *	KTALLY_IOC_FILE		ask for the next mapped file, and for a descriptor of it, even if its name and processes are gone
 *	KTALLY_IOC_TABLE	give the table of a file
 *	KTALLY_IOC_INTERPRETER	tell where an interpreter keeps the frames of the language it runs
 *
 * A stack is walked by the table where there is one, by frame pointers elsewhere (code without a table: JIT compilers). What is so found
 * but cannot be confirmed is marked.
 */
#ifndef _UAPI_LINUX_KTALLY_UNWIND_H
#define _UAPI_LINUX_KTALLY_UNWIND_H

#include <linux/types.h>
#include <linux/ktally.h>

#define KTALLY_MAPPINGS_MAX	(1U << 20)	/* mappings that a session follows */
#define KTALLY_FILES_MAX	(1U << 16)	/* different files among them */
#define KTALLY_UNWIND_ROWS_MAX	(1U << 24)	/* rows of a table */
#define KTALLY_UNWIND_RULES_MAX	65536U		/* rules of a table */
#define KTALLY_INTERP_DEPTH_MAX	255		/* frames of an interpreter in a stack */

/*
 * Words of a user stack (KTALLY_STACK_USER), innermost first: frames of native code; if the walk did not reach the end of the stack a
 * word that says why; then the frames of an interpreter, if the process runs one. An address of user space has its highest bits clear,
 * which says what a word is. Kernel stacks hold plain addresses.
 */
#define KTALLY_WORD_INTERP	(1ULL << 63)	/* a frame of an interpreter */
#define KTALLY_WORD_GUESS	(1ULL << 62)	/* native: found by a frame pointer that nothing confirms; or KTALLY_WORD_CUT */
#define KTALLY_WORD_ENTRY	(1ULL << 62)	/* interpreter: native code called this frame, so native frames stand between it and its caller */
#define KTALLY_WORD_ADDRESS(word)	((word) & ~(3ULL << 62))
/* The walk ended early; the reason is enum ktally_cut. Sessions without KTALLY_A_MAPPINGS do not tell. */
#define KTALLY_WORD_CUT(reason)	(KTALLY_WORD_GUESS | (reason))
#define KTALLY_WORD_IS_CUT(word)	((word) >> 12 == KTALLY_WORD_GUESS >> 12)
#define KTALLY_WORD_CUT_REASON(word)	((word) & 0xfff)
/*
 * Of an interpreter: a code object at 0 is no frame. With KTALLY_WORD_ENTRY native code called the interpreter, which runs no frame yet or
 * any more; without, and then last, there are more frames, which could not be read or are beyond the depth.
 */
#define KTALLY_WORD_NO_FRAME	(KTALLY_WORD_INTERP | KTALLY_WORD_ENTRY)
#define KTALLY_WORD_INTERP_CUT	KTALLY_WORD_INTERP
/*
 * Of an interpreter's frame: its code object, and its instruction in units of the interpreter. The code object is told by its address, which
 * is below 2^48; since addresses are used again, the lowest 3 bits, which have nothing to tell, are a hash of what it says of itself.
 */
#define KTALLY_WORD_CODE(word)	((word) & ((1ULL << 48) - 1))
#define KTALLY_WORD_INSTRUCTION(word)	(((word) >> 48) & 0x3fff)	/* KTALLY_INSTRUCTION_UNKNOWN: not known, or beyond */
#define KTALLY_INSTRUCTION_UNKNOWN	0x3fff

/**
 * enum ktally_cut - why a walk ended before the end of the stack
 * @KTALLY_CUT_DEPTH: the limit of frames
 * @KTALLY_CUT_MAPPING: an address in no executable mapping that is known of
 * @KTALLY_CUT_TABLE: code without a table, and no frame pointer
 * @KTALLY_CUT_RULE: the table does not know how to go on
 * @KTALLY_CUT_FAULT: memory of the stack that is not present
 * @KTALLY_CUT_LOOP: a frame that is not above the one before
 */
enum ktally_cut {
	KTALLY_CUT_NONE = 0,
	KTALLY_CUT_DEPTH = 1,
	KTALLY_CUT_MAPPING = 2,
	KTALLY_CUT_TABLE = 3,
	KTALLY_CUT_RULE = 4,
	KTALLY_CUT_FAULT = 5,
	KTALLY_CUT_LOOP = 6,
	__KTALLY_CUT_END
};
#define KTALLY_CUT_MAX (__KTALLY_CUT_END - 1)

/* ---- tables ---- */

/**
 * enum ktally_cfa - how to compute the CFA: the stack pointer of the caller, as it was before the call
 * @KTALLY_CFA_UNKNOWN: cannot be told: the walk ends
 * @KTALLY_CFA_END: nobody called this: the walk is whole
 * @KTALLY_CFA_REGISTER: reg + offset
 * @KTALLY_CFA_DEREF: *(reg + offset) + offset2
 * @KTALLY_CFA_PLT: x86: reg + offset, and 8 more if (address & 15) >= offset2
 * @KTALLY_CFA_SIGNAL: the kernel's signal frame lies at the stack pointer: all registers come from there
 * @KTALLY_CFA_FRAME: the code keeps frame pointers: the walk goes by these here (code of compilers that write no tables)
 * @KTALLY_CFA_LEFT: on another stack than the caller, with nothing there that leads back (Go on arm64): *(x + offset + 8) - return_offset of
 *	x = *(*(reg + offset) + offset2). That is, reg is the goroutine that runs, from which its thread and then x is found, that ran before;
 *	behind its own pointer to the thread a goroutine has the stack pointer that it left
 */
enum ktally_cfa {
	KTALLY_CFA_UNKNOWN = 0,
	KTALLY_CFA_END = 1,
	KTALLY_CFA_REGISTER = 2,
	KTALLY_CFA_DEREF = 3,
	KTALLY_CFA_PLT = 4,
	KTALLY_CFA_SIGNAL = 5,
	KTALLY_CFA_FRAME = 6,
	KTALLY_CFA_LEFT = 7,
	__KTALLY_CFA_END
};
#define KTALLY_CFA_MAX (__KTALLY_CFA_END - 1)

/**
 * enum ktally_return - where the return address is
 * @KTALLY_RETURN_CFA: in memory at CFA + return_offset
 * @KTALLY_RETURN_REGISTER: in register @return_offset
 */
enum ktally_return {
	KTALLY_RETURN_CFA = 0,
	KTALLY_RETURN_REGISTER = 1,
	__KTALLY_RETURN_END
};
#define KTALLY_RETURN_MAX (__KTALLY_RETURN_END - 1)

/* Registers a function keeps for its caller, in the order of ktally_unwind_rule.saved. Numbers elsewhere are DWARF's of the architecture. */
#define KTALLY_SAVED_MAX	11
#define KTALLY_SAVED_X86_64	{ 6, 3, 12, 13, 14, 15 }	/* rbp rbx r12 r13 r14 r15 */
#define KTALLY_SAVED_ARM64	{ 29, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28 }
#define KTALLY_SAVED_SAME	(-32768)	/* not saved: the caller's value is still in the register */
#define KTALLY_SAVED_UNKNOWN	(-32767)	/* lost: from here on the register is not known, until a frame above saved it again */

/**
 * struct ktally_unwind_rule - how to get from a place in the code to its caller
 * @cfa: enum ktally_cfa
 * @reg: DWARF number of the register that the CFA counts from. In a frame that is not the innermost, nor below a signal frame, only the
 *	stack pointer and saved registers are known; a rule that needs another ends the walk there
 * @ret: enum ktally_return
 * @flags: KTALLY_RULE_*
 * @offset: bytes
 * @offset2: bytes, see enum ktally_cfa
 * @return_offset: bytes from the CFA, or a register's number
 * @nr_saved: entries of @saved that are used, at most KTALLY_SAVED_MAX
 * @saved: where the caller's registers are: offset from the CFA in units of 8 bytes, or KTALLY_SAVED_SAME, or KTALLY_SAVED_UNKNOWN
 */
struct ktally_unwind_rule {
	__u8 cfa;
	__u8 reg;
	__u8 ret;
	__u8 flags;
	__s32 offset;
	__s32 offset2;
	__s32 return_offset;
	__u16 nr_saved;
	__s16 saved[KTALLY_SAVED_MAX];
};
/*
 * @saved counts from the frame pointer (rbp, x29), as this frame has it, not from the CFA. So does code that aligns its stack: the CFA is
 * any distance away. The return address is at the CFA all the same. If the frame pointer is not known all that are saved so are lost.
 */
#define KTALLY_RULE_SAVED_FRAME	(1U << 0)
/* The code runs on another stack than its caller: the CFA may be below as well as above. */
#define KTALLY_RULE_SWITCH	(1U << 1)

/**
 * struct ktally_unwind_table - head of a table
 * @magic: KTALLY_UNWIND_MAGIC
 * @machine: EM_X86_64 or EM_AARCH64, that of the module
 * @nr_rows: rows
 * @nr_rules: rules, at most KTALLY_UNWIND_RULES_MAX
 * @rules_offset: from the head, of struct ktally_unwind_rule rules[nr_rules]; a multiple of 8
 * @start: offset in the file that the rows count from
 *
 * Behind the head stand __u32 rows[nr_rows], each the offset in the file, less @start, from which on its rule holds, until the next row;
 * ascending and all different. Behind these __u16 rule[nr_rows]. Code before the first row has no rule.
 * Offsets in the file, not addresses, so that the kernel needs no program headers. The module copies and checks all of it.
 */
struct ktally_unwind_table {
	__u32 magic;
	__u32 machine;
	__u32 nr_rows;
	__u32 nr_rules;
	__aligned_u64 rules_offset;
	__aligned_u64 start;
};
#define KTALLY_UNWIND_MAGIC	0x4b554e57U	/* "KUNW" */

/* ---- interpreters ---- */

/**
 * struct ktally_interp - where an interpreter keeps its frames; every offset is in bytes
 * @runtime: address of its global state, less that where byte 0 of the file would be mapped, modulo 2^64
 * @flags: KTALLY_INTERP_*
 * @current_thread: in the runtime: pointer to the thread state that runs; 0: there is none
 * @first_interp: in the runtime: pointer to the first interpreter
 * @next_interp: in an interpreter: pointer to the next one
 * @first_thread: in an interpreter: pointer to its first thread state
 * @next_thread: in a thread state: pointer to the next one
 * @thread_id: in a thread state: the thread pointer (pthread_self()) of its thread
 * @frame: in a thread state: pointer to the innermost frame, or with KTALLY_INTERP_CFRAME to a structure
 * @cframe_frame: in that structure: pointer to the innermost frame
 * @frame_code: in a frame: pointer to its code object, with KTALLY_INTERP_TAGGED the lowest bits are not of it
 * @frame_previous: in a frame: pointer to its caller
 * @frame_instruction: in a frame: what it runs: a 32-bit number, or with KTALLY_INTERP_POINTER a pointer
 * @frame_entry: in a frame: a byte that is @entry_value if native code called it. With KTALLY_INTERP_EACH_ENTRY every frame is an entry
 * @entry_value: see there
 * @code_first: in a code object: where its instructions begin, for KTALLY_INTERP_POINTER
 * @instruction_size: units of @frame_instruction that make an instruction, bytes if it is a pointer; the word tells numbers of instructions
 * @code_name: in a code object: pointer to the text that is its name
 * @code_file: pointer to the text that is its file
 * @code_line: 32-bit number of its first line
 * @code_lines: pointer to the bytes that tell its lines
 * @code_type: in a code object (and any object): pointer to its type; the type at @frame_code that most frames have is code's
 * @text_state: in a text: 32-bit state; (state & @text_mask) == @text_ascii says that its characters are single bytes at @text_data
 * @text_mask: see there
 * @text_ascii: see there
 * @text_kind: number of the lowest of three bits in that state that tell the bytes of a character, in a text that has others than ASCII
 * @text_length: in a text: 64-bit length, in characters
 * @text_data: in a text: its characters
 * @text_wide: likewise, in one that has others than ASCII: code points of 1, 2 or 4 bytes
 * @bytes_length: in bytes: 64-bit length
 * @bytes_data: in bytes: the bytes
 * @version: of the language, for whoever reads lines: KTALLY_RECORD_CODE tells it. 0x030b is Python 3.11
 * @reserved: 0
 *
 * The kernel reads what it needs of a thread state, a frame and a code object each in one piece, of at most KTALLY_INTERP_SPAN_MAX bytes.
 */
struct ktally_interp {
	__aligned_u64 runtime;
	__u32 flags;
	__u32 current_thread;
	__u32 first_interp;
	__u32 next_interp;
	__u32 first_thread;
	__u32 next_thread;
	__u32 thread_id;
	__u32 frame;
	__u32 cframe_frame;
	__u32 frame_code;
	__u32 frame_previous;
	__u32 frame_instruction;
	__u32 frame_entry;
	__u32 entry_value;
	__u32 code_first;
	__u32 instruction_size;
	__u32 code_name;
	__u32 code_file;
	__u32 code_line;
	__u32 code_lines;
	__u32 code_type;
	__u32 text_state;
	__u32 text_mask;
	__u32 text_ascii;
	__u32 text_kind;
	__u32 text_length;
	__u32 text_data;
	__u32 text_wide;
	__u32 bytes_length;
	__u32 bytes_data;
	__u32 version;
	__u32 reserved;
};
#define KTALLY_INTERP_SPAN_MAX	256U
#define KTALLY_INTERP_TEXT_MAX	255U	/* bytes of a text in KTALLY_RECORD_CODE; what is longer is cut */
#define KTALLY_INTERP_LINES_MAX	4096U	/* bytes that tell lines; what is longer is left out */
#define KTALLY_INTERP_CFRAME	(1U << 0)	/* @frame leads to a structure that leads to the frame */
#define KTALLY_INTERP_POINTER	(1U << 1)	/* @frame_instruction is a pointer */
#define KTALLY_INTERP_TAGGED	(1U << 2)
#define KTALLY_INTERP_EACH_ENTRY (1U << 3)
#define KTALLY_INTERP_SHIM	(1U << 4)	/* frames with @entry_value are no frames of the language: the one called next is the entry */

/* ---- the device ---- */

/**
 * struct ktally_follow - argument of KTALLY_IOC_PROCESS
 * @size: sizeof(struct ktally_follow)
 * @pid: in: process id, initial pid namespace
 * @image: out: KTALLY_CTX_IMAGE that it has now
 * @mappings: out: executable mappings it has
 * @reserved: 0
 *
 * -ESRCH: there is no such process, or it has no memory of its own (a kernel thread); -ENOSPC: no room for more mappings.
 */
struct ktally_follow {
	__u32 size;
	__u32 pid;
	__aligned_u64 image;
	__u32 mappings;
	__u32 reserved;
};

/**
 * struct ktally_mapped - argument of KTALLY_IOC_FILE
 * @size: sizeof(struct ktally_mapped)
 * @file: in: the least number to look at; out: the file's. 0 is the vDSO
 * @flags: in: KTALLY_MAPPED_OPEN; out: KTALLY_MAPPED_*
 * @fd: out: with KTALLY_MAPPED_OPEN a descriptor to read it with, -1 if it cannot be had
 * @dev_major: of the file's device
 * @dev_minor: of the file's device
 * @inode: of the file
 * @bytes: of the file, when it was first seen
 * @pid: a process that mapped it: the first
 * @reserved: 0
 * @start: where
 * @length: bytes
 * @offset: in the file
 *
 * -ENOENT: there is no file of that number or above. KTALLY_MAPPED_OPEN needs CAP_SYS_ADMIN, since it does not ask who may read the file;
 * without, @fd is -1. The module keeps a file only while a device file is attached, until it was asked for once; while it keeps any, poll
 * says POLLPRI.
 */
struct ktally_mapped {
	__u32 size;
	__u32 file;
	__u32 flags;
	__s32 fd;
	__u32 dev_major;
	__u32 dev_minor;
	__aligned_u64 inode;
	__aligned_u64 bytes;
	__u32 pid;
	__u32 reserved;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 offset;
};
#define KTALLY_MAPPED_OPEN	(1U << 0)	/* in: open it; */
#define KTALLY_MAPPED_TABLE	(1U << 1)	/* out: it has a table */
#define KTALLY_MAPPED_INTERP	(1U << 2)	/* out: it has an interpreter */

/**
 * struct ktally_give_table - argument of KTALLY_IOC_TABLE
 * @size: sizeof(struct ktally_give_table)
 * @file: its number
 * @data: address of a struct ktally_unwind_table and what is behind it
 * @length: bytes of all
 *
 * -EBADMSG: the table is not as it must be; -EEXIST: the file has one; -ENOENT: no such file; -ENOMEM: no memory, or more than a
 * quarter of the machine's for the session.
 */
struct ktally_give_table {
	__u32 size;
	__u32 file;
	__aligned_u64 data;
	__aligned_u64 length;
};

/**
 * struct ktally_give_interp - argument of KTALLY_IOC_INTERPRETER
 * @size: sizeof(struct ktally_give_interp)
 * @file: number of the file that has the interpreter
 * @interp: what it looks like
 */
struct ktally_give_interp {
	__u32 size;
	__u32 file;
	struct ktally_interp interp;
};

#define KTALLY_IOC_PROCESS	_IOWR(KTALLY_IOC_MAGIC, 3, struct ktally_follow)
#define KTALLY_IOC_FILE		_IOWR(KTALLY_IOC_MAGIC, 4, struct ktally_mapped)
#define KTALLY_IOC_TABLE	_IOW(KTALLY_IOC_MAGIC, 5, struct ktally_give_table)
#define KTALLY_IOC_INTERPRETER	_IOW(KTALLY_IOC_MAGIC, 6, struct ktally_give_interp)

/**
 * struct ktally_unwind_count - what user stacks came to (KTALLY_A_UNWIND_COUNT)
 * @processes: that are known now
 * @mappings: of these
 * @lost: mappings and processes that found no room
 * @files: different files among them
 * @tables: that were given
 * @bytes: of these
 * @stacks: that were walked
 * @whole: to their end
 * @by_table: steps from a frame to its caller by a table
 * @by_frame: steps by a frame pointer
 * @guesses: of these without confirmation
 * @interp: frames of interpreters
 * @cut: stacks by enum ktally_cut; [KTALLY_CUT_NONE] is 0
 */
struct ktally_unwind_count {
	__aligned_u64 processes;
	__aligned_u64 mappings;
	__aligned_u64 lost;
	__aligned_u64 files;
	__aligned_u64 tables;
	__aligned_u64 bytes;
	__aligned_u64 stacks;
	__aligned_u64 whole;
	__aligned_u64 by_table;
	__aligned_u64 by_frame;
	__aligned_u64 guesses;
	__aligned_u64 interp;
	__aligned_u64 cut[8];
};

#endif /* _UAPI_LINUX_KTALLY_UNWIND_H */
