/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.h: what the parts of SOURCE share.
 *
 *	source.c (which kind, where it ends) --> source_event.c (tracepoints, trace events), source_probe.c (kprobes, uprobes, USDT),
 *	source_perf.c (counters, breakpoints), timers by itself
 */
#ifndef KTALLY_SOURCE_H
#define KTALLY_SOURCE_H

#include "compile.h"

/** struct kt_source_text - the words of SOURCE and where they stand in the event text */
struct kt_source_text {
	char text[KTALLY_PATH_MAX + 512];
	int pos, len;
};

/** struct kt_prefix - a source named PREFIX:REST, which begins at @rest of the source's text */
struct kt_prefix {
	const char *name;
	int (*parse)(struct kt_compile *c, const struct kt_source_text *s, int rest);
};

/* What the module published for a kind of source; without it there are no fields to name. */
int kt_use_pseudo(struct kt_compile *c, const struct kt_source_text *s, const char *name, uint64_t feature, const char *what);
/* Names of all prefixes, for "did you mean". */
void kt_near_prefixes(struct kt_near *near);

/* source_event.c */
int kt_parse_tracepoint(struct kt_compile *c, const struct kt_source_text *s);
int kt_parse_event(struct kt_compile *c, const struct kt_source_text *s, int rest);

/* source_probe.c */
int kt_parse_kprobe(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_parse_kretprobe(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_parse_uprobe(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_parse_uretprobe(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_parse_usdt(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_path_end(const char *text, int pos);	/* of a source with a path: behind its function */

/* source_perf.c */
int kt_parse_mem(struct kt_compile *c, const struct kt_source_text *s, int rest);
int kt_mem_end(const char *text, int pos);	/* of ADDR[/LEN][:rwx] */
bool kt_is_counter(const struct kt_compile *c, const char *text);
int kt_parse_counter(struct kt_compile *c, const struct kt_source_text *s);
int kt_counter_end(const struct kt_compile *c, int pos);	/* of PMU/TERMS/[:MODIFIERS]; -1: it is none */

#endif
