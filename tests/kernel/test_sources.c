// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources in the kernel against hits that are known: functions and their returns, trace events, breakpoints, faults. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "known.h"

/* "tracing: Have mount point for tracefs in /sys/kernel", 4.1. */
#define TRACEFS (access("/sys/kernel/tracing", F_OK) ? "/sys/kernel/debug/tracing" : "/sys/kernel/tracing")
/* The first argument of a function; its own name for it is only since 4.20. */
#if defined(__x86_64__)
#define ARGUMENT "%di"
#elif defined(__aarch64__)
#define ARGUMENT "%x0"
#endif

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* ---- what makes a source hit ---- */

static int call(unsigned int n, unsigned int value)
{
	return kit_tell("call %u %u", n, value);
}

static int fire(unsigned int n, unsigned int value)
{
	return kit_tell("fire %u %u", n, value);
}

static int store(unsigned int n, unsigned int value)
{
	return kit_tell("store %u %u", n, value);
}

static int get_priority(unsigned int n, unsigned int value)
{
	while (n--)
		syscall(SYS_getpriority, 0, value);
	return 0;
}

/* A MiB for each value, all of it beyond what anybody else maps. */
#define PAGES_AT 0x2000000000
#define PAGES_STEP 0x100000UL

static int touch_pages(unsigned int n, unsigned int value)
{
	static char *pages;
	char *first;
	unsigned int i;

	if (!pages) {
		pages = mmap((void *)PAGES_AT, KNOWN_VALUES * PAGES_STEP, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (pages != (void *)PAGES_AT)
			return -errno;
		madvise(pages, KNOWN_VALUES * PAGES_STEP, MADV_NOHUGEPAGE);
	}
	first = pages + value * PAGES_STEP;
	for (i = 0; i < n; i++)
		first[i * 4096] = 1;
	return madvise(first, PAGES_STEP, MADV_DONTNEED) ? -errno : 0;
}

/* ---- every source ---- */

FIXTURE(source) { struct kit kit; };
FIXTURE_VARIANT(source) {
	struct known known;
	const char *dynamic;	/* its name in tracefs, and what it is made of */
	const char *made_of;
};

#define SOURCE(name, ...) FIXTURE_VARIANT_ADD(source, name) { .known = { __VA_ARGS__ } }

SOURCE(tracepoint, "raw_syscalls:sys_enter", "pid == %d && id == " TEXT(SYS_getpriority), "arg1", get_priority);
SOURCE(kprobe, "kprobe:ktally_test_call", "", "arg0", call);
SOURCE(kretprobe, "kretprobe:ktally_test_call", "", "((ret - 1) / 2)", call);
SOURCE(kretprobe_with_arguments, "kretprobe:ktally_test_call", "pid == %d && duration > 0 && arg5 == arg0 + 5", "arg0", call);
SOURCE(event, "ktally_test:fire", "", "value", fire);
SOURCE(event_though_typed, "event:raw_syscalls:sys_enter", "pid == %d && id == " TEXT(SYS_getpriority), "args[1]", get_priority);
#if KIT_BREAKPOINTS
SOURCE(breakpoint, "mem:ktally_test_word/8:w", "", "u64(addr)", store);
#endif
SOURCE(page_faults, "page-faults", "pid == %d && addr >> 25 == " TEXT(PAGES_AT) " >> 25", "(addr - " TEXT(PAGES_AT) " >> 20)", touch_pages);
FIXTURE_VARIANT_ADD(source, dynamic_event) {
	{ "ktally_dynamic:entered", "", "value", call }, "ktally_dynamic/entered", "p:ktally_dynamic/entered ktally_test_call value=" ARGUMENT,
};
FIXTURE_VARIANT_ADD(source, dynamic_event_of_returns) {
	{ "ktally_dynamic:returned", "", "((value - 1) / 2)", call }, "ktally_dynamic/returned", "r:ktally_dynamic/returned ktally_test_call value=$retval",
};

/* A file of tracefs. */
static const char *trace_file(char path[64], const char *name)
{
	snprintf(path, 64, "%s/%s", TRACEFS, name);
	return path;
}

static int define_dynamic(const char *text)
{
	char path[64];
	int fd = open(trace_file(path, "kprobe_events"), O_WRONLY | O_APPEND | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int remove_dynamic(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "-:%s\n", name);
	return define_dynamic(text);
}

FIXTURE_SETUP(source)
{
	struct kit *kit = &self->kit;

	OK(kit, kit_open(kit));
	if (!variant->dynamic)
		return;
	/* Of a test that did not end well. */
	remove_dynamic(variant->dynamic);
	OK(kit, define_dynamic(variant->made_of));
}

FIXTURE_TEARDOWN(source)
{
	kit_close(&self->kit);
	kit_settle(5000);
	if (variant->dynamic)
		EXPECT_EQ(0, remove_dynamic(variant->dynamic));
}

TEST_F(source, filter_and_key)
{
	known_through_filter_and_key(_metadata, &self->kit, &variant->known);
}

TEST_F(source, start_of_pairs)
{
	known_as_start(_metadata, &self->kit, &variant->known);
}

TEST_F(source, end_of_pairs)
{
	known_as_end(_metadata, &self->kit, &variant->known);
}

/* ---- returns ---- */

KIT_FIXTURE(sources)

/* Calls inside of each other each return on their own. */
TEST_F(sources, kretprobe_of_recursion)
{
	struct kit *kit = &self->kit;
	unsigned int depth;

	KNOWN_EVENT(kit, "kretprobe:ktally_test_recurse/pid == %d/key=ret/", getpid());
	KNOWN_EVENT(kit, "kprobe:ktally_test_recurse/pid == %d/key=arg0/", getpid());
	KNOWN_START(kit);
	OK(kit, kit_tell("recurse 23 16\nrecurse 101 2"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (depth = 0; depth <= 16; depth++) {
		EXPECT_EQ(depth <= 2 ? 23 + 101 : 23, kit_hits(kit, 0, depth));
		EXPECT_EQ(depth <= 2 ? 23 + 101 : 23, kit_hits(kit, 1, depth));
	}
	EXPECT_EQ(23 * 17 + 101 * 3, kit_total(kit, 0));
	EXPECT_EQ(23 * 17 + 101 * 3, kit_total(kit, 1));
	EXPECT_EQ(0, kit->snap->probes[0].missed);
	EXPECT_TRUE(kit_closes(kit));
}

/* Sleeps in a function of the kernel until it is told. */
static void *wait_for_signal(void *unused)
{
	uint64_t set = 1ULL << (SIGUSR1 - 1);

	while (syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, sizeof(set)) != SIGUSR1)
		;
	return NULL;
}

#define SLEEPERS 101

/* More calls on their way than the kernel has room for: what entered has returned or is told as missed, and room comes back. */
TEST_F(sources, kretprobe_misses)
{
	pthread_t threads[SLEEPERS];
	struct kit *kit = &self->kit;
	unsigned int i, ms = 0;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	KNOWN_EVENT(kit, "kretprobe:%s/pid == %d/key=ret/", kit_call_symbol("rt_sigtimedwait"), getpid());
	KNOWN_EVENT(kit, "kprobe:%s/pid == %d/count/", kit_call_symbol("rt_sigtimedwait"), getpid());
	KNOWN_START(kit);
	for (i = 0; i < SLEEPERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, wait_for_signal, NULL));
	do {
		kit_sleep_ms(10);
		OK(kit, kit_take(kit));
	} while (kit_total(kit, 1) < SLEEPERS && ++ms < 1000);
	EXPECT_EQ(SLEEPERS, kit_total(kit, 1));
	for (i = 0; i < SLEEPERS; i++)
		pthread_kill(threads[i], SIGUSR1);
	for (i = 0; i < SLEEPERS; i++)
		pthread_join(threads[i], NULL);
	OK(kit, kit_take(kit));
	EXPECT_LE(64, kit_total(kit, 0));
	EXPECT_LT(0, kit->snap->probes[0].missed);
	EXPECT_EQ(SLEEPERS, kit_total(kit, 0) + kit->snap->probes[0].missed);
	ms = kit->snap->probes[0].missed;
	for (i = 0; i < 23; i++) {
		kill(getpid(), SIGUSR1);
		wait_for_signal(NULL);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(ms, kit->snap->probes[0].missed);
	EXPECT_EQ(SLEEPERS + 23, kit_hits(kit, 0, SIGUSR1) + ms);
	EXPECT_EQ(SLEEPERS + 23, kit_total(kit, 1));
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- trace events ---- */

static int64_t cell(const struct kit *kit, unsigned int table, unsigned int column)
{
	const struct ktally_table *t = &kit->snap->tables[table];

	return ktally_cells_int(&t->schema.values[column], ktally_cells(&t->schema, &t->other, column));
}

static uint64_t hits_of_text(const struct ktally_table *table, const char *text)
{
	char key[64] = "";
	size_t i;

	memcpy(key, text, strlen(text) + 1);
	for (i = 0; i < table->nr_rows; i++)
		if (!memcmp(table->rows[i].key, key, table->schema.key_words * sizeof(uint64_t)))
			return table->rows[i].hits;
	return 0;
}

/* Fields of every shape, in filters, keys and values; what is beyond an array is a fault. */
TEST_F(sources, fields_of_events)
{
	static const char long_text[] = "se-of-a-text-that-is-longer-than-any-register-n";
	struct kit *kit = &self->kit;

	KNOWN_EVENT(kit, "ktally_test:fire/pid == %d && fixed == \"fixed\" && text == \"seven\" && negative == -number && pair[0] == value && "
		    "pair[1] == value + 1 && words[0] == number && words[1] == number * 10/sum=words[2]/min=negative/max=value/", getpid());
	KNOWN_EVENT(kit, "ktally_test:fire/pid == %d && text ~ \"se*n\" && number %% 2 == 0/key=text/", getpid());
	KNOWN_EVENT(kit, "ktally_test:fire/pid == %d && words[3] == 0/count/", getpid());
	KNOWN_EVENT(kit, "ktally_test:fire/pid == %d/key=str(text, 8),fixed/", getpid());
	KNOWN_START(kit);
	OK(kit, kit_tell("fire 23 77 seven"));
	OK(kit, kit_tell("fire 101 3 %s", long_text));
	OK(kit, kit_tell("fire 7 5 other"));
	/* The low half of it is all that pair[] has. */
	OK(kit, kit_tell("fire 5 0x1234567890 seven"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_total(kit, 0));
	EXPECT_EQ(100 * 22 * 23 / 2, cell(kit, 0, 0));
	EXPECT_EQ(-22, cell(kit, 0, 1));
	EXPECT_EQ(77, cell(kit, 0, 2));
	EXPECT_EQ(12 + 3, hits_of_text(&kit->snap->tables[1], "seven"));
	EXPECT_EQ(51, hits_of_text(&kit->snap->tables[1], long_text));
	EXPECT_EQ(2, kit->snap->tables[1].nr_rows);
	EXPECT_EQ(23 + 101 + 7 + 5, kit->snap->probes[2].count.fault);
	EXPECT_EQ(0, kit->snap->probes[2].count.folded);
	EXPECT_EQ(3, kit->snap->tables[3].nr_rows);
	EXPECT_EQ(23 + 101 + 7 + 5, kit_total(kit, 3));
	EXPECT_TRUE(kit_closes(kit));
}

/* From an interrupt the same hits, and they say where they come from; a breakpoint always comes from its own. */
TEST_F(sources, from_interrupts)
{
	static const char *const texts[] = {
		"kprobe:ktally_test_call/arg0 == 77/key=in_irq/", "kretprobe:ktally_test_call/ret == 155/key=in_irq/",
		"ktally_test:fire/value == 77/key=in_irq/",
	};
	struct kit *kit = &self->kit;
	unsigned int i;

	for (i = 0; i < COUNTOF(texts); i++)
		KNOWN_EVENT(kit, "%s", texts[i]);
	if (KIT_BREAKPOINTS)
		KNOWN_EVENT(kit, "mem:ktally_test_word/8:w/u64(addr) == 77/count/");
	KNOWN_START(kit);
	OK(kit, kit_tell("call 101 77\nfire 101 77\nstore 101 77"));
	OK(kit, kit_tell("irq call 23 77\nirq fire 23 77\nirq store 23 77"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = 0; i < COUNTOF(texts); i++) {
		EXPECT_EQ(101, kit_hits(kit, i, 0)) TH_LOG("%s", texts[i]);
		EXPECT_EQ(23, kit_hits(kit, i, 2)) TH_LOG("%s", texts[i]);
	}
	for (i = 0; i < kit->snap->nr_tables; i++)
		EXPECT_EQ(124, kit_total(kit, i)) TH_LOG("%s", kit->snap->probes[i].name);
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- breakpoints ---- */

/*
 * Reads are told apart from writes, and what is executed is neither; each CPU has its own. The emulator tells only one of two
 * breakpoints on one address, so that each has a session.
 */
TEST_F(sources, breakpoints_by_access)
{
	static const struct { const char *source; uint64_t first, second; } list[] = {
		{ "mem:ktally_test_word/8:w", 23, 31 }, { "mem:ktally_test_word/8:rw", 23 + 101, 31 + 13 },
		{ "mem:ktally_test_word/2:w", 23, 31 }, { "mem:ktally_test_word+4/4:w", 23, 31 },
		{ "mem:ktally_test_call/8:x", 211, 0 },
	};
	struct kit *kit = &self->kit;
	unsigned int i;

	if (!KIT_BREAKPOINTS)
		SKIP(return, "with a handler of ours an access that is watched would repeat for ever on arm64: the module refuses it");

	for (i = 0; i < COUNTOF(list); i++) {
		kit_close(kit);
		OK(kit, kit_open(kit));
		KNOWN_EVENT(kit, "%s/pid == %d/key=cpu/", list[i].source, getpid());
		KNOWN_START(kit);
		OK(kit, kit_pin(0));
		OK(kit, kit_tell("store 23 1\nload 101\ncall 211 5"));
		OK(kit, kit_pin(1));
		OK(kit, kit_tell("store 31 1\nload 13"));
		OK(kit, kit_stop(kit));
		OK(kit, kit_tell("store 7 1\nload 7\ncall 7 5"));
		OK(kit, kit_take(kit));
		EXPECT_EQ(list[i].first, kit_hits(kit, 0, 0)) TH_LOG("%s", list[i].source);
		EXPECT_EQ(list[i].second, kit_hits(kit, 0, 1)) TH_LOG("%s", list[i].source);
		EXPECT_TRUE(kit_closes(kit));
	}
}

/* A CPU has four of them. The fifth is refused with the reason, and those that run go on; given back, they are there again. */
TEST_F(sources, too_many_breakpoints)
{
	struct kit *kit = &self->kit, other;

	if (!KIT_BREAKPOINTS)
		SKIP(return, "with a handler of ours an access that is watched would repeat for ever on arm64: the module refuses it");

	KNOWN_EVENT(kit, "mem:ktally_test_word/8:w/pid == %d/count/", getpid());
	KNOWN_EVENT(kit, "mem:ktally_test_call/8:x/pid == %d/count/", getpid());
	KNOWN_EVENT(kit, "mem:ktally_test_text/8:x/pid == %d/count/", getpid());
	KNOWN_EVENT(kit, "mem:ktally_test_a/8:x/pid == %d/count/", getpid());
	KNOWN_START(kit);
	OK(&other, kit_open(&other));
	OK(&other, kit_event(&other, "mem:ktally_test_word/8:w/count/"));
	EXPECT_GT(0, kit_start(&other));
	EXPECT_NE(NULL, strstr(other.err.text, "all hardware breakpoints of a CPU are taken")) TH_LOG("%s", other.err.text);
	OK(kit, kit_tell("store 23 1\ncall 101 5\ntext 211 word\nnest 31"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_total(kit, 0));
	EXPECT_EQ(101, kit_total(kit, 1));
	EXPECT_EQ(211, kit_total(kit, 2));
	EXPECT_EQ(31, kit_total(kit, 3));
	kit_close(&other);
	OK(&other, kit_open(&other));
	OK(&other, kit_event(&other, "mem:ktally_test_word/8:w/count/"));
	OK(&other, kit_start(&other));
	OK(&other, kit_tell("store 13 1"));
	OK(&other, kit_stop(&other));
	OK(&other, kit_take(&other));
	EXPECT_EQ(13, kit_total(&other, 0));
	kit_close(&other);
}

/* ---- many functions ---- */

#define MANY 500
/* On a machine that is emulated, with others beside it; quiet it takes under 3. */
#define LIMIT_SECONDS 30.0

/* Beside the system calls. */
static const char *const families[] = { "vfs_", "sock_", "tcp_", "udp_", "ip_", "ext4_", "shmem_" };

struct names {
	char *name[40000];
	unsigned int nr;
};

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Words at place @field of each line, sorted. */
static void read_names(struct names *names, const char *path, unsigned int field)
{
	FILE *file = fopen(path, "re");
	const char *calls = kit_call_symbol("");
	char line[512], *word, *save;
	unsigned int i;

	while (file && fgets(line, sizeof(line), file) && names->nr < COUNTOF(names->name)) {
		word = strtok_r(line, " \t\n", &save);
		for (i = 0; word && i < field; i++)
			word = strtok_r(NULL, " \t\n", &save);
		for (i = 0; word && i < COUNTOF(families); i++)
			if (!strncmp(word, families[i], strlen(families[i])))
				break;
		if (word && (i < COUNTOF(families) || !strncmp(word, calls, strlen(calls))))
			names->name[names->nr++] = strdup(word);
	}
	if (file)
		fclose(file);
	qsort(names->name, names->nr, sizeof(*names->name), compare);
}

static bool has(const struct names *names, char *name)
{
	return bsearch(&name, names->name, names->nr, sizeof(*names->name), compare);
}

/* Functions that can be probed and whose names mean one place each. Return: how many */
static unsigned int choose(const char **chosen, unsigned int nr, unsigned int max)
{
	static struct names functions, symbols, forbidden;
	unsigned int i, first = nr;
	char **place, path[64];

	read_names(&functions, trace_file(path, "available_filter_functions"), 0);
	read_names(&symbols, "/proc/kallsyms", 2);
	read_names(&forbidden, "/sys/kernel/debug/kprobes/blacklist", 1);
	for (i = 0; i < functions.nr && nr < max; i++) {
		char *name = functions.name[i];
		unsigned int at, j;

		for (j = 0; j < first && strcmp(chosen[j], name); j++)
			;
		place = bsearch(&name, symbols.name, symbols.nr, sizeof(*symbols.name), compare);
		if (j < first || !place || has(&forbidden, name))
			continue;
		at = place - symbols.name;
		if ((at && !strcmp(symbols.name[at - 1], name)) || (at + 1 < symbols.nr && !strcmp(symbols.name[at + 1], name)))
			continue;
		chosen[nr++] = name;
	}
	return nr;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

#define IN_TIME(kit, what) ({							\
	double before_ = seconds(), took_;					\
										\
	OK(kit, what);								\
	took_ = seconds() - before_;						\
	EXPECT_GT(LIMIT_SECONDS, took_)						\
		TH_LOG("%s took %.2f s", #what, took_);				\
})

FIXTURE(many) { struct kit kit; };
FIXTURE_VARIANT(many) { enum ktally_source_kind kind; };
FIXTURE_VARIANT_ADD(many, kprobe) { KTALLY_SOURCE_KPROBE };
FIXTURE_VARIANT_ADD(many, kretprobe) { KTALLY_SOURCE_KRETPROBE };
FIXTURE_SETUP(many) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(many) { kit_close(&self->kit); }

/* Attached and detached in seconds, and nothing is lost: what was called is known of some, and all of it adds up. */
TEST_F_TIMEOUT(many, functions_at_once, 100)
{
	const char *chosen[MANY] = { kit_call_symbol("getppid"), "ktally_test_call", kit_call_symbol("read"), "vfs_read" };
	struct kit *kit = &self->kit;
	unsigned int i, nr = choose(chosen, 4, MANY);
	int zero = open("/dev/zero", O_RDONLY);
	uint64_t folded = 0;
	char bytes[8];

	if (nr == 4)
		SKIP(return, "this kernel does not list the functions that can be traced (CONFIG_FUNCTION_TRACER)");
	ASSERT_EQ(MANY, nr);
	OK(kit, kit_table(kit, 1024, 1, NULL, NULL, 0));
	for (i = 0; i < nr; i++) {
		const struct ktally_insn insns[] = { ONLY_US, SET(0, i), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };

		OK(kit, kit_probe(kit, variant->kind, chosen[i], PROGRAM(insns)));
	}
	IN_TIME(kit, kit_make(kit));
	IN_TIME(kit, kit_start(kit));
	OK(kit, kit_calls_both(10007, 20011));
	for (i = 0; i < 1009; i++)
		ASSERT_EQ(8, read(zero, bytes, sizeof(bytes)));
	OK(kit, kit_tell("call 211 5"));
	IN_TIME(kit, kit_stop(kit));
	kit_calls(101);
	OK(kit, kit_take(kit));
	EXPECT_EQ(10007 + 20011, kit_hits(kit, 0, 0));
	EXPECT_EQ(211, kit_hits(kit, 0, 1));
	EXPECT_EQ(1009, kit_hits(kit, 0, 2));
	EXPECT_EQ(1009, kit_hits(kit, 0, 3));
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(kit->snap->probes[i].count.folded, kit_hits(kit, 0, i));
		EXPECT_EQ(0, kit->snap->probes[i].count.recursion + kit->snap->probes[i].count.other + kit->snap->probes[i].missed)
			TH_LOG("%s", chosen[i]);
		folded += kit->snap->probes[i].count.folded;
	}
	EXPECT_EQ(folded, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
	IN_TIME(kit, ktally_client_delete(kit->client, kit->session, &kit->err));
	kit->session = 0;
}

TEST_HARNESS_MAIN
