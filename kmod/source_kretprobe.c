// SPDX-License-Identifier: GPL-2.0
/*
 * Kretprobe source: the return of a kernel function, with how long it took and what it was called with.
 *
 * The words of a call live in the kernel's own kretprobe instance from entry to return and are the arguments of the hit;
 * only those that the program reads are ever written.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include "compat/clock.h"
#include "compat/regs.h"
#include "source_kprobe.h"

#define ARGS 6

/* Words of a call. */
enum {
	WORD_RET,
	WORD_DURATION,	/* until the return: when the function was entered */
	WORD_IP,
	WORD_ARGS,
	WORDS = WORD_ARGS + ARGS,
};

/**
 * struct krp - a kretprobe and the probe it belongs to
 * @kretprobe: registered but disabled while the session does not run
 * @probe: whose
 * @used: words that the program reads, a bit each
 * @factor: of its clock, see compat/clock.h
 */
struct krp {
	struct kretprobe kretprobe;
	struct ktally_probe *probe;
	unsigned int used;
	u64 factor;
};

#define WORD(_name, _type, _word) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_ARG, .arg = _word, .size = 8 }
#define ARG(n) WORD("arg" #n, KTALLY_TYPE_UINT, WORD_ARGS + n)

static const struct ktally_field kretprobe_fields[] = {
	WORD("ret", KTALLY_TYPE_INT, WORD_RET),
	WORD("duration", KTALLY_TYPE_UINT, WORD_DURATION),
	ARG(0), ARG(1), ARG(2), ARG(3), ARG(4), ARG(5),
	WORD("ip", KTALLY_TYPE_KPTR, WORD_IP),
};

const struct ktally_fields ktally_kretprobe_fields = { kretprobe_fields, ARRAY_SIZE(kretprobe_fields) };

static __always_inline u64 word_at(const struct pt_regs *regs, int offset)
{
	return *(const u64 *)((const void *)regs + offset);
}

static noinline void save_args(u64 *words, unsigned int used, const struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < ARGS; i++)
		if (used & 1U << (WORD_ARGS + i))
			words[WORD_ARGS + i] = word_at(regs, ktally_regs_arg_offset(i));
}
NOKPROBE_SYMBOL(save_args);

/* A call out of scope is let go at once: it would take an instance for as long as it lasts from one that counts. */
static int __no_stack_protector kretprobe_entry(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct krp *krp = container_of(get_kretprobe(instance), struct krp, kretprobe);
	u64 *words = (u64 *)instance->data;

	if (unlikely(krp->probe->scope) && !ktally_scope_has(krp->probe->scope, current))
		return 1;
	if (krp->used >> WORD_ARGS)
		save_args(words, krp->used, regs);
	if (krp->used & 1U << WORD_DURATION)
		words[WORD_DURATION] = ktally_ticks(krp->factor);
	return 0;
}
NOKPROBE_SYMBOL(kretprobe_entry);

static int __no_stack_protector kretprobe_fire(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct kretprobe *kretprobe = get_kretprobe(instance);
	struct ktally_hit hit = { .args = (u64 *)instance->data, .regs = regs };
	struct krp *krp;
	u64 *words = (u64 *)instance->data;

	/* It is being unregistered. */
	if (unlikely(!kretprobe))
		return 0;
	krp = container_of(kretprobe, struct krp, kretprobe);
	if (krp->used & 1U << WORD_DURATION)
		words[WORD_DURATION] = ktally_ticks_to_ns(ktally_ticks(krp->factor) - words[WORD_DURATION],
							  krp->factor);
	words[WORD_RET] = word_at(regs, ktally_regs_ret_offset());
	if (unlikely(krp->used & 1U << WORD_IP))
		words[WORD_IP] = (unsigned long)kretprobe->kp.addr;
	ktally_kretprobe_returns(instance, regs);
	ktally_probe_hit(krp->probe, &hit);
	return 0;
}
NOKPROBE_SYMBOL(kretprobe_fire);

/*
 * A name that the kernel does not know and a place where it has no kretprobe were refused alike until "kprobes: Fix to
 * return correct error code from kprobe_on_func_entry()", 5.12. A kprobe tells which.
 */
static int refusal(struct ktally_probe *probe, int err, const char **why)
{
	struct kprobe *kprobe;

	if (err != -EINVAL)
		return err;
	kprobe = kzalloc(sizeof(*kprobe), GFP_KERNEL);
	if (!kprobe || ktally_kprobe_place(kprobe, probe, why))
		goto out;
	switch (register_kprobe(kprobe)) {
	case 0:
		unregister_kprobe(kprobe);
		break;
	case -ENOENT:
		err = -ENOENT;
		break;
	}
out:
	kfree(kprobe);
	return err;
}

static int kretprobe_init(struct ktally_probe *probe, const char **why)
{
	struct krp *krp;
	int err;

	if (probe->offset) {
		*why = "a function returns from wherever it likes: a kretprobe has no offset";
		return -EINVAL;
	}
	krp = kzalloc(sizeof(*krp), GFP_KERNEL);
	if (!krp)
		return -ENOMEM;
	krp->probe = probe;
	err = ktally_kprobe_place(&krp->kretprobe.kp, probe, why);
	if (err)
		goto err_free;
	krp->kretprobe.entry_handler = kretprobe_entry;
	krp->kretprobe.handler = kretprobe_fire;
	krp->kretprobe.data_size = WORDS * sizeof(u64);
	/* How many calls may be on their way at a time: more than tasks usually sleep in one function. */
	krp->kretprobe.maxactive = max_t(unsigned int, 64, 4 * num_possible_cpus());
	err = register_kretprobe(&krp->kretprobe);
	if (err) {
		err = refusal(probe, err, why);
		ktally_kprobe_explain(err, why);
		goto err_free;
	}
	probe->source = krp;
	return 0;

err_free:
	kfree(krp);
	return err;
}

static void kretprobe_retire(struct ktally_probe **probes, unsigned int nr)
{
	struct kretprobe **all = kmalloc_array(nr, sizeof(*all), GFP_KERNEL | __GFP_NOFAIL);
	unsigned int i;

	for (i = 0; i < nr; i++)
		all[i] = &((struct krp *)probes[i]->source)->kretprobe;
	unregister_kretprobes(all, nr);
	kfree(all);
}

static void kretprobe_uninit(struct ktally_probe *probe)
{
	kfree(probe->source);
}

static int kretprobe_attach(struct ktally_probe *probe)
{
	struct krp *krp = probe->source;

	krp->used = ktally_program_args(probe->program);
	krp->factor = ktally_tick_factor();
	return enable_kretprobe(&krp->kretprobe);
}

static void kretprobe_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		disable_kretprobe(&((struct krp *)probes[i]->source)->kretprobe);
}

/* Calls that found no instance, and entries inside another kprobe's handler. */
static u64 kretprobe_missed(const struct ktally_probe *probe)
{
	const struct krp *krp = probe->source;

	return krp->kretprobe.nmissed + krp->kretprobe.kp.nmissed;
}

static const struct ktally_fields *kretprobe_field_list(const struct ktally_probe *probe)
{
	return &ktally_kretprobe_fields;
}

const struct ktally_source_ops ktally_source_kretprobe = {
	.kind		= KTALLY_SOURCE_KRETPROBE,
	.program	= true,
	.overhead	= 100,
	.init		= kretprobe_init,
	.retire		= kretprobe_retire,
	.uninit		= kretprobe_uninit,
	.fields		= kretprobe_field_list,
	.attach		= kretprobe_attach,
	.detach		= kretprobe_detach,
	.missed		= kretprobe_missed,
};
