// SPDX-License-Identifier: GPL-2.0-or-later
/* What symbolizing many addresses rests on: usual names of C++ made readable, frames by address, symbols added to sorted ones. */
#include <errno.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>

#include "crafted.h"
#include "demangle.h"
#include "demangle_cxx.h"
#include "frames.h"
#include "symtab.h"

#define NAMES	2000U
#define WORDS	50000U

struct text {
	char buf[1U << 20];
	size_t len;
};

static void take(const char *part, size_t len, void *arg)
{
	struct text *text = arg;

	if (len >= sizeof(text->buf) - text->len)
		len = sizeof(text->buf) - text->len - 1;
	memcpy(text->buf + text->len, part, len);
	text->len += len;
	text->buf[text->len] = 0;
}

/* As libiberty writes it, or left to it. Return: it was not left */
static bool agrees(const char *name)
{
	static struct text text;
	char buf[KTALLY_DEMANGLED_MAX];

	if (!ktally_demangle_usual(name, buf))
		return false;
	text.len = 0;
	assert_true(cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT, take, &text));
	assert_string_equal(buf, text.buf);
	return true;
}

static void usual_names_are_readable(void **state)
{
	static const struct {
		const char *mangled, *readable;
	} names[] = {
		{ "_Z3foo", "foo" },
		{ "_Z3foov", "foo()" },
		{ "_ZL3fooiz", "foo(int, ...)" },
		{ "_ZNK3foo3barERKS_PKcS3_", "foo::bar(foo const&, char const*, char const*) const" },
		{ "_ZN12_GLOBAL__N_13fooE", "(anonymous namespace)::foo" },
		{ "_ZN3FooIiEC2ERKS0_", "Foo<int>::Foo(Foo<int> const&)" },
		{ "_ZN3FooD0Ev", "Foo::~Foo()" },
		{ "_ZN3FoolsIS_EERS_RKT_", "Foo& Foo::operator<< <Foo>(Foo const&)" },
		{ "_ZN3FoodaEPv", "Foo::operator delete[](void*)" },
		{ "_ZNSt6vectorISsSaISsEE9push_backEOSs", "std::vector<std::string, std::allocator<std::string> >::push_back(std::string&&)" },
		{ "_Z1fILi3ELb1ELin5ELj7ELl8ELc97EEvv", "void f<3, true, -5, 7u, 8l, (char)97>()" },
		{ "_Z1fILN1a4EnumE2EEvv", "void f<(a::Enum)2>()" },
		{ "_Z1fIJidEEvDpOT_", "void f<int, double>(int&&, double&&)" },
		{ "_Z1fIiJEEvT_DpT0_", "void f<int>(int)" },
		{ "_Z1fIJRiKcEEvDpOT_", "void f<int&, char const>(int&, char const&&)" },
		{ "_Z1gIJE1AIiJEEEvv", NULL },
		{ "_Z1hP1AI1BIiJEEJEE", "h(A<B<int>>*)" },
		{ "_Z1fSt8functionIFvbEEPFiiEOS3_", NULL },
		{ "_Z1fSt8functionIFvbEEPFiPS_E", "f(std::function<void (bool)>, int (*)(std::function*))" },
		{ "_ZN1a1fB5cxx11Ev.isra.0.cold", "a::f[abi:cxx11]() [clone .isra.0] [clone .cold]" },
	};
	char buf[KTALLY_DEMANGLED_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		agrees(names[i].mangled);
		if (!names[i].readable)
			continue;
		assert_true(ktally_demangle_usual(names[i].mangled, buf));
		assert_string_equal(buf, names[i].readable);
	}
}

/* Cut anywhere, and with any byte instead of one of theirs: what is still a name is one that libiberty takes for the same. */
static void damaged_names_are_left(void **state)
{
	static const char *const names[] = {
		"_ZNSt6vectorIN3foo3barESaIS1_EE17_M_realloc_insertIJRKS1_EEEvN9__gnu_cxx17__normal_iteratorIPS1_S3_EEDpOT_",
		"_ZN2v88internal8compiler12PipelineImpl3RunILNS0_4KindE3EJbPFvvEEEEvDpOT0_.constprop.0",
	};
	static const char bytes[] = "_0123456789ABCDEFIJKLNOPRSTVXZabcijklmrstvz.&< ";
	char name[256], buf[KTALLY_DEMANGLED_MAX];
	size_t n, at, b;

	(void)state;
	for (n = 0; n < 2; n++) {
		for (at = 0; at <= strlen(names[n]); at++) {
			snprintf(name, sizeof(name), "%.*s", (int)at, names[n]);
			agrees(name);
			snprintf(name, sizeof(name), "%s", names[n]);
			for (b = 0; at < strlen(names[n]) && b < sizeof(bytes) - 1; b++) {
				name[at] = bytes[b];
				agrees(name);
			}
		}
	}
	assert_false(ktally_demangle_usual("", buf));
	assert_false(ktally_demangle_usual("_Z", buf));
	assert_false(ktally_demangle_usual("_ZN", buf));
	assert_false(ktally_demangle_usual("_Z99999999999999999999foo", buf));
	assert_false(ktally_demangle_usual("_ZZ4mainENKUlvE_clEv", buf));
}

/* What is said twice as long with each letter, and what is nested deep. */
static void hostile_names_end(void **state)
{
	char name[4000], buf[KTALLY_DEMANGLED_MAX];
	size_t at, i;

	(void)state;
	at = (size_t)sprintf(name, "_Z1f1AI");
	for (i = 0; i < 30; i++)
		at += (size_t)sprintf(name + at, i ? "S%zX_S%zX_E1AI" : "iiE1AI", i, i);
	assert_false(ktally_demangle_usual(name, buf));
	at = (size_t)sprintf(name, "_Z1f");
	for (i = 0; i < 600; i++)
		at += (size_t)sprintf(name + at, "1AI");
	assert_false(ktally_demangle_usual(name, buf));
	memset(name + 4, 'P', 2000);
	strcpy(name + 2004, "i");
	assert_false(ktally_demangle_usual(name, buf));
}

static void names_of_a_library_agree(void **state)
{
	FILE *nm = popen("nm -D --defined-only $(gcc -print-file-name=libstdc++.so.6) | sed -n 's/@.*//; s/.* _Z/_Z/p'", "r");
	unsigned int nr = 0, usual = 0;
	char name[8192];

	(void)state;
	while (fgets(name, sizeof(name), nm)) {
		name[strcspn(name, "\n")] = 0;
		if (strncmp(name, "_ZT", 3) && strncmp(name, "_ZG", 3)) {	/* no functions */
			nr++;
			usual += agrees(name);
		}
	}
	pclose(nm);
	assert_true(nr > NAMES);
	assert_true(usual > nr * 9 / 10);
}

/* ---- frames ---- */

static int next_word(uint64_t image, uint64_t word, const struct ktally_frame *frame, void *arg)
{
	uint64_t *next = arg;

	assert_int_equal(image, *next % 3);
	assert_int_equal(word, *next * 7919);
	assert_int_equal(frame->address, word);
	return ++*next == WORDS / 2 ? 1 : 0;
}

static void frames_stay_where_they_are(void **state)
{
	struct ktally_frame **seen = calloc(WORDS, sizeof(struct ktally_frame *)), *frame;
	struct ktally_frames *frames = ktally_frames_new();
	uint64_t words[200], i, next = 0;
	bool fresh;

	(void)state;
	for (i = 0; i < WORDS; i++) {
		if (i == 100)
			assert_int_equal(ktally_frames_expect(frames, WORDS / 3), 0);
		seen[i] = ktally_frames_get(frames, i % 3, i * 7919, &fresh);
		assert_true(seen[i] && fresh && !seen[i]->name);
		seen[i]->address = i * 7919;
		seen[i]->name = "name";
		frame = i % 5 ? NULL : ktally_frames_more(frames);
		if (frame)
			memset(frame, 0xff, sizeof(*frame));
	}
	for (i = 0; i < 200; i++)
		words[i] = i * 7919;
	ktally_frames_soon(frames, 1, words, 200);	/* some are there, some are not */
	for (i = 0; i < WORDS; i++) {
		assert_ptr_equal(ktally_frames_get(frames, i % 3, i * 7919, &fresh), seen[i]);
		assert_false(fresh);
		assert_int_equal(seen[i]->address, i * 7919);
		assert_null(ktally_frames_find(frames, 3, i * 7919));
	}
	assert_int_equal(ktally_frames_each(frames, next_word, &next), 1);
	assert_int_equal(next, WORDS / 2);
	assert_int_equal(ktally_frames_expect(frames, SIZE_MAX / 2), -ENOMEM);
	ktally_frames_free(frames);
	free(seen);
}

/* ---- symbols ---- */

static struct ktally_elf *add_symbols(unsigned int portions)
{
	struct ktally_elf *elf = calloc(1, sizeof(*elf));
	char name[32];
	unsigned int i;

	srand(3);
	for (i = 0; i < NAMES; i++) {
		uint64_t start = (uint64_t)(unsigned int)rand() % (NAMES * 4) << (i % 7 ? 4 : 24);
		unsigned int rank = (unsigned int)rand() % 8;

		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(ktally_elf_add(elf, start, start + 16 + i % 100, rank | KTALLY_ELF_SIZED, name), 0);
		if (i % (NAMES / portions) == NAMES / portions - 1)
			assert_int_equal(ktally_elf_sort(elf), 0);
	}
	assert_int_equal(ktally_elf_sort(elf), 0);
	return elf;
}

/* Of symbols at one address the first ones stay first: in the end they are those that all at once would have left. */
static void symbols_are_added_to_sorted_ones(void **state)
{
	struct ktally_elf *whole = add_symbols(1), *parts = add_symbols(10);
	struct ktally_elf_hit a, b;
	char names[2][32];
	size_t i;

	(void)state;
	assert_int_equal(whole->nr, parts->nr);
	assert_int_equal(whole->nr, whole->nr_sorted);
	for (i = 0; i < whole->nr; i++) {
		assert_true(!i || whole->symbols[i].start >= whole->symbols[i - 1].start);
		assert_int_equal(whole->symbols[i].start, parts->symbols[i].start);
		assert_true(ktally_elf_find(whole, whole->symbols[i].start + 15, &a));
		assert_true(ktally_elf_find(parts, whole->symbols[i].start + 15, &b));
		ktally_elf_name(whole, a.name, names[0], sizeof(names[0]));
		ktally_elf_name(parts, b.name, names[1], sizeof(names[1]));
		assert_string_equal(names[0], names[1]);
	}
	ktally_elf_free(whole);
	ktally_elf_free(parts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_names_are_readable),
		cmocka_unit_test(damaged_names_are_left),
		cmocka_unit_test(hostile_names_end),
		cmocka_unit_test(names_of_a_library_agree),
		cmocka_unit_test(frames_stay_where_they_are),
		cmocka_unit_test(symbols_are_added_to_sorted_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
