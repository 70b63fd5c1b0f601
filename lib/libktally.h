/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libktally: describe a session, drive it over generic netlink, read its tables and rings, name its addresses, export it.
 *
 * Nothing here prints or exits. Functions return 0 (or a pointer, or a count) or -errno; those that take a struct
 * ktally_error * put a sentence there that names the cause and the way out. Objects are created by X_open/X_new and given
 * back by X_close/X_free; a const pointer returned belongs to its object. No object may be used by two threads at once.
 *
 *	text --compile--> plan --client--> session in the kernel --device--> snapshot, reader --symbolize--> report --export--> file
 */
#ifndef LIBKTALLY_H
#define LIBKTALLY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/ktally.h>
#include <linux/ktally_netlink.h>
#include <linux/ktally_program.h>
#include <linux/ktally_ring.h>
#include <linux/ktally_table.h>
#include <linux/ktally_unwind.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors ---------------------------------------------------------------------------------- error.c */

/**
 * struct ktally_error - why something failed
 * @text: one or more sentences, no trailing newline; "" if nothing was said
 * @input: the text that was being read when the error is about a text, else NULL; borrowed from the caller
 * @pos: byte offset in @input of the offending place, -1 if none
 * @len: its length, 0 if unknown
 */
struct ktally_error {
	char text[1024];
	const char *input;
	int pos;
	int len;
};

/** ktally_fail - fill @err (may be NULL) and return @code (negative errno) so that callers can `return ktally_fail(...)` */
int ktally_fail(struct ktally_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/** ktally_fail_at - the same, and point at @len bytes at @pos of @input */
int ktally_fail_at(struct ktally_error *err, int code, const char *input, int pos, int len, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* ---- schema: what the words of a key, a record, a column mean ------------------------------- schema.c */

/**
 * enum ktally_kind - meaning of a value, which decides how it is shown
 */
enum ktally_kind {
	KTALLY_KIND_UINT,
	KTALLY_KIND_INT,
	KTALLY_KIND_HEX,	/* flags, addresses without a name */
	KTALLY_KIND_STRING,	/* words * 8 bytes, NUL padded */
	KTALLY_KIND_NS,		/* a duration in nanoseconds */
	KTALLY_KIND_TIME,	/* a moment, CLOCK_MONOTONIC nanoseconds */
	KTALLY_KIND_BYTES,	/* a size */
	KTALLY_KIND_PID,
	KTALLY_KIND_CPU,
	KTALLY_KIND_SYSCALL,	/* system call number, shown by name */
	KTALLY_KIND_KSYM,	/* kernel address, shown as symbol */
	KTALLY_KIND_KSTACK,	/* id of an interned kernel stack */
	KTALLY_KIND_USTACK,	/* id of an interned user stack; needs an IMAGE word beside it */
	KTALLY_KIND_IMAGE,	/* KTALLY_CTX_IMAGE: hidden, symbolizes the USTACK */
	KTALLY_KIND_STATE,	/* enum ktally_task_state */
	KTALLY_KIND_ERRNO,	/* what a system call returned: -errno by name, else "ok" */
	KTALLY_KIND_USYM,	/* address in the process of the IMAGE word beside it, shown as symbol */
	KTALLY_KIND_UDUMP,	/* id of a KTALLY_RECORD_USER, shown as the stack unwound from it */
	KTALLY_KIND_CONTAINER,	/* id of a cgroup, shown as the container it belongs to */
	KTALLY_KIND_POD,	/* id of a cgroup, shown as the pod it belongs to */
	KTALLY_KIND_END
};

/**
 * struct ktally_field - one named value of a key or a record: @words words from word @word on
 */
struct ktally_field {
	char name[64];
	enum ktally_kind kind;
	unsigned int word, words;
};

/**
 * struct ktally_value - one value column of a table: its uapi description, name and the kind of the value that goes in
 * @name: "sum(bytes)"; "=TITLE=sum(bytes)": formats call the column TITLE
 */
struct ktally_value {
	char name[64];
	enum ktally_kind kind;
	struct ktally_column column;
};

/**
 * struct ktally_schema - layout of a table's rows or of a probe's records
 * @name: title, e.g. the event text or alias
 * @keys: fields of the key (table) or of the record's words (probe)
 * @values: value columns (table); none for a probe
 */
struct ktally_schema {
	char name[128];
	unsigned int nr_keys, nr_values, key_words;
	struct ktally_field keys[KTALLY_KEYS_MAX * 2];
	struct ktally_value values[KTALLY_COLUMNS_MAX];
};

/** ktally_schema_encode - compact form for KTALLY_A_LABEL. Return: bytes written (<= KTALLY_LABEL_MAX), -E2BIG */
int ktally_schema_encode(const struct ktally_schema *schema, void *label, size_t size);
/** ktally_schema_decode - back from a label; @columns as the kernel returned them fill the values' uapi part (may be NULL). Return: 0, -EBADMSG */
int ktally_schema_decode(struct ktally_schema *schema, const void *label, size_t size, const struct ktally_column *columns, unsigned int nr_columns);
/** ktally_column_cells - cells (u64) a column takes in a row, besides the row's hits; 0 for COUNT; -EINVAL */
int ktally_column_cells(const struct ktally_column *column);
/** ktally_hist_buckets - buckets of a HIST column: the first of its cells, its exemplars come behind them. Return: -EINVAL for other columns */
int ktally_hist_buckets(const struct ktally_column *column);
/** ktally_hist_range - bounds of bucket @n: lo <= value < hi; open ends are INT64_MIN / INT64_MAX. Return: 0 or -ERANGE */
int ktally_hist_range(const struct ktally_column *column, unsigned int n, int64_t *lo, int64_t *hi);
/** ktally_kind_name - "uint", "ns", ... for schemas and JSON */
const char *ktally_kind_name(enum ktally_kind kind);

/* ---- catalogue: which sources exist, which fields they have --------------------------------- catalogue.c */

/**
 * struct ktally_source_field - a field that a program may read: by its index, or of a trace event (KTALLY_SOURCE_EVENT) by its place
 * @size: bytes of an integer, or of a fixed text; of an array: of the whole (0 if it is dynamic)
 * @offset: EVENT: in the record, of the value or of its __data_loc word
 * @element: EVENT: bytes of an element if this is an array of numbers, else 0
 * @flags: EVENT: KTALLY_RECORD_DYNAMIC, KTALLY_RECORD_RELATIVE
 */
struct ktally_source_field {
	char name[64];
	enum ktally_type type;
	unsigned int size, offset, element, flags;
};

/**
 * struct ktally_source_info - one source: as the module published it, or a trace event (KTALLY_SOURCE_EVENT) from its format file
 * @id: EVENT: the event's number
 */
struct ktally_source_info {
	enum ktally_source_kind kind;
	uint32_t id;
	char name[KTALLY_SYMBOL_MAX];
	bool available;
	unsigned int nr_fields;
	struct ktally_source_field *fields;
};

struct ktally_tracefs;

/**
 * struct ktally_catalogue - all sources; plain data, filled from the module (client.c) or by a test
 * @tracefs: where trace events without a typed handler are looked up, or NULL; belongs to the catalogue
 * @sysfs: where PMUs are looked up, as ktally_pmu_find() takes it; NULL: this machine's
 */
struct ktally_catalogue {
	unsigned int nr_sources;
	struct ktally_source_info *sources;
	uint64_t features;
	struct ktally_tracefs *tracefs;
	const char *sysfs;
};
const struct ktally_source_info *ktally_catalogue_find(const struct ktally_catalogue *cat, const char *name);
int ktally_catalogue_add(struct ktally_catalogue *cat, const struct ktally_source_info *info);	/* deep copy */
void ktally_catalogue_clear(struct ktally_catalogue *cat);

/* ---- trace events: their format files ---------------------------------------------------------- tracefs.c */

/**
 * ktally_tracefs_open - @root NULL: where tracefs is mounted; a test gives a folder of its own
 * Return: 0; -ENOENT: no tracefs (the sentence says how to mount it), -EACCES
 */
int ktally_tracefs_open(struct ktally_tracefs **tracefs, const char *root, struct ktally_error *err);
void ktally_tracefs_close(struct ktally_tracefs *tracefs);
/** ktally_tracefs_find - "system:event", by libtraceevent. The info belongs to @tracefs. Return: 0, -ENOENT, -EBADMSG (format not understood) */
int ktally_tracefs_find(struct ktally_tracefs *tracefs, const char *name, const struct ktally_source_info **info, struct ktally_error *err);
/** ktally_tracefs_next - names of all events: 0 <= @n; NULL behind the last */
const char *ktally_tracefs_name(struct ktally_tracefs *tracefs, unsigned int n);

/* ---- binaries: where a uprobe goes ------------------------------------------------------------- uprobe.c, usdt.c */

/**
 * struct ktally_uprobe_site - one place of a file
 * @path: the file, absolute
 * @offset: in the file
 * @semaphore: offset in the file of its semaphore, 0: none
 * @arguments: USDT: text of the argument places as the note has it ("8@%rdi -4@$5"), else ""
 */
struct ktally_uprobe_site {
	char path[KTALLY_PATH_MAX];
	uint64_t offset, semaphore;
	char arguments[256];
};
/**
 * ktally_uprobe_resolve - PATH:function[+off] or PATH:0xOFFSET. A bare name ("libc.so.6", "bash") is looked for as ld.so and the shell do
 * @at_return: for a uretprobe: refused (-EOPNOTSUPP) on a Go binary, whose moving stacks a return probe corrupts
 * Return: 0, -ENOENT (near names are in @err), -EACCES, -ENOEXEC
 */
int ktally_uprobe_resolve(struct ktally_uprobe_site *site, const char *path, const char *symbol, uint64_t offset, bool at_return,
			  struct ktally_error *err);
/** ktally_usdt_resolve - all places of a probe; *@sites is malloc'ed. @provider may be NULL. Return: how many, or -ENOENT (near names), ... */
int ktally_usdt_resolve(struct ktally_uprobe_site **sites, const char *path, const char *provider, const char *name, struct ktally_error *err);

/**
 * ktally_uprobe_names - functions of a program or library that a uprobe can name, sorted; *@names is malloc'ed, see ktally_names_free()
 * ktally_usdt_names - its USDT probes, as "provider:name"
 * Return: how many, or -errno
 */
int ktally_uprobe_names(char ***names, const char *path, struct ktally_error *err);
int ktally_usdt_names(char ***names, const char *path, struct ktally_error *err);
void ktally_names_free(char **names, unsigned int nr);

/* ---- counters: names of PMU events -------------------------------------------------------------- pmu.c */

/**
 * struct ktally_counter_plan - one hardware or software counter; @flags: KTALLY_PERF_*
 * @name: as the user wrote it
 * @scale, @unit: from sysfs; 1.0 and "" for most
 */
struct ktally_counter_plan {
	char name[64];
	uint32_t perf_type, flags;
	uint64_t config, config1, config2;
	double scale;
	char unit[16];
};
/**
 * ktally_pmu_find - a counter by generic name ("cycles", "LLC-load-misses"), "rNNN", "PMU/term=value,.../", "PMU/name/", each with modifiers
 *	":ukhGHpD" as perf's. @sysfs NULL: /sys/bus/event_source/devices; a test gives a folder of its own
 * Return: 0; -ENOENT (near names), -EINVAL (a term does not fit its format), -EOPNOTSUPP
 */
int ktally_pmu_find(struct ktally_counter_plan *counter, const char *name, const char *sysfs, struct ktally_error *err);
/** ktally_pmu_name - names that ktally_pmu_find knows on this machine, the generic ones first; NULL behind the last. The text is static */
const char *ktally_pmu_name(unsigned int n);

/* ---- plan: a session described -------------------------------------------------------------- plan.c, compile.c */

/** struct ktally_table_plan - one table to make */
struct ktally_table_plan {
	struct ktally_schema schema;
	unsigned int rows;
};

/**
 * struct ktally_pair_plan - one pair to make
 * @kind: enum ktally_pair_kind
 * @flags: KTALLY_PAIR_*
 * @entries: starts that can be open at a time
 * @counters: numbers of the plan's counters
 * @schema: its keys, then its saved words, as fields; nr_values = 0
 */
struct ktally_pair_plan {
	unsigned int kind, flags, nr_keys, nr_saved, entries;
	unsigned int nr_counters;
	uint32_t counters[KTALLY_PAIR_COUNTERS_MAX];
	struct ktally_schema schema;
};

/**
 * struct ktally_probe_plan - one probe to make
 * @path, @semaphore: uprobes; the place in the file is @offset
 * @text: the event as the user wrote it
 * @record: layout of the words it emits; nr_keys 0 if it emits nothing
 */
struct ktally_probe_plan {
	enum ktally_source_kind kind;
	char name[KTALLY_SYMBOL_MAX];
	char path[KTALLY_PATH_MAX];
	uint64_t offset, semaphore, period, perf_config, perf_config1, perf_config2;
	uint32_t perf_type, perf_flags;
	struct ktally_insn *insns;
	unsigned int nr_insns;
	unsigned char *data;
	unsigned int data_len;
	char *text;
	struct ktally_schema record;
};

/**
 * struct ktally_plan - everything needed to make a session; sizes of 0 mean "none"
 * @budget: thousandths of a CPU for the governor; KTALLY_BUDGET_NONE: none; 0: the module's default
 * @cgroup, @controller: scope by cgroup: inode number of its folder, 0: none; "" is v2
 * @cgroup_controller: of the hierarchy that keys cgroup, container and pod are about; "" is v2; see ktally_cgroups_choose()
 */
struct ktally_plan {
	char name[KTALLY_NAME_MAX];	/* "" unless pinned */
	uint32_t flags;
	uint32_t ring_size, ring_mode, ring_watermark;
	uint32_t stack_entries;
	uint32_t scratch_size;
	uint32_t mappings;		/* room for executable mappings, 0: user stacks by frame pointers */
	uint32_t budget;
	uint64_t cgroup;
	char controller[32];
	uint64_t *cpus;			/* bit mask or NULL */
	unsigned int nr_cpu_words;
	uint32_t *pids;			/* scope or NULL */
	unsigned int nr_pids;
	struct ktally_table_plan *tables;
	unsigned int nr_tables;
	struct ktally_probe_plan *probes;
	unsigned int nr_probes;
	struct ktally_pair_plan *pairs;
	unsigned int nr_pairs;
	struct ktally_counter_plan *counters;
	unsigned int nr_counters;
	char cgroup_controller[32];
};
#define KTALLY_BUDGET_NONE UINT32_MAX
struct ktally_plan *ktally_plan_new(void);
void ktally_plan_free(struct ktally_plan *plan);
struct ktally_table_plan *ktally_plan_add_table(struct ktally_plan *plan);	/* NULL: -ENOMEM or full */
struct ktally_probe_plan *ktally_plan_add_probe(struct ktally_plan *plan);
struct ktally_pair_plan *ktally_plan_add_pair(struct ktally_plan *plan);
struct ktally_counter_plan *ktally_plan_add_counter(struct ktally_plan *plan);

/**
 * struct ktally_compile_opts - what an event text means where it is silent
 * @emit: emit a record for each event that has no aggregation attribute (trace); otherwise count it (tally)
 * @stack_depth: default depth limit
 * @rows: rows of a table that does not say rows=
 * @dump: records get a dump of the user stack where the text asks for the stack itself
 */
struct ktally_compile_opts {
	bool emit;
	unsigned int stack_depth;
	unsigned int rows;
	bool dump;
};

/**
 * ktally_compile - add the event @text to @plan: parse, resolve, type-check, generate its program and its table
 *
 * SOURCE[/FILTER/ATTR/ATTR.../], the language of the manual page ktally-events(7). "START -> END" joins two events to a pair, "A -> B -> C"
 * chains pairs, "A; B -> C" gives several starts to one end: all of them go into the plan, with the pairs and counters they need.
 * Return: 0; -EINVAL (syntax, type), -ENOENT (unknown source or field; near names are in @err), -EOPNOTSUPP (this kernel cannot), -ENOMEM
 */
int ktally_compile(struct ktally_plan *plan, const struct ktally_catalogue *cat, const char *text, const struct ktally_compile_opts *opts,
		   struct ktally_error *err);

/**
 * ktally_source_length - characters of the SOURCE that an event text begins with; a '/' may be part of it (a path, a PMU, a length)
 * @sysfs: as for ktally_pmu_find()
 */
int ktally_source_length(const char *text, const char *sysfs);

/** ktally_disassemble - one instruction as text, for --verbose and tests. Return: as snprintf */
int ktally_disassemble(const struct ktally_insn *insn, char *buf, size_t size);

/* ---- client: generic netlink ---------------------------------------------------------------- client.c */

struct ktally_client;

/** struct ktally_info - reply of INFO_GET */
struct ktally_info {
	uint32_t abi, nr_cpus, nr_sessions;
	uint64_t features;
	char release[128];
};

/** struct ktally_session_info - reply of SESSION_GET */
struct ktally_session_info {
	uint32_t id;
	char name[KTALLY_NAME_MAX];
	enum ktally_state state;
	uint32_t flags, ring_size, ring_mode, ring_watermark, stack_entries, nr_tables, nr_probes, nr_pairs, nr_counters, portid;
	uint32_t budget, share, nr_steps;
	struct ktally_step steps[KTALLY_STEPS_KEPT];
	uint64_t memory, missed;
	uint32_t mappings;
	struct ktally_unwind_count unwind;	/* all 0 without mappings */
	char cgroup_controller[KTALLY_NAME_MAX];	/* as in struct ktally_plan */
};

/** struct ktally_table_info - reply of TABLE_GET */
struct ktally_table_info {
	uint32_t table, nr_keys, rows, nr_columns;
	struct ktally_column columns[KTALLY_COLUMNS_MAX];
	struct ktally_schema schema;	/* decoded from the label, or made up from numbers if there is none */
};

/** struct ktally_probe_info - reply of PROBE_GET */
struct ktally_probe_info {
	uint32_t probe;
	enum ktally_source_kind kind;
	char name[KTALLY_SYMBOL_MAX];
	uint64_t offset, period, missed, cost;
	struct ktally_probe_count count;
	struct ktally_schema record;	/* name is the event text */
};

/** struct ktally_pair_info - reply of PAIR_GET */
struct ktally_pair_info {
	uint32_t pair, kind, flags, nr_keys, nr_saved, entries, nr_counters;
	struct ktally_pair_count count;
	struct ktally_schema schema;	/* keys, then saved words */
};

/** struct ktally_counter_info - reply of COUNTER_GET; @values is malloc'ed, see ktally_client_counters_free() */
struct ktally_counter_info {
	uint32_t counter;
	struct ktally_counter_plan plan;
	unsigned int nr_values;
	struct ktally_counter_value *values;
};

/** struct ktally_snapshot_info - reply of SNAPSHOT */
struct ktally_snapshot_info {
	uint32_t half;
	uint64_t generation, time;
};

/** ktally_client_open - Return: 0; -ENOENT: the module is not loaded (the sentence says how to load it); -EPROTO: other ABI */
int ktally_client_open(struct ktally_client **client, struct ktally_error *err);
void ktally_client_close(struct ktally_client *client);	/* sessions of this client that are not pinned die with it */
int ktally_client_info(struct ktally_client *client, struct ktally_info *info, struct ktally_error *err);
int ktally_client_catalogue(struct ktally_client *client, struct ktally_catalogue *cat, struct ktally_error *err);
/** ktally_client_create - make a session with its tables and probes; on failure nothing is left. The error of a probe names its text */
int ktally_client_create(struct ktally_client *client, const struct ktally_plan *plan, uint32_t *session, struct ktally_error *err);
/** ktally_client_add - add the plan's tables and probes to an existing NEW session (table numbers in programs are shifted) */
int ktally_client_add(struct ktally_client *client, uint32_t session, const struct ktally_plan *plan, struct ktally_error *err);
int ktally_client_start(struct ktally_client *client, uint32_t session, struct ktally_error *err);
int ktally_client_stop(struct ktally_client *client, uint32_t session, struct ktally_error *err);
int ktally_client_delete(struct ktally_client *client, uint32_t session, struct ktally_error *err);
int ktally_client_flip(struct ktally_client *client, uint32_t session, uint32_t flags, struct ktally_snapshot_info *info, struct ktally_error *err);
/** ktally_client_find - by name or, if @name is a number, by id */
int ktally_client_find(struct ktally_client *client, const char *name, struct ktally_session_info *info, struct ktally_error *err);
/** ktally_client_sessions, _tables, _probes - *@list is malloc'ed, freed by the caller. Return: count or -errno */
int ktally_client_sessions(struct ktally_client *client, struct ktally_session_info **list, struct ktally_error *err);
int ktally_client_tables(struct ktally_client *client, uint32_t session, struct ktally_table_info **list, struct ktally_error *err);
int ktally_client_probes(struct ktally_client *client, uint32_t session, struct ktally_probe_info **list, struct ktally_error *err);
int ktally_client_pairs(struct ktally_client *client, uint32_t session, struct ktally_pair_info **list, struct ktally_error *err);
int ktally_client_counters(struct ktally_client *client, uint32_t session, struct ktally_counter_info **list, struct ktally_error *err);
void ktally_client_counters_free(struct ktally_counter_info *list, unsigned int nr);

/* ---- device: mappings of a session ---------------------------------------------------------- device.c */

struct ktally_device;

/** ktally_device_open - attach to a started session and map all its regions. -ENOENT: no /dev/ktally, -EACCES, -EAGAIN: not started yet */
int ktally_device_open(struct ktally_device **dev, uint32_t session, struct ktally_error *err);
void ktally_device_close(struct ktally_device *dev);
int ktally_device_fd(const struct ktally_device *dev);	/* for poll: POLLIN when a ring passed its watermark, POLLHUP when the session is dead */

/* ---- stacks: a set of distinct stacks, independent of CPU ------------------------------------ stackset.c */

struct ktally_stackset;
struct ktally_stackset *ktally_stackset_new(void);
void ktally_stackset_free(struct ktally_stackset *set);
/** ktally_stackset_add - intern. Return: index >= 1; 0 is "no stack"; -ENOMEM */
int64_t ktally_stackset_add(struct ktally_stackset *set, const uint64_t *ips, unsigned int nr);
/** ktally_stackset_get - addresses of stack @id, innermost first; *@nr is 0 for id 0 */
const uint64_t *ktally_stackset_get(const struct ktally_stackset *set, uint64_t id, unsigned int *nr);
#define KTALLY_STACKSET_LOST UINT64_MAX	/* id of "the kernel's store was full" */

/* ---- snapshot: tables merged over CPUs ------------------------------------------------------- snapshot.c */

/** struct ktally_row - one key of a merged table; key words of kind KSTACK/USTACK are ids of the snapshot's stackset */
struct ktally_row {
	const uint64_t *key;
	uint64_t hits;
	const uint64_t *cells;	/* of all columns, in order, merged; MIN/MAX still biased */
};

/** struct ktally_table - a merged table. @other.hits > 0: keys that found no room */
struct ktally_table {
	struct ktally_schema schema;
	struct ktally_row *rows;
	size_t nr_rows;
	struct ktally_row other;
};

/** struct ktally_accounting - the identity of one probe, summed over CPUs */
struct ktally_accounting {
	char name[128];		/* the event text */
	struct ktally_probe_count count;
	uint64_t missed;	/* lost by the kernel before they reached us */
	bool closed;		/* hits equals the sum of the rest, on every CPU */
};

/**
 * struct ktally_pair_accounting - the identity of one pair, summed over CPUs
 * @open: starts that are open now
 * @closed: starts equals ended + replaced + full + abandoned + open; only exact when the session is stopped
 */
struct ktally_pair_accounting {
	char name[128];
	struct ktally_pair_count count;
	uint64_t open;
	bool closed;
};

/** struct ktally_ring_accounting - the identity of the rings, summed over CPUs */
struct ktally_ring_accounting {
	uint64_t offered, reserved, dropped, overwritten, read, unread;
	bool closed;
};

/** struct ktally_snapshot - totals since the session began (or since the last clearing snapshot) */
struct ktally_snapshot {
	uint64_t time;			/* CLOCK_MONOTONIC ns of the last flip */
	unsigned int nr_tables;
	struct ktally_table *tables;
	unsigned int nr_probes;
	struct ktally_accounting *probes;
	unsigned int nr_pairs;
	struct ktally_pair_accounting *pairs;
	uint32_t budget, share;		/* of the governor, thousandths of a CPU */
	unsigned int nr_steps;
	struct ktally_step steps[KTALLY_STEPS_KEPT];
	uint64_t stacks_lost;
	struct ktally_stackset *stacks;
};

/**
 * struct ktally_open_start - a start that is open
 * @words: key words, then saved words, as the pair's schema has them; stack ids are of the set given
 * @age: nanoseconds until the moment it was read
 */
struct ktally_open_start {
	uint64_t time, age, weight, owner;
	uint32_t cpu;
	uint64_t words[KTALLY_PAIR_KEYS_MAX + KTALLY_PAIR_SAVED_MAX];
};
/** ktally_open_starts - of pair @pair, oldest first; *@list is malloc'ed. Stacks are added to @stacks. Return: how many, or -errno */
int ktally_open_starts(struct ktally_device *dev, const struct ktally_pair_info *pair, struct ktally_stackset *stacks,
		       struct ktally_open_start **list, struct ktally_error *err);

/**
 * ktally_cells_exemplar - the exemplar of an EXEMPLAR column, or of bucket @bucket of a HIST with exemplars
 * Return: NULL if there is none. @stack of it is an id of the snapshot's stackset
 */
const struct ktally_exemplar *ktally_cells_exemplar(const struct ktally_value *value, const uint64_t *cells, unsigned int bucket);

/**
 * ktally_snapshot_take - flip twice and merge both halves of every CPU: exact totals, nothing lost if the reader dies
 * @tables, @probes: as ktally_client_tables/_probes returned them
 * Works on a running or stopped session. Retries when another reader flips in between (-EAGAIN after 16 tries).
 */
int ktally_snapshot_take(struct ktally_snapshot **snap, struct ktally_client *client, struct ktally_device *dev, uint32_t session,
			 struct ktally_error *err);
void ktally_snapshot_free(struct ktally_snapshot *snap);
/** ktally_cells - cells of value column @v in @row; NULL for COUNT */
const uint64_t *ktally_cells(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int v);
/** ktally_cells_stats - mean and standard deviation of an AVG or VAR column; min/max unbiased for MIN/MAX via ktally_cells_int */
void ktally_cells_stats(const struct ktally_value *value, const struct ktally_row *row, const uint64_t *cells, double *mean, double *stddev);
/** ktally_cells_int - SUM, MIN or MAX as a signed number */
int64_t ktally_cells_int(const struct ktally_value *value, const uint64_t *cells);
/** ktally_table_sort - by column: -2 key order, -1 hits descending, v >= 0 value column descending (mean for AVG) */
void ktally_table_sort(struct ktally_table *table, int column);

/* ---- gather: records added up here ------------------------------------------------------------- gather.c */

struct ktally_gather;
/**
 * ktally_gather_new - a table of records: each of their fields is a key, a dump becomes a user stack
 * @record: layout of the records
 * Return: 0; -EINVAL: more words than a key can have; -ENOMEM
 */
int ktally_gather_new(struct ktally_gather **gather, const struct ktally_schema *record);
void ktally_gather_free(struct ktally_gather *gather);
/** ktally_gather_add - one hit. @words: of a record, stacks as numbers of the stackset that the caller shows the table with. Return: 0, -ENOMEM */
int ktally_gather_add(struct ktally_gather *gather, const uint64_t *words);
/** ktally_gather_table - what was added so far; belongs to @gather, valid until the next call for that. NULL: no memory */
const struct ktally_table *ktally_gather_table(struct ktally_gather *gather);

/* ---- reader: records of all rings, merged by time --------------------------------------------- reader.c */

struct ktally_reader;

int ktally_reader_open(struct ktally_reader **reader, struct ktally_device *dev, struct ktally_error *err);
void ktally_reader_close(struct ktally_reader *reader);
/**
 * ktally_reader_next - the next record in time order over all CPUs
 * @cpu: out: its CPU
 * @drain: false: hold back what could still be overtaken by a slower CPU; true: the session is stopped, give everything
 *
 * The record is a copy that stays valid until the next call. The consumer position is published as records are consumed.
 * Return: the record, or NULL if there is none now.
 */
const struct ktally_record *ktally_reader_next(struct ktally_reader *reader, unsigned int *cpu, bool drain);
/** ktally_reader_stack - addresses of a stack id in a record that came from @cpu */
const uint64_t *ktally_reader_stack(struct ktally_reader *reader, unsigned int cpu, uint64_t id, unsigned int *nr);
/**
 * ktally_reader_user - the KTALLY_RECORD_USER that an event from @cpu names by @id: the last ones of each CPU are kept
 * Return: it, valid until ktally_reader_next(); NULL: it is not there any more
 */
const struct ktally_user *ktally_reader_user(struct ktally_reader *reader, unsigned int cpu, uint64_t id);
void ktally_reader_accounting(struct ktally_reader *reader, struct ktally_ring_accounting *acc);

/* ---- dumps: registers and stacks until the event that names them comes ------------------------- dumps.c */

struct ktally_dumps;	/* the last KTALLY_DUMPS_KEPT of each CPU */
#define KTALLY_DUMPS_KEPT 8	/* hits interrupt hits only a few deep */
struct ktally_dumps *ktally_dumps_new(unsigned int nr_cpus);
void ktally_dumps_free(struct ktally_dumps *dumps);
/** ktally_dumps_keep - a copy of a valid USER record; the oldest of the CPU goes. Return: 0, -ENOMEM, -EINVAL (no such CPU) */
int ktally_dumps_keep(struct ktally_dumps *dumps, unsigned int cpu, const struct ktally_user *record);
/** ktally_dumps_find - that of @id; NULL: it was never kept, or is gone. Valid until the next is kept */
const struct ktally_user *ktally_dumps_find(const struct ktally_dumps *dumps, unsigned int cpu, uint64_t id);

/* ---- processes and symbols --------------------------------------------------------------------- process.c, symbolizer.c */

struct ktally_processes;	/* images (pid << 32 | exec count) and their executable mappings over time */

/** ktally_processes_new - with what /proc shows now when @scan; the image of a running process gets exec count "unknown" and matches any */
struct ktally_processes *ktally_processes_new(bool scan);
void ktally_processes_free(struct ktally_processes *procs);
/** ktally_processes_record - learn from a FORK, EXEC, EXIT, COMM, MMAP or CODE record; others are ignored */
int ktally_processes_record(struct ktally_processes *procs, const struct ktally_record *record);
/** ktally_processes_running - @image is what process @pid runs now: learn what /proc shows of it. Return: 0 or -ENOMEM */
int ktally_processes_running(struct ktally_processes *procs, uint32_t pid, uint64_t image);
/** ktally_processes_comm - name of the process while it was @image, NULL if unknown; it belongs to @procs */
const char *ktally_processes_comm(const struct ktally_processes *procs, uint64_t image);

/**
 * ktally_processes_peek - look at the stacks that a session has seen since the last call
 * A Java machine among them is asked for the names of its code, which it cannot tell any more when it has ended. To be called now and then
 * while it is measured. Cheap where no such machine runs; else it may wait for an answer, two seconds at most.
 */
void ktally_processes_peek(struct ktally_processes *procs, const struct ktally_device *dev);

/* ---- user stacks without frame pointers -------------------------------------------------- unwind_table.c, agent.c, unwind_dump.c */

/**
 * struct ktally_unwind_info - what a table was made of
 * @source: "eh_frame", "debug_frame", "gopclntab", "cache" (made before)
 * @functions: descriptions that were read; @skipped: of these not understood: their code has the rule KTALLY_CFA_UNKNOWN
 */
struct ktally_unwind_info {
	const char *source;
	uint64_t functions, skipped;
};
/**
 * ktally_unwind_compile - make the table of the ELF file @fd, as KTALLY_IOC_TABLE takes it; *@table is malloc'ed
 * @info: may be NULL
 * Return: 0; -ENODATA: the file does not say how to unwind it (static code of an assembler, a JIT's output); -ENOEXEC: no ELF file of the
 * module's machine, or damaged; -E2BIG; -ENOMEM
 */
int ktally_unwind_compile(struct ktally_unwind_table **table, size_t *size, int fd, struct ktally_unwind_info *info, struct ktally_error *err);
/** ktally_unwind_compile_memory - of an image in memory (the vDSO) */
int ktally_unwind_compile_memory(struct ktally_unwind_table **table, size_t *size, const void *image, size_t length,
				 struct ktally_unwind_info *info, struct ktally_error *err);
/** ktally_unwind_cached - as ktally_unwind_compile(), from the cache of this user by build-id if it is there, and else put there */
int ktally_unwind_cached(struct ktally_unwind_table **table, size_t *size, int fd, struct ktally_unwind_info *info, struct ktally_error *err);
/** ktally_unwind_rule_at - the rule of @table at byte @offset of the file; NULL: none. Return: borrowed from @table */
const struct ktally_unwind_rule *ktally_unwind_rule_at(const struct ktally_unwind_table *table, uint64_t offset);

struct ktally_agent;

/**
 * struct ktally_agent_stats - what an agent did
 * @files: that it was shown; @tables: that it gave; @cached: of these from the cache; @none: files that do not say how to unwind them
 * @failed: that cannot be read, are damaged, or whose table found no room
 * @interps: interpreters found; @strangers: of versions that are not known
 * @bytes: of tables
 */
struct ktally_agent_stats {
	uint64_t files, tables, cached, none, failed, interps, strangers, bytes;
};
/**
 * ktally_agent_open - what gives the module the tables of a session; the session must have been made with mappings
 * @procs: learns which files there are, and keeps them open for names; may be NULL
 */
int ktally_agent_open(struct ktally_agent **agent, uint32_t session, struct ktally_processes *procs, struct ktally_error *err);
void ktally_agent_close(struct ktally_agent *agent);
/**
 * ktally_agent_scan - have the module learn what processes have mapped: @pids, or all of the machine if @nr is 0
 * Return: how many, or -errno; those that end meanwhile are no error
 */
int ktally_agent_scan(struct ktally_agent *agent, const uint32_t *pids, unsigned int nr, struct ktally_error *err);
/**
 * ktally_agent_expect - have the module learn of the files of @program, as the shell would find it, and of its libraries, before it is started
 * What cannot be found is no error: the module meets it when it is mapped. Return: 0 or -errno
 */
int ktally_agent_expect(struct ktally_agent *agent, const char *program, struct ktally_error *err);
/**
 * ktally_agent_work - give tables of files that have none yet, until all have or @until (CLOCK_MONOTONIC ns; 0: no limit) has passed
 * To be called before the start, and then whenever records are read. Cheap when there is nothing to do.
 * Return: files that are still to be done, or -errno
 */
int ktally_agent_work(struct ktally_agent *agent, uint64_t until, struct ktally_error *err);
void ktally_agent_stats(const struct ktally_agent *agent, struct ktally_agent_stats *stats);

/**
 * ktally_unwind_dump - addresses of a stack that was recorded with its registers (KTALLY_RECORD_USER), by libunwind
 * @ips: innermost first, at most @max; words as of KTALLY_STACK_USER
 * Return: how many, or -errno
 */
int ktally_unwind_dump(struct ktally_processes *procs, const struct ktally_user *record, uint64_t *ips, unsigned int max);

struct ktally_symbolizer;

/** enum ktally_frame_kind - what runs there */
enum ktally_frame_kind {
	KTALLY_FRAME_NATIVE,
	KTALLY_FRAME_KERNEL,
	KTALLY_FRAME_JIT,	/* named by a perf map or a jitdump */
	KTALLY_FRAME_PYTHON,
	KTALLY_FRAME_MARK,	/* no frame: "[cut: no table]", "[lost stack]" */
};

/**
 * struct ktally_frame - one named address
 * @kind: what runs there
 * @guess: nothing confirms that this address belongs to the stack
 * @file, @line: place in the source, "" and 0 if unknown or not asked for
 * @outer: the function that this one is inlined into, at the same address; NULL: none. Symbolizing gives the innermost
 * @name: symbol; without one "[unknown]", or if the bounds of the function are known its file and its start in that:
 *	"[python3.11+0x1b3c0]"; never NULL
 * @unnamed: @name is such a place, which tells functions apart, but names none
 * @module: "[kernel]", "[module]" in brackets, path of the file, "[vdso]", "[anon]" or ""
 * @address: the address
 * @symbol_address: where the symbol begins, 0 if unknown
 * @map_start, @map_end, @map_offset: the mapping it fell in, 0 if unknown
 * @build_id: hex text or ""
 * @kernel: kernel side
 */
struct ktally_frame {
	const char *name;
	const char *module;
	uint64_t address, symbol_address, map_start, map_end, map_offset;
	const char *build_id;
	bool kernel;
	bool guess;
	bool unnamed;
	enum ktally_frame_kind kind;
	unsigned int line;
	const char *file;
	const struct ktally_frame *outer;
};

/**
 * ktally_symbolizer_new - @procs may be NULL (no user names); kernel names come from /proc/kallsyms, with modules,
 *	read at the first kernel address
 * Return: 0; -EPERM: there are no kernel names, @err says why, and *@sym works without them; -ENOMEM: *@sym is NULL
 */
int ktally_symbolizer_new(struct ktally_symbolizer **sym, struct ktally_processes *procs, struct ktally_error *err);
void ktally_symbolizer_free(struct ktally_symbolizer *sym);
/** ktally_symbolize_kernel, ktally_symbolize_user - the frame stays valid as long as the symbolizer. @caller: the address is a return address (look up ip - 1) */
const struct ktally_frame *ktally_symbolize_kernel(struct ktally_symbolizer *sym, uint64_t ip, bool caller);
const struct ktally_frame *ktally_symbolize_user(struct ktally_symbolizer *sym, uint64_t image, uint64_t ip, bool caller);
/**
 * struct ktally_asks - addresses to symbolize, in any order and number of times
 * In the order of addresses symbolizing costs half of what it costs in another, for each look-up is near the one before.
 */
struct ktally_asks;
struct ktally_asks *ktally_asks_new(void);	/* NULL: no memory */
void ktally_asks_free(struct ktally_asks *asks);
/** ktally_asks_user, ktally_asks_kernel - one more, as ktally_symbolize_user() and ktally_symbolize_kernel() have it. Return: 0 or -ENOMEM */
int ktally_asks_user(struct ktally_asks *asks, uint64_t image, uint64_t ip, bool caller);
int ktally_asks_kernel(struct ktally_asks *asks, uint64_t ip, bool caller);
/** ktally_symbolize_asks - each once and in order; @sym remembers them for who asks then. Return: 0 or -ENOMEM */
int ktally_symbolize_asks(struct ktally_symbolizer *sym, struct ktally_asks *asks);
/**
 * ktally_symbolize_soon - @nr words of one image will be asked for next, by ktally_symbolize_user() with @caller: what is remembered of them
 *	is brought near, for all at once, as the wait for memory is most of the time that it takes to ask again. Nothing else depends on it
 */
void ktally_symbolize_soon(const struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, size_t nr, bool caller);
/** KTALLY_SYMBOLIZE_* - what is looked up besides names; none at first */
#define KTALLY_SYMBOLIZE_LINES		(1U << 0)	/* file and line */
#define KTALLY_SYMBOLIZE_INLINES	(1U << 1)	/* inlined functions, with file and line */
void ktally_symbolizer_want(struct ktally_symbolizer *sym, unsigned int flags);
/** ktally_symbolizer_trouble - why names of code that a process made could not be had, the first reason; NULL: nothing went wrong */
const char *ktally_symbolizer_trouble(const struct ktally_symbolizer *sym);
/** ktally_symbolize_mark - a frame that is no frame, of that name ("[cut: depth]"); @name must live as long as @sym */
const struct ktally_frame *ktally_symbolize_mark(struct ktally_symbolizer *sym, const char *name);
/** ktally_syscall_name - of this machine; NULL if there is none of that number */
const char *ktally_syscall_name(long nr);
/** ktally_errno_name - "ENOENT", also of those that only the kernel knows ("ERESTARTSYS"); NULL if there is none */
const char *ktally_errno_name(long number);
/**
 * ktally_format_field - a key or record field as text (numbers, strings, syscall, ksym, times); stacks give ""
 * @sym: may be NULL, then kernel addresses stay numbers
 * @words: all words of the key or record; @field->word indexes them
 * Return: as snprintf
 */
int ktally_format_field(struct ktally_symbolizer *sym, const struct ktally_field *field, const uint64_t *words, char *buf, size_t size);
/** ktally_format_key - key @n of @schema likewise; it also names a USYM, by the IMAGE beside it */
int ktally_format_key(struct ktally_symbolizer *sym, const struct ktally_schema *schema, unsigned int n, const uint64_t *words, char *buf, size_t size);

/* ---- host: where and when something was measured ------------------------------------------------- host.c */

/** struct ktally_clocks - one moment, by three clocks; all 0: not known */
struct ktally_clocks {
	uint64_t monotonic, realtime, boottime;
};
/** ktally_clocks_read - now */
void ktally_clocks_read(struct ktally_clocks *clocks);

/**
 * struct ktally_host - a machine, and when it was measured
 * @kernel_id: build-id of its kernel, hex text, "" if it is not told
 * @clocks: at the start and at the end
 */
struct ktally_host {
	char hostname[65], release[65], machine[65], boot_id[40], kernel_id[65];
	unsigned int cpus;
	struct ktally_clocks clocks[2];
};
/** ktally_host_read - this machine; clocks are left alone */
void ktally_host_read(struct ktally_host *host);

/* ---- stream: records kept for a recording -------------------------------------------------------- stream.c */

/**
 * struct ktally_emitted - one record that a probe emitted
 * @words: as its layout says; words of kind KSTACK, USTACK and UDUMP are ids of the stream's stackset
 */
struct ktally_emitted {
	uint64_t time;
	uint32_t cpu, probe, pid, tid;
	unsigned int nr_words;
	const uint64_t *words;
};
struct ktally_stream;
/** ktally_stream_new - records go to a file without a name in @folder (NULL: TMPDIR or /tmp). Return: 0 or -errno */
int ktally_stream_new(struct ktally_stream **stream, const char *folder, struct ktally_error *err);
void ktally_stream_free(struct ktally_stream *stream);
/** ktally_stream_layout - records of probe @probe have this layout. Return: 0 or -errno */
int ktally_stream_layout(struct ktally_stream *stream, unsigned int probe, const struct ktally_schema *schema);
/** ktally_stream_schema - NULL: none is known */
const struct ktally_schema *ktally_stream_schema(const struct ktally_stream *stream, unsigned int probe);
/** ktally_stream_stacks - the set of the stream's stacks */
struct ktally_stackset *ktally_stream_stacks(const struct ktally_stream *stream);
/** ktally_stream_add - Return: 0 or -errno; it stays that from then on, and ktally_stream_each() returns it */
int ktally_stream_add(struct ktally_stream *stream, const struct ktally_emitted *emitted);
/** ktally_stream_each - all records in the order they were added. Return: 0, -errno, or what @fn returned */
int ktally_stream_each(struct ktally_stream *stream, int (*fn)(const struct ktally_emitted *emitted, void *arg), void *arg);

/* ---- report: a result with everything an exporter needs ----------------------------------------- report.c */

/**
 * struct ktally_report - a finished result
 * @title: what was asked, e.g. the command line
 * @hostname, @release, @machine: of the measured host
 * @start_real_ns: CLOCK_REALTIME at the start
 * @duration_ns: how long it was measured
 * @period_ns: sampling period for profiles (a hit stands for that much CPU time), 0 otherwise
 * @start_ns: CLOCK_MONOTONIC at the start: moments are told from there on; 0 if unknown
 * @snapshot: borrowed; @sym: borrowed, may be NULL
 * @rings: accounting of the rings; all 0 when there are none
 * @sorted: the rows have the order that was asked for; else a format may choose its own
 * @top: rows of a table to show in formats for people, 0: as they like; other formats have all
 * @hits: what hits are called in formats for people, NULL: "hits", or "samples" where there is a period
 * @quantiles: histograms are columns p50 and p99 in formats for people, not bars
 * @functions: stacks are also told as a list of functions, self and total, as those of a profile
 * @unwind: what walking user stacks came to; all 0 where none were walked by tables
 * @host: more of the measured host, NULL: not known
 * @stream: records, for a recording; NULL: none
 * @damage: of the recording that this was read from: what is wrong with it; NULL: nothing
 */
struct ktally_report {
	const char *title, *hostname, *release, *machine;
	uint64_t start_real_ns, duration_ns, period_ns, start_ns;
	const struct ktally_snapshot *snapshot;
	struct ktally_symbolizer *sym;
	struct ktally_ring_accounting rings;
	bool sorted;
	unsigned int top;
	const char *hits;
	bool quantiles, functions;
	struct ktally_unwind_count unwind;
	const struct ktally_host *host;
	struct ktally_stream *stream;
	const char *damage;
};
/** ktally_report_complete - every identity closes and nothing was lost (other, recursion, nmi, fault, dropped, overwritten, stacks, missed);
 *	otherwise one line a loss in @why (may be NULL) */
bool ktally_report_complete(const struct ktally_report *report, char *why, size_t size);

/**
 * struct ktally_stack_view - the frames of one row, outermost first, kernel on top of user; for folded, flame graph, pprof
 * Frames of user space are followed by those of the kernel.
 */
struct ktally_stack_view {
	const struct ktally_frame **frames;
	unsigned int nr, nr_user;
};
/**
 * ktally_view_user - add the frames of a user stack, outermost first: native ones with what is inlined, those of an interpreter where they belong
 * ktally_view_kernel - add those of a kernel stack
 * @words: of the stack, innermost first, as KTALLY_STACK_USER and KTALLY_STACK_KERNEL have them
 * Return: 0 or -ENOMEM
 */
int ktally_view_user(struct ktally_stack_view *view, struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, unsigned int nr);
int ktally_view_kernel(struct ktally_stack_view *view, struct ktally_symbolizer *sym, const uint64_t *words, unsigned int nr);
/** ktally_row_stack - frames of @row in @table; grows and reuses @view (zeroed by the caller once, frames freed by ktally_stack_view_clear). Return: frames or -errno */
int ktally_row_stack(const struct ktally_report *report, const struct ktally_table *table, const struct ktally_row *row, struct ktally_stack_view *view);
/**
 * ktally_symbolize_all - symbolize all stacks of all rows ahead, if they are many; the stacks of exemplars are not among them
 * Changes no result: what is asked for afterwards is there already. Return: 0 or -ENOMEM
 */
int ktally_symbolize_all(const struct ktally_report *report);
/** ktally_exemplar_stack - frames of @exemplar of @value; none if it kept no stack. Return: frames or -errno */
int ktally_exemplar_stack(const struct ktally_report *report, const struct ktally_value *value, const struct ktally_exemplar *exemplar,
			  struct ktally_stack_view *view);
void ktally_stack_view_clear(struct ktally_stack_view *view);

/* ---- containers: what a cgroup belongs to -------------------------------------------------------- containers.c, cgroups.c, pods.c */

/**
 * struct ktally_container - what the path of a cgroup tells
 * @runtime: "docker", "containerd", "cri-o", "podman", "lxc", "machine" (of systemd-machined: nspawn, libvirt), "mesos", "oci" (one of which only
 *	the id is known); "" if the cgroup is in no container. Borrowed for ever
 * @id: 64 hex digits, or the name of a machine or an LXC container
 * @pod: uid as Kubernetes writes it; of podman its id; "" if the cgroup is in no pod
 */
struct ktally_container {
	const char *runtime;
	char id[128], pod[72];
};
/** ktally_container_of - @path in its hierarchy, of version 1 or 2; the innermost counts. Return: whether it is in a container or a pod */
bool ktally_container_of(struct ktally_container *container, const char *path);

/** ktally_cgroup_mount - where the hierarchy of @controller ("": version 2) is mounted. Return: length of @mount, or -ENOENT */
int ktally_cgroup_mount(const char *controller, char *mount, size_t size);

#define KTALLY_CGROUP_WHERE_MAX 600
/**
 * struct ktally_cgroup_choice - which hierarchy names containers
 * @controller: "": version 2
 * @seen: processes that it tells to be in containers
 * @unseen: those that only other hierarchies do: to all keys they are in none; @where: the cgroup of the first of them, "CONTROLLERS:PATH"
 */
struct ktally_cgroup_choice {
	char controller[32];
	unsigned int seen, unseen;
	char where[KTALLY_CGROUP_WHERE_MAX];
};
/**
 * ktally_cgroups_choose - the hierarchy whose groups tell of most containers that run now; of equals version 2, then the one with memory, cpu, ...
 * Where no container runs it is version 2 if that has controllers, else one of version 1. A session is told it by ktally_plan.cgroup_controller.
 * @features: as the module tells them: before Linux 3.15 it sees version 1 alone
 * @proc: folder of processes, NULL: /proc
 * Return: 0; -EOPNOTSUPP: there is no hierarchy that has numbers; -ENODATA: none of those that have tells of the containers that run (@choice is filled in)
 */
int ktally_cgroups_choose(struct ktally_cgroup_choice *choice, uint64_t features, const char *proc, struct ktally_error *err);
struct ktally_cgroups;
/**
 * ktally_cgroups_new - all cgroups of version 2 that are there now
 * @root: folder in which the log folders of containers are looked for (ROOT/var/log/pods); NULL: this machine's
 * @mount: folder of the hierarchy; NULL: where it is mounted
 * Return: 0; -EOPNOTSUPP: no hierarchy of version 2 is mounted; -ENOMEM; others of opendir()
 */
int ktally_cgroups_new(struct ktally_cgroups **cgroups, const char *mount, const char *root, struct ktally_error *err);
/** ktally_cgroups_open - the same of the hierarchy of @controller ("": version 2), where it is mounted. Return: as ktally_cgroups_new() */
int ktally_cgroups_open(struct ktally_cgroups **cgroups, const char *controller, const char *root, struct ktally_error *err);
/** ktally_cgroups_controller - whose hierarchy it is, "": version 2; @mount: its folder, may be NULL. Borrowed from @cgroups */
const char *ktally_cgroups_controller(const struct ktally_cgroups *cgroups, const char **mount);
/**
 * ktally_cgroups_record - learn from a KTALLY_RECORD_CGROUP of a session about the same hierarchy: its folder may be gone. Other records tell nothing
 * Return: 0, -EBADMSG, -ENOMEM
 */
int ktally_cgroups_record(struct ktally_cgroups *cgroups, const struct ktally_record *record);
void ktally_cgroups_free(struct ktally_cgroups *cgroups);
/**
 * ktally_cgroups_poll - learn what has been made since; what is gone stays known
 * To be called at least every second or so while measuring: one that comes and goes between two calls is not known afterwards.
 * Cheap when nothing happened.
 */
void ktally_cgroups_poll(struct ktally_cgroups *cgroups);
/** ktally_cgroups_path - path in the hierarchy of the cgroup with that id, "/" for the root; NULL: not known. Borrowed from @cgroups */
const char *ktally_cgroups_path(struct ktally_cgroups *cgroups, uint64_t id);
/** ktally_cgroups_container - id or name of the container that it is in, "" for none; NULL: not known */
const char *ktally_cgroups_container(struct ktally_cgroups *cgroups, uint64_t id);
/** ktally_cgroups_pod - "NAMESPACE/NAME" of the pod that it is in, its uid if the log folder does not tell that; "" for none; NULL: not known */
const char *ktally_cgroups_pod(struct ktally_cgroups *cgroups, uint64_t id);
/**
 * ktally_cgroups_find - the cgroup of a container or pod: of several the one that they all are in
 * @container: id, or 12 digits or more of its begin, or name of a container (as the links in ROOT/var/log/containers tell, or of LXC and machined)
 * @pod: uid, NAMESPACE/NAME or NAME; one of the two is NULL
 * @id: out
 * Return: 0; -ENOENT: there is none; -EEXIST: there are several, the sentence names some, or its cgroups share none of their own
 */
int ktally_cgroups_find(struct ktally_cgroups *cgroups, const char *container, const char *pod, uint64_t *id, struct ktally_error *err);
/**
 * ktally_cgroups_fold - make rows of @snapshot one whose keys of kind CONTAINER (or POD) are cgroups of the same container (or pod)
 * Such a key is then the id of one of these cgroups, or 0 if they are in none. Cgroups that are not known stay rows of their own.
 * Return: 0 or -ENOMEM
 */
int ktally_cgroups_fold(struct ktally_cgroups *cgroups, struct ktally_snapshot *snapshot, struct ktally_error *err);
/** ktally_symbolizer_cgroups - what names keys of kind CONTAINER and POD; borrowed by @sym, NULL: nothing */
void ktally_symbolizer_cgroups(struct ktally_symbolizer *sym, struct ktally_cgroups *cgroups);

/** KTALLY_EXPORT_* - what an exporter needs of a table */
#define KTALLY_EXPORT_STACKS	(1U << 0)	/* a table with a stack in its key */

/**
 * struct ktally_exporter - one output format; exporters are rows of the table in export.c and one file each, export_NAME.c
 * @name: as in --output NAME
 * @suffix: of files, for choosing the format by file name ("pb.gz", "svg", "folded", "json", "csv", "txt")
 * @write: the report to @out. Return 0 or -errno with a sentence in @err
 */
struct ktally_exporter {
	const char *name, *suffix, *help;
	unsigned int needs;
	int (*write)(const struct ktally_report *report, FILE *out, struct ktally_error *err);
};
const struct ktally_exporter *ktally_exporter_find(const char *name);			/* by name */
const struct ktally_exporter *ktally_exporter_for_file(const char *path);		/* by longest suffix */
const struct ktally_exporter *ktally_exporter_at(unsigned int n);			/* NULL behind the last */
/** ktally_export - check what the exporter needs, then write. -ENODATA: the report has no such table */
int ktally_export(const struct ktally_report *report, const struct ktally_exporter *exporter, FILE *out, struct ktally_error *err);

/* ---- recording: a report in a file, to be read later and elsewhere ------------------------------- recording_*.c */

/*
 * Written by the exporter "recording"; the format is described in ktally-recording(5).
 */
struct ktally_recording;
/**
 * ktally_recording_open - read one up to its end, or to where it is damaged: then the report says so
 * @path: file, "-": standard input
 * @symfs: folder with files of the recorded machine, NULL: none. A file names addresses only if its build-id is the recorded one
 * Return: 0; -ENOENT and others of open(); -ENOEXEC: it is no recording; -EPROTO: of a version that is not known; -EBADMSG: it is damaged before
 * anything that could be shown; -ENOMEM
 */
int ktally_recording_open(struct ktally_recording **recording, const char *path, const char *symfs, struct ktally_error *err);
void ktally_recording_close(struct ktally_recording *recording);
/** ktally_recording_report - its report; belongs to @recording, with all it points to. The snapshot may be sorted by the caller */
struct ktally_report *ktally_recording_report(struct ktally_recording *recording);
/** ktally_recording_snapshot - that of the report */
struct ktally_snapshot *ktally_recording_snapshot(struct ktally_recording *recording);

/* ---- diff: two reports side by side ---------------------------------------------------------------- diff*.c */

/** enum ktally_diff_by - what a row of a comparison is */
enum ktally_diff_by {
	KTALLY_DIFF_FUNCTIONS,
	KTALLY_DIFF_STACKS,
	KTALLY_DIFF_KEYS,
};

/**
 * enum ktally_diff_scale - what the first report is multiplied with, so that it can be compared
 * @KTALLY_DIFF_TOTAL: both have the same total: shares are compared
 * @KTALLY_DIFF_DURATION: both lasted as long: rates are compared
 * @KTALLY_DIFF_NONE: nothing, but that samples of different periods stand for different times
 */
enum ktally_diff_scale {
	KTALLY_DIFF_TOTAL,
	KTALLY_DIFF_DURATION,
	KTALLY_DIFF_NONE,
};

/** struct ktally_diff_opts - @keys: of @by KEYS: names of key fields that count, with commas between; NULL: all */
struct ktally_diff_opts {
	enum ktally_diff_by by;
	enum ktally_diff_scale scale;
	const char *keys;
};

/** struct ktally_diff_row - @self, @total: before (multiplied already) and after; equal but for functions. @module: of a function, else "" */
struct ktally_diff_row {
	const char *name, *module;
	double self[2], total[2];
};

/**
 * struct ktally_diff - a comparison
 * @unit, @unit_name: of the numbers, as a report's stacks weigh: samples, hits, or a column that is summed
 * @total: of each, as measured; @factor: that the first was multiplied with
 * @rows: those that changed most first
 */
struct ktally_diff {
	enum ktally_kind unit;
	char unit_name[64];
	uint64_t total[2];
	double factor;
	struct ktally_diff_row *rows;
	size_t nr;
	void *names;
};
/** ktally_diff_new - Return: 0; -EINVAL: they cannot be compared; -ENODATA: no stacks; -ENOENT: no such key; -ENOMEM */
int ktally_diff_new(struct ktally_diff **diff, const struct ktally_report *before, const struct ktally_report *after, const struct ktally_diff_opts *opts,
		    struct ktally_error *err);
void ktally_diff_free(struct ktally_diff *diff);
/** ktally_diff_folded - "root;...;leaf BEFORE AFTER", a line a stack, sorted */
int ktally_diff_folded(const struct ktally_report *before, const struct ktally_report *after, enum ktally_diff_scale scale, FILE *out,
		       struct ktally_error *err);
/** ktally_diff_flamegraph - width is @after, colour is the change: red is more, blue is less */
int ktally_diff_flamegraph(const struct ktally_report *before, const struct ktally_report *after, enum ktally_diff_scale scale, FILE *out,
			   struct ktally_error *err);

/* ---- annotation: where inside of a function the hits are ------------------------------------------- annotate.c */

/** struct ktally_annotated - @offset: from the function's start, of an instruction, or inside of the one that calls; @total: with what it calls */
struct ktally_annotated {
	uint64_t offset, self, total;
};

/**
 * struct ktally_annotation - the places of a function
 * @frame: one of it: its name, file, build-id; belongs to the report's symbolizer
 * @places: by offset
 * @self, @total: of all places; @all: of the report, in @unit
 * @elsewhere: there are functions of that name elsewhere, which are not counted
 */
struct ktally_annotation {
	const struct ktally_frame *frame;
	struct ktally_annotated *places;
	size_t nr;
	uint64_t self, total, all;
	enum ktally_kind unit;
	char unit_name[64];
	bool elsewhere;
};
/** ktally_annotate - Return: 0; -ENOENT: no stack has such a function; -ENOMEM */
int ktally_annotate(struct ktally_annotation **annotation, const struct ktally_report *report, const char *function, struct ktally_error *err);
void ktally_annotation_free(struct ktally_annotation *annotation);
/** ktally_annotation_open - its file, if it is here with the recorded build-id; *@vaddr: the function's address in it. Return: a descriptor, or -1 */
int ktally_annotation_open(const struct ktally_annotation *annotation, const char *symfs, uint64_t *vaddr);

/* ---- numbers made from numbers ------------------------------------------------------------------- metrics.c, quantile.c */

/**
 * ktally_row_quantile - the value that the part @q (0..1) of the hits of HIST column @v lie below
 * Exact to the bucket, evenly spread inside of it, and never beyond a MIN or MAX column of the same expression.
 * Return: NaN if the histogram is empty or no histogram
 */
double ktally_row_quantile(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int v, double q);

/**
 * struct ktally_reading - what a counter counted
 * @name: as ktally_pmu_find() knows it; only those with the same modifiers go together
 * @value: scaled up if it took turns with others; NaN: not counted
 */
struct ktally_reading {
	const char *name;
	double value;
};

/**
 * struct ktally_metric - a number made from readings
 * @name: "ipc", "llc-load-miss-ratio": for machines
 * @text: what stands behind the number, for people: "insn per cycle", "% of all branches"
 * @value: in the unit of @text
 * @counter: the reading that it is told beside
 */
struct ktally_metric {
	const char *name, *text;
	double value;
	unsigned int counter;
};
#define KTALLY_METRICS_MAX 64
/** ktally_metrics - all metrics that the readings give. @elapsed_ns: of the clock on the wall. Return: how many, at most @max */
unsigned int ktally_metrics(const struct ktally_reading *readings, unsigned int nr, double elapsed_ns, struct ktally_metric *metrics, unsigned int max);

/* ---- JSON writer: streaming, valid whatever the bytes ------------------------------------------- json.c */

struct ktally_json {
	FILE *out;
	unsigned int depth;
	bool comma, pretty;
};
void ktally_json_init(struct ktally_json *json, FILE *out, bool pretty);
void ktally_json_open(struct ktally_json *json, const char *key, char bracket);	/* key NULL inside an array; '{' or '[' */
void ktally_json_close(struct ktally_json *json, char bracket);			/* '}' or ']' */
void ktally_json_string(struct ktally_json *json, const char *key, const char *value);	/* invalid UTF-8 becomes U+FFFD */
void ktally_json_u64(struct ktally_json *json, const char *key, uint64_t value);
void ktally_json_s64(struct ktally_json *json, const char *key, int64_t value);
void ktally_json_double(struct ktally_json *json, const char *key, double value);
void ktally_json_bool(struct ktally_json *json, const char *key, bool value);

#ifdef __cplusplus
}
#endif
#endif /* LIBKTALLY_H */
