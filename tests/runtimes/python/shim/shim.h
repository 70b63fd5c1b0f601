/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kmod/interp*.c need of a kernel, in a program: memory of another process, its thread pointer, and a ring for one record. */
#ifndef SHIM_H
#define SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include <linux/ktally_ring.h>
#include <linux/ktally_unwind.h>

/* In place of these headers. */
#define _KTALLY_COMPAT_REGS_H
#define _KTALLY_COMPAT_SYNC_H
#define _KTALLY_PROBE_H
#define _KTALLY_RING_H

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;

#define __user
#define U32_MAX UINT32_MAX
#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))
#define ALIGN(n, to) (((n) + (to) - 1) & ~((to) - 1))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define READ_ONCE(place) (place)
#define WRITE_ONCE(place, value) ((place) = (value))
#define GFP_KERNEL 0
#define cpu_to_node(cpu) (cpu)
static inline void *kvzalloc_node(size_t size, int flags, int node)
{
	return flags == GFP_KERNEL && node >= 0 ? calloc(1, size) : NULL;
}
#define kvfree(memory) free(memory)
#define ktally_vmalloc_sync() do { } while (0)

long copy_from_user_nofault(void *to, const void *from, size_t size);

/* The thread that is looked at. */
struct shim_task {
	void *mm;
	unsigned int flags;
};
extern struct shim_task shim_task;
extern unsigned long shim_thread_pointer;
#define current (&shim_task)
#define PF_KTHREAD 1
#define task_pt_regs(task) (task)
static inline bool ktally_regs_are_32_bit(const void *regs)
{
	return !regs;
}
#define CONFIG_X86_64 1
#define rdmsrl(msr, value) ((value) = shim_thread_pointer)

struct ktally_probe;
struct ktally_ring {
	u32 mode;
	u64 head, size;
	struct ktally_consumer_page *consumer;
};
struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, struct ktally_ring *ring, unsigned int type, u32 size,
					  const void *task);
void ktally_ring_commit(struct ktally_ring *ring);

#endif /* SHIM_H */
