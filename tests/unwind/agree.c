// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Samples running programs with both the stack that the module walked and a dump of the same moment, and compares them frame by frame: the
 * dump is unwound by libunwind. Runs in a guest with the module loaded; tests/unwind/agree starts it.
 *
 *	agree --samples N [--seconds S] [--warm S] [--hz HZ] [--at-least PERCENT] [--show N] [--guesses-aside] WORKLOADS
 *
 * WORKLOADS is a file: a name and a shell command a line. Each is sampled until its share of N is there, or for S seconds.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libktally.h>

#define WORDS (KTALLY_STACK_DEPTH_MAX + 1)
#define WORKLOADS_MAX 64

/* How a pair of stacks came out. */
enum outcome {
	EQUAL,		/* all frames, to the end */
	BOTH_CUT,	/* all frames, and neither could go on */
	DEPTH,		/* as many frames as a stack may have */
	SHORT,		/* the dump was too small for the rest: says nothing of it */
	ASIDE,		/* with --guesses-aside: libunwind guessed, and came elsewhere: says nothing either */
	KERNEL_CUT,	/* the module gave up, libunwind did not */
	DUMP_CUT,	/* libunwind gave up, the module did not */
	DUMP_GUESS,	/* libunwind followed a frame pointer through code that nothing describes: to another address, or to an end */
	DIFFERENT,	/* another address */
	NR_OUTCOMES
};

static const char *const outcomes[NR_OUTCOMES] = {
	[EQUAL] = "equal to the end", [BOTH_CUT] = "equal, both cut at the same place", [DEPTH] = "equal to the depth limit",
	[SHORT] = "dump too short", [KERNEL_CUT] = "cut by the module", [DUMP_CUT] = "cut by libunwind",
	[ASIDE] = "put aside, libunwind guessed", [DUMP_GUESS] = "guessed by libunwind", [DIFFERENT] = "different address",
};

static const char *const reasons[] = { "?", "depth", "unknown code", "no table", "no rule", "fault", "loop" };

struct workload {
	char name[32];
	char command[1024];
	unsigned long outcomes[NR_OUTCOMES], kernel_cuts[8], dump_cuts[8], frames, samples;
};

struct agree {
	struct ktally_client *client;
	struct ktally_catalogue cat;
	struct ktally_plan *plan;
	struct ktally_processes *procs;
	struct ktally_agent *agent;
	struct ktally_device *dev;
	struct ktally_reader *reader;
	struct ktally_symbolizer *sym;
	uint32_t session;
	unsigned int ustack, udump;	/* words of a record */
	struct workload list[WORKLOADS_MAX], *now;
	unsigned int nr, show;
	int aside;
	/* Samples between these moments count: before the first a table was missing, what was mapped after the second nobody knows yet. */
	uint64_t from, to;
	unsigned long lost, without, early;
};

static void die(const char *what, const struct ktally_error *err)
{
	fprintf(stderr, "agree: %s: %s\n", what, err ? err->text : strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static double now(void)
{
	return now_ns() / 1e9;
}

/* ---- comparing ---- */

/* Native frames of @words; *@cut: why they end, 0 if it is the end of the stack. */
static unsigned int native(const uint64_t *words, unsigned int nr, unsigned int *cut)
{
	unsigned int n = 0;

	while (n < nr && !(words[n] & KTALLY_WORD_INTERP) && !KTALLY_WORD_IS_CUT(words[n]))
		n++;
	*cut = n < nr && KTALLY_WORD_IS_CUT(words[n]) ? KTALLY_WORD_CUT_REASON(words[n]) & 7 : 0;
	return n;
}

static void show_stack(struct agree *agree, const char *who, const uint64_t *words, unsigned int nr, unsigned int from, unsigned int cut, uint64_t image)
{
	unsigned int n;

	printf("#       %s, %u frames%s%s\n", who, nr, cut ? ", cut: " : "", cut ? reasons[cut] : "");
	for (n = from; n < nr && n < from + 4; n++) {
		const struct ktally_frame *frame = ktally_symbolize_user(agree->sym, image, words[n], n > 0);

		printf("#           %2u %016" PRIx64 "%s %s+0x%" PRIx64 " (%s+0x%" PRIx64 ")\n", n, (uint64_t)KTALLY_WORD_ADDRESS(words[n]),
		       words[n] & KTALLY_WORD_GUESS ? " ?" : "", frame->name, frame->address - frame->symbol_address, frame->module,
		       frame->address - frame->map_start + frame->map_offset);
	}
}

static enum outcome judge(unsigned int same, unsigned int nr_kernel, unsigned int kernel_cut, unsigned int nr_dump, unsigned int dump_cut, bool guess)
{
	if (same == nr_kernel && same == nr_dump && !kernel_cut && !dump_cut)
		return EQUAL;
	if (same == nr_kernel && kernel_cut == KTALLY_CUT_DEPTH)
		return DEPTH;
	if (same == nr_kernel && same == nr_dump && kernel_cut && dump_cut)
		return BOTH_CUT;
	if (same == nr_dump && dump_cut == KTALLY_CUT_FAULT)
		return SHORT;
	if (same == nr_kernel && kernel_cut)
		return KERNEL_CUT;
	if (same == nr_dump && dump_cut)
		return DUMP_CUT;
	return guess ? DUMP_GUESS : DIFFERENT;
}

/* Does libunwind's next frame come of a guess, or does it see none where the module does? */
static bool is_guess(const uint64_t *dump, unsigned int nr_dump, unsigned int dump_cut, unsigned int nr_kernel, unsigned int same)
{
	return same < nr_dump ? !!(dump[same] & KTALLY_WORD_GUESS) : !dump_cut && same < nr_kernel;
}

/* Has libunwind guessed before the stacks part? On arm64 it goes on by the link register, which is mostly not where it thinks. */
static bool has_guessed(const uint64_t *dump, unsigned int same)
{
	unsigned int n;

	for (n = 0; n < same; n++)
		if (dump[n] & KTALLY_WORD_GUESS)
			return true;
	return false;
}

/* Stacks that tell something. */
static unsigned long judged(const struct workload *load)
{
	return load->samples - load->outcomes[SHORT] - load->outcomes[ASIDE];
}

static unsigned long differences(const struct workload *load)
{
	unsigned long all = 0;
	unsigned int n;

	for (n = KERNEL_CUT; n < NR_OUTCOMES; n++)
		all += load->outcomes[n];
	return all;
}

static void compare(struct agree *agree, const struct ktally_user *user, const uint64_t *kernel, unsigned int nr_kernel, const uint64_t *dump,
		    unsigned int nr_dump)
{
	uint64_t image = user->image;
	struct workload *load = agree->now;
	unsigned int kernel_cut, dump_cut, same = 0;
	enum outcome outcome;

	nr_kernel = native(kernel, nr_kernel, &kernel_cut);
	nr_dump = native(dump, nr_dump, &dump_cut);
	while (same < nr_kernel && same < nr_dump && KTALLY_WORD_ADDRESS(kernel[same]) == KTALLY_WORD_ADDRESS(dump[same]))
		same++;
	outcome = judge(same, nr_kernel, kernel_cut, nr_dump, dump_cut, is_guess(dump, nr_dump, dump_cut, nr_kernel, same));
	if (agree->aside && (outcome == DUMP_GUESS || (outcome >= KERNEL_CUT && has_guessed(dump, same))))
		outcome = ASIDE;
	load->samples++;
	load->frames += same;
	load->outcomes[outcome]++;
	if (outcome == KERNEL_CUT)
		load->kernel_cuts[kernel_cut]++;
	if (outcome == DUMP_CUT)
		load->dump_cuts[dump_cut]++;
	if (outcome >= KERNEL_CUT && differences(load) <= agree->show) {
		printf("#   %s: %s, after %u equal frames; %u bytes of stack\n", load->name, outcomes[outcome], same, user->bytes);
		show_stack(agree, "module", kernel, nr_kernel, same ? same - 1 : 0, kernel_cut, image);
		show_stack(agree, "libunwind", dump, nr_dump, same ? same - 1 : 0, dump_cut, image);
	}
}

static void take_event(struct agree *agree, const struct ktally_event *event, unsigned int cpu)
{
	uint64_t ustack = event->words[agree->ustack], udump = event->words[agree->udump], words[WORDS];
	const struct ktally_user *user = udump ? ktally_reader_user(agree->reader, cpu, udump) : NULL;
	unsigned int nr_kernel;
	const uint64_t *kernel;
	int nr;

	if (event->record.time <= agree->from || event->record.time > agree->to) {
		agree->early++;
		return;
	}
	kernel = ktally_reader_stack(agree->reader, cpu, ustack, &nr_kernel);
	if (!ustack || !udump) {	/* a thread that has no user side (any more), or a full ring */
		agree->without++;
		return;
	}
	if (!kernel || !user) {
		agree->lost++;
		return;
	}
	nr = ktally_unwind_dump(agree->procs, user, words, WORDS);
	if (nr < 0) {
		fprintf(stderr, "agree: a dump cannot be unwound: %s\n", strerror(-nr));
		exit(1);
	}
	compare(agree, user, kernel, nr_kernel, words, nr);
}

static void drain(struct agree *agree, bool all)
{
	const struct ktally_record *record;
	unsigned int cpu;

	while ((record = ktally_reader_next(agree->reader, &cpu, all))) {
		if (record->type == KTALLY_RECORD_EVENT)
			take_event(agree, (const struct ktally_event *)record, cpu);
		else
			ktally_processes_record(agree->procs, record);
	}
}

/* ---- running ---- */

static unsigned int word_of(const struct ktally_schema *schema, enum ktally_kind kind)
{
	unsigned int n;

	for (n = 0; n < schema->nr_keys; n++)
		if (schema->keys[n].kind == kind)
			return schema->keys[n].word;
	fprintf(stderr, "agree: the record has no value of kind %s\n", ktally_kind_name(kind));
	exit(1);
}

static void begin(struct agree *agree, unsigned int hz)
{
	struct ktally_compile_opts opts = { .emit = true, .stack_depth = KTALLY_STACK_DEPTH_MAX };
	struct ktally_error err = { .pos = -1 };
	struct ktally_probe_plan *probe;
	uint32_t self = getpid();
	char text[128];

	if (ktally_client_open(&agree->client, &err) || ktally_client_catalogue(agree->client, &agree->cat, &err))
		die("the module", &err);
	agree->plan = ktally_plan_new();
	snprintf(text, sizeof(text), "timer:%uhz/tid != 0 && pid != %u/stack=user,dump:65024/", hz, self);
	if (ktally_compile(agree->plan, &agree->cat, text, &opts, &err))
		die(text, &err);
	agree->ustack = word_of(&agree->plan->probes[0].record, KTALLY_KIND_USTACK);
	agree->udump = word_of(&agree->plan->probes[0].record, KTALLY_KIND_UDUMP);
	probe = ktally_plan_add_probe(agree->plan);
	probe->kind = KTALLY_SOURCE_PROCESS;
	strcpy(probe->name, "process");
	probe->text = strdup("process");
	agree->plan->mappings = 65536;
	agree->plan->ring_size = 32U << 20;
	agree->plan->stack_entries = 1U << 16;
	agree->plan->budget = KTALLY_BUDGET_NONE;
	agree->plan->pids = malloc(sizeof(self));
	agree->plan->pids[0] = self;
	agree->plan->nr_pids = 1;
	agree->procs = ktally_processes_new(false);
	if (ktally_client_create(agree->client, agree->plan, &agree->session, &err))
		die("the session", &err);
	if (ktally_agent_open(&agree->agent, agree->session, agree->procs, &err) || ktally_agent_scan(agree->agent, &self, 1, &err) < 0 ||
	    ktally_agent_work(agree->agent, 0, &err) < 0)
		die("the agent", &err);
	if (ktally_client_start(agree->client, agree->session, &err) || ktally_device_open(&agree->dev, agree->session, &err) ||
	    ktally_reader_open(&agree->reader, agree->dev, &err))
		die("the session", &err);
	if (ktally_symbolizer_new(&agree->sym, agree->procs, &err) && !agree->sym)
		die("names", &err);
}

static pid_t launch(const char *command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stderr))
		_exit(1);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Gives tables of what was mapped up to now; if there was anything, samples count from then on. */
static void give_tables(struct agree *agree)
{
	struct ktally_agent_stats before, after;
	struct ktally_error err = { .pos = -1 };

	ktally_agent_stats(agree->agent, &before);
	agree->to = now_ns();
	if (ktally_agent_work(agree->agent, 0, &err) < 0)
		die("the agent", &err);
	ktally_agent_stats(agree->agent, &after);
	if (after.files != before.files && now_ns() > agree->from)
		agree->from = now_ns();
}

/* Samples count once the program has started up and all files have their tables. */
static void run(struct agree *agree, struct workload *load, unsigned long quota, double seconds, double warm)
{
	struct pollfd poll_fd = { .fd = ktally_device_fd(agree->dev), .events = POLLIN | POLLPRI };
	double start = now();
	pid_t pid = launch(load->command);
	int status;

	agree->now = load;
	agree->from = now_ns() + (uint64_t)(warm * 1e9);
	while (load->samples - load->outcomes[SHORT] < quota && now() - start < seconds) {
		poll(&poll_fd, 1, 20);
		give_tables(agree);
		drain(agree, false);
		if (waitpid(pid, &status, WNOHANG) == pid) {
			printf("# %s: '%s' ended (status 0x%x)\n", load->name, load->command, status);
			pid = 0;
			break;
		}
	}
	agree->from = UINT64_MAX;
	if (pid) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	drain(agree, false);
}

static void read_workloads(struct agree *agree, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1200];

	if (!file)
		die(path, NULL);
	while (agree->nr < WORKLOADS_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "%31s %1023[^\n]", agree->list[agree->nr].name, agree->list[agree->nr].command) == 2)
			agree->nr++;
	fclose(file);
}

/* ---- telling ---- */

static void tell(const struct workload *load)
{
	unsigned long good = load->outcomes[EQUAL] + load->outcomes[BOTH_CUT] + load->outcomes[DEPTH];
	unsigned int n;

	printf("# %-14s %6lu samples %7.3f %% equal, %5.1f frames;", load->name, load->samples,
	       judged(load) ? 100.0 * good / judged(load) : 0.0,
	       load->samples ? (double)load->frames / load->samples : 0.0);
	for (n = BOTH_CUT; n < NR_OUTCOMES; n++)
		if (load->outcomes[n])
			printf(" %lu %s;", load->outcomes[n], outcomes[n]);
	for (n = 1; n < sizeof(reasons) / sizeof(reasons[0]); n++) {
		if (load->kernel_cuts[n])
			printf(" module: %lu %s;", load->kernel_cuts[n], reasons[n]);
		if (load->dump_cuts[n])
			printf(" libunwind: %lu %s;", load->dump_cuts[n], reasons[n]);
	}
	putchar('\n');
}

static void add(struct workload *all, const struct workload *load)
{
	unsigned int n;

	for (n = 0; n < NR_OUTCOMES; n++)
		all->outcomes[n] += load->outcomes[n];
	for (n = 0; n < 8; n++) {
		all->kernel_cuts[n] += load->kernel_cuts[n];
		all->dump_cuts[n] += load->dump_cuts[n];
	}
	all->samples += load->samples;
	all->frames += load->frames;
}

static void end(struct agree *agree)
{
	struct ktally_ring_accounting rings;
	struct ktally_error err;

	ktally_client_stop(agree->client, agree->session, &err);
	drain(agree, true);
	ktally_reader_accounting(agree->reader, &rings);
	printf("# not judged: %lu at the start of a program or before a table was given; %lu without a user side; %" PRIu64 " records dropped; "
	       "%lu stacks or dumps lost\n", agree->early, agree->without, rings.dropped, agree->lost);
	ktally_symbolizer_free(agree->sym);
	ktally_reader_close(agree->reader);
	ktally_device_close(agree->dev);
	ktally_agent_close(agree->agent);
	ktally_processes_free(agree->procs);
	ktally_client_delete(agree->client, agree->session, NULL);
	ktally_plan_free(agree->plan);
	ktally_catalogue_clear(&agree->cat);
	ktally_client_close(agree->client);
}

int main(int argc, char **argv)
{
	static struct agree agree;
	static const struct option options[] = {
		{ "samples", required_argument, NULL, 'n' }, { "seconds", required_argument, NULL, 's' }, { "warm", required_argument, NULL, 'w' },
		{ "hz", required_argument, NULL, 'z' }, { "at-least", required_argument, NULL, 'l' }, { "show", required_argument, NULL, 'v' },
		{ "guesses-aside", no_argument, &agree.aside, 1 }, { 0 },
	};
	unsigned long samples = 400, told, good;
	double seconds = 20, warm = 4, at_least = 99.5;
	struct workload all = { .name = "all" };
	unsigned int hz = 199, n;
	int option;

	agree.show = 3;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'n': samples = strtoul(optarg, NULL, 10); break;
		case 's': seconds = strtod(optarg, NULL); break;
		case 'w': warm = strtod(optarg, NULL); break;
		case 0: break;
		case 'z': hz = strtoul(optarg, NULL, 10); break;
		case 'l': at_least = strtod(optarg, NULL); break;
		case 'v': agree.show = strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	setenv("XDG_CACHE_HOME", "/tmp/agree-cache", 1);	/* tables that this library made */
	read_workloads(&agree, argv[optind]);
	begin(&agree, hz);
	for (n = 0; n < agree.nr; n++) {
		run(&agree, &agree.list[n], samples / agree.nr + 1, seconds, warm);
		tell(&agree.list[n]);
		add(&all, &agree.list[n]);
	}
	end(&agree);
	tell(&all);
	told = judged(&all);
	good = all.outcomes[EQUAL] + all.outcomes[BOTH_CUT] + all.outcomes[DEPTH];
	printf("%sok stacks by the module's tables and by libunwind: %.3f %% of %lu equal, at least %.1f %%\n",
	       told && 100.0 * good >= at_least * told ? "" : "not ", told ? 100.0 * good / told : 0.0, told, at_least);
	printf("%sok stacks compared: %lu, at least %lu\n", told >= samples * 9 / 10 ? "" : "not ", told, samples * 9 / 10);
	printf("%sok whole stacks among them: %lu, at least nine of ten\n", all.outcomes[EQUAL] >= told * 9 / 10 ? "" : "not ", all.outcomes[EQUAL]);
	return told && 100.0 * good >= at_least * told && told >= samples * 9 / 10 && all.outcomes[EQUAL] >= told * 9 / 10 ? 0 : 1;
}
