/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own test harness (taken from its source package by tests/kernel/headers), and what we add to it. */
#ifndef KTALLY_TESTS_TEST_H
#define KTALLY_TESTS_TEST_H

#include "kselftest_harness.h"
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

#endif /* KTALLY_TESTS_TEST_H */
