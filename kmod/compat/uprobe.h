/* SPDX-License-Identifier: GPL-2.0 */
/* Uprobes of a module's own: registration in its three shapes, the handlers' signatures, the file behind a path. */
#ifndef _KTALLY_COMPAT_UPROBE_H
#define _KTALLY_COMPAT_UPROBE_H

#include <linux/fs.h>
#include <linux/path.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <linux/uprobes.h>

/* Exported since "uprobes: Export uprobe_register/unregister", 3.9; arm64 has uprobes since 4.10. */
#if defined(CONFIG_UPROBES) && defined(KTALLY_EXPORT_UPROBE_REGISTER)
#define KTALLY_UPROBES		1
#else
#define KTALLY_UPROBES		0
#endif

/* "uprobes: Support SDT markers having reference count (semaphore)", 4.20. */
#if KTALLY_UPROBES && (defined(KTALLY_HAVE_UPROBE_POINTER) || \
	(defined(KTALLY_HAVE_UPROBE_REFCTR) && defined(KTALLY_EXPORT_UPROBE_REGISTER_REFCTR)))
#define KTALLY_UPROBE_SEMAPHORES	1
#else
#define KTALLY_UPROBE_SEMAPHORES	0
#endif

/**
 * struct ktally_uprobe - one place in a file where something of ours is called
 * @consumer: the caller sets handler or ret_handler
 * @path: the file, held from ktally_uprobe_open() on
 * @inode: what processes map of it
 * @offset: in the file
 * @uprobe: the kernel's own, where it gives it to us
 */
struct ktally_uprobe {
	struct uprobe_consumer consumer;
	struct path path;
	struct inode *inode;
	loff_t offset;
	struct uprobe *uprobe;
};

/**
 * KTALLY_UPROBE_HANDLER() - head of a static function for consumer.handler
 * @name: of the function
 * @consumer: names the struct uprobe_consumer parameter
 * @regs: names the struct pt_regs parameter: the user's registers
 *
 * It returns 0. Context: process, preemptible, may not be the last user of anything that registration waits for.
 */
/**
 * KTALLY_URETPROBE_HANDLER() - head of a static function for consumer.ret_handler
 * @name: of the function
 * @consumer: names the struct uprobe_consumer parameter
 * @func: names the parameter that is the address of the function that returns
 * @regs: names the struct pt_regs parameter
 */
#ifdef KTALLY_HAVE_UPROBE_HANDLER_DATA
/* "uprobe: Add data pointer to consumer handlers", 6.13. */
#define KTALLY_UPROBE_HANDLER(name, consumer, regs)					\
	static int name(struct uprobe_consumer *consumer, struct pt_regs *regs, __u64 *data)
#define KTALLY_URETPROBE_HANDLER(name, consumer, func, regs)				\
	static int name(struct uprobe_consumer *consumer, unsigned long func,		\
			struct pt_regs *regs, __u64 *data)
#else
#define KTALLY_UPROBE_HANDLER(name, consumer, regs)					\
	static int name(struct uprobe_consumer *consumer, struct pt_regs *regs)
#define KTALLY_URETPROBE_HANDLER(name, consumer, func, regs)				\
	static int name(struct uprobe_consumer *consumer, unsigned long func, struct pt_regs *regs)
#endif

/**
 * ktally_uprobe_open() - find the file
 * @uprobe: path and inode are set
 * @path: as the current task sees it; links are followed
 *
 * Return: 0 or -errno of the look-up.
 * Context: process, sleeps. ktally_uprobe_close() gives it back.
 */
int ktally_uprobe_open(struct ktally_uprobe *uprobe, const char *path);
void ktally_uprobe_close(struct ktally_uprobe *uprobe);

/**
 * ktally_uprobe_register() - have it called from now on, in every process that maps the file
 * @uprobe: opened, not registered
 * @semaphore: offset in the file of a counter to be raised meanwhile, or 0; only with KTALLY_UPROBE_SEMAPHORES
 *
 * Return: 0 or -errno: -EINVAL not an instruction of the file, -EIO a file system without a page cache, -ENOTSUPP an instruction
 * that cannot be probed.
 * Context: process, sleeps.
 */
int ktally_uprobe_register(struct ktally_uprobe *uprobe, u64 semaphore);

/**
 * ktally_uprobe_unregister() - have it called no more
 * @uprobe: registered
 *
 * A handler may still run until ktally_uprobe_synchronize(): "uprobes: allow put_uprobe() from non-sleepable softirq context" and
 * what followed, 6.12, let many be waited for at once.
 * Context: process, sleeps.
 */
void ktally_uprobe_unregister(struct ktally_uprobe *uprobe);
void ktally_uprobe_synchronize(void);

/**
 * ktally_uretprobe_caller() - where a function really returns to, whose return address may be a uretprobe's
 * @ip: the return address on the stack
 * @low: what the stack pointer is, at least, when the function has returned
 * @high: and at most: the same where that is known
 *
 * A uretprobe, anybody's, puts the address of a page of its own in the place of the caller's, and remembers that with the task.
 * Return: the caller's address, or @ip.
 * Context: any, of the current task.
 */
unsigned long ktally_uretprobe_caller(unsigned long ip, unsigned long low, unsigned long high);

#endif /* _KTALLY_COMPAT_UPROBE_H */
