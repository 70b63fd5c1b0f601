/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the records of a measurement for the recording that was asked for. */
#ifndef _KTALLY_RUN_STREAM_H
#define _KTALLY_RUN_STREAM_H

#include "run.h"

/** run_stream_open - if records come and a recording is to be written. Return: exit code */
int run_stream_open(struct run *run, bool recording);
/**
 * run_stream_words - the words of an EVENT record, its stacks as numbers of @stacks
 * @depth: frames of a stack that is unwound from its dump, at most KTALLY_STACK_DEPTH_MAX + 1
 * Return: how many
 */
unsigned int run_stream_words(struct run *run, const struct ktally_record *record, unsigned int cpu, const struct ktally_schema *schema,
			      struct ktally_stackset *stacks, unsigned int depth, uint64_t words[KTALLY_REGS]);
/** run_stream_keep - one EVENT record, with its stacks */
void run_stream_keep(struct run *run, const struct ktally_record *record, unsigned int cpu);
/** run_stream_check - was all of it kept? Return: exit code */
int run_stream_check(const struct run *run);

#endif /* _KTALLY_RUN_STREAM_H */
