/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the test module share. */
#ifndef _KTALLY_TEST_H
#define _KTALLY_TEST_H

#include <linux/compiler.h>
#include <linux/types.h>

struct attribute_group;
struct pt_regs;
struct seq_file;

/* A function that probes find by its name, with all of its arguments, wherever it is called. */
#ifdef __clang__
#define KTALLY_TEST_TARGET	noinline
#else
/* Not __noclone: before 4.19 that takes frame pointers away as well. */
#define KTALLY_TEST_TARGET	noinline __attribute__((__noclone__))
#endif

/* Targets: functions.c. All but the last two are called by commands of the same name. */
unsigned long ktally_test_call(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
			       unsigned long e, unsigned long f);
unsigned long ktally_test_text(const char *text, unsigned long len);
unsigned long ktally_test_recurse(unsigned long depth);
/** ktally_test_a() - calls b twice, which calls c three times each; of their own they spin 3000, 2000 and 1000 times */
unsigned long ktally_test_a(unsigned long n);
unsigned long ktally_test_b(unsigned long n);
unsigned long ktally_test_c(unsigned long n);
/** ktally_test_spin() - a loop of exactly two instructions, run @loops times */
unsigned long ktally_test_spin(unsigned long loops);
/** ktally_test_burn() - @n times counts @delta of @event, from itself */
unsigned long ktally_test_burn(unsigned long n, unsigned int event, u64 delta);

/* Written and read by commands, for breakpoints: functions.c */
extern u64 ktally_test_word;

/* The PMU: pmu.c */
#define KTALLY_TEST_EVENTS	8	/* numbered from 1 */
#define KTALLY_TEST_PLACES	4	/* counters that a CPU has room for at a time */
extern const struct attribute_group *ktally_test_pmu_groups[];	/* pmu_sysfs.c */
int ktally_test_pmu_init(void);
void ktally_test_pmu_uninit(void);
/**
 * ktally_test_pmu_count() - hand out counts on this CPU
 * @event: from 1
 * @delta: how many
 * @user: as if in user space
 * @regs: where, for overflow handlers
 *
 * Return: 0 or -EINVAL.
 * Context: any, NMI included, also while the same is under way on this CPU.
 */
int ktally_test_pmu_count(unsigned int event, u64 delta, bool user, struct pt_regs *regs);
/** ktally_test_pmu_show() - what was handed out: a line "CPU EVENT COUNT" where that is not 0 */
void ktally_test_pmu_show(struct seq_file *file);

/* Commands: command.c */
#define KTALLY_TEST_NUMBERS	4
#define KTALLY_TEST_WORD	64

/**
 * struct ktally_test_order - a command with its arguments
 * @verb: which
 * @number: those that are numbers, in order
 * @word: the one that is none, or ""
 */
struct ktally_test_order {
	const struct ktally_test_verb *verb;
	u64 number[KTALLY_TEST_NUMBERS];
	char word[KTALLY_TEST_WORD];
};

/** ktally_test_parse() - understand a line, see main.c. Return: 0 or -EINVAL. Context: any. */
int ktally_test_parse(const char *line, struct ktally_test_order *order);
/**
 * ktally_test_run() - do what was understood
 *
 * Return: 0 or -errno, -EPERM if it cannot be done in an interrupt.
 * Context: process, interrupt, or NMI.
 */
int ktally_test_run(const struct ktally_test_order *order);
/** ktally_test_command() - both */
int ktally_test_command(const char *line);

/* NMIs, and code that is followed by one after each instruction: nmi.c */
int ktally_test_nmi_init(void);
void ktally_test_nmi_uninit(void);
/** ktally_test_nmi_regs() - where the NMI that we are in came, or NULL. Context: any, with preemption off or whatever comes of it. */
struct pt_regs *ktally_test_nmi_regs(void);
/** ktally_test_nmi_add() - one more command that each NMI runs, or with NULL none any more. Context: process. */
int ktally_test_nmi_add(const char *line);
/** ktally_test_nmi_send() - see main.c, "send". Context: process. */
int ktally_test_nmi_send(unsigned int cpu, u64 nr);
/** ktally_test_step_aim() - see main.c, "aim". Context: process. */
int ktally_test_step_aim(u64 from, u64 to, u64 skip, u64 every);
/** ktally_test_step() - see main.c, "step". Context: process. */
int ktally_test_step(const char *line);
/** ktally_test_nmi_show() - how many came: a line "CPU 0 COUNT" where that is not 0 */
void ktally_test_nmi_show(struct seq_file *file);

#endif /* _KTALLY_TEST_H */
