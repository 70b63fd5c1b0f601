// SPDX-License-Identifier: LGPL-2.1-or-later
/* error.c: fills struct ktally_error, the sentence that goes with a negative errno. */
#include "libktally.h"

static int fail_va(struct ktally_error *err, int code, const char *input, int pos, int len, const char *fmt, va_list args)
{
	if (err) {
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		err->input = input;
		err->pos = pos;
		err->len = len;
	}
	return code;
}

int ktally_fail(struct ktally_error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_va(err, code, NULL, -1, 0, fmt, args);
	va_end(args);
	return code;
}

int ktally_fail_at(struct ktally_error *err, int code, const char *input, int pos, int len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_va(err, code, input, pos, len, fmt, args);
	va_end(args);
	return code;
}
