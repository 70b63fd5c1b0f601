// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes NMIs, which run commands: at moments that nobody chose, and after each instruction of a command.
 *
 * They come through the local APIC. One is on its way at a time, so that none of them melts into another. For the second kind the
 * processor traps after each instruction, as for a debugger; the NMI comes inside of the trap, and is told of the place of that.
 * Kernels before "x86/entry: Convert Debug exception to IDTENTRY_DB", 5.8, enter such traps in another way, which nobody tried.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/version.h>
#include "ktally_test.h"

#if defined(CONFIG_X86_64) && defined(CONFIG_X86_LOCAL_APIC) && LINUX_VERSION_CODE >= KERNEL_VERSION(5, 8, 0)
#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kdebug.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <asm/apic.h>
#include <asm/nmi.h>
#include <asm/processor-flags.h>

#define ORDERS_MAX	4
#define NAME		"ktally_test"
/* Looks for an NMI that was sent to this CPU, or seconds for one that was sent to another. */
#define PATIENCE	1000000
#define PATIENCE_S	30

/**
 * struct here - the NMIs of a CPU
 * @sent: one is on its way
 * @came: how many came
 * @err: of a command that one of them ran
 * @regs: where this one came, or NULL
 * @step: where it is to say that it came, or NULL
 * @stepping: instructions that are trapped are to have one
 * @met: instructions that were aimed at
 */
struct here {
	atomic_t sent;
	u64 came;
	int err;
	struct pt_regs *regs;
	struct pt_regs *step;
	bool stepping;
	u64 met;
};

static DEFINE_PER_CPU(struct here, heres);

/* Taken by whoever makes NMIs or changes what follows. */
static DEFINE_MUTEX(lock);
static struct ktally_test_order orders[ORDERS_MAX];
static unsigned int nr_orders;
static struct {
	u64 from, to, skip, every;
} aim = { .every = 1 };

struct pt_regs *ktally_test_nmi_regs(void)
{
	return in_nmi() ? raw_cpu_ptr(&heres)->regs : NULL;
}

static int on_nmi(unsigned int command, struct pt_regs *regs)
{
	struct here *here = raw_cpu_ptr(&heres);
	unsigned int i;
	int err;

	if (!atomic_read(&here->sent))
		return NMI_DONE;
	here->regs = here->step ? here->step : regs;
	for (i = 0; i < nr_orders; i++) {
		err = ktally_test_run(&orders[i]);
		if (err)
			here->err = err;
	}
	here->regs = NULL;
	here->came++;
	/* All is done before the next is sent. */
	smp_mb();
	atomic_set(&here->sent, 0);
	return NMI_HANDLED;
}

static void send_to(unsigned int cpu)
{
	atomic_set(&per_cpu(heres, cpu).sent, 1);
	/* Told before it comes; pairs with its coming. */
	smp_mb();
	apic->send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
}

/* An NMI after this instruction? */
static bool is_aimed_at(struct here *here, u64 ip)
{
	u64 nr;

	if (aim.to && (ip < aim.from || ip >= aim.to))
		return false;
	nr = here->met++;
	if (nr < aim.skip)
		return false;
	return aim.every ? (nr - aim.skip) % aim.every == 0 : nr == aim.skip;
}

/* After an instruction that was stepped. It is as good as in an NMI already. */
static int on_trap(struct notifier_block *block, unsigned long what, void *data)
{
	struct here *here = raw_cpu_ptr(&heres);
	struct pt_regs *regs = ((struct die_args *)data)->regs;
	unsigned int left;

	if (what != DIE_DEBUG || !here->stepping || user_mode(regs))
		return NOTIFY_DONE;
	if (!is_aimed_at(here, regs->ip))
		return NOTIFY_STOP;
	here->step = regs;
	send_to(raw_smp_processor_id());
	for (left = PATIENCE; left && atomic_read(&here->sent); left--)
		cpu_relax();
	here->step = NULL;
	if (!left)
		here->err = -ETIMEDOUT;
	/* Nothing more to be done after one: the rest goes on at full speed. */
	if (!left || !aim.every)
		regs->flags &= ~X86_EFLAGS_TF;
	return NOTIFY_STOP;
}

static struct notifier_block trap_notifier = { .notifier_call = on_trap };

static __always_inline void trap_on(void)
{
	asm volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" : : "i" (X86_EFLAGS_TF) : "memory", "cc");
}

static __always_inline void trap_off(void)
{
	asm volatile("pushfq\n\tandq %0, (%%rsp)\n\tpopfq" : : "i" (~X86_EFLAGS_TF) : "memory", "cc");
}

static int step(const struct ktally_test_order *order)
{
	struct here *here;
	int err;

	/* Nobody else must run with the flag. */
	preempt_disable();
	here = raw_cpu_ptr(&heres);
	here->err = 0;
	here->met = 0;
	here->stepping = true;
	trap_on();
	err = ktally_test_run(order);
	trap_off();
	here->stepping = false;
	preempt_enable();
	return err ? err : here->err;
}

int ktally_test_step(const char *line)
{
	struct ktally_test_order order;
	int err = ktally_test_parse(line, &order);

	if (err)
		return err;
	if (!boot_cpu_has(X86_FEATURE_APIC))
		return -EOPNOTSUPP;
	mutex_lock(&lock);
	err = step(&order);
	mutex_unlock(&lock);
	return err;
}

int ktally_test_step_aim(u64 from, u64 to, u64 skip, u64 every)
{
	mutex_lock(&lock);
	aim.from = from;
	aim.to = to;
	aim.skip = skip;
	aim.every = every;
	mutex_unlock(&lock);
	return 0;
}

int ktally_test_nmi_add(const char *line)
{
	struct ktally_test_order order;
	int err = line ? ktally_test_parse(line, &order) : 0;

	if (err)
		return err;
	mutex_lock(&lock);
	if (!line)
		nr_orders = 0;
	else if (nr_orders == ORDERS_MAX)
		err = -ENOSPC;
	else
		orders[nr_orders++] = order;
	mutex_unlock(&lock);
	return err;
}

/* Sleeps between two: an idle CPU lets the other go on, and is woken in the middle of whatever that does. */
static int send(unsigned int cpu, u64 nr)
{
	struct here *there = per_cpu_ptr(&heres, cpu);
	unsigned long last = jiffies;
	u64 chance = nr;

	there->err = 0;
	while (nr) {
		/* Knuth, MMIX */
		chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
		usleep_range(1 + (chance >> 59), 2 + (chance >> 59));
		if (atomic_read(&there->sent)) {
			if (time_after(jiffies, last + PATIENCE_S * HZ))
				return -ETIMEDOUT;
			continue;
		}
		if (there->err || signal_pending(current))
			return there->err ? there->err : -EINTR;
		send_to(cpu);
		last = jiffies;
		nr--;
	}
	while (atomic_read(&there->sent)) {
		if (time_after(jiffies, last + PATIENCE_S * HZ))
			return -ETIMEDOUT;
		usleep_range(10, 20);
	}
	return there->err;
}

int ktally_test_nmi_send(unsigned int cpu, u64 nr)
{
	int err = -EINVAL;

	if (!boot_cpu_has(X86_FEATURE_APIC))
		return -EOPNOTSUPP;
	mutex_lock(&lock);
	cpus_read_lock();
	if (cpu < nr_cpu_ids && cpu_online(cpu))
		err = send(cpu, nr);
	cpus_read_unlock();
	mutex_unlock(&lock);
	return err;
}

void ktally_test_nmi_show(struct seq_file *file)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (per_cpu(heres, cpu).came)
			seq_printf(file, "%u 0 %llu\n", cpu, READ_ONCE(per_cpu(heres, cpu).came));
}

int ktally_test_nmi_init(void)
{
	int err = register_die_notifier(&trap_notifier);

	if (err)
		return err;
	err = register_nmi_handler(NMI_LOCAL, on_nmi, 0, NAME);
	if (err)
		unregister_die_notifier(&trap_notifier);
	return err;
}

void ktally_test_nmi_uninit(void)
{
	unregister_nmi_handler(NMI_LOCAL, NAME);
	unregister_die_notifier(&trap_notifier);
}

#else

struct pt_regs *ktally_test_nmi_regs(void)
{
	return NULL;
}

int ktally_test_nmi_add(const char *line)
{
	return -EOPNOTSUPP;
}

int ktally_test_nmi_send(unsigned int cpu, u64 nr)
{
	return -EOPNOTSUPP;
}

int ktally_test_step_aim(u64 from, u64 to, u64 skip, u64 every)
{
	return -EOPNOTSUPP;
}

int ktally_test_step(const char *line)
{
	return -EOPNOTSUPP;
}

void ktally_test_nmi_show(struct seq_file *file)
{
}

int ktally_test_nmi_init(void)
{
	return 0;
}

void ktally_test_nmi_uninit(void)
{
}

#endif
