/* SPDX-License-Identifier: GPL-2.0 */
/* Reads a counter of the processor itself, where that costs a fourth of asking its driver. */
#ifndef _KTALLY_COMPAT_PERF_DIRECT_H
#define _KTALLY_COMPAT_PERF_DIRECT_H

#include <linux/compiler.h>
#include <linux/perf_event.h>
#include <linux/types.h>

#if defined(CONFIG_ARM64) && defined(CONFIG_ARM_PMU)
#include <linux/perf/arm_pmu.h>
#include <linux/string.h>
#include <asm/local64.h>
#include <asm/sysreg.h>

/*
 * Where the driver keeps a counter: "perf: arm_pmu: Remove event index to counter remapping", 6.12, came with a 33rd place,
 * for the instruction counter of Armv9.4, which is left to the driver.
 */
#if ARMPMU_MAX_HWEVENTS > 32
#define KTALLY_PMU_CYCLES	31
#define KTALLY_PMU_FIRST	0
#else
#define KTALLY_PMU_CYCLES	0
#define KTALLY_PMU_FIRST	1
#endif

/**
 * ktally_perf_is_direct() - whether ktally_perf_read_direct() understands a counter
 * @event: from ktally_perf_create()
 *
 * The PMUv3 of an arm64 processor, counting in the 32 bits that are the rule: 64 bits may be two counters.
 * Context: any.
 */
static inline bool ktally_perf_is_direct(const struct perf_event *event)
{
	const char *name = event->pmu->name;

	return name && (!strncmp(name, "armv8_", 6) || !strncmp(name, "armv9_", 6)) && !(event->attr.config1 & 1);
}

static __always_inline bool ktally_pmu_register(int place, u32 *now)
{
#define KTALLY_PMU_CASE(n)	case KTALLY_PMU_FIRST + n: return (*now = read_sysreg(pmevcntr##n##_el0), true)
	switch (place) {
	case KTALLY_PMU_CYCLES:
		*now = read_sysreg(pmccntr_el0);
		return true;
	KTALLY_PMU_CASE(0);
	KTALLY_PMU_CASE(1);
	KTALLY_PMU_CASE(2);
	KTALLY_PMU_CASE(3);
	KTALLY_PMU_CASE(4);
	KTALLY_PMU_CASE(5);
	KTALLY_PMU_CASE(6);
	KTALLY_PMU_CASE(7);
	KTALLY_PMU_CASE(8);
	KTALLY_PMU_CASE(9);
	KTALLY_PMU_CASE(10);
	KTALLY_PMU_CASE(11);
	KTALLY_PMU_CASE(12);
	KTALLY_PMU_CASE(13);
	KTALLY_PMU_CASE(14);
	KTALLY_PMU_CASE(15);
	KTALLY_PMU_CASE(16);
	KTALLY_PMU_CASE(17);
	KTALLY_PMU_CASE(18);
	KTALLY_PMU_CASE(19);
	KTALLY_PMU_CASE(20);
	KTALLY_PMU_CASE(21);
	KTALLY_PMU_CASE(22);
	KTALLY_PMU_CASE(23);
	KTALLY_PMU_CASE(24);
	KTALLY_PMU_CASE(25);
	KTALLY_PMU_CASE(26);
	KTALLY_PMU_CASE(27);
	KTALLY_PMU_CASE(28);
	KTALLY_PMU_CASE(29);
	KTALLY_PMU_CASE(30);
	}
#undef KTALLY_PMU_CASE
	return false;
}

/**
 * ktally_perf_read_direct() - as ktally_perf_read(), of a counter that ktally_perf_is_direct()
 * @event: a counter created for this CPU
 * @value: where to
 *
 * What the driver has added up, and what the register has counted since the driver noted it. Nothing is written, so
 * an interrupt in the middle harms nothing: if it made the driver note anew, or put the counter into another place, that
 * is seen and all is read again. Where we are the interrupt, between the driver's noting and its adding up, the value
 * is too little, as it is in perf_event_read_local().
 *
 * Return: false if the counter is not counting here.
 * Context: as ktally_perf_read().
 */
static __always_inline bool ktally_perf_read_direct(struct perf_event *event, u64 *value)
{
	u64 noted, sum;
	u32 now;
	int place;

	do {
		if (unlikely(READ_ONCE(event->oncpu) < 0))
			return false;
		place = READ_ONCE(event->hw.idx);
		noted = local64_read(&event->hw.prev_count);
		if (unlikely(!ktally_pmu_register(place, &now)))
			return false;
		sum = local64_read(&event->count);
		barrier();
	} while (unlikely(noted != (u64)local64_read(&event->hw.prev_count) || place != READ_ONCE(event->hw.idx)));
	/* The registers have 32 bits, or 64 of which the driver uses 32. */
	*value = sum + (u32)(now - (u32)noted);
	return true;
}

#else

static inline bool ktally_perf_is_direct(const struct perf_event *event)
{
	return false;
}

static __always_inline bool ktally_perf_read_direct(struct perf_event *event, u64 *value)
{
	return false;
}

#endif

#endif /* _KTALLY_COMPAT_PERF_DIRECT_H */
