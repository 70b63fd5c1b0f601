// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks what runs at a hit: typed tracepoints, stacks, system call arguments, perf counters. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "compat/cred.h"
#include "compat/perf.h"
#include "compat/syscall.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "compat/unwind.h"
#include "smoke.h"

#define DEPTH 32

static unsigned int switches, own_switches, overflows;
static unsigned long ips[DEPTH];
static u64 call_args[KTALLY_SYSCALL_ARGS];

/* One handler for each typed tracepoint; only the first of them is registered here. */
#define DEFINE_HIT(system, event, n_args)					\
static void hit_##event(KTALLY_TP_PROTO(event))				\
{										\
	u64 args[KTALLY_TP_ARGS_MAX];						\
										\
	preempt_disable_notrace();						\
	KTALLY_TP_FILL(event, args);						\
	WRITE_ONCE(switches, switches + 1);					\
	if (args[0] == (unsigned long)current)					\
		WRITE_ONCE(own_switches, own_switches + 1);			\
	preempt_enable_notrace();						\
}
KTALLY_TP_EVENTS(DEFINE_HIT)

static const struct {
	const char *name;
	int have;
	void *fn;
} events[] = {
#define EVENT(system, event, n_args) { #event, KTALLY_TP_HAVE(event), (void *)hit_##event },
	KTALLY_TP_EVENTS(EVENT)
};

static void check_tracepoints(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		int err;

		if (!events[i].have || !ktally_tp_exists(events[i].name)) {
			pr_info("ktally_smoke: no typed %s\n", events[i].name);
			continue;
		}
		err = ktally_tp_register(events[i].name, events[i].fn, NULL);
		smoke_expect(!err);
		if (!i) {
			msleep(20);
			smoke_expect(READ_ONCE(own_switches));
		}
		if (!err)
			ktally_tp_unregister(events[i].name, events[i].fn, NULL);
	}
	ktally_tp_synchronize();
	smoke_expect(KTALLY_TP_HAVE(sched_switch));
	smoke_expect(ktally_tp_register("no_such_tracepoint", hit_sched_switch, NULL) == -ENOENT);
}

static bool stack_has(unsigned int count, const char *name)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned int i;

	for (i = 0; i < count; i++) {
		sprint_symbol(text, ips[i]);
		if (!strncmp(text, name, strlen(name)))
			return true;
	}
	return false;
}

static unsigned long caller_ips[DEPTH];

static noinline void check_stacks(void)
{
	unsigned int count, caller_count;

	preempt_disable();
	count = ktally_unwind_kernel(NULL, ips, DEPTH);
	caller_count = ktally_unwind_caller(__builtin_frame_address(0), caller_ips, DEPTH);
	preempt_enable();
	smoke_expect(caller_count == count && !memcmp(ips, caller_ips, count * sizeof(*ips)));
	smoke_expect(count > 2 && !within_module(ips[0], THIS_MODULE));
	/* Called from module loading, which is a system call. */
	smoke_expect(stack_has(count, "do_one_initcall"));
	smoke_expect(ktally_unwind_kernel(NULL, ips, 0) == 0);
	count = ktally_unwind_user(NULL, ips, DEPTH);
	smoke_expect(count >= 1 && ips[0] == instruction_pointer(task_pt_regs(current)));
	pr_info("ktally_smoke: user stack of %u\n", count);
	ktally_syscall_args(task_pt_regs(current), call_args);
	pr_info("ktally_smoke: system call arguments %llx %llx\n",
		(unsigned long long)call_args[0], (unsigned long long)call_args[1]);
}

/* Writing to the parameter user_stack walks the writer's stack, reading gives the addresses. */
static unsigned long user_ips[DEPTH];
static unsigned int user_depth;

static int walk_user(const char *value, const struct kernel_param *param)
{
	preempt_disable();
	user_depth = ktally_unwind_user(NULL, user_ips, DEPTH);
	preempt_enable();
	return 0;
}

static int show_user(char *text, const struct kernel_param *param)
{
	unsigned int i;
	int length = 0;

	for (i = 0; i < user_depth; i++)
		length += scnprintf(text + length, PAGE_SIZE - length, "%lx ", user_ips[i]);
	return length;
}

static const struct kernel_param_ops user_stack_ops = { .set = walk_user, .get = show_user };
module_param_cb(user_stack, &user_stack_ops, NULL, 0644);

static unsigned int kprobe_depth;
static unsigned long kprobe_first;

static int hit_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	kprobe_depth = ktally_unwind_kernel(regs, ips, DEPTH);
	kprobe_first = ips[0] - instruction_pointer(regs);
	return 0;
}

/* A stack taken in an interrupt goes on below it, to what was interrupted. */
static unsigned int interrupt_depth;

static enum hrtimer_restart hit_timer(struct hrtimer *timer)
{
	WRITE_ONCE(interrupt_depth, ktally_unwind_kernel(NULL, ips, DEPTH));
	return HRTIMER_NORESTART;
}

static struct hrtimer hit_hrtimer;

static noinline void check_interrupt_stack(void)
{
	interrupt_depth = 0;
	hrtimer_setup(&hit_hrtimer, hit_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&hit_hrtimer, ns_to_ktime(1000000), HRTIMER_MODE_REL_PINNED_HARD);
	while (!READ_ONCE(interrupt_depth))
		cpu_relax();
	hrtimer_cancel(&hit_hrtimer);
	smoke_expect(stack_has(interrupt_depth, "do_one_initcall"));
	smoke_expect(stack_has(interrupt_depth, "check_interrupt_stack"));
}

static int show_addresses(char *text, const struct kernel_param *param)
{
	return scnprintf(text, PAGE_SIZE, "%d\n", ktally_kernel_addresses_allowed());
}

static const struct kernel_param_ops addresses_ops = { .get = show_addresses };
module_param_cb(addresses, &addresses_ops, NULL, 0444);

static void check_regs_stack(void)
{
	struct kprobe probe = { .symbol_name = "msleep", .pre_handler = hit_kprobe };

	smoke_expect(!register_kprobe(&probe));
	msleep(20);
	unregister_kprobe(&probe);
	smoke_expect(kprobe_depth > 2 && kprobe_first == 0);
	smoke_expect(stack_has(kprobe_depth, "do_one_initcall"));
}

KTALLY_PERF_HANDLER(hit_perf, event, data, regs)
{
	u32 size;

	if (ktally_perf_context(event) == &overflows && !ktally_perf_raw(data, &size))
		WRITE_ONCE(overflows, overflows + 1);
}

static void check_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr), .sample_period = 1000000, .disabled = 1,
	};
	struct perf_event *event;
	u64 value = 0;
	int cpu = get_cpu();

	put_cpu();
	event = ktally_perf_create(&attr, cpu, hit_perf, &overflows);
	smoke_expect(!IS_ERR(event));
	if (IS_ERR(event))
		return;
	ktally_perf_enable(event);
	mdelay(20);
	if (get_cpu() == cpu)
		smoke_expect(ktally_perf_read(event, &value) && value > 0);
	put_cpu();
	ktally_perf_disable(event);
	smoke_expect(!ktally_perf_read(event, &value));
	smoke_expect(READ_ONCE(overflows));
	ktally_perf_release(event);
}

void smoke_hits(void)
{
	check_tracepoints();
	check_stacks();
	check_regs_stack();
	check_interrupt_stack();
	check_perf();
}
