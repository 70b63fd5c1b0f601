// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks of dumps: this program's own, with its registers, against what the C library's unwinder says; and broken ones. */
#include <assert.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "crafted.h"
#include "process.h"

#define IMAGE ((uint64_t)getpid() << 32 | 1)
#define FRAMES 64

#if defined(__x86_64__)
#define NR_REGS 17
#define SP 7
#define IP 16
#else
#define NR_REGS 33
#define SP 31
#define IP 32
#endif

struct taken {
	struct ktally_user *record;
	void *truth[FRAMES];
	int nr_truth;
};

/* Room for a record with @bytes of a stack. */
static struct ktally_user *new_record(size_t bytes)
{
	struct ktally_user *record = calloc(1, sizeof(*record) + NR_REGS * 8 + bytes);

	record->record.size = sizeof(*record) + NR_REGS * 8 + bytes;
	record->record.type = KTALLY_RECORD_USER;
	record->image = IMAGE;
	record->id = 1;
	record->nr_regs = NR_REGS;
	record->bytes = bytes;
	return record;
}

static void fill_registers(struct ktally_user *record, const ucontext_t *context)
{
#if defined(__x86_64__)
	static const int order[NR_REGS] = { REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8, REG_R9, REG_R10,
					    REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP };
	unsigned int i;

	for (i = 0; i < NR_REGS; i++)
		record->data[i] = context->uc_mcontext.gregs[order[i]];
#else
	memcpy(record->data, context->uc_mcontext.regs, 31 * 8);
	record->data[31] = context->uc_mcontext.sp;
	record->data[32] = context->uc_mcontext.pc;
#endif
}

static struct taken *taking;
static uint64_t stack_end;

/* The sanitizer has its own opinion on who may read the frames of other functions. */
__attribute__((no_sanitize("address"))) static void on_signal(int number, siginfo_t *info, void *context)
{
	volatile const char *stack;
	struct ktally_user *record = taking->record;
	char *to = (char *)(record->data + NR_REGS);
	unsigned int i;

	(void)number;
	(void)info;
	fill_registers(record, context);
	stack = (volatile const char *)(uintptr_t)record->data[SP];
	if (stack_end - record->data[SP] < record->bytes)
		record->bytes = (stack_end - record->data[SP]) & ~7ULL;
	for (i = 0; i < record->bytes; i++)
		to[i] = stack[i];
	taking->nr_truth = backtrace(taking->truth, FRAMES);
}

static __attribute__((noinline)) int deeper(int depth, int (*next)(int depth))
{
	volatile char space[100 + depth * 8];
	int ret;

	space[0] = depth;
	ret = depth ? deeper(depth - 1, next) : next(depth);
	return ret + space[0];
}

static __attribute__((noinline)) int hit(int depth)
{
	raise(SIGUSR1);
	return depth;
}

/* A call chain of known depth, interrupted by a signal; the handler's frames and the signal's own are cut off the truth. */
static void take(struct taken *taken, size_t bytes)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	int i;

	memset(taken, 0, sizeof(*taken));
	taken->record = new_record(bytes);
	taking = taken;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	deeper(6, hit);
	for (i = 0; i < taken->nr_truth && (uint64_t)(uintptr_t)taken->truth[i] != taken->record->data[IP]; i++)
		;
	assert_true(i < taken->nr_truth);
	memmove(taken->truth, taken->truth + i, (taken->nr_truth - i) * sizeof(*taken->truth));
	taken->nr_truth -= i;
	assert_true(taken->nr_truth > 10);
}

static void a_whole_stack_is_walked(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	uint64_t ips[FRAMES];
	struct taken taken;
	int nr, i, round;

	(void)state;
	take(&taken, 16384);
	for (round = 0; round < 3; round++) {	/* the second time from its cache, the third with all of it dropped */
		nr = ktally_unwind_dump(procs, taken.record, ips, FRAMES);
		assert_int_equal(nr, taken.nr_truth);
		for (i = 0; i < nr; i++)
			assert_int_equal(ips[i], (uintptr_t)taken.truth[i]);
		if (round == 1)
			assert_int_equal(ktally_processes_running(procs, getpid(), IMAGE), 0);
	}
	free(taken.record);
	ktally_processes_free(procs);
}

static void a_short_dump_is_cut(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	uint64_t ips[FRAMES];
	struct taken taken;
	int nr, i;

	(void)state;
	take(&taken, 1024);
	nr = ktally_unwind_dump(procs, taken.record, ips, FRAMES);
	assert_in_range(nr, 2, taken.nr_truth);
	for (i = 0; i < nr - 1; i++)
		assert_int_equal(ips[i], (uintptr_t)taken.truth[i]);
	assert_int_equal(ips[nr - 1], KTALLY_WORD_CUT(KTALLY_CUT_FAULT));
	nr = ktally_unwind_dump(procs, taken.record, ips, 2);
	assert_int_equal(nr, 2);
	assert_int_equal(ips[1], KTALLY_WORD_CUT(KTALLY_CUT_DEPTH));
	free(taken.record);
	ktally_processes_free(procs);
}

static void broken_dumps_end(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	uint64_t ips[FRAMES], good[NR_REGS];
	struct taken taken;
	unsigned int i, n;
	int nr;

	(void)state;
	take(&taken, 8192);
	memcpy(good, taken.record->data, sizeof(good));
	for (i = 0; i < 2000; i++) {
		memcpy(taken.record->data, good, sizeof(good));
		for (n = random() % 4; n--;)
			taken.record->data[random() % NR_REGS] = random() % 3 ? good[SP] + random() % 10000 : (uint64_t)random() << 32 | random();
		for (n = random() % 40; n--;)
			taken.record->data[NR_REGS + random() % 1024] = random() % 2 ? good[SP] + random() % 10000 : good[IP] + random() % 100000;
		nr = ktally_unwind_dump(procs, taken.record, ips, FRAMES);
		assert_in_range(nr, 1, FRAMES);
		while (nr-- > 1)
			assert_int_equal(KTALLY_WORD_IS_CUT(ips[nr - 1]), 0);
	}
	memcpy(taken.record->data, good, sizeof(good));
	taken.record->data[IP] = 0;
	assert_int_equal(ktally_unwind_dump(procs, taken.record, ips, FRAMES), 1);
	assert_int_equal(ips[0], KTALLY_WORD_CUT(KTALLY_CUT_MAPPING));
	taken.record->nr_regs = NR_REGS - 1;
	assert_int_equal(ktally_unwind_dump(procs, taken.record, ips, FRAMES), -EOPNOTSUPP);
	free(taken.record);
	ktally_processes_free(procs);
}

static void dumps_are_kept_a_while(void **state)
{
	struct ktally_dumps *dumps = ktally_dumps_new(2);
	struct ktally_user *record = new_record(64);
	uint64_t id;

	(void)state;
	assert_null(ktally_dumps_find(dumps, 0, 0));
	for (id = 1; id <= KTALLY_DUMPS_KEPT + 1; id++) {
		record->id = id;
		record->bytes = 64 - 8 * (id % 3);
		record->record.size = sizeof(*record) + NR_REGS * 8 + record->bytes;
		assert_int_equal(ktally_dumps_keep(dumps, 1, record), 0);
	}
	assert_null(ktally_dumps_find(dumps, 1, 1));
	for (id = 2; id <= KTALLY_DUMPS_KEPT + 1; id++)
		assert_int_equal(ktally_dumps_find(dumps, 1, id)->bytes, 64 - 8 * (id % 3));
	assert_null(ktally_dumps_find(dumps, 0, 2));
	assert_null(ktally_dumps_find(dumps, 2, 2));
	assert_int_equal(ktally_dumps_keep(dumps, 2, record), -EINVAL);
	free(record);
	ktally_dumps_free(dumps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_stack_is_walked),
		cmocka_unit_test(a_short_dump_is_cut),
		cmocka_unit_test(broken_dumps_end),
		cmocka_unit_test(dumps_are_kept_a_while),
	};

	pthread_attr_t attr;
	void *stack;
	size_t size;

	srandom(5);
	assert(!pthread_getattr_np(pthread_self(), &attr) && !pthread_attr_getstack(&attr, &stack, &size));
	stack_end = (uintptr_t)stack + size;
	pthread_attr_destroy(&attr);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
