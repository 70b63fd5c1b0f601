// SPDX-License-Identifier: GPL-2.0-or-later
/* User stacks by tables: a chain without frame pointers beside the compiler's own unwinder, and tables that are not as they must be. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "test.h"

#define BARE __attribute__((noinline, optimize("omit-frame-pointer")))
#define DEEP 9
#define HITS 1009u

FIXTURE(unwind) {
	struct kit kit;
	struct ktally_agent *agent;
	int fd;
};

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? errno : 0;
}

/* A session that counts our getppid by user stack, described but not started, and a device file of ours attached to it. */
FIXTURE_SETUP(unwind)
{
	static const enum ktally_kind kinds[] = { KTALLY_KIND_USTACK, KTALLY_KIND_IMAGE };
	const struct ktally_insn insns[] = {
		ONLY_US, { .op = KTALLY_OP_STACK, .dst = 0, .aux = KTALLY_STACK_USER, .imm = 64 }, CONTEXT(1, IMAGE), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct ktally_attach attach = { .size = sizeof(attach) };
	struct kit *kit = &self->kit;

	OK(kit, kit_open(kit));
	kit->plan->stack_entries = 1024;
	kit->plan->mappings = 4096;
	OK(kit, kit_table(kit, 256, 2, kinds, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_KPROBE, kit_call_symbol("getppid"), PROGRAM(insns)));
	OK(kit, kit_make(kit));
	self->fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	attach.session = kit->session;
	ASSERT_EQ(0, call(self->fd, KTALLY_IOC_ATTACH, &attach));
}

FIXTURE_TEARDOWN(unwind)
{
	ktally_agent_close(self->agent);
	close(self->fd);
	kit_close(&self->kit);
}

/* ---- a known chain ---- */

static uintptr_t truth[64];
static unsigned int nr_truth;

static _Unwind_Reason_Code collect(struct _Unwind_Context *context, void *unused)
{
	(void)unused;
	if (nr_truth < 64 && _Unwind_GetIP(context))
		truth[nr_truth++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

/* A frame of some size, whose caller only the tables know. */
static BARE void innermost(unsigned int n)
{
	volatile char room[200];

	room[n % 200] = 0;
	syscall(SYS_getppid);
	if (!nr_truth)
		_Unwind_Backtrace(collect, NULL);
	room[0]++;
}

static BARE void chain(unsigned int depth, unsigned int n)
{
	volatile long here[3] = { depth };

	if (depth)
		chain(depth - 1, n);
	else
		innermost(n);
	here[0]++;
}

/* The functions around the innermost one were entered the same way by both, so their return addresses are the same. */
static unsigned int common_tail(const uint64_t *words, unsigned int nr)
{
	unsigned int same = 0;

	while (same < nr && same < nr_truth && words[nr - 1 - same] == truth[nr_truth - 1 - same])
		same++;
	return same;
}

/*
 * The chain is run HITS times, and once before for the compiler's unwinder: one stack, whole, that is the truth but for the innermost
 * frames. @other: a session that counts too, if not NULL
 */
static void known_chain(struct __test_metadata *_metadata, struct kit *kit, struct ktally_agent **agent, struct kit *other)
{
	struct ktally_session_info info;
	uint32_t pid = getpid();
	const uint64_t *words;
	unsigned int nr, i;
	char id[16];

	OK(kit, ktally_agent_open(agent, kit->session, NULL, &kit->err));
	ASSERT_EQ(1, ktally_agent_scan(*agent, &pid, 1, &kit->err));
	ASSERT_EQ(0, ktally_agent_work(*agent, 0, &kit->err));
	nr_truth = 0;
	for (i = 0; i <= HITS; i++) {
		if (i == 1 && other)
			OK(other, kit_start(other));
		if (i == 1)
			OK(kit, kit_start(kit));
		chain(DEEP, i);
	}
	snprintf(id, sizeof(id), "%u", kit->session);
	OK(kit, ktally_client_find(kit->client, id, &info, &kit->err));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(HITS, kit->snap->tables[0].rows[0].hits);
	words = ktally_stackset_get(kit->snap->stacks, kit->snap->tables[0].rows[0].key[0], &nr);
	/* innermost() and outward of it are the same, but for where in innermost() they are; syscall() is ours alone. */
	EXPECT_LE(DEEP + 2, common_tail(words, nr)) {
		for (i = 0; i < nr; i++)
			TH_LOG("%u: %llx", i, (unsigned long long)words[i]);
		for (i = 0; i < nr_truth; i++)
			TH_LOG("truth %u: %lx", i, (unsigned long)truth[i]);
	}
	EXPECT_FALSE(KTALLY_WORD_IS_CUT(words[nr - 1]));
	EXPECT_EQ(HITS, info.unwind.stacks);
	EXPECT_EQ(HITS, info.unwind.whole);
	EXPECT_EQ(0, info.unwind.guesses);
	EXPECT_LT(0, info.unwind.tables);
	EXPECT_EQ(0, info.unwind.lost);
	EXPECT_LE(HITS * (DEEP + 2), info.unwind.by_table);
	EXPECT_TRUE(kit_closes(kit));
}

/* A system call is where these are hit. */
static bool in_system_calls(const struct kit *kit)
{
	struct ktally_info info;

	return !ktally_client_info(kit->client, &info, NULL) && info.features & KTALLY_FEATURE_UNWIND_SYSCALL;
}

#define NEEDS_SYSTEM_CALLS(kit) ({								\
	if (!in_system_calls(kit))								\
		SKIP(return, "this kernel keeps the stack pointer of a system call to itself");	\
})

TEST_F(unwind, chain_without_frame_pointers)
{
	NEEDS_SYSTEM_CALLS(&self->kit);
	known_chain(_metadata, &self->kit, &self->agent, NULL);
}

/* A uretprobe, whoever it is of, replaces return addresses: the compiler's unwinder would stop there. */
TEST_F(unwind, chain_through_uretprobes)
{
	struct kit other;
	int ret;

	NEEDS_SYSTEM_CALLS(&self->kit);
	OK(&other, kit_open(&other));
	ret = kit_event(&other, "uretprobe:/proc/self/exe:chain//count/");
	if (ret == -EOPNOTSUPP)
		SKIP(return, "%s", other.err.text);
	ASSERT_LE(0, ret)
		TH_LOG("%s", other.err.text);
	known_chain(_metadata, &self->kit, &self->agent, &other);
	OK(&other, kit_stop(&other));
	OK(&other, kit_take(&other));
	EXPECT_EQ(HITS * (DEEP + 1), kit_total(&other, 0));
	kit_close(&other);
}

/* Without tables the walk says that it could not go on, and never makes frames up. */
TEST_F(unwind, no_tables)
{
	struct ktally_follow follow = { .size = sizeof(follow), .pid = getpid() };
	struct kit *kit = &self->kit;
	const uint64_t *words;
	unsigned int nr;
	size_t row;

	NEEDS_SYSTEM_CALLS(kit);
	ASSERT_EQ(0, call(self->fd, KTALLY_IOC_PROCESS, &follow));
	EXPECT_LT(2, follow.mappings);
	EXPECT_EQ((uint64_t)getpid(), follow.image >> 32);
	OK(kit, kit_start(kit));
	chain(DEEP, 0);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (row = 0; row < kit->snap->tables[0].nr_rows; row++) {
		words = ktally_stackset_get(kit->snap->stacks, kit->snap->tables[0].rows[row].key[0], &nr);
		ASSERT_LT(1, nr);
		EXPECT_TRUE(KTALLY_WORD_IS_CUT(words[nr - 1]));
		EXPECT_EQ(KTALLY_CUT_TABLE, KTALLY_WORD_CUT_REASON(words[nr - 1]));
	}
	EXPECT_LT(0, kit->snap->tables[0].nr_rows);
}

/* ---- what is refused ---- */

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#else
#define MACHINE EM_AARCH64
#endif

struct small {
	struct ktally_unwind_table head;
	uint32_t rows[2];
	uint16_t rule[2];
	uint32_t pad;
	struct ktally_unwind_rule rules[1];
};

static const struct small good = {
	.head = { KTALLY_UNWIND_MAGIC, MACHINE, 2, 1, offsetof(struct small, rules), 0 },
	.rows = { 16, 32 },
	.rules = { { .cfa = KTALLY_CFA_REGISTER, .reg = 7, .offset = 8, .return_offset = -8 } },
};

static int give(int fd, uint32_t file, const struct small *table, uint64_t length)
{
	struct ktally_give_table arg = { sizeof(arg), file, (uintptr_t)table, length };

	return call(fd, KTALLY_IOC_TABLE, &arg);
}

TEST_F(unwind, bad_tables)
{
	struct small bad;
	int fd = self->fd;

#define REFUSED(errno_, change) ({ bad = good; change; EXPECT_EQ(errno_, give(fd, 0, &bad, sizeof(bad))); })
	REFUSED(EBADMSG, bad.head.magic++);
	REFUSED(EBADMSG, bad.head.machine = EM_386);
	REFUSED(EBADMSG, bad.head.nr_rows = 0);
	REFUSED(EBADMSG, bad.head.nr_rows = 3);
	REFUSED(EBADMSG, bad.head.nr_rows = UINT32_MAX);
	REFUSED(EBADMSG, bad.head.nr_rules = 0);
	REFUSED(EBADMSG, bad.head.nr_rules = 2);
	REFUSED(EBADMSG, bad.head.nr_rules = UINT32_MAX);
	REFUSED(EBADMSG, bad.head.rules_offset += 8);
	REFUSED(EBADMSG, bad.head.rules_offset = UINT64_MAX - 7);
	REFUSED(EBADMSG, bad.rows[1] = bad.rows[0]);
	REFUSED(EBADMSG, bad.rows[0] = 64);
	REFUSED(EBADMSG, bad.rule[1] = 1);
	REFUSED(EBADMSG, bad.rules[0].cfa = KTALLY_CFA_MAX + 1);
	REFUSED(EBADMSG, bad.rules[0].ret = KTALLY_RETURN_MAX + 1);
	REFUSED(EBADMSG, bad.rules[0].reg = 255);
	REFUSED(EBADMSG, bad.rules[0].flags = 0x80);
	REFUSED(EBADMSG, bad.rules[0].nr_saved = KTALLY_SAVED_MAX + 1);
	REFUSED(EBADMSG, (bad.rules[0].ret = KTALLY_RETURN_REGISTER, bad.rules[0].return_offset = 255));
	EXPECT_EQ(EBADMSG, give(fd, 0, &good, 8));
	EXPECT_EQ(EBADMSG, give(fd, 0, &good, sizeof(good) - 8));
	EXPECT_EQ(EFAULT, give(fd, 0, (void *)8, sizeof(good)));
	EXPECT_EQ(ENOENT, give(fd, 1 << 20, &good, sizeof(good)));
	EXPECT_EQ(ENOMEM, give(fd, 0, &good, 1ULL << 60));
	EXPECT_EQ(0, give(fd, 0, &good, sizeof(good)));
	EXPECT_EQ(EEXIST, give(fd, 0, &good, sizeof(good)));
}

TEST_F(unwind, bad_requests)
{
	struct ktally_follow follow = { .size = sizeof(follow), .pid = 0x7fffffff };
	struct ktally_mapped mapped = { .size = sizeof(mapped), .file = UINT32_MAX };
	struct ktally_give_interp interp = { .size = sizeof(interp), .file = 1 };
	int fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);

	EXPECT_EQ(ESRCH, call(self->fd, KTALLY_IOC_PROCESS, &follow));
	follow.pid = 2; /* kthreadd */
	EXPECT_EQ(ESRCH, call(self->fd, KTALLY_IOC_PROCESS, &follow));
	follow.size = 4;
	EXPECT_EQ(EINVAL, call(self->fd, KTALLY_IOC_PROCESS, &follow));
	EXPECT_EQ(ENOENT, call(self->fd, KTALLY_IOC_FILE, &mapped));
	mapped.file = 0;
	mapped.flags = 0x80;
	EXPECT_EQ(EINVAL, call(self->fd, KTALLY_IOC_FILE, &mapped));
	EXPECT_EQ(ENOENT, call(self->fd, KTALLY_IOC_INTERPRETER, &interp));
	EXPECT_EQ(EFAULT, call(self->fd, KTALLY_IOC_TABLE, (void *)8));
	EXPECT_EQ(ENOTCONN, call(fd, KTALLY_IOC_FILE, &mapped));
	close(fd);
}

/* The file of a mapping can be read once, even when its name is gone; a second time there is none to be had. */
TEST_F(unwind, file_without_a_name)
{
	struct ktally_follow follow = { .size = sizeof(follow), .pid = getpid() };
	struct ktally_mapped mapped = { .size = sizeof(mapped), .flags = KTALLY_MAPPED_OPEN };
	unsigned int files = 0, opened = 0;
	char magic[4];

	ASSERT_EQ(0, call(self->fd, KTALLY_IOC_PROCESS, &follow));
	for (mapped.file = 1; !call(self->fd, KTALLY_IOC_FILE, &mapped); mapped.file++, mapped.flags = KTALLY_MAPPED_OPEN) {
		files++;
		EXPECT_EQ(0, mapped.flags);
		EXPECT_EQ(getpid(), mapped.pid);
		if (mapped.fd < 0)
			continue;
		opened++;
		EXPECT_EQ(4, pread(mapped.fd, magic, 4, 0));
		EXPECT_EQ(0, memcmp(magic, ELFMAG, 4));
		EXPECT_EQ(-1, write(mapped.fd, magic, 1));
		close(mapped.fd);
		mapped.flags = KTALLY_MAPPED_OPEN;
		ASSERT_EQ(0, call(self->fd, KTALLY_IOC_FILE, &mapped));
		EXPECT_EQ(-1, mapped.fd);
	}
	EXPECT_LT(2, files);
	EXPECT_EQ(files, opened);
}

TEST_HARNESS_MAIN
