// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ktally_test: fires exactly as told, for tests of what measures it.
 *
 * Commands are written to /dev/ktally_test, one a line, and run in the writer's context on its CPU; the write returns when
 * all are done, or fails at the first that is wrong. Numbers are decimal or 0x.
 *
 *	fire N VALUE [TEXT]	the trace event ktally_test:fire, N times: number counts from 0, value is VALUE, negative -number,
 *				fixed "fixed", pair[] VALUE and VALUE + 1, text TEXT ("text"), words[] number * 1, 10, 100
 *	begin ID, middle ID, end ID	trace events ktally_test:begin, middle, end with field id
 *	pair N LOOPS		begin, spin LOOPS, end, N times; id counts from 0
 *	call N ARG		ktally_test_call(ARG, ARG + 1, ... ARG + 5), N times; it returns 2 * ARG + 1
 *	text N WORD		ktally_test_text("WORD", its length), N times; it returns the length
 *	nest N			ktally_test_a(N): a calls b twice, b calls c three times; they spin 3000, 2000, 1000 times themselves, N times all of it
 *	recurse N DEPTH		ktally_test_recurse(DEPTH), N times: it calls itself DEPTH times, and returns how often
 *	spin LOOPS		ktally_test_spin(LOOPS): LOOPS times a loop of two instructions; returns LOOPS
 *	switch N		gives the CPU away, N times, each for a tick or more
 *	work N			gives each processor a piece of work, ktally_test_work(), and waits for it, N times
 *	store N VALUE		writes VALUE to the 8 bytes of ktally_test_word, N times
 *	load N			reads them, N times
 *	count EVENT DELTA [user]	the PMU ktally_test counts DELTA of EVENT (1..8) here; "user": as if in user space
 *	burn N EVENT DELTA	the same, N times, from ktally_test_burn()
 *	irq COMMAND		runs COMMAND in an interrupt on this CPU ("switch" and "work" cannot)
 *
 * On x86 since 5.8, with a local APIC:
 *
 *	nmi COMMAND		each NMI runs COMMAND too, after those that were told before; "nmi" alone: none any more
 *	send CPU N		N NMIs to CPU, one after the other, at moments that nobody chose; best written on another CPU
 *	step COMMAND		runs COMMAND on this CPU one instruction at a time, with an NMI after each
 *	aim FROM TO SKIP EVERY	of the instructions that steps meet from address FROM up to TO (0 0: all) the NMIs leave out SKIP, then each
 *				EVERY-th has one (0: one alone)
 *
 * Reading the file gives what "count" and "burn" handed out: lines "CPU EVENT COUNT"; and how many NMIs came: lines "CPU 0 COUNT".
 *
 * The PMU has 4 places per CPU, events one..eight (event=1..8; "eight" has a scale and a unit), and a term "times": every
 * count counts that often (config1, 0 is 1). When a sampling counter passes its period, its overflow handler is called at
 * once, in the context of the command, one time a period.
 */
#include <linux/fs.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "ktally_test.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define LINES_MAX 4096

static DEFINE_MUTEX(irq_lock);
static struct irq_work irq_work;
static const char *irq_line;
static int irq_result;

static void run_in_irq(struct irq_work *work)
{
	irq_result = ktally_test_command(irq_line);
}

static int run_by_irq(const char *line)
{
	int err;

	mutex_lock(&irq_lock);
	irq_line = line;
	irq_result = -EIO;
	preempt_disable();
	irq_work_queue(&irq_work);
	preempt_enable();
	irq_work_sync(&irq_work);
	err = irq_result;
	mutex_unlock(&irq_lock);
	return err;
}

static int run_line(const char *line)
{
	if (!strncmp(line, "irq ", 4))
		return run_by_irq(skip_spaces(line + 4));
	if (!strncmp(line, "step ", 5))
		return ktally_test_step(line + 5);
	if (!strncmp(line, "nmi ", 4))
		return ktally_test_nmi_add(line + 4);
	return strcmp(line, "nmi") ? ktally_test_command(line) : ktally_test_nmi_add(NULL);
}

static int run_lines(char *lines)
{
	char *line;
	int err = 0;

	while (!err && (line = strsep(&lines, "\n"))) {
		line = strim(line);
		if (*line)
			err = run_line(line);
	}
	return err;
}

static ssize_t test_write(struct file *file, const char __user *from, size_t size, loff_t *offset)
{
	char *lines;
	int err;

	if (size > LINES_MAX)
		return -E2BIG;
	lines = kzalloc(size + 1, GFP_KERNEL);
	if (!lines)
		return -ENOMEM;
	err = copy_from_user(lines, from, size) ? -EFAULT : run_lines(lines);
	kfree(lines);
	return err ? err : size;
}

static int test_show(struct seq_file *file, void *unused)
{
	ktally_test_pmu_show(file);
	ktally_test_nmi_show(file);
	return 0;
}

static int test_open(struct inode *inode, struct file *file)
{
	/* Holds the misc device; single_open() wants it empty. */
	file->private_data = NULL;
	return single_open(file, test_show, NULL);
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= test_open,
	.read		= seq_read,
	.write		= test_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ktally_test",
	.fops	= &fops,
	.mode	= 0600,
};

static int __init test_init(void)
{
	int err;

	init_irq_work(&irq_work, run_in_irq);
	err = ktally_test_pmu_init();
	if (err)
		return err;
	err = ktally_test_nmi_init();
	if (err)
		goto err_pmu;
	err = misc_register(&device);
	if (err)
		goto err_nmi;
	return 0;

err_nmi:
	ktally_test_nmi_uninit();
err_pmu:
	ktally_test_pmu_uninit();
	return err;
}

static void __exit test_exit(void)
{
	misc_deregister(&device);
	ktally_test_nmi_uninit();
	ktally_test_pmu_uninit();
	tracepoint_synchronize_unregister();
}

module_init(test_init);
module_exit(test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ktally_test: events, functions and counts that are known");
