// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks the names that kmod/compat/include/ brings to old kernels, and the small wrappers. */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/cpu.h>
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/cputime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/ktally.h>
#include <asm/barrier.h>

#include "compat/cgroup.h"
#include "compat/cpuhp.h"
#include "compat/cred.h"
#include "compat/features.h"
#include "compat/regs.h"
#include "compat/sync.h"
#include "compat/task.h"
#include "compat/uaccess.h"
#include "smoke.h"

static_assert(sizeof(u64) == 8);
static_assert(BIT_ULL(3) == 8, "with a sentence");

struct list_of {
	int n;
	u64 each[];
};

static void check_language(void)
{
	struct list_of *list = NULL;
	unsigned int value = 1, seen = 0;

	WRITE_ONCE(value, 2);
	/* Pairs with the line after it: nobody else sees the value, but both must compile. */
	smp_store_release(&value, READ_ONCE(value) + 1);
	switch (smp_load_acquire(&value)) {
	case 3:
		seen++;
		fallthrough;
	default:
		seen++;
	}
	smoke_expect(seen == 2);
	smoke_expect(struct_size(list, each, 2) == sizeof(*list) + 16);
	smoke_expect(array_size((size_t)-1, 2) == (size_t)-1);
	smoke_expect(in_task() && !in_hardirq());
}

static void check_strings(void)
{
	char to[4];

	smoke_expect(strscpy(to, "abc", sizeof(to)) == 3 && !strcmp(to, "abc"));
	smoke_expect(strscpy(to, "abcd", sizeof(to)) == -E2BIG && !strcmp(to, "abc"));
}

static void check_memory(void)
{
	size_t size = 4 << 20;
	u8 *memory = kvzalloc(size, GFP_KERNEL);
	u64 *array = kvcalloc(3, sizeof(*array), GFP_KERNEL);
	u64 word = 0;

	smoke_expect(memory && !memory[0] && !memory[size - 1]);
	smoke_expect(array && !array[2]);
	ktally_vmalloc_sync();
	kvfree(memory);
	kvfree(array);
	smoke_expect(!copy_from_kernel_nofault(&word, &size, sizeof(word)) && word == size);
	smoke_expect(copy_from_kernel_nofault(&word, (void *)16, sizeof(word)));
	smoke_expect(copy_from_user_nofault(&word, (void __user *)&size, sizeof(word)) == -EFAULT);
	smoke_expect(!copy_from_user_nofault(&word, (void __user *)current->mm->start_stack,
					     sizeof(word)));
	smoke_expect(!ktally_access_ok((void __user *)&size, 1));
	smoke_expect(ktally_access_ok((void __user *)4096, 8));
	smoke_expect(!ktally_access_ok((void __user *)4096, (size_t)-1));
}

static unsigned int ticks;

static enum hrtimer_restart tick(struct hrtimer *timer)
{
	if (in_hardirq())
		WRITE_ONCE(ticks, ticks + 1);
	return HRTIMER_NORESTART;
}

static void check_time(void)
{
	u64 before = ktime_get_mono_fast_ns();
	struct hrtimer timer;

	smoke_expect(ktime_get_real_ns() > 1000000000ULL * 86400 * 365);
	smoke_expect(ktime_get_ns());
#ifdef CONFIG_DEBUG_OBJECTS_TIMERS
	return;
#endif
	hrtimer_setup(&timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&timer, ns_to_ktime(1000000), HRTIMER_MODE_REL_PINNED_HARD);
	while (hrtimer_active(&timer))
		cpu_relax();
	smoke_expect(READ_ONCE(ticks) == 1);
	smoke_expect(ktime_get_mono_fast_ns() - before >= 1000000);
}

static int ignore_cpu(unsigned int cpu)
{
	smoke_failures++;
	return 0;
}

static void check_cpus(void)
{
	refcount_t count;

	refcount_set(&count, 1);
	refcount_inc(&count);
	smoke_expect(!refcount_dec_and_test(&count) && refcount_read(&count) == 1);
	cpus_read_lock();
	cpus_read_unlock();
	/* Neither is to be called for a CPU that is online already. */
	smoke_expect(!ktally_cpuhp_init(ignore_cpu, ignore_cpu));
	ktally_cpuhp_exit();
	ktally_synchronize();
}

static void check_task(void)
{
	smoke_expect(ktally_task_state(current) == TASK_RUNNING);
	pr_info("ktally_smoke: exec id %llu, cgroup %llu, capable %d, addresses %d\n",
		(unsigned long long)ktally_task_exec_id(current),
		(unsigned long long)ktally_cgroup_id(KTALLY_CGROUP_UNIFIED), ktally_capable(),
		ktally_kernel_addresses_allowed());
	pr_info("ktally_smoke: features %llx\n", (unsigned long long)ktally_features());
	smoke_expect(ktally_features() & KTALLY_FEATURE_TRACEPOINT);
	smoke_expect(ktally_capable());
	smoke_expect(ktally_regs_arg_offset(0) >= 0 && ktally_regs_arg_offset(64) == -1);
	smoke_expect(ktally_regs_ret_offset() >= 0);
}

/* Compiled only: a file operation's poll() and mmap() are the users. */
__poll_t smoke_poll(struct vm_area_struct *vma, struct kretprobe_instance *instance);

__poll_t smoke_poll(struct vm_area_struct *vma, struct kretprobe_instance *instance)
{
	vm_flags_clear(vma, VM_MAYWRITE);
	return get_kretprobe(instance) ? EPOLLIN | EPOLLRDNORM : EPOLLHUP;
}

void smoke_shims(void)
{
	check_language();
	check_strings();
	check_memory();
	check_time();
	check_cpus();
	check_task();
}
