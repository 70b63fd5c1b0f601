// SPDX-License-Identifier: GPL-2.0-or-later
/* The governor and a ruinous session: the functions of the scheduler with their stacks, while the scheduler is all that runs. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define BUDGET 50
#define SECOND 1000000000ull

#define FUNCTIONS 64

/* How names of its functions begin and end, those of all kernels from 5.10 on. */
static const char *const beginnings[] = {
	"schedule", "__schedule", "try_to_wake_up", "ttwu_", "enqueue_", "dequeue_", "pick_next_", "put_prev_", "set_next_", "update_curr",
	"update_rq_clock", "update_load_avg", "__update_load_avg", "place_entity", "check_preempt_", "wakeup_preempt", "resched_curr",
	"select_task_rq_", "select_idle_sibling", "available_idle_cpu", "activate_task", "deactivate_task", "default_wake_function",
	"autoremove_wake_function", "__wake_up_common", "__wake_up_sync", "psi_task_switch", "psi_group_change", "cpuacct_charge",
	"update_cfs_group", "update_min_vruntime", "__enqueue_entity", "__dequeue_entity", "pick_task_", "prepare_task_switch",
	"finish_task_switch", "newidle_balance", "check_spread", "__calc_delta", "finish_wait", "prepare_to_wait", "pick_eevdf",
	"avg_vruntime", "update_deadline", "cpu_util", "raw_spin_rq_", "clear_buddies", "sched_clock_cpu", "wake_affine", "prepare_task",
};
static const char *const endings[] = { "_task_fair", "_task_idle", "_entity", "_load_avg", "_load_avg_se", "_cfs_rq", "_entity_fair" };

static bool of_the_scheduler(const char *name)
{
	size_t len = strlen(name), end;
	unsigned int i;

	if (strchr(name, '.'))
		return false;
	for (i = 0; i < COUNTOF(beginnings); i++)
		if (!strncmp(name, beginnings[i], strlen(beginnings[i])))
			return true;
	for (i = 0; i < COUNTOF(endings); i++) {
		end = strlen(endings[i]);
		if (len > end && !strcmp(name + len - end, endings[i]))
			return true;
	}
	return false;
}

/* Counts function @n by stack, or only by itself. */
static int count_function(struct kit *kit, unsigned int n, const char *name, bool stacks)
{
	const struct ktally_insn by_stack[] = { SET(0, n), STACK(1, KERNEL, 64), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const struct ktally_insn by_itself[] = { SET(0, n), SET(1, 0), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };

	return stacks ? kit_probe(kit, KTALLY_SOURCE_KPROBE, name, PROGRAM(by_stack)) :
			kit_probe(kit, KTALLY_SOURCE_KPROBE, name, PROGRAM(by_itself));
}

static int by_function(struct kit *kit, bool stacks, uint32_t budget)
{
	static const enum ktally_kind kinds[] = { KTALLY_KIND_UINT, KTALLY_KIND_KSTACK };
	int ret = kit_open(kit);

	if (ret)
		return ret;
	kit->plan->budget = budget;
	kit->plan->stack_entries = stacks ? 4096 : 0;
	return kit_table(kit, 8192, 2, stacks ? kinds : NULL, NULL, 0);
}

static bool can_be_probed(const char *name)
{
	struct kit kit;
	bool can;

	can = by_function(&kit, false, KTALLY_BUDGET_NONE) >= 0 && count_function(&kit, 0, name, false) >= 0 && !kit_make(&kit);
	kit_close(&kit);
	return can;
}

/* The functions of the scheduler that this kernel lets probe. Return: how many */
static unsigned int find_functions(char (*names)[128], unsigned int max)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned int nr = 0;
	char line[512], type;

	while (file && nr < max && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*x %c %127s", &type, names[nr]) == 2 && strchr("tT", type) && !strchr(line, '[') &&
		    of_the_scheduler(names[nr]) && can_be_probed(names[nr]))
			nr++;
	if (file)
		fclose(file);
	return nr;
}

/* One of two that wake each other up, as fast as they can, for ever. */
static void __attribute__((noreturn)) play(int from, int to, bool first)
{
	char ball = 0;

	if (first && write(to, &ball, 1) != 1)
		_exit(1);
	while (read(from, &ball, 1) == 1 && write(to, &ball, 1) == 1)
		;
	_exit(1);
}

/* Two such pairs, one on each processor. */
static int begin_play(pid_t pids[4])
{
	unsigned int i;
	int pipes[4][2];

	for (i = 0; i < 4; i++)
		if (pipe(pipes[i]))
			return -errno;
	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return -errno;
		if (!pids[i]) {
			kit_pin(i / 2);
			play(pipes[i][0], pipes[i ^ 1][1], i & 1);
		}
	}
	for (i = 0; i < 4; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	return 0;
}

static void end_play(const pid_t pids[4])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* Hits of the function with number @n, of all stacks. */
static uint64_t hits_of(const struct kit *kit, unsigned int n)
{
	const struct ktally_table *table = &kit->snap->tables[0];
	uint64_t hits = 0;
	size_t i;

	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].key[0] == n)
			hits += table->rows[i].hits;
	return hits;
}

static void show_steps(struct __test_metadata *_metadata, const struct ktally_session_info *info, uint64_t begin)
{
	unsigned int i;

	for (i = 0; i < info->nr_steps; i++)
		TH_LOG("%5llu ms: kind %u, number %u, share %u on %u", (unsigned long long)(info->steps[i].time - begin) / 1000000,
		       info->steps[i].kind, info->steps[i].number, info->steps[i].share, info->steps[i].cpu);
}

FIXTURE(ruinous) {
	struct kit kit, truth;
	char names[FUNCTIONS][128];
	unsigned int nr;
	pid_t pids[4];
};

FIXTURE_SETUP(ruinous)
{
	unsigned int i;

	self->nr = find_functions(self->names, FUNCTIONS);
	ASSERT_LE(60, self->nr);
	OK(&self->kit, by_function(&self->kit, true, BUDGET));
	OK(&self->truth, by_function(&self->truth, false, KTALLY_BUDGET_NONE));
	for (i = 0; i < self->nr; i++) {
		OK(&self->kit, count_function(&self->kit, i, self->names[i], true));
		OK(&self->truth, count_function(&self->truth, i, self->names[i], false));
	}
	ASSERT_EQ(0, kit_pin(0));
}

FIXTURE_TEARDOWN(ruinous)
{
	kit_close(&self->kit);
	kit_close(&self->truth);
}

/* How long it takes this machine, as busy as it is, to begin and end counting all functions, ns. */
static uint64_t time_of_probes(struct __test_metadata *_metadata, struct kit *kit)
{
	uint64_t begin = kit_now();

	OK(kit, kit_start(kit));
	OK(kit, kit_stop(kit));
	return kit_now() - begin;
}

/*
 * It is soon where it should be and stays there. Elsewhere that takes a second; an emulated machine changes its code slowly, so that
 * taking off each of the many probes takes it a tenth of one or, if it is busy, more: it gets the time that they take to come and go.
 */
TEST_F_TIMEOUT(ruinous, comes_back_under_its_budget, 180)
{
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	uint64_t started, begin, above = 0, soon = SECOND;
	unsigned int i, looks = 0;

	/* With one instruction a nanosecond the guest's clock knows nothing of how slowly it is emulated. */
	if (!kit_number("KTALLY_EXACT", 0)) {
		soon = 3 * SECOND + 2 * time_of_probes(_metadata, &self->truth);
		soon = soon < KIT_PATIENCE ? soon : KIT_PATIENCE;
	}
	OK(kit, begin_play(self->pids));
	started = kit_now();
	OK(kit, kit_start(kit));
	begin = kit_now();
	while (kit_now() - begin < soon + 3 * SECOND || looks < 20) {
		kit_sleep_ms(50);
		OK(kit, kit_look(kit, &info));
		if (kit_now() - begin < soon)
			continue;
		looks++;
		above += info.share > BUDGET;
	}
	show_steps(_metadata, &info, begin);
	TH_LOG("%u functions, share %u, above in %llu of %u looks after %llu ms", self->nr, info.share, (unsigned long long)above, looks,
	       (unsigned long long)soon / 1000000);
	end_play(self->pids);
	/* Something that was given back may have been too much. */
	EXPECT_GE(looks / 4, above);
	ASSERT_LT(0, info.nr_steps);
	EXPECT_EQ(KTALLY_STEP_STACKS, info.steps[0].kind);
	EXPECT_LT(BUDGET, info.steps[0].share);
	for (i = 0; i < info.nr_steps; i++) {
		EXPECT_NE(KTALLY_STEP_COUNTERS, info.steps[i].kind);
		EXPECT_LE(started, info.steps[i].time);
		if (i)
			EXPECT_LE(info.steps[i - 1].time, info.steps[i].time);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_TRUE(kit_closes(kit));
}

/* What was counted of each function at one moment: by the session under test, and by the other just before and just after. */
struct moment {
	double before[FUNCTIONS], seen[FUNCTIONS], after[FUNCTIONS];
};

static int take_moment(struct kit *kit, struct kit *truth, unsigned int nr, struct moment *moment)
{
	unsigned int i;
	int ret;

	ret = kit_take(truth);
	for (i = 0; i < nr && !ret; i++)
		moment->before[i] = hits_of(truth, i);
	if (!ret)
		ret = kit_take(kit);
	for (i = 0; i < nr && !ret; i++)
		moment->seen[i] = hits_of(kit, i);
	if (!ret)
		ret = kit_take(truth);
	for (i = 0; i < nr && !ret; i++)
		moment->after[i] = hits_of(truth, i);
	return ret;
}

/* The steps taken so far, of which a look shows only the last ones: the sum of all gates, and what is off. */
struct story {
	uint64_t last;
	double gates;
	unsigned int nr, off;
	bool is_off[FUNCTIONS];
};

static void follow(struct __test_metadata *_metadata, struct story *story, const struct ktally_session_info *info, unsigned int nr)
{
	const struct ktally_step *step;
	unsigned int i;

	for (i = 0; i < info->nr_steps; i++) {
		step = &info->steps[i];
		if (step->time <= story->last)
			continue;
		story->nr++;
		story->last = step->time;
		story->gates += step->kind == KTALLY_STEP_GATE ? step->number : 0;
		if (step->kind != KTALLY_STEP_PROBE)
			continue;
		ASSERT_GT(nr, step->number);
		EXPECT_EQ(false, story->is_off[step->number]);
		story->is_off[step->number] = true;
		story->off++;
	}
}

/* So many hits that those of runs of a gate which were begun and not ended, two on each CPU for each gate, do not matter. */
static bool are_enough(const struct story *story, double hits)
{
	return hits >= 100 && hits >= 100 * 4 * story->gates;
}

/* Whether there is something to judge by: three functions, and all of them together. */
static bool is_told(const struct story *story, const struct ktally_snapshot *snap)
{
	unsigned int i, enough = 0;
	double all = 0;

	for (i = 0; i < snap->nr_probes; i++) {
		enough += are_enough(story, snap->probes[i].count.hits);
		all += snap->probes[i].count.hits;
	}
	return story->nr && enough >= 3 && all >= 3000 * story->gates;
}

/* Lets them play for four seconds, and on a slow machine until there is something to judge by. */
static void play_and_follow(struct __test_metadata *_metadata, struct kit *kit, struct story *story, unsigned int nr, pid_t pids[4])
{
	uint64_t begin = kit_now(), asked = begin;
	struct ktally_session_info info;
	bool told = false;

	OK(kit, begin_play(pids));
	while (kit_now() - begin < 4 * SECOND || (!told && kit_now() - begin < KIT_PATIENCE)) {
		kit_sleep_ms(50);
		OK(kit, kit_look(kit, &info));
		follow(_metadata, story, &info, nr);
		if (kit_now() - asked < SECOND)
			continue;
		OK(kit, kit_take(kit));
		told = is_told(story, kit->snap);
		asked = kit_now();
	}
	end_play(pids);
	OK(kit, kit_look(kit, &info));
	follow(_metadata, story, &info, nr);
	show_steps(_metadata, &info, begin);
}

/*
 * What is counted of each function is right as long as it is counted; where it is not any more, that is told. Starting or ending so many
 * probes takes a slow machine seconds, in which one session counts what the other does not; so both count before the play and after.
 */
TEST_F_TIMEOUT(ruinous, totals, 180)
{
	struct kit *kit = &self->kit, *truth = &self->truth;
	static struct moment begin, end;
	struct story story = { 0 };
	double all_seen = 0, all_least = 0, all_most = 0;
	unsigned int i, compared = 0;

	OK(truth, kit_start(truth));
	OK(kit, kit_start(kit));
	OK(kit, take_moment(kit, truth, self->nr, &begin));
	play_and_follow(_metadata, kit, &story, self->nr, self->pids);
	OK(kit, take_moment(kit, truth, self->nr, &end));
	OK(kit, kit_stop(kit));
	OK(truth, kit_stop(truth));
	OK(kit, kit_take(kit));
	OK(truth, kit_take(truth));
	for (i = 0; i < self->nr; i++) {
		const struct ktally_probe_count *count = &kit->snap->probes[i].count;
		/* One of those that was taken off is told by what it was hit until then. */
		double seen = story.is_off[i] ? hits_of(kit, i) : end.seen[i] - begin.seen[i];
		double least = story.is_off[i] ? count->hits : end.before[i] - begin.after[i];
		double most = story.is_off[i] ? count->hits : end.after[i] - begin.before[i];

		all_seen += seen;
		all_least += least;
		all_most += most;
		EXPECT_TRUE(!story.is_off[i] || count->hits <= hits_of(truth, i) * 1.02 + 1000);
		if (!are_enough(&story, least))
			continue;
		compared++;
		EXPECT_TRUE(seen >= 0.98 * least && seen <= 1.02 * most)
			TH_LOG("%s%s: %.0f and not %.0f to %.0f, %llu run", self->names[i], story.is_off[i] ? " (off)" : "", seen, least, most,
			       (unsigned long long)count->folded);
	}
	TH_LOG("%u functions, %u off, %u compared, %.0f hits, gates %.0f", self->nr, story.off, compared, all_least, story.gates);
	EXPECT_LT(0, story.nr);
	EXPECT_LE(3, compared);
	EXPECT_TRUE(all_seen >= 0.98 * all_least && all_seen <= 1.02 * all_most)
		TH_LOG("%.0f and not %.0f to %.0f", all_seen, all_least, all_most);
	EXPECT_TRUE(kit_closes(kit));
	EXPECT_TRUE(kit_closes(truth));
}

TEST_HARNESS_MAIN
