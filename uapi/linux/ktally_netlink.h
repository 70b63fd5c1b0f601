/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: the generic netlink family that describes and drives sessions.
 *
 * Family "ktally", version KTALLY_ABI, multicast group "events". uapi/ktally.yaml is the same in YNL.
 * Every attribute sits at the top level of its message, but for those of FIELDS; the space is one enum, so an id means one thing
 * everywhere.
 * INFO_GET and SOURCE_GET are open to all; everything else needs CAP_PERFMON (CAP_SYS_ADMIN where the kernel has no such
 * capability). A refusal carries a sentence (extack); the offending attribute is pointed at, inside KTALLY_A_PROGRAM the
 * offending instruction.
 *
 * Below, what a command takes -> what it answers with; ? is for what need not be there, * for all whose names begin so. Where a
 * command that is no dump takes SESSION, it takes NAME as well.
 *
 *	INFO_GET      { }  -> { ABI, FEATURES, NR_CPUS, RELEASE, NR_SESSIONS }
 *	SOURCE_GET    dump { }  -> { SOURCE_KIND, SRC_NAME, AVAILABLE, FIELDS { FIELD { FIELD_* } ... } }
 *	SESSION_NEW   { NAME?, FLAGS?, RING_SIZE?, RING_MODE?, RING_WATERMARK?, STACK_ENTRIES?, CPUS?, SCOPE_PIDS?,
 *	                SCOPE_CGROUP?, SCOPE_CONTROLLER?, BUDGET?, SCRATCH_SIZE?, MAPPINGS?,
 *	                CGROUP_CONTROLLER? }  -> as SESSION_GET
 *	SESSION_GET   { SESSION } or dump { }
 *	                -> { SESSION, NAME?, STATE, FLAGS, RING_*, STACK_ENTRIES, SCRATCH_SIZE, NR_TABLES, NR_PROBES, NR_PAIRS,
 *	                NR_COUNTERS, PORTID, MEMORY, MISSED, BUDGET, SHARE, STEPS?, MAPPINGS, UNWIND_COUNT?, CGROUP_CONTROLLER? }
 *	SESSION_START { SESSION }
 *	SESSION_STOP  { SESSION }
 *	SESSION_DELETE { SESSION }
 *	TABLE_NEW     { SESSION, NR_KEYS, ROWS, COLUMNS?, LABEL? }  -> { SESSION, TABLE }
 *	TABLE_GET     dump { SESSION }  -> { SESSION, TABLE, NR_KEYS, ROWS, COLUMNS, LABEL? }
 *	PAIR_NEW      { SESSION, PAIR_KIND, PAIR_FLAGS?, NR_KEYS?, NR_SAVED?, ROWS, PAIR_COUNTERS?, LABEL? }  -> { SESSION, PAIR }
 *	PAIR_GET      dump { SESSION }  -> { SESSION, PAIR, PAIR_KIND, PAIR_FLAGS, NR_KEYS, NR_SAVED, ROWS, PAIR_COUNTERS?,
 *	                PAIR_COUNT, LABEL? }
 *	COUNTER_NEW   { SESSION, SRC_PERF_TYPE, SRC_PERF_CONFIG, SRC_PERF_CONFIG1?, SRC_PERF_CONFIG2?, SRC_PERF_FLAGS?, LABEL? }
 *	                -> { SESSION, COUNTER }
 *	COUNTER_GET   dump { SESSION }  -> { SESSION, COUNTER, SRC_PERF_*, COUNTER_VALUES, LABEL? }
 *	                (as many messages of one counter, each with further CPUs, as its values need)
 *	PROBE_NEW     { SESSION, SOURCE_KIND, SRC_*?, PROGRAM?, PROGRAM_DATA?, LABEL? }  -> { SESSION, PROBE }
 *	PROBE_GET     dump { SESSION }  -> { SESSION, PROBE, SOURCE_KIND, SRC_NAME?, SRC_OFFSET, SRC_PERIOD, SRC_PERF_*, SRC_PATH?,
 *	                SRC_SEMAPHORE?, COUNT, MISSED, COST, LABEL? }
 *	SNAPSHOT      { SESSION, SNAPSHOT_FLAGS? }  -> { SESSION, HALF, GENERATION, TIME }
 *
 * What is named by another must be there before: counters before the pairs that use them, all of these and tables before the
 * probes whose programs do. After SESSION_START nothing can be added.
 *
 * Notifications on "events": SESSION_NTF { SESSION, NAME?, STATE } whenever a session changes state (NEW when it is made).
 */
#ifndef _UAPI_LINUX_KTALLY_NETLINK_H
#define _UAPI_LINUX_KTALLY_NETLINK_H

#include <linux/ktally.h>

#define KTALLY_GENL_NAME	"ktally"
#define KTALLY_GENL_GROUP	"events"

/** enum ktally_cmd - commands, see the head of this file */
enum ktally_cmd {
	KTALLY_CMD_UNSPEC = 0,
	KTALLY_CMD_INFO_GET = 1,
	KTALLY_CMD_SOURCE_GET = 2,
	KTALLY_CMD_SESSION_NEW = 3,
	KTALLY_CMD_SESSION_GET = 4,
	KTALLY_CMD_SESSION_START = 5,
	KTALLY_CMD_SESSION_STOP = 6,
	KTALLY_CMD_SESSION_DELETE = 7,
	KTALLY_CMD_TABLE_NEW = 8,
	KTALLY_CMD_TABLE_GET = 9,
	KTALLY_CMD_PROBE_NEW = 10,
	KTALLY_CMD_PROBE_GET = 11,
	KTALLY_CMD_SNAPSHOT = 12,
	KTALLY_CMD_SESSION_NTF = 13,
	KTALLY_CMD_PAIR_NEW = 14,
	KTALLY_CMD_PAIR_GET = 15,
	KTALLY_CMD_COUNTER_NEW = 16,
	KTALLY_CMD_COUNTER_GET = 17,
	__KTALLY_CMD_END
};
#define KTALLY_CMD_MAX (__KTALLY_CMD_END - 1)

/**
 * enum ktally_attr - attributes
 * @KTALLY_A_PAD: alignment, ignored
 * @KTALLY_A_ABI: u32, KTALLY_ABI of the module
 * @KTALLY_A_FEATURES: u64, KTALLY_FEATURE_*
 * @KTALLY_A_NR_CPUS: u32, CPUs are numbered below this
 * @KTALLY_A_RELEASE: string, release of the running kernel
 * @KTALLY_A_NR_SESSIONS: u32
 * @KTALLY_A_SESSION: u32, id of a session, never 0
 * @KTALLY_A_NAME: string, name of a pinned session (letters, digits, '-', '_', '.'); needs KTALLY_SESSION_PINNED
 * @KTALLY_A_STATE: u32, enum ktally_state
 * @KTALLY_A_FLAGS: u32, KTALLY_SESSION_*
 * @KTALLY_A_PORTID: u32, netlink port of the owner; 0 for a pinned session
 * @KTALLY_A_RING_SIZE: u32, bytes per CPU, a power of two; absent or 0: no ring
 * @KTALLY_A_RING_MODE: u32, enum ktally_ring_mode
 * @KTALLY_A_RING_WATERMARK: u32, bytes between two wake-ups of a reader; default half the ring
 * @KTALLY_A_STACK_ENTRIES: u32, distinct stacks to make room for per CPU; absent or 0: no stack store
 * @KTALLY_A_CPUS: binary, bit mask of __u64 words: CPUs on which probes count; absent: all
 * @KTALLY_A_SCOPE_PIDS: binary, array of __u32 process ids: count only these processes and their future children; absent: all
 * @KTALLY_A_NR_TABLES: u32
 * @KTALLY_A_NR_PROBES: u32
 * @KTALLY_A_MEMORY: u64, bytes of kernel memory held by the session
 * @KTALLY_A_MISSED: u64, SESSION_GET: hits on CPUs the session has no memory for; PROBE_GET: hits the kernel lost before they
 *	reached us (kprobes inside other kprobes, calls that found no kretprobe instance, periods that a timer skipped)
 * @KTALLY_A_TABLE: u32, number of a table in its session
 * @KTALLY_A_NR_KEYS: u32, of a table: key words, 0..KTALLY_KEYS_MAX; 0: the table has one row, the other row. Of a pair: see enum
 *	ktally_pair_kind
 * @KTALLY_A_ROWS: u32, of a table: rows per CPU, the other row not counted. Of a pair: starts that can be open at a time
 * @KTALLY_A_COLUMNS: binary, array of struct ktally_column; absent: the table counts hits
 * @KTALLY_A_LABEL: binary, up to 1024 bytes that the module keeps and returns: user space's own description
 * @KTALLY_A_PROBE: u32, number of a probe in its session
 * @KTALLY_A_SOURCE_KIND: u32, enum ktally_source_kind
 * @KTALLY_A_SRC_NAME: string, see enum ktally_source_kind
 * @KTALLY_A_SRC_OFFSET: u64, bytes: behind a symbol, or in a file
 * @KTALLY_A_SRC_PERIOD: u64, nanoseconds or counts, see enum ktally_source_kind; with KTALLY_PERF_FREQ hits a second
 * @KTALLY_A_SRC_PERF_TYPE: u32, as in struct perf_event_attr
 * @KTALLY_A_SRC_PERF_CONFIG: u64, as in struct perf_event_attr
 * @KTALLY_A_PROGRAM: binary, array of struct ktally_insn; required but for KTALLY_SOURCE_PROCESS and CGROUP
 * @KTALLY_A_PROGRAM_DATA: binary, constant block of the program
 * @KTALLY_A_COUNT: binary, struct ktally_probe_count summed over CPUs and halves; exact when the session is stopped
 * @KTALLY_A_SNAPSHOT_FLAGS: u32, KTALLY_SNAPSHOT_*
 * @KTALLY_A_HALF: u32, the half that is quiet now
 * @KTALLY_A_GENERATION: u64, generation of the quiet half, on every CPU
 * @KTALLY_A_TIME: u64, nanoseconds of CLOCK_MONOTONIC when the halves were swapped
 * @KTALLY_A_AVAILABLE: u32, 1 if the source can be attached on this kernel
 * @KTALLY_A_FIELDS: nest of KTALLY_A_FIELD
 * @KTALLY_A_FIELD: nest of KTALLY_A_FIELD_*; the n-th is field n
 * @KTALLY_A_FIELD_NAME: string
 * @KTALLY_A_FIELD_TYPE: u32, enum ktally_type
 * @KTALLY_A_FIELD_SIZE: u32, bytes
 * @KTALLY_A_SRC_PATH: string, a file, up to KTALLY_PATH_MAX with its NUL, as the caller sees it
 * @KTALLY_A_SRC_SEMAPHORE: u64, offset in the file; 0: none
 * @KTALLY_A_SRC_PERF_CONFIG1: u64, as in struct perf_event_attr; of a breakpoint the address (SRC_PERF_CONFIG: HW_BREAKPOINT_*)
 * @KTALLY_A_SRC_PERF_CONFIG2: u64, as in struct perf_event_attr; of a breakpoint the length
 * @KTALLY_A_SRC_PERF_FLAGS: u32, KTALLY_PERF_*
 * @KTALLY_A_SCOPE_CGROUP: u64, count only tasks in this cgroup or below: inode number of its folder
 * @KTALLY_A_SCOPE_CONTROLLER: string, controller of a cgroup v1 hierarchy ("cpu", "memory"); absent: v2
 * @KTALLY_A_BUDGET: u32, thousandths of a CPU that the session may take on each; 0: no governor; default KTALLY_BUDGET_DEFAULT
 * @KTALLY_A_SHARE: u32, thousandths of a CPU that it takes now, on the CPU where that is most
 * @KTALLY_A_STEPS: binary, array of struct ktally_step, oldest first: the last steps of the governor
 * @KTALLY_A_SCRATCH_SIZE: u32, bytes per CPU of the scratch ring, a power of two; absent or 0: none
 * @KTALLY_A_PAIR: u32, number of a pair in its session
 * @KTALLY_A_PAIR_KIND: u32, enum ktally_pair_kind
 * @KTALLY_A_PAIR_FLAGS: u32, KTALLY_PAIR_*
 * @KTALLY_A_NR_SAVED: u32, words that a start saves
 * @KTALLY_A_PAIR_COUNTERS: binary, array of __u32: counters of the session, all pinned, whose differences an end has; TASK and CPU only
 * @KTALLY_A_PAIR_COUNT: binary, struct ktally_pair_count summed over CPUs and halves; exact when the session is stopped
 * @KTALLY_A_NR_PAIRS: u32
 * @KTALLY_A_COUNTER: u32, number of a counter in its session
 * @KTALLY_A_COUNTER_VALUES: binary, array of struct ktally_counter_value
 * @KTALLY_A_NR_COUNTERS: u32
 * @KTALLY_A_COST: u64, nanoseconds that the probe's handler takes on average, from one hit in 256; 0: not known yet
 * @KTALLY_A_MAPPINGS: u32, executable mappings of processes to make room for, so that user stacks are walked by tables; absent or 0:
 *	none, user stacks are walked by frame pointers
 * @KTALLY_A_UNWIND_COUNT: binary, struct ktally_unwind_count; if there are MAPPINGS
 * @KTALLY_A_CGROUP_CONTROLLER: string, controller of the cgroup v1 hierarchy ("cpu", "memory") that KTALLY_CTX_CGROUP and KTALLY_SOURCE_CGROUP
 *	are about; absent: v2
 */
enum ktally_attr {
	KTALLY_A_UNSPEC = 0,
	KTALLY_A_PAD = 1,
	KTALLY_A_ABI = 2,
	KTALLY_A_FEATURES = 3,
	KTALLY_A_NR_CPUS = 4,
	KTALLY_A_RELEASE = 5,
	KTALLY_A_NR_SESSIONS = 6,
	KTALLY_A_SESSION = 7,
	KTALLY_A_NAME = 8,
	KTALLY_A_STATE = 9,
	KTALLY_A_FLAGS = 10,
	KTALLY_A_PORTID = 11,
	KTALLY_A_RING_SIZE = 12,
	KTALLY_A_RING_MODE = 13,
	KTALLY_A_RING_WATERMARK = 14,
	KTALLY_A_STACK_ENTRIES = 15,
	KTALLY_A_CPUS = 16,
	KTALLY_A_SCOPE_PIDS = 17,
	KTALLY_A_NR_TABLES = 18,
	KTALLY_A_NR_PROBES = 19,
	KTALLY_A_MEMORY = 20,
	KTALLY_A_MISSED = 21,
	KTALLY_A_TABLE = 22,
	KTALLY_A_NR_KEYS = 23,
	KTALLY_A_ROWS = 24,
	KTALLY_A_COLUMNS = 25,
	KTALLY_A_LABEL = 26,
	KTALLY_A_PROBE = 27,
	KTALLY_A_SOURCE_KIND = 28,
	KTALLY_A_SRC_NAME = 29,
	KTALLY_A_SRC_OFFSET = 30,
	KTALLY_A_SRC_PERIOD = 31,
	KTALLY_A_SRC_PERF_TYPE = 32,
	KTALLY_A_SRC_PERF_CONFIG = 33,
	KTALLY_A_PROGRAM = 34,
	KTALLY_A_PROGRAM_DATA = 35,
	KTALLY_A_COUNT = 36,
	KTALLY_A_SNAPSHOT_FLAGS = 37,
	KTALLY_A_HALF = 38,
	KTALLY_A_GENERATION = 39,
	KTALLY_A_TIME = 40,
	KTALLY_A_AVAILABLE = 41,
	KTALLY_A_FIELDS = 42,
	KTALLY_A_FIELD = 43,
	KTALLY_A_FIELD_NAME = 44,
	KTALLY_A_FIELD_TYPE = 45,
	KTALLY_A_FIELD_SIZE = 46,
	KTALLY_A_SRC_PATH = 47,
	KTALLY_A_SRC_SEMAPHORE = 48,
	KTALLY_A_SRC_PERF_CONFIG1 = 49,
	KTALLY_A_SRC_PERF_CONFIG2 = 50,
	KTALLY_A_SRC_PERF_FLAGS = 51,
	KTALLY_A_SCOPE_CGROUP = 52,
	KTALLY_A_SCOPE_CONTROLLER = 53,
	KTALLY_A_BUDGET = 54,
	KTALLY_A_SHARE = 55,
	KTALLY_A_STEPS = 56,
	KTALLY_A_SCRATCH_SIZE = 57,
	KTALLY_A_PAIR = 58,
	KTALLY_A_PAIR_KIND = 59,
	KTALLY_A_PAIR_FLAGS = 60,
	KTALLY_A_NR_SAVED = 61,
	KTALLY_A_PAIR_COUNTERS = 62,
	KTALLY_A_PAIR_COUNT = 63,
	KTALLY_A_NR_PAIRS = 64,
	KTALLY_A_COUNTER = 65,
	KTALLY_A_COUNTER_VALUES = 66,
	KTALLY_A_NR_COUNTERS = 67,
	KTALLY_A_COST = 68,
	KTALLY_A_MAPPINGS = 69,
	KTALLY_A_UNWIND_COUNT = 70,
	KTALLY_A_CGROUP_CONTROLLER = 71,
	__KTALLY_A_END
};
#define KTALLY_A_MAX (__KTALLY_A_END - 1)

/* KTALLY_A_FLAGS */
#define KTALLY_SESSION_PINNED	(1U << 0)	/* lives by its name until deleted, not with the socket that made it */

/* KTALLY_A_SNAPSHOT_FLAGS */
#define KTALLY_SNAPSHOT_CLEAR	(1U << 0)	/* zero the half that becomes active */

#define KTALLY_LABEL_MAX	1024

/* KTALLY_A_SRC_PERF_FLAGS */
#define KTALLY_PERF_FREQ		(1U << 0)	/* PROBE_NEW: SRC_PERIOD is hits a second */
#define KTALLY_PERF_EXCLUDE_USER	(1U << 1)
#define KTALLY_PERF_EXCLUDE_KERNEL	(1U << 2)
#define KTALLY_PERF_EXCLUDE_HV		(1U << 3)
#define KTALLY_PERF_EXCLUDE_HOST	(1U << 4)
#define KTALLY_PERF_EXCLUDE_GUEST	(1U << 5)
#define KTALLY_PERF_PINNED		(1U << 6)	/* always counts, or the session does not start */
#define KTALLY_PERF_PRECISE_SHIFT	8		/* PROBE_NEW: 2 bits: precise_ip */

#define KTALLY_BUDGET_DEFAULT	50	/* thousandths of a CPU */

/**
 * struct ktally_counter_value - what a counter counted on one CPU
 * @cpu: CPU number
 * @reserved: 0
 * @value: counts, not scaled
 * @enabled: nanoseconds since it was started
 * @running: nanoseconds that it was on the hardware; less than @enabled: it took turns with others
 */
struct ktally_counter_value {
	__u32 cpu;
	__u32 reserved;
	__aligned_u64 value;
	__aligned_u64 enabled;
	__aligned_u64 running;
};

/**
 * enum ktally_step_kind - what the governor did
 * @KTALLY_STEP_STACKS: no more stacks: KTALLY_OP_STACK gives 0; or stacks again
 * @KTALLY_STEP_COUNTERS: no more counters: KTALLY_OP_COUNTER and differences of pairs give 0; or counters again
 * @KTALLY_STEP_GATE: one hit in @number is run, with weight @number (1: all)
 * @KTALLY_STEP_PROBE: probe @number is off until the session is stopped
 */
enum ktally_step_kind {
	KTALLY_STEP_UNSPEC = 0,
	KTALLY_STEP_STACKS = 1,
	KTALLY_STEP_COUNTERS = 2,
	KTALLY_STEP_GATE = 3,
	KTALLY_STEP_PROBE = 4,
	__KTALLY_STEP_END
};
#define KTALLY_STEP_MAX (__KTALLY_STEP_END - 1)

/**
 * struct ktally_step - one step of the governor
 * @time: nanoseconds of CLOCK_MONOTONIC
 * @kind: enum ktally_step_kind
 * @number: see @kind; STACKS, COUNTERS: 1 given back, 0 taken away
 * @share: thousandths of the CPU that the session took when it was decided
 * @cpu: the CPU that was meant
 */
struct ktally_step {
	__aligned_u64 time;
	__u32 kind;
	__u32 number;
	__u32 share;
	__u32 cpu;
};
#define KTALLY_STEPS_KEPT 64

#endif /* _UAPI_LINUX_KTALLY_NETLINK_H */
