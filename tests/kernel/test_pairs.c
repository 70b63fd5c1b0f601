// SPDX-License-Identifier: GPL-2.0-or-later
/* Pairs: whose they are, which starts go with which ends, chains, nesting, and that nothing of a start is lost. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* Fields of kprobes. */
enum { ARG0, ARG1 };

KIT_FIXTURE(pairs)

static const struct ktally_column times[] = {
	{ .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_MIN }, { .kind = KTALLY_COLUMN_MAX },
};

/* The times of a row made of these columns are real ones: none negative, none longer than @elapsed, and they add up. */
#define EXPECT_TIMES(kit, table, row, elapsed) ({					\
	int64_t sum_ = kit_value(kit, table, row, "value0"), min_ = kit_value(kit, table, row, "value1");	\
	int64_t max_ = kit_value(kit, table, row, "value2");				\
											\
	EXPECT_LT(0, min_);								\
	EXPECT_GE(max_, min_);								\
	EXPECT_GT((int64_t)(elapsed), max_);						\
	EXPECT_GE(sum_, min_ * (int64_t)(row)->hits);					\
	EXPECT_LE(sum_, max_ * (int64_t)(row)->hits);					\
})

/* A pair that saves one word, begun by ktally_test_text() and ended by ktally_test_call(); a table of its times by that word. */
static int raw_pair(struct kit *kit, enum ktally_pair_kind kind, enum ktally_context saved)
{
	const struct ktally_insn start[] = {
		{ .op = KTALLY_OP_CONTEXT, .dst = 0, .aux = saved }, PAIR_START(0, 0, 0), EXIT(FOLDED),
	};
	const struct ktally_insn end[] = {
		PAIR_END(1, 0, 0, 5), MOVE(3, 1), MOVE(4, 1), MOVE(5, 1), UPDATE(0, 2, 3), EXIT(FOLDED), EXIT(FILTERED),
	};
	int ret = kit_pair(kit, kind, 0, 1, 64);

	if (ret >= 0)
		ret = kit_table(kit, 64, 1, NULL, times, COUNTOF(times));
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_text", PROGRAM(start));
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_call", PROGRAM(end));
	return ret;
}

#define BEGIN "text 1 x"
#define END "call 1 1"

struct both {
	pthread_barrier_t barrier;
	struct {
		pid_t tid;
		int ret;
	} thread[2];
};

/* Two threads, each of which begins while the other's start is open, and ends while its own is. */
static void take_turns(struct both *both, unsigned int me)
{
	unsigned int i;

	both->thread[me].tid = gettid();
	both->thread[me].ret = kit_pin(me);
	for (i = 0; i < 23 && !both->thread[me].ret; i++) {
		both->thread[me].ret = kit_tell(BEGIN);
		pthread_barrier_wait(&both->barrier);
		both->thread[me].ret |= kit_tell(END);
		pthread_barrier_wait(&both->barrier);
	}
}

static void *second_thread(void *both)
{
	take_turns(both, 1);
	return NULL;
}

TEST_F(pairs, by_thread)
{
	struct kit *kit = &self->kit;
	const struct ktally_row *row;
	struct both both;
	pthread_t thread;
	uint64_t elapsed;
	unsigned int i;

	OK(kit, raw_pair(kit, KTALLY_PAIR_TASK, KTALLY_CTX_TID));
	OK(kit, kit_start(kit));
	elapsed = kit_now();
	pthread_barrier_init(&both.barrier, NULL, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, second_thread, &both));
	take_turns(&both, 0);
	pthread_join(thread, NULL);
	/* The ends of a thread that began nothing close nobody else's start. */
	OK(kit, kit_tell(BEGIN));
	for (i = 0; i < 7; i++)
		OK(kit, kit_tell_on(i % 2, END));
	OK(kit, kit_tell(END));
	elapsed = kit_now() - elapsed;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 47, .ended = 47, .unmatched = 7 });
	EXPECT_EQ(2, kit->snap->tables[0].nr_rows);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, both.thread[i].ret);
		row = kit_row(kit, 0, both.thread[i].tid);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(i ? 23 : 24, row->hits);
		EXPECT_TIMES(kit, 0, row, elapsed);
	}
	EXPECT_EQ(7, kit->snap->probes[1].count.filtered);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(pairs, by_processor)
{
	struct kit *kit = &self->kit;
	unsigned int i, cpu;

	OK(kit, raw_pair(kit, KTALLY_PAIR_CPU, KTALLY_CTX_CPU));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++) {
		/* Whoever is there: two threads begin and two others end. */
		OK(kit, kit_tell_on(0, BEGIN));
		OK(kit, kit_tell_on(1, BEGIN));
		OK(kit, kit_tell_on(0, END));
		OK(kit, kit_tell_on(1, END));
	}
	OK(kit, kit_tell_on(0, BEGIN));
	OK(kit, kit_tell_on(1, END));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 47, .ended = 46, .unmatched = 1 }, .open = 1);
	for (cpu = 0; cpu < 2; cpu++)
		EXPECT_EQ(23, kit_hits(kit, 0, cpu));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(pairs, by_expression)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id * 3,id/save=cpu/ -> ktally_test:end/pair=id * 3,id/key=id,start.cpu,cpu/sum=lat/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell_on(i % 2, "begin %u", i));
	/* In another order, by other threads, on the other processor. */
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell_on((i * 7 + 1) % 23 % 2 ? 0 : 1, "end %u", (i * 7 + 1) % 23));
	OK(kit, kit_tell("end 22\nend 999"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 23, .ended = 23, .unmatched = 2 });
	EXPECT_EQ(23, kit->snap->tables[0].nr_rows);
	for (i = 0; i < 23; i++) {
		const struct ktally_row *row = kit_row(kit, 0, i);

		ASSERT_NE(NULL, row);
		EXPECT_EQ(1, row->hits);
		EXPECT_EQ(i % 2, row->key[1]);
		EXPECT_EQ(!(i % 2), row->key[2]);
		EXPECT_LT(0, kit_value(kit, 0, row, "sum(lat)"));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* Both processors at once, as fast as they can: the places of keys are everybody's. */
TEST_F(pairs, by_expression_at_once)
{
	struct kit *kit = &self->kit;
	pid_t child;
	int status;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id,tid/ -> ktally_test:end/pair=id,tid/key=pid/"));
	OK(kit, kit_start(kit));
	child = fork();
	if (!child)
		_exit(kit_pin(1) || kit_tell("pair 10007 0"));
	OK(kit, kit_pin(0));
	OK(kit, kit_tell("pair 10007 0"));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 20014, .ended = 20014 });
	EXPECT_EQ(10007, kit_hits(kit, 0, getpid()));
	EXPECT_EQ(10007, kit_hits(kit, 0, child));
	EXPECT_TRUE(kit_closes(kit));
}

/* A start takes the place of one that is open, unless that is to stay; either way one of them is counted as replaced. */
TEST_F(pairs, many_starts_to_one_end)
{
	static const char *const texts[] = {
		"ktally_test:begin; ktally_test:middle -> ktally_test:end/key=start.id/",
		"ktally_test:begin/first/; ktally_test:middle/first/ -> ktally_test:end/key=start.id/",
	};
	struct kit *kit = &self->kit;
	unsigned int first, i;

	for (first = 0; first < 2; first++) {
		kit_close(kit);
		OK(kit, kit_open(kit));
		OK(kit, kit_event(kit, texts[first]));
		OK(kit, kit_start(kit));
		for (i = 0; i < 23; i++) {
			OK(kit, kit_tell("begin 1\nend 0"));
			OK(kit, kit_tell("middle 2\nend 0"));
			OK(kit, kit_tell("begin 3\nmiddle 4\nmiddle 5\nend 0"));
		}
		OK(kit, kit_stop(kit));
		OK(kit, kit_take(kit));
		EXPECT_PAIR(kit, 0, .count = { .starts = 5 * 23, .ended = 3 * 23, .replaced = 2 * 23 });
		EXPECT_EQ(23, kit_hits(kit, 0, 1));
		EXPECT_EQ(23, kit_hits(kit, 0, 2));
		EXPECT_EQ(first ? 23 : 0, kit_hits(kit, 0, 3));
		EXPECT_EQ(0, kit_hits(kit, 0, 4));
		EXPECT_EQ(first ? 0 : 23, kit_hits(kit, 0, 5));
		EXPECT_TRUE(kit_closes(kit));
	}
}

TEST_F(pairs, one_start_to_many_ends)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:middle/pair=id/stay/max=lat/; ktally_test:end/pair=id/max=lat/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell("begin 1\nmiddle 1\nspin 1000\nmiddle 1\nspin 1000\nmiddle 1\nend 1"));
	OK(kit, kit_tell("middle 1\nend 1\nbegin 2\nmiddle 2"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 24, .ended = 23, .stayed = 3 * 23 + 1, .unmatched = 2 }, .open = 1);
	EXPECT_EQ(3 * 23 + 1, kit_total(kit, 0));
	EXPECT_EQ(23, kit_total(kit, 1));
	EXPECT_LT(0, kit_value(kit, 0, &kit->snap->tables[0].rows[0], "max(lat)"));
	EXPECT_TRUE(kit_closes(kit));
}

static uint64_t cells_sum(const uint64_t *cells, unsigned int nr)
{
	uint64_t sum = 0;

	while (cells && nr--)
		sum += cells[nr];
	return sum;
}

/* Each leg has its times, and the last knows those of all. */
TEST_F(pairs, chain)
{
	const struct ktally_row *first, *second;
	struct kit *kit = &self->kit;
	uint64_t elapsed;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:middle/pair=id/hist=lat/sum=lat/ -> "
			       "ktally_test:end/pair=id/hist=lat/sum=lat/hist=total/sum=total/"));
	OK(kit, kit_start(kit));
	elapsed = kit_now();
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell("begin %u\nspin 1000\nmiddle %u\nspin 300000\nend %u", i, i, i));
	elapsed = kit_now() - elapsed;
	/* One whose first leg is missing, and one that does not get to its second. */
	OK(kit, kit_tell("middle 77\nend 77\nbegin 78\nend 78\nbegin 79\nmiddle 79"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 25, .ended = 24, .unmatched = 1 }, .open = 1);
	EXPECT_PAIR(kit, 1, .count = { .starts = 24, .ended = 23, .unmatched = 2 }, .open = 1);
	first = &kit->snap->tables[0].rows[0];
	second = &kit->snap->tables[1].rows[0];
	EXPECT_EQ(24, first->hits);
	EXPECT_EQ(23, second->hits);
	EXPECT_EQ(24, cells_sum(kit_cells(kit, 0, first, "hist(lat)"), KTALLY_HIST_LOG2_BUCKETS));
	EXPECT_EQ(23, cells_sum(kit_cells(kit, 1, second, "hist(lat)"), KTALLY_HIST_LOG2_BUCKETS));
	EXPECT_EQ(23, cells_sum(kit_cells(kit, 1, second, "hist(total)"), KTALLY_HIST_LOG2_BUCKETS));
	/* The second leg spins the longer, and the whole is longer than it by what the first took. */
	EXPECT_LT(2 * kit_value(kit, 0, first, "sum(lat)"), kit_value(kit, 1, second, "sum(lat)"));
	EXPECT_LT(kit_value(kit, 1, second, "sum(lat)"), kit_value(kit, 1, second, "sum(total)"));
	EXPECT_GE(kit_value(kit, 0, first, "sum(lat)") + kit_value(kit, 1, second, "sum(lat)"), kit_value(kit, 1, second, "sum(total)"));
	EXPECT_GT((int64_t)elapsed, kit_value(kit, 1, second, "sum(total)"));
	EXPECT_TRUE(kit_closes(kit));
}

/* A kprobe at a function goes behind the instruction that permits indirect jumps to it, where there is one. */
#define ENDBR_BYTES 4

static const struct ktally_row *row_of_function(const struct kit *kit, unsigned int table, uint64_t function)
{
	const struct ktally_row *row = kit_row(kit, table, function);

	return row ? row : kit_row(kit, table, function + ENDBR_BYTES);
}

static bool is_entry(uint64_t ip, uint64_t function)
{
	return ip == function || ip == function + ENDBR_BYTES;
}

#define NEST_END(function) "kretprobe:ktally_test_" function "/nest/key=caller,ip/sum=lat/sum=self/"

/* What a function took is its own time and that of those it called, to the nanosecond. */
TEST_F(pairs, nesting)
{
	uint64_t a = kit_symbol("ktally_test_a"), b = kit_symbol("ktally_test_b"), c = kit_symbol("ktally_test_c");
	const struct ktally_row *rows[3];
	struct kit *kit = &self->kit;
	int64_t lat[3], own[3];
	unsigned int i;

	OK(kit, kit_event(kit, "kprobe:ktally_test_a; kprobe:ktally_test_b; kprobe:ktally_test_c -> "
			       NEST_END("a") "; " NEST_END("b") "; " NEST_END("c")));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("nest 23"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 9 * 23, .ended = 9 * 23 });
	rows[0] = kit_row(kit, 0, 0);
	rows[1] = row_of_function(kit, 1, a);
	rows[2] = row_of_function(kit, 2, b);
	for (i = 0; i < 3; i++) {
		ASSERT_NE(NULL, rows[i]);
		EXPECT_EQ(1, kit->snap->tables[i].nr_rows);
		lat[i] = kit_value(kit, i, rows[i], "sum(lat)");
		own[i] = kit_value(kit, i, rows[i], "sum(self)");
	}
	EXPECT_TRUE(is_entry(rows[0]->key[1], a));
	EXPECT_TRUE(is_entry(rows[1]->key[1], b));
	EXPECT_TRUE(is_entry(rows[2]->key[1], c));
	EXPECT_EQ(23, rows[0]->hits);
	EXPECT_EQ(2 * 23, rows[1]->hits);
	EXPECT_EQ(6 * 23, rows[2]->hits);
	EXPECT_EQ(lat[0], own[0] + lat[1]);
	EXPECT_EQ(lat[1], own[1] + lat[2]);
	EXPECT_EQ(lat[2], own[2]);
	for (i = 0; i < 3; i++)
		EXPECT_LT(0, own[i]);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(pairs, recursion)
{
	uint64_t recurse = kit_symbol("ktally_test_recurse");
	const struct ktally_row *outer, *inner;
	struct kit *kit = &self->kit;

	OK(kit, kit_event(kit, "kprobe:ktally_test_recurse -> kretprobe:ktally_test_recurse/nest/key=caller/sum=lat/sum=self/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("recurse 23 5"));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 6 * 23, .ended = 6 * 23 });
	outer = kit_row(kit, 0, 0);
	inner = row_of_function(kit, 0, recurse);
	ASSERT_NE(NULL, outer);
	ASSERT_NE(NULL, inner);
	EXPECT_EQ(23, outer->hits);
	EXPECT_EQ(5 * 23, inner->hits);
	EXPECT_EQ(kit_value(kit, 0, outer, "sum(lat)"), kit_value(kit, 0, outer, "sum(self)") + kit_value(kit, 0, inner, "sum(self)"));
	/* One call more than there is room for: the innermost has no start, the outermost finds none. */
	OK(kit, kit_tell("recurse 7 %u", KTALLY_PAIR_DEPTH));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = {
		.starts = 6 * 23 + 7 * (KTALLY_PAIR_DEPTH + 1), .ended = 6 * 23 + 7 * KTALLY_PAIR_DEPTH, .full = 7, .unmatched = 7 });
	EXPECT_EQ(23 + 7, kit_hits(kit, 0, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* Who ends before those inside of it ended leaves them behind. */
TEST_F(pairs, inner_starts_are_left_behind)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/nest/key=id,caller/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell("begin 1\nbegin 2\nbegin 3\nbegin 4\nend 4\nend 2\nend 3\nend 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 4 * 23, .ended = 3 * 23, .abandoned = 23, .unmatched = 23 });
	EXPECT_EQ(23, kit_hits(kit, 0, 1));
	EXPECT_EQ(23, kit_hits(kit, 0, 2));
	EXPECT_EQ(0, kit_hits(kit, 0, 3));
	EXPECT_EQ(23, kit_hits(kit, 0, 4));
	ASSERT_NE(NULL, kit_row(kit, 0, 4));
	EXPECT_EQ(3, kit_row(kit, 0, 4)->key[1]);
	EXPECT_TRUE(kit_closes(kit));
}

/* A thread that exits takes its open starts with it, and gives its place back. */
TEST_F(pairs, threads_that_exit)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin -> ktally_test:end"));
	kit->plan->pairs[0].entries = 4;
	OK(kit, kit_start(kit));
	for (i = 0; i < 211; i++)
		OK(kit, kit_tell_on(i % 2, "begin %u", i));
	OK(kit, kit_tell("end 1"));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 211, .abandoned = 211, .unmatched = 1 });
	/* The same where they nest. */
	kit_close(kit);
	OK(kit, kit_open(kit));
	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/nest/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell_on(i % 2, "begin 1\nbegin 2\nbegin 3\nend 3"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 69, .ended = 23, .abandoned = 46 });
	EXPECT_TRUE(kit_closes(kit));
}

/* What is open when a session stops is open; when it starts again its end is not awaited any more. */
TEST_F(pairs, open_from_an_earlier_run)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/max=lat/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell("begin %u", i));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 23 }, .open = 23);
	OK(kit, kit_tell("end 1"));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("end 1\nbegin 2\nend 2"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 24, .abandoned = 23, .ended = 1, .unmatched = 1 });
	EXPECT_TRUE(kit_closes(kit));
}

/* More than there is room for: who finds none is counted, and whose start is kept is ended. */
TEST_F(pairs, more_than_room)
{
	const struct ktally_pair_accounting *pair;
	struct kit *kit = &self->kit;
	uint64_t open;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/key=id/"));
	kit->plan->pairs[0].entries = 8;
	OK(kit, kit_start(kit));
	for (i = 0; i < 211; i++)
		OK(kit, kit_tell("begin %u", i));
	OK(kit, kit_take(kit));
	pair = &kit->snap->pairs[0];
	open = pair->open;
	EXPECT_LE(8, open);
	EXPECT_GE(32, open);
	EXPECT_PAIR(kit, 0, .count = { .starts = 211, .full = 211 - open }, .open = open);
	for (i = 0; i < 211; i++)
		OK(kit, kit_tell("end %u", i));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 211, .full = 211 - open, .ended = open, .unmatched = 211 - open });
	EXPECT_EQ(open, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

static void *begin_and_wait(void *arg)
{
	pthread_barrier_t *barrier = arg;
	int ret = kit_tell(BEGIN);

	pthread_barrier_wait(barrier);
	pthread_barrier_wait(barrier);
	return (void *)(intptr_t)(ret | kit_tell(END));
}

/* The same of threads, which keep their places as long as they live. */
TEST_F(pairs, more_threads_than_room)
{
	struct kit *kit = &self->kit;
	pthread_barrier_t barrier;
	pthread_t threads[41];
	unsigned int i;
	uint64_t open;
	void *ret;

	OK(kit, raw_pair(kit, KTALLY_PAIR_TASK, KTALLY_CTX_TID));
	kit->plan->pairs[0].entries = 4;
	OK(kit, kit_start(kit));
	pthread_barrier_init(&barrier, NULL, COUNTOF(threads) + 1);
	for (i = 0; i < COUNTOF(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, begin_and_wait, &barrier));
	pthread_barrier_wait(&barrier);
	OK(kit, kit_take(kit));
	open = kit->snap->pairs[0].open;
	EXPECT_LE(4, open);
	EXPECT_GE(16, open);
	EXPECT_PAIR(kit, 0, .count = { .starts = 41, .full = 41 - open }, .open = open);
	pthread_barrier_wait(&barrier);
	for (i = 0; i < COUNTOF(threads); i++) {
		pthread_join(threads[i], &ret);
		EXPECT_EQ(NULL, ret);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 41, .full = 41 - open, .ended = open, .unmatched = 41 - open });
	EXPECT_EQ(open, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
