/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the records of a measurement for the recording that was asked for. */
#ifndef _KTALLY_RUN_STREAM_H
#define _KTALLY_RUN_STREAM_H

#include "run.h"

/** run_stream_open - if records come and a recording is to be written. Return: exit code */
int run_stream_open(struct run *run, bool recording);
/** run_stream_keep - one EVENT record, with its stacks */
void run_stream_keep(struct run *run, const struct ktally_record *record, unsigned int cpu);
/** run_stream_check - was all of it kept? Return: exit code */
int run_stream_check(const struct run *run);

#endif /* _KTALLY_RUN_STREAM_H */
