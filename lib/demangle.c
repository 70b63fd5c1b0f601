// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Demangles C++ and Rust by libiberty. A short name can stand for a text of any length, for parts of it are repeated by reference: what
 * is over the limit is not written, and the work ends there.
 */
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdbool.h>
#include <string.h>

#include "demangle.h"

#define PLT	"@plt"
#define PLT_LEN	(sizeof(PLT) - 1)

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

/* The way to a function of another file is named after it. */
static bool demangle_plt(const char *name, size_t len, struct text *text)
{
	char bare[KTALLY_MANGLED_MAX];

	memcpy(bare, name, len - PLT_LEN);
	bare[len - PLT_LEN] = 0;
	if (!demangle(bare, text))
		return false;
	len = strlen(text->buf);
	if (len + sizeof(PLT) <= KTALLY_DEMANGLED_MAX)
		memcpy(text->buf + len, PLT, sizeof(PLT));
	return true;
}

const char *ktally_demangle(const char *name, char *buf)
{
	struct text text = { .buf = buf };
	size_t len;

	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R'))
		return name;
	len = strnlen(name, KTALLY_MANGLED_MAX);
	if (len == KTALLY_MANGLED_MAX)
		return name;
	if (len > PLT_LEN && !strcmp(name + len - PLT_LEN, PLT))
		return demangle_plt(name, len, &text) ? buf : name;
	return demangle(name, &text) ? buf : name;
}
