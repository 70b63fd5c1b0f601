/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the verifier share: the state of one check, and questions about an instruction. Only for verify*.c. */
#ifndef _KTALLY_VERIFY_H
#define _KTALLY_VERIFY_H

#include <linux/errno.h>
#include <linux/types.h>
#include <linux/ktally_program.h>
#include "program.h"

/**
 * struct verifier - state of one check
 * @session: whose tables, ring, stacks
 * @program: being checked
 * @insn: the instruction at hand
 * @at: its number
 * @written: registers written on every path to it
 * @incoming: the same for each instruction, all ones until a path is found
 * @kernel_data: whether kernel addresses may be shown
 * @why: sentence of a refusal
 */
struct verifier {
	struct ktally_session *session;
	struct ktally_program *program;
	struct ktally_insn *insn;
	unsigned int at;
	u32 written;
	u32 *incoming;
	bool kernel_data;
	const char *why;
};

/* Members that an opcode uses; the others must be zero, so that they can mean something later. */
#define HAS_DST	1
#define HAS_A	2
#define HAS_B	4
#define HAS_AUX	8
#define HAS_IMM	16

/* Each returns 0, or -errno with v->why. */
int verify_refuse(struct verifier *v, int err, const char *why);
int verify_unused(struct verifier *v, unsigned int used);
int verify_reads(struct verifier *v, unsigned int first, unsigned int nr);
int verify_writes(struct verifier *v, unsigned int first, unsigned int nr);
int verify_reads_b(struct verifier *v);
int verify_string_size(struct verifier *v, u64 size);
int verify_kernel_address(struct verifier *v);
/** verify_skip() - the instruction may skip the next @distance ones, with the registers written so far */
int verify_skip(struct verifier *v, u64 distance);

/* verify_relation.c */
int ktally_check_record(struct verifier *v);
int ktally_check_record_text(struct verifier *v);
int ktally_check_counter(struct verifier *v);
int ktally_check_gate(struct verifier *v);
int ktally_check_start(struct verifier *v);
int ktally_check_end(struct verifier *v);
int ktally_check_keep(struct verifier *v);
int ktally_check_dump(struct verifier *v);
int ktally_check_user(struct verifier *v);

#endif /* _KTALLY_VERIFY_H */
