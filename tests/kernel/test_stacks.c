// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks: kernel stacks lead to the probed function, user stacks follow a known chain, a full store is accounted. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(stacks)

/* A call of getppid from this very function: the library's wrapper would be a frame of its own. */
static inline __attribute__((always_inline)) void call_getppid(void)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_getppid) : "rcx", "r11", "memory");
#else
	register long number __asm__("x8") = SYS_getppid;
	register long ret __asm__("x0");

	__asm__ volatile("svc 0" : "=r"(ret) : "r"(number) : "memory");
#endif
}

/* Its own memory on the stack makes even gcc give a leaf a frame. */
static __attribute__((noinline)) void innermost(void)
{
	volatile unsigned long here = 0;

	call_getppid();
	here++;
}

static __attribute__((noinline)) void middle(void)
{
	innermost();
	__asm__ volatile("");
}

static __attribute__((noinline)) void outermost(void)
{
	middle();
	__asm__ volatile("");
}

static __attribute__((noinline)) void nest(unsigned int depth)
{
	if (depth)
		nest(depth - 1);
	else
		innermost();
	__asm__ volatile("");
}

/* Which of the functions above @ip is in: they are small and nothing else lies between them. */
static bool inside(uint64_t ip, void (*function)(void))
{
	return ip >= (uintptr_t)function && ip < (uintptr_t)function + 64;
}

static int stack_session(struct kit *kit, unsigned int kind, unsigned int depth, unsigned int entries)
{
	const enum ktally_kind kinds[] = { kind == KTALLY_STACK_KERNEL ? KTALLY_KIND_KSTACK : KTALLY_KIND_USTACK, KTALLY_KIND_IMAGE };
	const struct ktally_insn insns[] = {
		ONLY_US, { .op = KTALLY_OP_STACK, .dst = 0, .aux = kind, .imm = depth }, CONTEXT(1, IMAGE), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	int ret;

	kit->plan->stack_entries = entries;
	ret = kit_table(kit, 256, 2, kinds, NULL, 0);
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_KPROBE, kit_call_symbol("getppid"), PROGRAM(insns));
	return ret < 0 ? ret : kit_start(kit);
}

static const uint64_t *stack_of(const struct kit *kit, const struct ktally_row *row, unsigned int *nr)
{
	return ktally_stackset_get(kit->snap->stacks, row->key[0], nr);
}

static uint64_t address_of(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	unsigned long long address = 0, found = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 && !strcmp(name, symbol))
			found = address;
	if (file)
		fclose(file);
	return found;
}

/* Who calls the function of a system call: arm64, x86 since 4.16, 4.1 and before. */
static bool calls_functions(const char *name)
{
	static const char *const names[] = { "invoke_syscall", "do_syscall_64", "entry_SYSCALL_64_fastpath", "system_call_fastpath" };
	unsigned int i;

	for (i = 0; i < COUNTOF(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* From both CPUs it is the same stack, and its top is the probed function. */
TEST_F(stacks, kernel)
{
	struct ktally_symbolizer *sym;
	const struct ktally_frame *frame;
	struct kit *kit = &self->kit;
	const struct ktally_row *row;
	const uint64_t *ips;
	unsigned int nr, i, entry = 0;

	OK(kit, stack_session(kit, KTALLY_STACK_KERNEL, 32, 64));
	OK(kit, kit_calls_both(1009, 2003));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(3012, kit_total(kit, 0));
	EXPECT_EQ(0, kit->snap->stacks_lost);
	row = &kit->snap->tables[0].rows[0];
	ips = stack_of(kit, row, &nr);
	ASSERT_LT(1, nr);
	OK(kit, ktally_symbolizer_new(&sym, NULL, &kit->err));
	frame = ktally_symbolize_kernel(sym, ips[0], false);
	/* Where several names share the address, any of them is right. */
	EXPECT_EQ(address_of(kit_call_symbol("getppid")), frame->symbol_address) TH_LOG("innermost is %s", frame->name);
	for (i = 1; i < nr; i++) {
		frame = ktally_symbolize_kernel(sym, ips[i], true);
		EXPECT_NE(0, strcmp("[unknown]", frame->name));
		EXPECT_EQ(NULL, strstr(frame->module, "ktally"));
		entry += calls_functions(frame->name);
	}
	EXPECT_EQ(1, entry);
	EXPECT_TRUE(kit_closes(kit));
	ktally_symbolizer_free(sym);
}

/* Whether a frame of the stack is in a function whose name has @part in it. */
static bool leads_through(struct ktally_symbolizer *sym, const struct kit *kit, const struct ktally_row *row, const char *part)
{
	unsigned int nr, i;
	const uint64_t *ips = stack_of(kit, row, &nr);

	for (i = 1; i < nr; i++)
		if (strcasestr(ktally_symbolize_kernel(sym, ips[i], true)->name, part))
			return true;
	return false;
}

#define READS 2003u
#define PREADS 1009u

/* One function by two ways in turns, from two threads: what is remembered of one stack is never taken for another. */
static void *read_both_ways(void *unused)
{
	unsigned int reads = READS, preads = PREADS;
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte;

	(void)unused;
	while (reads || preads) {
		if (reads && (!preads || reads % 3))
			reads -= read(fd, &byte, 1) == 1;
		else if (preads)
			preads -= pread(fd, &byte, 1, 0) == 1;
		if (reads && reads % 3 == 0)
			reads -= read(fd, &byte, 1) == 1;
	}
	close(fd);
	return NULL;
}

TEST_F(stacks, two_ways_in_turns)
{
	const enum ktally_kind kinds[] = { KTALLY_KIND_KSTACK };
	const struct ktally_insn insns[] = {
		ONLY_US, { .op = KTALLY_OP_STACK, .dst = 0, .aux = KTALLY_STACK_KERNEL, .imm = 32 }, UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	uint64_t by_read = 0, by_pread = 0, both = 0;
	struct ktally_symbolizer *sym;
	struct kit *kit = &self->kit;
	pthread_t threads[2];
	size_t i;

	kit->plan->stack_entries = 1024;
	ASSERT_LE(0, kit_table(kit, 256, 1, kinds, NULL, 0));
	ASSERT_LE(0, kit_probe(kit, KTALLY_SOURCE_KPROBE, "vfs_read", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, read_both_ways, NULL));
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	OK(kit, ktally_symbolizer_new(&sym, NULL, &kit->err));
	for (i = 0; i < kit->snap->tables[0].nr_rows; i++) {
		const struct ktally_row *row = &kit->snap->tables[0].rows[i];
		bool pread = leads_through(sym, kit, row, "pread"), read = leads_through(sym, kit, row, "sys_read");

		by_pread += pread ? row->hits : 0;
		by_read += read ? row->hits : 0;
		both += pread && read ? row->hits : 0;
	}
	EXPECT_EQ(2 * READS, by_read);
	EXPECT_EQ(2 * PREADS, by_pread);
	EXPECT_EQ(0, both);
	EXPECT_TRUE(kit_closes(kit));
	ktally_symbolizer_free(sym);
}

TEST_F(stacks, depth_limit)
{
	struct kit *kit = &self->kit;
	unsigned int nr;

	OK(kit, stack_session(kit, KTALLY_STACK_KERNEL, 2, 64));
	kit_calls(5);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	stack_of(kit, &kit->snap->tables[0].rows[0], &nr);
	EXPECT_EQ(2, nr);
}

TEST_F(stacks, user_chain)
{
	struct kit *kit = &self->kit;
	const uint64_t *ips;
	unsigned int nr, i;

	OK(kit, stack_session(kit, KTALLY_STACK_USER, 64, 64));
	for (i = 0; i < 211; i++)
		outermost();
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(211, kit->snap->tables[0].rows[0].hits);
	ips = stack_of(kit, &kit->snap->tables[0].rows[0], &nr);
	ASSERT_LT(3, nr);
	EXPECT_TRUE(inside(ips[0], innermost));
	EXPECT_TRUE(inside(ips[1], middle));
	EXPECT_TRUE(inside(ips[2], outermost));
	EXPECT_TRUE(kit_closes(kit));
}

/* Each depth is a stack of its own, and the same depth is the same one every time. */
TEST_F(stacks, interned)
{
	struct kit *kit = &self->kit;
	unsigned int i, nr;
	size_t row;

	OK(kit, stack_session(kit, KTALLY_STACK_USER, 127, 256));
	for (i = 0; i < 40 * 3; i++)
		nest(i % 40);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(40, kit->snap->tables[0].nr_rows);
	for (row = 0; row < kit->snap->tables[0].nr_rows; row++) {
		EXPECT_EQ(3, kit->snap->tables[0].rows[row].hits);
		EXPECT_TRUE(inside(stack_of(kit, &kit->snap->tables[0].rows[row], &nr)[0], innermost));
	}
	EXPECT_EQ(0, kit->snap->stacks_lost);
}

TEST_F(stacks, full_store)
{
	struct kit *kit = &self->kit;
	uint64_t lost = 0;
	unsigned int i;
	size_t row;

	OK(kit, stack_session(kit, KTALLY_STACK_USER, 127, 4));
	OK(kit, kit_pin(0));
	for (i = 0; i < 101; i++)
		nest(i);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (row = 0; row < kit->snap->tables[0].nr_rows; row++)
		if (kit->snap->tables[0].rows[row].key[0] == KTALLY_STACKSET_LOST)
			lost += kit->snap->tables[0].rows[row].hits;
	EXPECT_LT(0, lost);
	EXPECT_LT(lost, 101);
	EXPECT_EQ(lost, kit->snap->stacks_lost);
	EXPECT_EQ(101, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* The row of table 0 that tells of the starts on @cpu: its kernel stack, its user stack. */
static const struct ktally_row *starts_on(const struct kit *kit, uint64_t cpu)
{
	const struct ktally_table *table = &kit->snap->tables[0];
	size_t i;

	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].key[0] == cpu)
			return &table->rows[i];
	return NULL;
}

/* What the start of a pair saved of its stacks is the same where it ends, on another processor, whose store has other stacks. */
TEST_F(stacks, of_a_start_elsewhere)
{
	struct kit *kit = &self->kit;
	unsigned int i, nr;
	size_t row;

	OK(kit, kit_event(kit, "ktally_test:begin//key=cpu/stack=both/"));
	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/key=start.cpu,cpu,start.kstack,start.ustack/"));
	OK(kit, kit_event(kit, "ktally_test:end//key=cpu/stack=both/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell_on(i % 2, "begin %u", i));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell_on(!(i % 2), "end %u", i));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(2, kit->snap->tables[1].nr_rows);
	for (row = 0; row < kit->snap->tables[1].nr_rows; row++) {
		const struct ktally_row *ended = &kit->snap->tables[1].rows[row], *begun = starts_on(kit, ended->key[0]);

		EXPECT_EQ(ended->key[0] ? 11 : 12, ended->hits);
		EXPECT_EQ(!ended->key[0], ended->key[1]);
		ASSERT_NE(NULL, begun);
		EXPECT_EQ(begun->key[1], ended->key[2]);
		EXPECT_EQ(begun->key[2], ended->key[3]);
		EXPECT_NE(NULL, ktally_stackset_get(kit->snap->stacks, ended->key[2], &nr));
		EXPECT_NE(NULL, ktally_stackset_get(kit->snap->stacks, ended->key[3], &nr));
	}
	EXPECT_TRUE(kit_closes(kit));
}

static void *spin(void *stop)
{
	kit_pin(1);
	while (!__atomic_load_n((bool *)stop, __ATOMIC_ACQUIRE))
		outermost();
	return NULL;
}

/* Samples of a timer: user mode or kernel mode, never both, and the busy function is found. */
TEST_F(stacks, sampled)
{
	const enum ktally_kind kinds[] = { KTALLY_KIND_UINT, KTALLY_KIND_KSTACK, KTALLY_KIND_USTACK, KTALLY_KIND_IMAGE };
	const struct ktally_insn insns[] = {
		ONLY_US, CONTEXT(0, USER_MODE), STACK(1, KERNEL, 32), STACK(2, USER, 32), CONTEXT(3, IMAGE), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;
	const struct ktally_table *t;
	uint64_t chain = 0, total = 0, begin;
	bool stop = false;
	pthread_t thread;
	unsigned int nr;
	size_t i;

	kit->plan->stack_entries = 4096;
	OK(kit, kit_table(kit, 4096, 4, kinds, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TIMER, "", PROGRAM(insns)));
	kit->plan->probes[0].period = 1000000;
	ASSERT_EQ(0, pthread_create(&thread, NULL, spin, &stop));
	OK(kit, kit_start(kit));
	begin = kit_now();
	do {
		kit_sleep_ms(1500);
		OK(kit, kit_take(kit));
	} while (kit_total(kit, 0) < 200 && kit_now() - begin < 15000000000ull);
	OK(kit, kit_stop(kit));
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	OK(kit, kit_take(kit));
	t = &kit->snap->tables[0];
	for (i = 0; i < t->nr_rows; i++) {
		const uint64_t *key = t->rows[i].key, *ips;

		total += t->rows[i].hits;
		EXPECT_LE(key[0], 1);
		EXPECT_EQ(!key[0], !!key[1]);
		ips = ktally_stackset_get(kit->snap->stacks, key[2], &nr);
		if (nr > 1 && (inside(ips[0], innermost) || inside(ips[0], middle) || inside(ips[0], outermost)))
			chain += t->rows[i].hits;
	}
	EXPECT_LT(100, total);
	EXPECT_LT(total / 2, chain) TH_LOG("%llu of %llu samples in the chain", (unsigned long long)chain, (unsigned long long)total);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
