/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own test harness (taken from its source package by tests/kernel/headers), and what we add to it. */
#ifndef KTALLY_TESTS_TEST_H
#define KTALLY_TESTS_TEST_H

#include "kselftest_harness.h"

/* An emulator on a busy machine is slow; what hangs is found all the same. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#include "kit.h"

/* The call must not fail; otherwise the test ends with the sentence of @kit. */
#define OK(kit, call) ({							\
	int ret_ = (call);							\
										\
	ASSERT_LE(0, ret_)							\
		TH_LOG("%s: %s (%s)", #call, (kit)->err.text, strerror(-ret_));	\
	ret_;									\
})

/* A fixture of one session, called @name. */
#define KIT_FIXTURE(name)				\
	FIXTURE(name) { struct kit kit; };		\
	FIXTURE_SETUP(name) { OK(&self->kit, kit_open(&self->kit)); }	\
	FIXTURE_TEARDOWN(name) { kit_close(&self->kit); }

/* Pair @n of the snapshot counted exactly this (what is not named: 0), and its identity closes. */
#define EXPECT_PAIR(kit, n, ...) ({							\
	const struct ktally_pair_accounting want_ = { __VA_ARGS__ };			\
	const struct ktally_pair_accounting *seen_ = &(kit)->snap->pairs[n];		\
	const struct ktally_pair_count *c_ = &seen_->count;				\
											\
	EXPECT_EQ(want_.count.starts, c_->starts) TH_LOG("starts");			\
	EXPECT_EQ(want_.count.ended, c_->ended) TH_LOG("ended");			\
	EXPECT_EQ(want_.count.replaced, c_->replaced) TH_LOG("replaced");		\
	EXPECT_EQ(want_.count.full, c_->full) TH_LOG("full");				\
	EXPECT_EQ(want_.count.abandoned, c_->abandoned) TH_LOG("abandoned");		\
	EXPECT_EQ(want_.count.unmatched, c_->unmatched) TH_LOG("unmatched");		\
	EXPECT_EQ(want_.count.negative, c_->negative) TH_LOG("negative");		\
	EXPECT_EQ(want_.count.stayed, c_->stayed) TH_LOG("stayed");			\
	EXPECT_EQ(want_.open, seen_->open) TH_LOG("open");				\
	EXPECT_PAIR_CLOSES(kit, n);							\
})

/* Its identity closes, by its own sum and by the library's word. */
#define EXPECT_PAIR_CLOSES(kit, n) ({							\
	const struct ktally_pair_accounting *pair_ = &(kit)->snap->pairs[n];		\
											\
	EXPECT_EQ(pair_->count.starts, pair_->count.ended + pair_->count.replaced + pair_->count.full +	\
		  pair_->count.abandoned + pair_->open);				\
	EXPECT_TRUE(pair_->closed);							\
})

#endif /* KTALLY_TESTS_TEST_H */
