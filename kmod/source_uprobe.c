// SPDX-License-Identifier: GPL-2.0
/*
 * Uprobe and uretprobe sources: an instruction of a file that processes run, and the return of the function that begins there.
 *
 * Handlers run in the process, preemptible; what the hit needs of the CPU is done with preemption off.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include "compat/regs.h"
#include "compat/uprobe.h"
#include "source.h"

/**
 * struct up - a uprobe and the probe it belongs to
 * @uprobe: registered while the session runs
 * @probe: whose
 */
struct up {
	struct ktally_uprobe uprobe;
	struct ktally_probe *probe;
};

static bool get_arg(const struct ktally_hit *hit, u32 n, u64 *dst, unsigned int words)
{
	int offset = ktally_regs_arg_offset(n);

	/* 32-bit programs pass them on the stack. */
	if (offset < 0 || ktally_regs_are_32_bit(hit->regs))
		return false;
	*dst = *(u64 *)((void *)hit->regs + offset);
	return true;
}

static bool get_register(const struct ktally_hit *hit, u32 offset, u64 *dst, unsigned int words)
{
	*dst = *(u64 *)((void *)hit->regs + offset);
	return true;
}

static bool get_ip(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = instruction_pointer(hit->regs);
	return true;
}

static bool get_ret(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = *(u64 *)((void *)hit->regs + ktally_regs_ret_offset());
	return true;
}

#define CALL(_name, _type, _get, _param) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_CALL, .size = 8, .offset = _param, .get = _get }
#define ARG(n) CALL("arg" #n, KTALLY_TYPE_UINT, get_arg, n)
#define REGISTER(_name, _offset) CALL(#_name, KTALLY_TYPE_UINT, get_register, _offset),

static const struct ktally_field uprobe_field_list[] = {
	ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5),
	CALL("ip", KTALLY_TYPE_UPTR, get_ip, 0),
	KTALLY_REGS_NAMED(REGISTER)
};

/* What the function was called with is gone by then. */
static const struct ktally_field uretprobe_field_list[] = {
	CALL("ret", KTALLY_TYPE_INT, get_ret, 0),
	{ .name = "ip", .type = KTALLY_TYPE_UPTR, .how = KTALLY_FIELD_ARG, .arg = 0, .size = 8 },
	KTALLY_REGS_NAMED(REGISTER)
};

const struct ktally_fields ktally_uprobe_fields = { uprobe_field_list, ARRAY_SIZE(uprobe_field_list) };
const struct ktally_fields ktally_uretprobe_fields = { uretprobe_field_list, ARRAY_SIZE(uretprobe_field_list) };

static struct up *up_of(struct uprobe_consumer *consumer)
{
	return container_of(consumer, struct up, uprobe.consumer);
}

KTALLY_UPROBE_HANDLER(uprobe_fire, consumer, regs)
{
	struct ktally_hit hit = { .args = NULL, .regs = regs };

	preempt_disable_notrace();
	ktally_probe_hit(up_of(consumer)->probe, &hit);
	preempt_enable_notrace();
	return 0;
}

KTALLY_URETPROBE_HANDLER(uretprobe_fire, consumer, func, regs)
{
	u64 args[1] = { func };
	struct ktally_hit hit = { .args = args, .regs = regs };

	preempt_disable_notrace();
	ktally_probe_hit(up_of(consumer)->probe, &hit);
	preempt_enable_notrace();
	return 0;
}

static int check_place(const struct ktally_probe *probe, struct inode *inode, const char **why)
{
	if (!S_ISREG(inode->i_mode)) {
		*why = "this is not a file that can be run: no regular file";
		return -EINVAL;
	}
	if (probe->offset >= i_size_read(inode) || probe->semaphore >= i_size_read(inode)) {
		*why = "the offset is behind the end of the file";
		return -ERANGE;
	}
	return 0;
}

static int check(const struct ktally_probe *probe, const char **why)
{
	if (!KTALLY_UPROBES) {
		*why = "this kernel has no uprobes for modules (CONFIG_UPROBES)";
		return -EOPNOTSUPP;
	}
	if (!probe->path || !probe->path[0]) {
		*why = "a uprobe needs a file: SRC_PATH, and SRC_OFFSET in it";
		return -EINVAL;
	}
	if (probe->semaphore && !KTALLY_UPROBE_SEMAPHORES) {
		*why = "this kernel cannot raise a probe's semaphore (Linux 4.20 was the first that can), so this probe would never be hit";
		return -EOPNOTSUPP;
	}
	return 0;
}

static int uprobe_init(struct ktally_probe *probe, const char **why)
{
	struct up *up;
	int err = check(probe, why);

	if (err)
		return err;
	up = kzalloc(sizeof(*up), GFP_KERNEL);
	if (!up)
		return -ENOMEM;
	up->probe = probe;
	up->uprobe.offset = probe->offset;
	if (probe->ops->kind == KTALLY_SOURCE_UPROBE)
		up->uprobe.consumer.handler = uprobe_fire;
	else
		up->uprobe.consumer.ret_handler = uretprobe_fire;
	err = ktally_uprobe_open(&up->uprobe, probe->path);
	if (err) {
		*why = "the file cannot be opened: it is looked for where you see it";
		goto err_free;
	}
	err = check_place(probe, up->uprobe.inode, why);
	if (err)
		goto err_close;
	probe->source = up;
	return 0;

err_close:
	ktally_uprobe_close(&up->uprobe);
err_free:
	kfree(up);
	return err;
}

static void uprobe_uninit(struct ktally_probe *probe)
{
	struct up *up = probe->source;

	ktally_uprobe_close(&up->uprobe);
	kfree(up);
}

static const char *explain(const struct ktally_probe *probe, int err)
{
	switch (err) {
	case -EIO:
		return "files of that file system cannot be probed";
	case -EINVAL:
		return "the offset of a uprobe is no place of an instruction, or another probe there has another semaphore";
	}
	return "the kernel cannot put a uprobe there: it does not know the instruction, or the offset is in the middle of one";
}

static int uprobe_attach(struct ktally_probe *probe)
{
	struct up *up = probe->source;

	return ktally_uprobe_register(&up->uprobe, probe->semaphore);
}

static void uprobe_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ktally_uprobe_unregister(&((struct up *)probes[i]->source)->uprobe);
	ktally_uprobe_synchronize();
}

static const struct ktally_fields *uprobe_fields(const struct ktally_probe *probe)
{
	return probe->ops->kind == KTALLY_SOURCE_UPROBE ? &ktally_uprobe_fields : &ktally_uretprobe_fields;
}

const struct ktally_source_ops ktally_source_uprobe = {
	.kind		= KTALLY_SOURCE_UPROBE,
	.program	= true,
	.overhead	= 800,
	.init		= uprobe_init,
	.uninit		= uprobe_uninit,
	.fields		= uprobe_fields,
	.explain	= explain,
	.attach		= uprobe_attach,
	.detach		= uprobe_detach,
};

const struct ktally_source_ops ktally_source_uretprobe = {
	.kind		= KTALLY_SOURCE_URETPROBE,
	.program	= true,
	.overhead	= 1600,
	.init		= uprobe_init,
	.uninit		= uprobe_uninit,
	.fields		= uprobe_fields,
	.explain	= explain,
	.attach		= uprobe_attach,
	.detach		= uprobe_detach,
};
