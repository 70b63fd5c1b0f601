// SPDX-License-Identifier: GPL-2.0-or-later
/* Fields as text; names of system calls against the C library's own numbers. */
#include <sys/syscall.h>

#include "crafted.h"
#include "libktally.h"

static const char *format(enum ktally_kind kind, uint64_t value)
{
	struct ktally_field field = { .kind = kind, .word = 1, .words = 1 };
	uint64_t words[2] = { 99, value };
	static char buf[128];
	int len = ktally_format_field(NULL, &field, words, buf, sizeof(buf));

	assert_int_equal(len, strlen(buf));
	return buf;
}

static void numbers(void **state)
{
	(void)state;
	assert_string_equal(format(KTALLY_KIND_UINT, UINT64_MAX), "18446744073709551615");
	assert_string_equal(format(KTALLY_KIND_INT, (uint64_t)-5), "-5");
	assert_string_equal(format(KTALLY_KIND_HEX, 0xabc), "0xabc");
	assert_string_equal(format(KTALLY_KIND_PID, 7), "7");
	assert_string_equal(format(KTALLY_KIND_KSYM, 0xffffffff81000000), "0xffffffff81000000");
	assert_string_equal(format(KTALLY_KIND_KSTACK, 3), "");
}

static void times_and_sizes_stay_exact(void **state)
{
	(void)state;
	assert_string_equal(format(KTALLY_KIND_NS, 0), "0ns");
	assert_string_equal(format(KTALLY_KIND_NS, 999), "999ns");
	assert_string_equal(format(KTALLY_KIND_NS, 1500), "1.5us");
	assert_string_equal(format(KTALLY_KIND_NS, 1500001), "1.500001ms");
	assert_string_equal(format(KTALLY_KIND_NS, 1050000000), "1.05s");
	assert_string_equal(format(KTALLY_KIND_NS, (uint64_t)-2000), "-2us");
	assert_string_equal(format(KTALLY_KIND_TIME, 12000000034), "12.000000034");
	assert_string_equal(format(KTALLY_KIND_BYTES, 4096), "4K");
	assert_string_equal(format(KTALLY_KIND_BYTES, 4097), "4097");
	assert_string_equal(format(KTALLY_KIND_BYTES, 3ULL << 30), "3G");
	assert_string_equal(format(KTALLY_KIND_BYTES, 0), "0");
}

static void strings_are_tame(void **state)
{
	struct ktally_field field = { .kind = KTALLY_KIND_STRING, .word = 0, .words = 2 };
	char buf[64], small[4];
	uint64_t words[2];

	(void)state;
	memcpy(words, "bash\0garbage....", 16);
	assert_int_equal(ktally_format_field(NULL, &field, words, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "bash");
	memcpy(words, "0123456789abcdef", 16);	/* no NUL at all */
	assert_int_equal(ktally_format_field(NULL, &field, words, buf, sizeof(buf)), 16);
	assert_string_equal(buf, "0123456789abcdef");
	memcpy(words, "a\033[31m\n\0.........", 16);
	ktally_format_field(NULL, &field, words, buf, sizeof(buf));
	assert_string_equal(buf, "a\\x1b[31m\\x0a");
	assert_int_equal(ktally_format_field(NULL, &field, words, small, sizeof(small)), 13);
	assert_true(strlen(small) < sizeof(small));
}

static void system_calls_have_names(void **state)
{
	(void)state;
	assert_string_equal(ktally_syscall_name(SYS_read), "read");
	assert_string_equal(ktally_syscall_name(SYS_openat), "openat");
	assert_string_equal(ktally_syscall_name(SYS_exit_group), "exit_group");
	assert_string_equal(ktally_syscall_name(SYS_io_uring_enter), "io_uring_enter");
	assert_string_equal(ktally_syscall_name(462), "mseal");
	assert_null(ktally_syscall_name(-1));
	assert_null(ktally_syscall_name(100000));
	assert_string_equal(format(KTALLY_KIND_SYSCALL, SYS_clone3), "clone3");
	assert_string_equal(format(KTALLY_KIND_SYSCALL, (uint64_t)-1), "syscall_-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(times_and_sizes_stay_exact),
		cmocka_unit_test(strings_are_tame),
		cmocka_unit_test(system_calls_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
