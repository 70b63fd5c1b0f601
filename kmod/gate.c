// SPDX-License-Identifier: GPL-2.0
/* Gates: which hits pass, and for how many they stand. */
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include "program.h"
#include "table.h"

/* 32 bits of chance: the upper half of a multiplicative sequence of 64, of its own on each CPU (Knuth, MMIX). */
static u32 chance(u64 *state)
{
	if (unlikely(!*state))
		*state = ktime_get_mono_fast_ns() ^ ((u64)raw_smp_processor_id() << 40);
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 32;
}

/* True once in n. */
static bool one_in(u64 *state, u32 n)
{
	return ((u64)chance(state) * n) >> 32 == 0;
}

static void multiply(u64 *weight, u64 by)
{
	*weight = min_t(u64, *weight * by, ~0U);
}

/* A size is taken with probability size / interval; interval / size, rounded up or down by chance, makes up for it. */
static bool pass_bytes(u64 *state, u64 interval, u64 size, u64 *weight)
{
	u64 times;

	if (size >= interval)
		return true;
	if (((u64)chance(state) * interval) >> 32 >= size)
		return false;
	times = interval / size;
	if (((u64)chance(state) * size) >> 32 < interval - times * size)
		times++;
	multiply(weight, times);
	return true;
}

/* Interrupts may come in between, so what was counted is taken away as often as it was; below 0 it is a debt. */
static bool pass_every(u64 *count, u64 every, u64 *weight)
{
	if (local64_add_return(1, (local64_t *)count) < (s64)every)
		return false;
	ktally_word_add(count, -every);
	multiply(weight, every);
	return true;
}

/* Who moves the start of the period passes, and stands for all that came until then. */
static bool pass_period(u64 *state, u64 period, u64 *weight)
{
	u64 start, now, waiting;

	ktally_word_inc(&state[1]);
	start = READ_ONCE(state[0]);
	barrier();
	now = ktime_get_mono_fast_ns();
	if (start && now - start < period)
		return false;
	if (cmpxchg_local(&state[0], start, now) != start)
		return false;
	waiting = READ_ONCE(state[1]);
	ktally_word_add(&state[1], -waiting);
	multiply(weight, waiting);
	return true;
}

bool ktally_gate(const struct ktally_insn *insn, const struct ktally_program *program, const u64 *size, u64 *weight)
{
	u64 *state = raw_cpu_ptr(program->state), *own = state + insn->b;

	switch (insn->aux) {
	case KTALLY_GATE_EVERY:
		return pass_every(own, insn->imm, weight);
	case KTALLY_GATE_RANDOM:
		multiply(weight, insn->imm);
		return one_in(state, insn->imm);
	case KTALLY_GATE_BYTES:
		return pass_bytes(state, insn->imm, *size, weight);
	case KTALLY_GATE_PERIOD:
		return pass_period(own, insn->imm, weight);
	}
	return true;
}
