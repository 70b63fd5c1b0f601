// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Demangles C++ and Rust by libiberty, but for the usual names of C++. A short name can stand for a text of any length, for parts of it are repeated by reference: what
 * is over the limit is not written, and the work ends there.
 */
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "demangle.h"
#include "demangle_cxx.h"

struct text {
	char *buf;
	size_t len;
	jmp_buf full;
};

static void take(const char *part, size_t len, void *arg)
{
	static const char more[] = "...";
	struct text *text = arg;

	if (!len)	/* then there need not be a part */
		return;
	if (len < KTALLY_DEMANGLED_MAX - text->len) {
		memcpy(text->buf + text->len, part, len);
		text->len += len;
		return;
	}
	memcpy(text->buf + text->len, part, KTALLY_DEMANGLED_MAX - text->len);
	memcpy(text->buf + KTALLY_DEMANGLED_MAX - sizeof(more), more, sizeof(more));
	longjmp(text->full, 1);
}

static bool by_rust(const char *name, struct text *text)
{
	text->len = 0;
	if (setjmp(text->full))
		return true;
	if (!rust_demangle_callback(name, DMGL_PARAMS | DMGL_ANSI, take, text) || !text->len)
		return false;
	text->buf[text->len] = 0;
	return true;
}

/* libiberty has a limit of its own on names of 1024 characters and more, which are not rare in C++: ours is the one of length. */
static bool by_cxx(const char *name, struct text *text)
{
	if (ktally_demangle_usual(name, text->buf))
		return true;
	text->len = 0;
	if (setjmp(text->full))
		return true;
	if (!cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT, take, text) || !text->len)
		return false;
	text->buf[text->len] = 0;
	return true;
}

/* Rust's first scheme looks like C++, but for a hash at the end. */
static bool may_be_rust(const char *name)
{
	return name[1] == 'R' || (name[2] == 'N' && strstr(name, "17h"));
}

static bool demangle(const char *name, struct text *text)
{
	return (may_be_rust(name) && by_rust(name, text)) || (name[1] == 'Z' && by_cxx(name, text));
}

/* "name@plt", "name@@VERSION": what the linker added stays behind what the compiler made. */
const char *ktally_demangle(const char *name, char *buf)
{
	struct text text = { .buf = buf };
	char bare[KTALLY_MANGLED_MAX];
	const char *suffix;
	size_t len;

	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') || strnlen(name, KTALLY_MANGLED_MAX) == KTALLY_MANGLED_MAX)
		return name;
	suffix = strchr(name, '@');
	if (!suffix)
		return demangle(name, &text) ? buf : name;
	memcpy(bare, name, (size_t)(suffix - name));
	bare[suffix - name] = 0;
	if (!demangle(bare, &text))
		return name;
	len = strlen(buf);
	snprintf(buf + len, KTALLY_DEMANGLED_MAX - len, "%s", suffix);
	return buf;
}
