/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of every source: a known number of hits with known values, through filter, key and pair, exactly. */
#ifndef KTALLY_TESTS_KNOWN_H
#define KTALLY_TESTS_KNOWN_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

/**
 * struct known - a source that can be told to hit
 * @source: as the event language has it
 * @where: a part of the filter that leaves only our hits, "" if there is no other; %d is our process
 * @value: an expression that gives what @hit was told
 * @hit: makes it hit @n times with @value. Return: 0 or -errno
 */
struct known {
	const char *source, *where, *value;
	int (*hit)(unsigned int n, unsigned int value);
};

/* Values that are used; not beyond this. */
#define KNOWN_VALUES 32

/* The event up to its filter, which is left open for more: "SOURCE/pid == 7". */
static const char *known_text(const struct known *known, char *text, size_t size)
{
	size_t used = snprintf(text, size, "%s/", known->source);

	snprintf(text + used, size - used, known->where[0] ? known->where : "pid == %d", getpid());
	return text;
}

/* The source cannot be had here if it was the compiler or the module that said so; anything else is a failure. */
#define KNOWN_EVENT(kit, ...) ({						\
	char text_[768];							\
	int ret_;								\
										\
	snprintf(text_, sizeof(text_), __VA_ARGS__);				\
	ret_ = kit_event(kit, text_);						\
	if (ret_ == -EOPNOTSUPP)						\
		SKIP(return, "%s", (kit)->err.text);				\
	ASSERT_LE(0, ret_)							\
		TH_LOG("%s: %s", text_, (kit)->err.text);			\
})

#define KNOWN_START(kit) ({							\
	int ret_ = kit_start(kit);						\
										\
	if (ret_ == -EOPNOTSUPP)						\
		SKIP(return, "%s", (kit)->err.text);				\
	ASSERT_EQ(0, ret_)							\
		TH_LOG("%s", (kit)->err.text);					\
})

/* Rows by value; what the filter leaves out is accounted as that, and after the end nothing counts. */
static void known_through_filter_and_key(struct __test_metadata *_metadata, struct kit *kit, const struct known *known)
{
	uint64_t hits = 0, folded = 0, filtered = 0;
	char text[512];
	unsigned int i;

	KNOWN_EVENT(kit, "%s && (%s) != 7/key=%s/", known_text(known, text, sizeof(text)), known->value, known->value);
	OK(kit, known->hit(3, 5));
	KNOWN_START(kit);
	OK(kit, known->hit(23, 5));
	OK(kit, known->hit(101, 11));
	OK(kit, known->hit(13, 7));
	OK(kit, known->hit(1, 29));
	OK(kit, kit_stop(kit));
	OK(kit, known->hit(3, 5));
	OK(kit, kit_take(kit));
	/* One that is in several places of a file is as many probes. */
	for (i = 0; i < kit->snap->nr_probes; i++) {
		hits += kit->snap->probes[i].count.hits;
		folded += kit->snap->probes[i].count.folded;
		filtered += kit->snap->probes[i].count.filtered;
		EXPECT_EQ(0, kit->snap->probes[i].missed);
	}
	EXPECT_EQ(23, kit_hits(kit, 0, 5));
	EXPECT_EQ(101, kit_hits(kit, 0, 11));
	EXPECT_EQ(1, kit_hits(kit, 0, 29));
	EXPECT_EQ(3, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(23 + 101 + 1, folded);
	EXPECT_LE(13, filtered);
	EXPECT_EQ(hits, folded + filtered);
	EXPECT_TRUE(kit_closes(kit));
}

static void known_mark(unsigned int value)
{
	syscall(SYS_lseek, -1, value, 0);
}

static void known_expect_pair(struct __test_metadata *_metadata, const struct kit *kit, uint64_t starts, uint64_t ended,
			      uint64_t unmatched)
{
	const struct ktally_pair_count *count = &kit->snap->pairs[0].count;

	EXPECT_EQ(starts, count->starts);
	EXPECT_EQ(ended, count->ended);
	EXPECT_EQ(1, count->replaced);
	EXPECT_EQ(unmatched, count->unmatched);
	EXPECT_EQ(0, count->negative);
	EXPECT_EQ(1, kit->snap->pairs[0].open);
	EXPECT_TRUE(kit->snap->pairs[0].closed);
	EXPECT_EQ(ended, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* Hits and marks by turns; then a hit alone, one that the next replaces, and a mark alone. */
static int known_turns(const struct known *known)
{
	unsigned int i, value;
	int ret = 0;

	for (i = 0; i < 23 + 101 && !ret; i++) {
		value = i < 23 ? 5 : 11;
		ret = known->hit(1, value);
		known_mark(value);
	}
	if (!ret)
		ret = known->hit(1, 3);
	if (!ret)
		ret = known->hit(1, 13);
	if (!ret)
		ret = known->hit(1, 13);
	known_mark(13);
	known_mark(17);
	return ret;
}

static const char *known_mark_text(char *text, size_t size)
{
	snprintf(text, size, "raw_syscalls:sys_enter/pid == %d && id == %d", getpid(), (int)SYS_lseek);
	return text;
}

/* The start of pairs by value. */
static void known_as_start(struct __test_metadata *_metadata, struct kit *kit, const struct known *known)
{
	char text[512], mark[128];

	KNOWN_EVENT(kit, "%s/pair=%s/ -> %s/pair=arg1/key=arg1/hist=lat/", known_text(known, text, sizeof(text)), known->value,
		    known_mark_text(mark, sizeof(mark)));
	KNOWN_START(kit);
	OK(kit, known_turns(known));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_hits(kit, 0, 5));
	EXPECT_EQ(101, kit_hits(kit, 0, 11));
	EXPECT_EQ(1, kit_hits(kit, 0, 13));
	known_expect_pair(_metadata, kit, 23 + 101 + 3, 23 + 101 + 1, 1);
}

/* The end of pairs of this thread: each hit ends the mark before it; the first has none, nor have the two in a row. */
static void known_as_end(struct __test_metadata *_metadata, struct kit *kit, const struct known *known)
{
	char text[512], mark[128];

	KNOWN_EVENT(kit, "%s/ -> %s/key=%s/hist=lat/", known_mark_text(mark, sizeof(mark)), known_text(known, text, sizeof(text)),
		    known->value);
	KNOWN_START(kit);
	OK(kit, known_turns(known));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(22, kit_hits(kit, 0, 5));
	EXPECT_EQ(101, kit_hits(kit, 0, 11));
	EXPECT_EQ(1, kit_hits(kit, 0, 3));
	known_expect_pair(_metadata, kit, 23 + 101 + 2, 22 + 101 + 1, 3);
}

#endif /* KTALLY_TESTS_KNOWN_H */
