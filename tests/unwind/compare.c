// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare: runs programs, stops them at random moments, and unwinds each stack twice: by libunwind, and by our tables and walker.
 *
 *	compare [--samples N] [--seconds S] [--list] FILE		FILE: lines "NAME COMMAND [ARGUMENT]..."
 *
 * Prints how many stacks were equal frame by frame, and the causes of differences. Status 1 below 99.5 %.
 */
#include <errno.h>
#include <libunwind-ptrace.h>
#include <linux/limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stopped.h"

#define DEPTH		512
#define WORKLOADS_MAX	64
#define ARGS_MAX	32
#define CAUSES_MAX	512
#define WANTED		99.5	/* percent of stacks that must be equal */
#define WORKLOAD_LEAST	5	/* stacks of a workload, for which it has so many ms more: */
#define PATIENCE_MS	180000

struct workload {
	char name[64], line[1024];
	char *argv[ARGS_MAX];
	unsigned long stacks, equal, frames, frames_equal, exits;
};

/* struct cause - why stacks differ: at the caller of code of @module */
struct cause {
	char text[256], example[256];
	unsigned long stacks;
};

static struct workload workloads[WORKLOADS_MAX];
static unsigned int nr_workloads, nr_causes;
static struct cause causes[CAUSES_MAX];
static struct process process;
static unw_addr_space_t space;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
	fprintf(stderr, "compare: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* ---- running ---- */

static pid_t start(struct workload *load)
{
	int gate[2], status;
	pid_t pid;
	char go = 0;

	if (pipe(gate))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		if (read(gate[0], &go, 1) != 1)
			_exit(126);
		execvp(load->argv[0], load->argv);
		_exit(127);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC))
		die("PTRACE_SEIZE");
	if (write(gate[1], &go, 1) != 1)
		die("write");
	close(gate[1]);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	ptrace(PTRACE_CONT, pid, 0, 0);
	return pid;
}

/* Any other stop takes the wish to stop away. Return: false if it is gone */
static bool stop(pid_t pid)
{
	int status, signal;

	for (;;) {
		if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
			return false;
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return false;
		if (status >> 16 == PTRACE_EVENT_STOP)
			return true;
		signal = status >> 16 ? 0 : WSTOPSIG(status);
		if (ptrace(PTRACE_CONT, pid, 0, signal))
			return false;
	}
}

/* ---- both ways ---- */

static unsigned int ours(pid_t pid, uint64_t *words)
{
	struct walker walker = process_walker(&process);
	struct user_regs_struct regs;
	struct walker_state state = { .exact = true, .known = 0xffff };

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return 0;
	state.pc = regs.rip;
	memcpy(state.reg, (uint64_t[]){ regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi, regs.rbp, regs.rsp, regs.r8, regs.r9,
					regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15 }, 16 * 8);
	return walk(&walker, &state, words, DEPTH);
}

static unsigned int theirs(void *upt, uint64_t *words)
{
	unw_cursor_t cursor;
	unsigned int nr = 0;
	unw_word_t ip;

	if (unw_init_remote(&cursor, space, upt))
		return 0;
	do {
		if (unw_get_reg(&cursor, UNW_REG_IP, &ip) || !ip)
			break;
		words[nr++] = ip;
	} while (nr < DEPTH && unw_step(&cursor) > 0);
	return nr;
}

/* ---- differences ---- */

static const char *rule_text(const struct map *map, uint64_t address, char *text, size_t size)
{
	static const char *const names[] = { "unknown", "end", "register", "deref", "plt", "signal", "frame" };
	const struct ktally_unwind_rule *rule = NULL;

	if (map && map->image && map->image->table)
		rule = ktally_unwind_rule_at(map->image->table, address - map->start + map->offset);
	snprintf(text, size, "%s", !map ? "not mapped" : rule ? names[rule->cfa] : "no table");
	return text;
}

static void name_place(uint64_t address, char *text, size_t size)
{
	const struct map *map = process_map(&process, address);
	const char *slash = map && map->image ? strrchr(map->image->path, '/') : NULL;

	if (!map || !map->image)
		snprintf(text, size, "%llx", (unsigned long long)address);
	else
		snprintf(text, size, "%.100s+%llx", slash ? slash + 1 : map->image->path[0] ? map->image->path : "[anon]",
			 (unsigned long long)(address - map->start + map->offset));
}

static void blame(const char *load, const uint64_t *a, unsigned int nr_a, unsigned int cut, const uint64_t *b, unsigned int nr_b, unsigned int at)
{
	char text[256], rule[32], place[128], left[128] = "end", right[128] = "end", *plus;
	uint64_t before = at ? b[at - 1] - (at > 1) : b[0];
	unsigned int n;

	name_place(before, place, sizeof(place));
	if (at < nr_a)
		name_place(a[at], left, sizeof(left));
	else if (cut)
		snprintf(left, sizeof(left), "cut %u", cut);
	if (at < nr_b)
		name_place(b[at], right, sizeof(right));
	plus = strrchr(place, '+');
	snprintf(text, sizeof(text), "in %s, rule %s: %s", plus ? (*plus = 0, place) : "code that is not mapped",
		 rule_text(process_map(&process, before), before, rule, sizeof(rule)),
		 at >= nr_a && cut ? "ours is cut" : at >= nr_a ? "ours ends" : at >= nr_b ? "libunwind ends" : "another caller");
	for (n = 0; n < nr_causes; n++)
		if (!strcmp(causes[n].text, text))
			break;
	if (n == CAUSES_MAX)
		return;
	if (n == nr_causes) {
		nr_causes++;
		memcpy(causes[n].text, text, sizeof(text));
		if (plus)
			*plus = '+';
		snprintf(causes[n].example, sizeof(causes[n].example), "%.30s frame %u, called by %.80s: ours %.50s, libunwind %.50s", load, at, place, left, right);
	}
	causes[n].stacks++;
}

static void sample(struct workload *load, void *upt, pid_t pid)
{
	static uint64_t a[DEPTH + 1], b[DEPTH + 1];
	unsigned int nr_a, nr_b, cut = 0, same, i;

	if (process_look(&process))
		unw_flush_cache(space, 0, 0);
	nr_a = ours(pid, a);
	nr_b = theirs(upt, b);
	if (!nr_a || !nr_b)
		return;
	if (KTALLY_WORD_IS_CUT(a[nr_a - 1]))
		cut = KTALLY_WORD_CUT_REASON(a[--nr_a]);
	for (i = 0; i < nr_a; i++)
		a[i] = KTALLY_WORD_ADDRESS(a[i]);
	for (same = 0; same < nr_a && same < nr_b && a[same] == b[same];)
		same++;
	load->stacks++;
	load->frames += nr_a > nr_b ? nr_a : nr_b;
	load->frames_equal += same;
	if (same == nr_a && same == nr_b)
		load->equal++;
	else
		blame(load->name, a, nr_a, cut, b, nr_b, same);
}

/* ---- all of them ---- */

static void run(struct workload *load, unsigned long samples, uint64_t until)
{
	unsigned long before = 0;
	unsigned int failures = 0;
	void *upt = NULL;
	pid_t pid = -1;

	while (load->stacks < samples && now_ms() < until + (load->stacks < WORKLOAD_LEAST ? PATIENCE_MS : 0) && failures < 5) {
		if (pid < 0) {
			pid = start(load);
			if (pid < 0) {
				failures++;
				continue;
			}
			upt = _UPT_create(pid);
			memset(&process, 0, sizeof(process));
			process.pid = pid;
			unw_flush_cache(space, 0, 0);
			usleep(20000);
		}
		usleep(500 + rand() % 4000);
		if (!stop(pid)) {
			_UPT_destroy(upt);
			load->exits++;
			/* A program that is over before it was seen once, again and again, will not be seen. */
			failures = load->stacks == before ? failures + 1 : 0;
			before = load->stacks;
			pid = -1;
			continue;
		}
		sample(load, upt, pid);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
		_UPT_destroy(upt);
	}
}

static void read_workloads(const char *path)
{
	FILE *file = fopen(path, "r");
	struct workload *load;
	char *save;
	int n;

	if (!file)
		die(path);
	while (nr_workloads < WORKLOADS_MAX) {
		load = &workloads[nr_workloads];
		if (!fgets(load->line, sizeof(load->line), file))
			break;
		if (load->line[0] == '#' || load->line[0] == '\n')
			continue;
		snprintf(load->name, sizeof(load->name), "%s", strtok_r(load->line, " \n", &save));
		for (n = 0; n < ARGS_MAX - 1 && (load->argv[n] = strtok_r(NULL, " \n", &save)); n++)
			;
		nr_workloads += n > 0;
	}
	fclose(file);
}

static int by_stacks(const void *left, const void *right)
{
	const struct cause *a = left, *b = right;

	return a->stacks < b->stacks ? 1 : a->stacks > b->stacks ? -1 : strcmp(a->text, b->text);
}

static int tell(bool list)
{
	unsigned long stacks = 0, equal = 0, frames = 0, frames_equal = 0;
	unsigned int i, bad = 0;
	double share;

	for (i = 0; i < nr_workloads; i++) {
		struct workload *load = &workloads[i];

		printf("%s stacks of %s: %lu of %lu equal, %lu of %lu frames\n", load->stacks < WORKLOAD_LEAST ? "not ok" : "ok", load->name,
		       load->equal, load->stacks, load->frames_equal, load->frames);
		bad += load->stacks < WORKLOAD_LEAST;
		stacks += load->stacks;
		equal += load->equal;
		frames += load->frames;
		frames_equal += load->frames_equal;
	}
	qsort(causes, nr_causes, sizeof(causes[0]), by_stacks);
	for (i = 0; i < nr_causes; i++)
		printf("# %lu stacks: %s\n#\te.g. %s\n", causes[i].stacks, causes[i].text, causes[i].example);
	if (list)
		images_list();
	share = stacks ? 100.0 * equal / stacks : 0;
	printf("%s %lu of %lu stacks are equal: %.2f %% (%.1f wanted); %lu of %lu frames: %.2f %%\n", share < WANTED ? "not ok" : "ok", equal, stacks,
	       share, WANTED, frames_equal, frames, frames ? 100.0 * frames_equal / frames : 0);
	return bad || share < WANTED;
}

int main(int argc, char **argv)
{
	unsigned long samples = 1000;
	uint64_t seconds = 20, begun;
	bool list = false;
	unsigned int i;
	int n;

	for (n = 1; n < argc - 1; n++) {
		if (!strcmp(argv[n], "--list"))
			list = true;
		else if (!strcmp(argv[n], "--samples"))
			samples = strtoul(argv[++n], NULL, 10);
		else if (!strcmp(argv[n], "--seconds"))
			seconds = strtoul(argv[++n], NULL, 10);
		else
			break;
	}
	if (n != argc - 1) {
		fprintf(stderr, "usage: compare [--samples N] [--seconds S] [--list] FILE\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_workloads(argv[n]);
	space = unw_create_addr_space(&_UPT_accessors, 0);
	if (!space || !nr_workloads)
		die("no workloads, or no memory");
	unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
	srand((unsigned int)getpid());
	begun = now_ms();
	/* Of what is left each gets its part: one that ends early leaves its time to the others. */
	for (i = 0; i < nr_workloads; i++) {
		uint64_t now = now_ms(), end = begun + seconds * 1000, part = now < end ? (end - now) / (nr_workloads - i) : 0;

		run(&workloads[i], (samples + nr_workloads - 1) / nr_workloads, now + part);
	}
	return tell(list);
}
