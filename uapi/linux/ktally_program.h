/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: the bytecode of a probe's program.
 *
 * A program is an array of struct ktally_insn plus a block of constant bytes (patterns). It has KTALLY_REGS registers of
 * 64 bits, jumps only forward, and ends with KTALLY_OP_EXIT on every path. A string lives in consecutive registers, 8 bytes
 * each in memory order, NUL padded. The module verifies: known opcode, registers in range and written before they are read
 * on every path, jumps forward and inside, ids and widths that match the probe's source and the session's tables.
 * A load that faults ends the program; the hit is accounted as `fault`.
 */
#ifndef _UAPI_LINUX_KTALLY_PROGRAM_H
#define _UAPI_LINUX_KTALLY_PROGRAM_H

#include <linux/types.h>

#define KTALLY_REGS		32
#define KTALLY_INSNS_MAX	512
#define KTALLY_DATA_MAX		4096
#define KTALLY_STRING_MAX	128	/* bytes of one string, a multiple of 8 */
#define KTALLY_NO_REG		0xff	/* in @b: the second operand is @imm */

/**
 * struct ktally_insn - one instruction
 * @op: enum ktally_op
 * @dst: destination register, or first of a span
 * @a: first operand register, or first of a span
 * @b: second operand register; KTALLY_NO_REG: the operand is @imm (where an opcode says "b|imm")
 * @aux: opcode dependent: jump distance, size, id, length
 * @imm: opcode dependent: 64-bit constant
 *
 * Members an opcode does not name must be zero (@b may also be KTALLY_NO_REG).
 */
struct ktally_insn {
	__u8 op;
	__u8 dst;
	__u8 a;
	__u8 b;
	__u32 aux;
	__aligned_u64 imm;
};

/**
 * enum ktally_op - opcodes
 * @KTALLY_OP_EXIT: end; @imm is enum ktally_verdict
 * @KTALLY_OP_FIELD: dst.. = field @aux of the source; a string takes (@imm rounded up to 8)/8 registers and at most
 *	@imm bytes are kept (@imm a multiple of 8, <= KTALLY_STRING_MAX; a text that fills them all has no NUL); integers are
 *	sign or zero extended, @imm = 0
 * @KTALLY_OP_CONTEXT: dst.. = context @aux (enum ktally_context); strings take their width, see the enum; @imm = 0
 * @KTALLY_OP_IMM: dst = @imm
 * @KTALLY_OP_MOV: dst = a
 * @KTALLY_OP_LOAD: dst = load of (@aux & 0xff) bytes (1 2 4 8) at address a + (signed)@imm; @aux flags KTALLY_LOAD_*
 * @KTALLY_OP_STRING: dst.. = NUL-terminated text at address a, at most @imm bytes (multiple of 8), @aux flags KTALLY_LOAD_USER
 * @KTALLY_OP_STACK: dst = id of the interned stack; @aux = KTALLY_STACK_KERNEL or KTALLY_STACK_USER, with KTALLY_STACK_ANYWHERE if it may be
 *	used on another CPU, @imm = depth limit (1..KTALLY_STACK_DEPTH_MAX). 0 when there is none (kernel stack of a hit in user mode, user stack of a kernel thread),
 *	KTALLY_STACK_LOST when the store is full. Needs a session with a stack store.
 * @KTALLY_OP_ADD: dst = a + (b|imm); SUB, MUL, AND, OR, XOR, SHL, SHR (logical), SAR (arithmetic) likewise; shifts by 64 or more
 *	give 0, SAR gives what a shift by 63 gives
 * @KTALLY_OP_UDIV: unsigned; division by zero gives 0. SDIV signed; UMOD, SMOD: remainder, by zero gives 0
 * @KTALLY_OP_BUCKET: dst = bucket number of a; @aux = enum ktally_hist, parameters in @imm as in struct ktally_column @param0
 *	for LOGLIN; LOG2 takes none. (Linear bucketing is arithmetic.)
 * @KTALLY_OP_JEQ: if a == (b|imm) skip the next @aux instructions; JNE, JULT, JULE, JUGT, JUGE unsigned, JSLT, JSLE, JSGT, JSGE signed,
 *	JSET: a & (b|imm) is not 0; @aux >= 1
 * @KTALLY_OP_JMP: skip the next @aux instructions, @aux >= 1
 * @KTALLY_OP_MATCH: dst = 1 if the string in registers a.. (@aux & 0xffff bytes, multiple of 8) matches the pattern in the
 *	constant block at offset @imm & 0xffffffff, length @imm >> 32, else 0. @aux flags KTALLY_MATCH_*
 * @KTALLY_OP_UPDATE: update table @aux: key words from a.., column values from b.. (one register for each column that takes a
 *	value, in column order; KTALLY_NO_REG if none does)
 * @KTALLY_OP_RECORD: dst = integer in the record of a trace event; @aux: offset | size << 16 (1 2 4 8) | KTALLY_RECORD_SIGNED |
 *	KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE; with DYNAMIC the offset is that of a __data_loc word (with RELATIVE too: of
 *	a __rel_loc word) and @imm the offset inside the array it points to, else @imm = 0. Outside of the record: a fault
 * @KTALLY_OP_RECORD_TEXT: dst.. = text in the record of a trace event; @aux: offset | KTALLY_RECORD_DYNAMIC (a __data_loc word) |
 *	KTALLY_RECORD_RELATIVE (a __rel_loc word); @imm: bytes kept (multiple of 8, <= KTALLY_STRING_MAX) | size of a fixed array << 32
 * @KTALLY_OP_COUNTER: dst = what counter @aux & 0xffff of the session has counted on this CPU. KTALLY_COUNTER_DELTA: since this probe
 *	read it here last (the first time: since the session started). The counter must be pinned; one that does not count
 *	is a fault
 * @KTALLY_OP_GATE: let the hit through or end the program as gated; @aux is enum ktally_gate, @imm its number, @a the size (BYTES only).
 *	Whoever passes stands for those that did not: its weight in every table that is updated after
 * @KTALLY_OP_START: remember a start of pair @aux & 0xffff: key words from a.. (none where the pair says whose it is), saved words from
 *	b.. (KTALLY_NO_REG if it saves none); @aux flags KTALLY_START_*
 * @KTALLY_OP_END: find the start of pair @aux & 0xffff with the key words from a.. . If there is one: dst.. = nanoseconds since,
 *	then if the pair has KTALLY_PAIR_ONCPU nanoseconds on a CPU, if it has KTALLY_PAIR_NEST nanoseconds that no inner pair took and the
 *	key of the pair around (0: none), then the differences of its counters, then its saved words. If not: skip the next
 *	@imm instructions (@imm >= 1). @aux flags KTALLY_END_*
 * @KTALLY_OP_KEEP: write a KTALLY_RECORD_EVENT with @aux words from a.. into the CPU's scratch ring, where it is soon overwritten. Needs a
 *	session with SCRATCH_SIZE
 * @KTALLY_OP_DUMP: copy what the scratch ring of this CPU holds from the last a nanoseconds, and a little more, into the ring, as it
 *	is. Needs a session with SCRATCH_SIZE and a ring
 * @KTALLY_OP_USER: write a KTALLY_RECORD_USER with the user registers of the current thread and up to @imm bytes of its stack (multiple of 8,
 *	KTALLY_USER_STACK_MAX at most) into the ring; dst = its id, 0 if there is none (kernel thread, ring full). Needs a session with a ring
 * @KTALLY_OP_EMIT: write a KTALLY_RECORD_EVENT with @aux words from registers a.. ; @aux 0..KTALLY_REGS. Needs a session with a ring.
 */
enum ktally_op {
	KTALLY_OP_EXIT = 0,
	KTALLY_OP_FIELD = 1,
	KTALLY_OP_CONTEXT = 2,
	KTALLY_OP_UPDATE = 3,
	KTALLY_OP_EMIT = 4,
	KTALLY_OP_IMM = 5,
	KTALLY_OP_MOV = 6,
	KTALLY_OP_LOAD = 7,
	KTALLY_OP_STRING = 8,
	KTALLY_OP_STACK = 9,
	KTALLY_OP_MATCH = 10,
	KTALLY_OP_BUCKET = 11,
	KTALLY_OP_ADD = 12,
	KTALLY_OP_SUB = 13,
	KTALLY_OP_MUL = 14,
	KTALLY_OP_UDIV = 15,
	KTALLY_OP_SDIV = 16,
	KTALLY_OP_UMOD = 17,
	KTALLY_OP_SMOD = 18,
	KTALLY_OP_AND = 19,
	KTALLY_OP_OR = 20,
	KTALLY_OP_XOR = 21,
	KTALLY_OP_SHL = 22,
	KTALLY_OP_SHR = 23,
	KTALLY_OP_SAR = 24,
	KTALLY_OP_JMP = 25,
	KTALLY_OP_JEQ = 26,
	KTALLY_OP_JNE = 27,
	KTALLY_OP_JULT = 28,
	KTALLY_OP_JULE = 29,
	KTALLY_OP_JUGT = 30,
	KTALLY_OP_JUGE = 31,
	KTALLY_OP_JSLT = 32,
	KTALLY_OP_JSLE = 33,
	KTALLY_OP_JSGT = 34,
	KTALLY_OP_JSGE = 35,
	KTALLY_OP_JSET = 36,
	KTALLY_OP_RECORD = 37,
	KTALLY_OP_RECORD_TEXT = 38,
	KTALLY_OP_COUNTER = 39,
	KTALLY_OP_GATE = 40,
	KTALLY_OP_START = 41,
	KTALLY_OP_END = 42,
	KTALLY_OP_KEEP = 43,
	KTALLY_OP_DUMP = 44,
	KTALLY_OP_USER = 45,
	__KTALLY_OP_END
};
#define KTALLY_OP_MAX (__KTALLY_OP_END - 1)

/**
 * enum ktally_verdict - how a program accounts its hit
 * @KTALLY_VERDICT_FOLDED: it passed (becomes `other` if a table update went to the other row)
 * @KTALLY_VERDICT_FILTERED: its filter said no, or it was an end without a start
 */
enum ktally_verdict {
	KTALLY_VERDICT_FOLDED = 0,
	KTALLY_VERDICT_FILTERED = 1,
	__KTALLY_VERDICT_END
};
#define KTALLY_VERDICT_MAX (__KTALLY_VERDICT_END - 1)

/* Flags of KTALLY_OP_LOAD (@aux, above the size byte) and KTALLY_OP_STRING (@aux). Without USER the address is the kernel's. */
#define KTALLY_LOAD_USER	(1U << 8)
#define KTALLY_LOAD_SIGNED	(1U << 9)

/* Flags of KTALLY_OP_RECORD and KTALLY_OP_RECORD_TEXT, @aux. Bits 0..15: offset, bits 16..23: size (RECORD only) */
#define KTALLY_RECORD_SIGNED	(1U << 24)
#define KTALLY_RECORD_DYNAMIC	(1U << 25)
#define KTALLY_RECORD_RELATIVE	(1U << 26)

/* Flag of KTALLY_OP_COUNTER, @aux */
#define KTALLY_COUNTER_DELTA	(1U << 16)

/* Flags of KTALLY_OP_START, @aux. Without FIRST a start takes the place of an open one with its key. */
#define KTALLY_START_FIRST	(1U << 16)	/* an open start stays */
/* Flags of KTALLY_OP_END, @aux */
#define KTALLY_END_STAY		(1U << 16)	/* the start stays open, for more ends */

/**
 * enum ktally_gate - who passes
 * @KTALLY_GATE_EVERY: every @imm-th hit of the probe on this CPU, with weight @imm
 * @KTALLY_GATE_RANDOM: one in @imm by chance, with weight @imm
 * @KTALLY_GATE_BYTES: with probability size / @imm (always from @imm up), with the weight that makes up for it, rounded by chance, so
 *	that sums of sizes and counts of hits stay unbiased
 * @KTALLY_GATE_PERIOD: at most one hit in @imm nanoseconds on this CPU, with the number of hits since the last one that passed, itself
 *	included, as weight
 */
enum ktally_gate {
	KTALLY_GATE_UNSPEC = 0,
	KTALLY_GATE_EVERY = 1,
	KTALLY_GATE_RANDOM = 2,
	KTALLY_GATE_BYTES = 3,
	KTALLY_GATE_PERIOD = 4,
	__KTALLY_GATE_END
};
#define KTALLY_GATE_MAX (__KTALLY_GATE_END - 1)

/* @aux of KTALLY_OP_STACK */
#define KTALLY_STACK_KERNEL	1U
#define KTALLY_STACK_USER	2U
#define KTALLY_STACK_ANYWHERE	0x100U
#define KTALLY_STACK_LOST	0xffffffffU

/*
 * Ids are of the store of the CPU whose table, ring or open start holds them. With KTALLY_STACK_ANYWHERE the upper half of the word says whose:
 * 1 + the CPU.
 */
#define KTALLY_STACK_ID(word)		((word) & 0xffffffffU)
#define KTALLY_STACK_CPU(word, here)	((word) >> 32 ? ((word) >> 32) - 1 : (here))

#define KTALLY_USER_STACK_MAX	65024U	/* bytes of a stack in a record */

/* Flags of KTALLY_OP_MATCH. Default is equality of the whole string. GLOB: '*', '?' and [a-z] as in fnmatch(3) without flags. */
#define KTALLY_MATCH_GLOB	(1U << 16)

/**
 * enum ktally_context - what a program can ask about the moment of the hit
 * @KTALLY_CTX_PID: process id (thread group id, initial pid namespace)
 * @KTALLY_CTX_TID: thread id
 * @KTALLY_CTX_PPID: parent process id
 * @KTALLY_CTX_COMM: name of the thread; string of 16 bytes, 2 registers
 * @KTALLY_CTX_CPU: CPU number
 * @KTALLY_CTX_NODE: NUMA node
 * @KTALLY_CTX_NS: nanoseconds of CLOCK_MONOTONIC
 * @KTALLY_CTX_CGROUP: id of the cgroup (inode number of its folder), 0 if there is none: of version 2, or in the hierarchy of the session's
 *	KTALLY_A_CGROUP_CONTROLLER
 * @KTALLY_CTX_UID: user id in the initial namespace
 * @KTALLY_CTX_PRIO: kernel priority (task->prio)
 * @KTALLY_CTX_POLICY: scheduling policy (SCHED_*)
 * @KTALLY_CTX_IN_IRQ: 0 process, 1 softirq, 2 hard interrupt, 3 NMI
 * @KTALLY_CTX_IRQS_OFF: 1 if interrupts were off at the hit, of sources that know it (kprobe, timer, perf), else 0
 * @KTALLY_CTX_IMAGE: (pid << 32 | exec count): one program image of one process; user stacks are symbolized by it
 * @KTALLY_CTX_USER_MODE: 1 if the hit interrupted user mode (timer, perf), else 0
 * @KTALLY_CTX_IP: address where the hit interrupted (timer, perf, kprobe), else 0
 * @KTALLY_CTX_STATE: what the current thread is about: enum ktally_task_state
 * @KTALLY_CTX_WEIGHT: for how many hits this one stands (gates)
 */
enum ktally_context {
	KTALLY_CTX_PID = 0,
	KTALLY_CTX_TID = 1,
	KTALLY_CTX_PPID = 2,
	KTALLY_CTX_COMM = 3,
	KTALLY_CTX_CPU = 4,
	KTALLY_CTX_NODE = 5,
	KTALLY_CTX_NS = 6,
	KTALLY_CTX_CGROUP = 7,
	KTALLY_CTX_UID = 8,
	KTALLY_CTX_PRIO = 9,
	KTALLY_CTX_POLICY = 10,
	KTALLY_CTX_IN_IRQ = 11,
	KTALLY_CTX_IRQS_OFF = 12,
	KTALLY_CTX_IMAGE = 13,
	KTALLY_CTX_USER_MODE = 14,
	KTALLY_CTX_IP = 15,
	KTALLY_CTX_STATE = 16,
	KTALLY_CTX_WEIGHT = 17,
	__KTALLY_CTX_END
};
#define KTALLY_CTX_MAX (__KTALLY_CTX_END - 1)

/**
 * enum ktally_task_state - what a thread is about
 * @KTALLY_TASK_RUNNING: on a CPU
 * @KTALLY_TASK_RUNNABLE: wants a CPU (was preempted, or woken)
 * @KTALLY_TASK_SLEEPING: waits and can be interrupted
 * @KTALLY_TASK_BLOCKED: waits and cannot
 * @KTALLY_TASK_OTHER: stopped, traced, dead
 */
enum ktally_task_state {
	KTALLY_TASK_RUNNING = 0,
	KTALLY_TASK_RUNNABLE = 1,
	KTALLY_TASK_SLEEPING = 2,
	KTALLY_TASK_BLOCKED = 3,
	KTALLY_TASK_OTHER = 4,
	__KTALLY_TASK_END
};
#define KTALLY_TASK_MAX (__KTALLY_TASK_END - 1)

#endif /* _UAPI_LINUX_KTALLY_PROGRAM_H */
