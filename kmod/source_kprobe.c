// SPDX-License-Identifier: GPL-2.0
/* Kprobe source: a kernel function, or an instruction inside it. */
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include "compat/regs.h"
#include "source_kprobe.h"

/**
 * struct kp - a kprobe and the probe it belongs to
 * @kprobe: registered but disabled while the session does not run
 * @probe: whose
 */
struct kp {
	struct kprobe kprobe;
	struct ktally_probe *probe;
};

static bool get_arg(const struct ktally_hit *hit, u32 n, u64 *dst, unsigned int words)
{
	int offset = ktally_regs_arg_offset(n);

	if (offset < 0)
		return false;
	*dst = *(u64 *)((void *)hit->regs + offset);
	return true;
}

static bool get_ip(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = ktally_regs_kprobe_address(hit->regs);
	return true;
}

#define ARG(n) { .name = "arg" #n, .type = KTALLY_TYPE_UINT, .how = KTALLY_FIELD_CALL, .size = 8, \
		 .offset = n, .get = get_arg }

static const struct ktally_field kprobe_fields[] = {
	ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5),
	{ .name = "ip", .type = KTALLY_TYPE_KPTR, .how = KTALLY_FIELD_CALL, .size = 8, .get = get_ip },
};

const struct ktally_fields ktally_kprobe_fields = { kprobe_fields, ARRAY_SIZE(kprobe_fields) };

static int __no_stack_protector kprobe_fire(struct kprobe *kprobe, struct pt_regs *regs)
{
	struct kp *kp = container_of(kprobe, struct kp, kprobe);
	struct ktally_hit hit = { .args = NULL, .regs = regs };

	ktally_probe_hit(kp->probe, &hit);
	return 0;
}
NOKPROBE_SYMBOL(kprobe_fire);

void ktally_kprobe_explain(int err, const char **why)
{
	switch (err) {
	case -ENOENT:
		*why = "the kernel has no such function: `ktally list 'kprobe:*NAME*'` shows those it has";
		break;
	case -EINVAL:
		*why = "this function cannot be probed: it is marked so by the kernel (noinstr, notrace, __kprobes), or the symbol is not code, or (before Linux 4.0) the instruction there is relative to its own address";
		break;
	case -EILSEQ:
		*why = "the offset is not the start of an instruction";
		break;
	default:
		*why = "the kernel refuses this kprobe";
	}
}

int ktally_kprobe_place(struct kprobe *kprobe, struct ktally_probe *probe, const char **why)
{
	if (!probe->name[0]) {
		*why = "a kprobe needs the name of a function";
		return -EINVAL;
	}
	if (probe->offset > 0x7fffffff) {
		*why = "the offset is larger than any function";
		return -ERANGE;
	}
	kprobe->symbol_name = probe->name;
	kprobe->offset = probe->offset;
	kprobe->flags = KPROBE_FLAG_DISABLED;
	return 0;
}

static int kprobe_init(struct ktally_probe *probe, const char **why)
{
	struct kp *kp = kzalloc(sizeof(*kp), GFP_KERNEL);
	int err;

	if (!kp)
		return -ENOMEM;
	kp->probe = probe;
	err = ktally_kprobe_place(&kp->kprobe, probe, why);
	if (err)
		goto err_free;
	kp->kprobe.pre_handler = kprobe_fire;
	err = register_kprobe(&kp->kprobe);
	if (err) {
		ktally_kprobe_explain(err, why);
		goto err_free;
	}
	probe->source = kp;
	return 0;

err_free:
	kfree(kp);
	return err;
}

static void kprobe_retire(struct ktally_probe **probes, unsigned int nr)
{
	struct kprobe **all = kmalloc_array(nr, sizeof(*all), GFP_KERNEL | __GFP_NOFAIL);
	unsigned int i;

	for (i = 0; i < nr; i++)
		all[i] = &((struct kp *)probes[i]->source)->kprobe;
	unregister_kprobes(all, nr);
	kfree(all);
}

static void kprobe_uninit(struct ktally_probe *probe)
{
	kfree(probe->source);
}

static int kprobe_attach(struct ktally_probe *probe)
{
	struct kp *kp = probe->source;

	return enable_kprobe(&kp->kprobe);
}

static void kprobe_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		disable_kprobe(&((struct kp *)probes[i]->source)->kprobe);
}

static u64 kprobe_missed(const struct ktally_probe *probe)
{
	return ((struct kp *)probe->source)->kprobe.nmissed;
}

static const struct ktally_fields *kprobe_field_list(const struct ktally_probe *probe)
{
	return &ktally_kprobe_fields;
}

const struct ktally_source_ops ktally_source_kprobe = {
	.kind		= KTALLY_SOURCE_KPROBE,
	.program	= true,
	.overhead	= 35,
	.init		= kprobe_init,
	.retire		= kprobe_retire,
	.uninit		= kprobe_uninit,
	.fields		= kprobe_field_list,
	.attach		= kprobe_attach,
	.detach		= kprobe_detach,
	.missed		= kprobe_missed,
};
