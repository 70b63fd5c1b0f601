// SPDX-License-Identifier: GPL-2.0-or-later
/* What compiled programs compute: expressions against the C compiler's own answer, filters, keys, records, shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytecode.h"
#include "events.h"

static struct ktally_catalogue cat;

/* Compile and verify; the caller frees. */
static struct ktally_plan *compiled(const char *text, bool emit)
{
	struct ktally_compile_opts opts = { .emit = emit };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -1 };
	const char *why;

	if (ktally_compile(plan, &cat, text, &opts, &err))
		fail_msg("%s: %s (at %d)", text, err.text, err.pos);
	assert_int_equal(plan->nr_probes, 1);
	why = bc_verify(&plan->probes[0], plan);
	if (why)
		fail_msg("%s: %s", text, why);
	return plan;
}

static void run(const char *text, const struct bc_env *env, struct bc_result *result)
{
	struct ktally_plan *plan = compiled(text, false);

	bc_run(&plan->probes[0], env, result);
	ktally_plan_free(plan);
}

/* ---- numbers ---- */

static uint64_t seed = 88172645463325252ULL;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Mostly values at which signs, widths and carries change. */
static uint64_t interesting(void)
{
	static const uint64_t edge[] = { 0, 1, 2, 5, 63, 64, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, (uint64_t)INT64_MIN, -1ULL, -2ULL, -5ULL };

	return rnd() % 4 ? edge[rnd() % NR(edge)] : rnd() >> rnd() % 64;
}

static void randomize(struct bc_env *env)
{
	unsigned int i;

	memset(env, 0, sizeof(*env));
	for (i = 0; i < sizeof(env->memory); i++)
		env->memory[i] = rnd();
	env->number[F_A] = interesting();
	env->number[F_B] = interesting();
	env->number[F_C] = (uint64_t)(int64_t)(int32_t)interesting();
	env->number[F_D] = (uint32_t)interesting();
	env->number[F_E] = (uint8_t)interesting();
	env->number[F_F] = (uint64_t)(int64_t)(int8_t)interesting();
	env->number[F_PTR] = BC_MEMORY;
	env->string[F_TEXT] = "java";
	env->string[F_LONG] = "/usr/lib";
	env->comm = "bash";
	env->context[KTALLY_CTX_PID] = 42;
	env->context[KTALLY_CTX_TID] = 43;
	env->context[KTALLY_CTX_CPU] = 3;
}

/*
 * The same text is C, where narrow fields are what they are widened to: signed 64-bit numbers. Overflow wraps (-fwrapv).
 */
#define EXPRESSIONS(X) \
	X(a + b) X(a - b) X(a * b) X(a + c) X(d - 5) X(c - d) X(-a) X(-d) X(~a) X(~e) X(!a) X(!!b) X(- -c) X(+a) X(!-a) \
	X(a / 3) X(b / 3) X(a / ((c & 63) | 1)) X(b / (d | 1)) X(a % 7) X(b % 7) X(c % 10) X(c / -3) X(a % -7) X(f / 2) \
	X(a & b) X(a | c) X(a ^ d) X(b & 0xff) X(a & ~0xff) X(a >> 3) X(b >> 3) X(c >> 1) X(b << 5) X(a << (e & 31)) X(c >> (e & 63)) \
	X(b >> (e & 63)) X(a >> (b & 63)) X((c >> (b & 31)) < 0) X(a < b) X(a < c) X(c < d) X(b < 5) X(a < 5) X(a <= -1) X(a >= -1) X(a > c) X(d > -1) X(d < -1) X(f < 0) \
	X(a == c) X(a != c) X(b == 5) X(5 == b) X(5 < a) X(5 > b) X(-1 >= a) X(3 <= d) X(b >= 0x80000000) X(a == 0) X(a != 0) \
	X(a && b) X(a || b) X(a && b || c) X(a || b && c) X((a || b) && c) X(!(a && b)) X(!(a || b) && c) X(!(a < c) || d == 1) \
	X(a < 5 && c > 2 && d) X(a < 5 || c > 2 || d) X((a && c) + (b || d)) X((a < c) < (d < e)) X((a == c) == (d == e)) X((a && c) != (d && e)) \
	X(a & 4) X((a & 4) == 0) X((a & 4) != 0) X((a & 4) && (c & 2)) X((a & b) || (c & 3)) X(!(a & 4)) X((a & 6) == 4) \
	X(a + b * c - d / 3 % 5) X(a | b ^ c & d) X(a & c == d) X(a << 2 + 1) X(a + c < d - e) X(1 + 2 * 3) X((1 + 2) * 3) X(10 - 4 - 3) X(100 / 10 / 5) \
	X(7 % 4 * 2) X(1 || a) X(a || 1) X(0 && a) X(a && 0) X(1 && a) X(a && 1) X(0 || a) X(a || 0) X(1 < 2) X(-1 < 0) X(2 - 3 < 0) X(1 << 4 | 3) \
	X(a * 1) X(a + 0) X(0 + a) X(a - 0) X(0 - a) X(7 - a) X(1 * b) X(a ^ 0) X(a | 0) X(a / 1) X(5 - (a - c)) X(a - (b - (c - (d - (e - f))))) \
	X(((a + b) * (c - d)) ^ ((a - b) * (c + d))) X((a < 5) + (c < 5) * 2 + (d < 5) * 4) X('A' + e) X(0x7f & f) X(017 + e) \
	X(a > 0 && c / (a | 1) > 2 || d % 3 == 1 && !(e == f))

typedef uint64_t (*evaluator)(int64_t a, uint64_t b, int64_t c, int64_t d, int64_t e, int64_t f);

struct expression {
	const char *text;
	evaluator eval;
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wparentheses"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wbool-compare"
#define LAMBDA(expr) { #expr, ({ \
	__attribute__((no_sanitize("undefined"))) \
	uint64_t eval(int64_t a, uint64_t b, int64_t c, int64_t d, int64_t e, int64_t f) \
	{ (void)a; (void)b; (void)c; (void)d; (void)e; (void)f; return (uint64_t)(int64_t)(expr); } \
	eval; }) },

static void expressions_compute_what_c_does(void **state)
{
	const struct expression list[] = { EXPRESSIONS(LAMBDA) };
	unsigned int i, n;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		char text[512], filter[512];
		struct ktally_plan *value, *condition;

		snprintf(text, sizeof(text), "test:event//sum=(%s)/", list[i].text);
		snprintf(filter, sizeof(filter), "test:event/(%s)/", list[i].text);
		value = compiled(text, false);
		condition = compiled(filter, false);
		for (n = 0; n < 300; n++) {
			struct bc_env env;
			struct bc_result result;
			uint64_t want;

			randomize(&env);
			want = list[i].eval((int64_t)env.number[F_A], env.number[F_B], (int64_t)env.number[F_C], (int64_t)env.number[F_D],
					    (int64_t)env.number[F_E], (int64_t)env.number[F_F]);
			bc_run(&value->probes[0], &env, &result);
			if (result.values[0] != want)
				fail_msg("%s is %lld and should be %lld (a=%lld b=%llu c=%lld d=%lld e=%lld f=%lld)", list[i].text, (long long)result.values[0],
					 (long long)want, (long long)env.number[F_A], (unsigned long long)env.number[F_B], (long long)env.number[F_C],
					 (long long)env.number[F_D], (long long)env.number[F_E], (long long)env.number[F_F]);
			bc_run(&condition->probes[0], &env, &result);
			if (result.filtered != !want || result.nr_updates != !!want)
				fail_msg("filter %s does not follow its value %lld", list[i].text, (long long)want);
		}
		ktally_plan_free(value);
		ktally_plan_free(condition);
	}
}
#pragma GCC diagnostic pop

/* ---- random expressions, evaluated while they are written ---- */

struct value {
	uint64_t v;
	bool u;
};

struct writer {
	char text[3000];
	size_t used;
	const struct bc_env *env;
	unsigned int budget;
};

static void put(struct writer *w, const char *s)
{
	size_t len = strlen(s);

	if (w->used + len < sizeof(w->text)) {
		memcpy(w->text + w->used, s, len + 1);
		w->used += len;
	}
}

static struct value write_leaf(struct writer *w)
{
	static const struct { const char *name; int field; bool u; } fields[] = {
		{ "a", F_A, false }, { "b", F_B, true }, { "c", F_C, false }, { "d", F_D, false }, { "e", F_E, false }, { "f", F_F, false },
	};
	unsigned int n = rnd() % 8;
	struct value value = { 0, false };
	char buf[32];

	if (n < NR(fields)) {
		put(w, fields[n].name);
		return (struct value){ w->env->number[fields[n].field], fields[n].u };
	}
	value.v = interesting();
	value.u = (int64_t)value.v < 0;
	snprintf(buf, sizeof(buf), n == 6 ? "%llu" : "0x%llx", (unsigned long long)value.v);
	put(w, buf);
	return value;
}

/* C's rules again, written another way than the compiler's. */
static struct value apply(const char *op, struct value l, struct value r)
{
	bool u = l.u || r.u;
	__int128 x = u ? (__int128)l.v : (__int128)(int64_t)l.v, y = u ? (__int128)r.v : (__int128)(int64_t)r.v;

	switch (op[0] | op[1] << 8) {
	case '+': return (struct value){ l.v + r.v, u };
	case '-': return (struct value){ l.v - r.v, u };
	case '*': return (struct value){ l.v * r.v, u };
	case '/': return (struct value){ y ? (uint64_t)(x / y) : 0, u };
	case '%': return (struct value){ y ? (uint64_t)(x % y) : 0, u };
	case '&': return (struct value){ l.v & r.v, u };
	case '|': return (struct value){ l.v | r.v, u };
	case '^': return (struct value){ l.v ^ r.v, u };
	case '<': return (struct value){ x < y, false };
	case '>': return (struct value){ x > y, false };
	case '<' | '=' << 8: return (struct value){ x <= y, false };
	case '>' | '=' << 8: return (struct value){ x >= y, false };
	case '=' | '=' << 8: return (struct value){ l.v == r.v, false };
	case '!' | '=' << 8: return (struct value){ l.v != r.v, false };
	case '&' | '&' << 8: return (struct value){ l.v && r.v, false };
	default: return (struct value){ l.v || r.v, false };
	}
}

static struct value write_expr(struct writer *w, unsigned int depth)
{
	static const char *const ops[] = { "+", "-", "*", "/", "%", "&", "|", "^", "<", ">", "<=", ">=", "==", "!=", "&&", "||", "&&", "||" };
	struct value left, right;
	const char *op;

	if (!depth || !w->budget || rnd() % 6 == 0)
		return write_leaf(w);
	w->budget--;
	if (rnd() % 8 == 0) {
		unsigned int n = rnd() % 3;

		put(w, n == 0 ? "-(" : n == 1 ? "~(" : "!(");
		left = write_expr(w, depth - 1);
		put(w, ")");
		return n == 0 ? (struct value){ -left.v, left.u } : n == 1 ? (struct value){ ~left.v, left.u } : (struct value){ !left.v, false };
	}
	op = ops[rnd() % NR(ops)];
	put(w, "(");
	left = write_expr(w, depth - 1);
	put(w, " ");
	put(w, op);
	put(w, " ");
	if (op[0] == '/' || op[0] == '%') {	/* a constant 0 is refused, and that is tested elsewhere */
		put(w, "(1 | ");
		right = write_expr(w, depth - 1);
		right.v |= 1;
		put(w, ")");
	} else {
		right = write_expr(w, depth - 1);
	}
	put(w, ")");
	return apply(op, left, right);
}

static void random_expressions(void **state)
{
	unsigned int n, compiled_ok = 0;

	(void)state;
	for (n = 0; n < 20000; n++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct writer w = { .budget = 1 + rnd() % 40 };
		struct ktally_error err;
		struct bc_result result;
		struct value want;
		struct bc_env env;
		char text[13000];
		const char *why;

		randomize(&env);
		w.env = &env;
		want = write_expr(&w, 1 + rnd() % 8);
		snprintf(text, sizeof(text), "test:event/(%s)/key=pid,(%s)/sum=(%s),a/emit=(%s)/", w.text, w.text, w.text, w.text);
		if (strlen(text) > 4000 || ktally_compile(plan, &cat, text, NULL, &err)) {
			ktally_plan_free(plan);
			continue;	/* too complex for the registers, or too long */
		}
		compiled_ok++;
		why = bc_verify(&plan->probes[0], plan);
		if (why)
			fail_msg("%s: %s", text, why);
		bc_run(&plan->probes[0], &env, &result);
		if (result.filtered != !want.v)
			fail_msg("%s: filtered although its value is %lld", text, (long long)want.v);
		if (want.v && (result.keys[0] != 42 || result.keys[1] != want.v || result.values[0] != want.v || result.values[1] != env.number[F_A] ||
			       result.record[0] != want.v))
			fail_msg("%s: not %lld", text, (long long)want.v);
		ktally_plan_free(plan);
	}
	assert_true(compiled_ok > 15000);
}

static void division_follows_the_bytecode(void **state)
{
	struct bc_result result;
	struct bc_env env;

	(void)state;
	randomize(&env);
	env.number[F_A] = (uint64_t)INT64_MIN;
	env.number[F_C] = 0;
	run("test:event//sum=(a / c),(b % c),(a / -1),(a % -1)/", &env, &result);
	assert_int_equal(result.values[0], 0);
	assert_int_equal(result.values[1], 0);
	assert_int_equal(result.values[2], INT64_MIN);
	assert_int_equal(result.values[3], 0);
	run("test:event//sum=(0x8000000000000000 >> 63),(-9223372036854775807 - 1) >> 63/", &env, &result);
	assert_int_equal(result.values[0], 1);
	assert_int_equal(result.values[1], -1);
}

static void number_suffixes(void **state)
{
	static const struct { const char *text; uint64_t value; } list[] = {
		{ "1ns", 1 }, { "3us", 3000 }, { "10ms", 10000000 }, { "2s", 2000000000 }, { "5k", 5000 }, { "5K", 5120 }, { "2m", 2000000 },
		{ "2M", 2097152 }, { "1g", 1000000000 }, { "1G", 1073741824 }, { "0x10", 16 }, { "010", 8 }, { "'a'", 97 }, { "'\\n'", 10 },
		{ "0xffffffffffffffff", UINT64_MAX }, { "18446744073709551615", UINT64_MAX }, { "0", 0 }, { "'\\x41'", 0x41 },
	};
	struct bc_result result;
	struct bc_env env;
	unsigned int i;

	(void)state;
	randomize(&env);
	for (i = 0; i < NR(list); i++) {
		char text[128];

		snprintf(text, sizeof(text), "test:event//sum=%s/", list[i].text);
		run(text, &env, &result);
		assert_int_equal(result.values[0], list[i].value);
	}
}

/* ---- strings and memory ---- */

static void strings_match(void **state)
{
	static const struct { const char *filter, *text; bool yes; } list[] = {
		{ "text == \"java\"", "java", true }, { "text == \"java\"", "javac", false }, { "\"java\" == text", "java", true },
		{ "text != \"java\"", "javac", true }, { "text != \"java\"", "java", false }, { "text ~ \"ja*\"", "java", true },
		{ "text ~ \"ja*\"", "kava", false }, { "text !~ \"ja*\"", "kava", true }, { "text ~ \"*va\"", "java", true },
		{ "text ~ \"j?va\"", "java", true }, { "text ~ \"[a-k]ava\"", "java", true }, { "text ~ \"[!j]ava\"", "java", false },
		{ "text ~ \"java\"", "java", true }, { "text ~ \"java\"", "javac", false }, { "text ~ \"*\"", "", true },
		{ "text !~ \"*\"", "x", false }, { "text == \"\"", "", true }, { "text == \"\"", "x", false }, { "text != \"\"", "x", true },
		{ "text != \"\"", "", false }, { "text ~ \"\"", "", true }, { "text ~ \"a\\\\*\"", "a*", true }, { "text ~ \"a\\\\*\"", "ab", false },
		{ "text ~ \"a/b\"", "a/b", true }, { "text ~ \"*/b\"", "a/b", true }, { "text == \"a\\\"b\"", "a\"b", true },
		{ "text == \"0123456789abcdef\"", "0123456789abcdef", true }, { "!(text == \"x\")", "x", false },
		{ "text == \"x\" || text == \"y\"", "y", true }, { "text ~ \"x*\" && text ~ \"*y\"", "x1y", true },
		{ "text ~ \"x*\" && text ~ \"*y\"", "x1z", false }, { "(text == \"x\") + (text ~ \"?\") == 2", "x", true },
		{ "(text == \"\") + 1 == 2", "", true }, { "(text != \"\") + 1 == 2", "", false },
	};
	struct bc_result result;
	struct bc_env env;
	unsigned int i;

	(void)state;
	randomize(&env);
	for (i = 0; i < NR(list); i++) {
		char text[200];

		snprintf(text, sizeof(text), "test:event/%s/", list[i].filter);
		env.string[F_TEXT] = list[i].text;
		run(text, &env, &result);
		if (result.filtered == list[i].yes)
			fail_msg("%s on \"%s\"", list[i].filter, list[i].text);
	}
}

static void memory_loads(void **state)
{
	struct bc_result result;
	struct bc_env env;
	uint32_t u32;
	int16_t s16;

	(void)state;
	randomize(&env);
	env.memory[9] = 0x80;
	memcpy(&u32, env.memory + 8, 4);
	memcpy(&s16, env.memory + 8, 2);
	strcpy((char *)env.memory + 100, "hello, world");
	run("test:event//key=str(call_site + 100, 24)/sum=u32(call_site+8),s16(8+call_site),u8(u64(call_site)*0+call_site+9),user_s8(call_site+9)/", &env,
	    &result);
	assert_false(result.fault);
	assert_string_equal((char *)result.keys, "hello, world");
	assert_int_equal(result.values[0], u32);
	assert_int_equal((int64_t)result.values[1], s16);
	assert_int_equal(result.values[2], 0x80);
	assert_int_equal((int64_t)result.values[3], -128);
	run("test:event/ustr(call_site+100) ~ \"hello*\"/", &env, &result);
	assert_false(result.filtered);
}

static void short_circuit_skips_faults(void **state)
{
	struct bc_result result;
	struct bc_env env;

	(void)state;
	randomize(&env);
	env.number[F_A] = 0;
	run("test:event/a && u64(a) == 5/", &env, &result);
	assert_true(result.filtered && !result.fault);
	run("test:event/!a || u64(a) == 5/", &env, &result);
	assert_true(!result.filtered && !result.fault);
	run("test:event/u64(a) == 5/", &env, &result);
	assert_true(result.fault);
	run("test:event//sum=(a && u64(a)) + (a == 0 || u64(a))/", &env, &result);
	assert_true(!result.fault);
	assert_int_equal(result.values[0], 1);
	/* what only one side read is read again behind the join */
	run("test:event/(a && b) || cpu == 3/sum=b/", &env, &result);
	assert_int_equal(result.values[0], env.number[F_B]);
}

/* ---- keys, records, defaults ---- */

static void keys_hold_strings_and_stacks(void **state)
{
	struct ktally_plan *plan = compiled("test:event//key=text,pid,comm/stack/depth=20/sum=a/count/min=c/", false);
	const struct ktally_schema *s = &plan->tables[0].schema;
	struct bc_result result;
	struct bc_env env;

	(void)state;
	randomize(&env);
	env.context[KTALLY_CTX_IMAGE] = 77;
	bc_run(&plan->probes[0], &env, &result);
	assert_string_equal((char *)&result.keys[0], "java");
	assert_int_equal(result.keys[2], 42);
	assert_string_equal((char *)&result.keys[3], "bash");
	assert_int_equal(result.keys[5], 1000 + KTALLY_STACK_KERNEL);
	assert_int_equal(result.keys[6], 1000 + KTALLY_STACK_USER);
	assert_int_equal(result.keys[7], 77);
	assert_int_equal(result.values[0], env.number[F_A]);
	assert_int_equal(result.values[1], env.number[F_C]);
	assert_int_equal(s->key_words, 8);
	assert_int_equal(s->nr_keys, 6);
	assert_int_equal(s->keys[0].kind, KTALLY_KIND_STRING);
	assert_int_equal(s->keys[0].words, 2);
	assert_int_equal(s->keys[1].kind, KTALLY_KIND_PID);
	assert_int_equal(s->keys[1].word, 2);
	assert_int_equal(s->keys[3].kind, KTALLY_KIND_KSTACK);
	assert_int_equal(s->keys[4].kind, KTALLY_KIND_USTACK);
	assert_int_equal(s->keys[5].kind, KTALLY_KIND_IMAGE);
	assert_int_equal(s->nr_values, 3);
	assert_int_equal(s->values[1].column.kind, KTALLY_COLUMN_COUNT);
	assert_string_equal(s->values[0].name, "sum(a)");
	assert_int_equal(plan->probes[0].insns[3].op, KTALLY_OP_STACK);
	assert_int_equal(plan->probes[0].insns[3].imm, 20);
	assert_true(plan->stack_entries > 0);
	assert_int_equal(plan->ring_size, 0);
	ktally_plan_free(plan);
}

static void records_hold_all_fields(void **state)
{
	struct ktally_plan *plan = compiled("raw_syscalls:sys_enter/id == 3/stack=kernel/alias=reads/", true);
	const struct ktally_schema *s = &plan->probes[0].record;
	struct bc_env env = { .number = { 3, 10, 11 }, .comm = "" };
	struct bc_result result;

	(void)state;
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.nr_emits, 1);
	assert_int_equal(result.emit_words, 4);
	assert_int_equal(result.record[0], 3);
	assert_int_equal(result.record[1], 10);
	assert_int_equal(result.record[2], 11);
	assert_int_equal(plan->nr_tables, 0);
	assert_int_equal(s->nr_keys, 4);
	assert_int_equal(s->keys[0].kind, KTALLY_KIND_SYSCALL);
	assert_string_equal(s->keys[1].name, "arg0");
	assert_string_equal(s->name, "reads");
	assert_true(plan->ring_size > 0 && plan->stack_entries > 0);
	ktally_plan_free(plan);
}

static void dumps_go_beside_records(void **state)
{
	struct ktally_compile_opts opts = { .emit = true, .dump = true };
	struct ktally_plan *plan = compiled("test:event//emit=a/stack=user,dump:20001/", false);
	const struct ktally_schema *s = &plan->probes[0].record;
	struct bc_result result;
	struct ktally_error err;
	struct bc_env env;

	(void)state;
	randomize(&env);
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.nr_users, 1);
	assert_int_equal(result.nr_stacks, 1);
	assert_int_equal(s->nr_keys, 4);
	assert_int_equal(s->keys[1].kind, KTALLY_KIND_USTACK);
	assert_int_equal(s->keys[2].kind, KTALLY_KIND_UDUMP);
	assert_int_equal(s->keys[3].kind, KTALLY_KIND_IMAGE);
	assert_int_equal(result.record[2], 2000 + 20008);
	assert_true(plan->ring_size >= 1 << 20);
	ktally_plan_free(plan);
	plan = compiled("test:event//stack=kernel,dump/", true);
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.nr_users, 1);
	ktally_plan_free(plan);
	plan = ktally_plan_new();
	assert_int_equal(ktally_compile(plan, &cat, "test:event//stack=both/", &opts, &err), 0);
	s = &plan->probes[0].record;
	assert_int_equal(s->keys[s->nr_keys - 3].kind, KTALLY_KIND_KSTACK);
	assert_int_equal(s->keys[s->nr_keys - 2].kind, KTALLY_KIND_UDUMP);
	assert_int_equal(ktally_compile(plan, &cat, "test:event//stack=user/count/", &opts, &err), 0);	/* tables have none */
	ktally_plan_free(plan);
}

static void table_and_record_share_a_program(void **state)
{
	struct ktally_plan *plan = compiled("test:event//key=pid/emit=a,pid:hex/", false);
	struct bc_result result;
	struct bc_env env;

	(void)state;
	randomize(&env);
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.nr_updates, 1);
	assert_int_equal(result.nr_emits, 1);
	assert_int_equal(result.record[0], env.number[F_A]);
	assert_int_equal(result.record[1], 42);
	assert_int_equal(plan->probes[0].record.keys[1].kind, KTALLY_KIND_HEX);
	ktally_plan_free(plan);
	plan = compiled("test:event//count/", true);	/* aggregation silences the default of emitting */
	assert_int_equal(plan->nr_tables, 1);
	assert_int_equal(plan->probes[0].record.nr_keys, 0);
	ktally_plan_free(plan);
}

static void a_field_hides_the_context(void **state)
{
	struct ktally_plan *plan = compiled("sched:sched_wakeup//key=pid,current.pid,comm,current.comm/", false);
	struct bc_env env = { .string = { "wakee" }, .comm = "waker" };
	struct bc_result result;

	(void)state;
	env.number[1] = 7;
	env.context[KTALLY_CTX_PID] = 8;
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.keys[0], 7);
	assert_int_equal(result.keys[1], 8);
	assert_string_equal((char *)&result.keys[2], "wakee");
	assert_string_equal((char *)&result.keys[4], "waker");
	ktally_plan_free(plan);
}

static void second_event_has_its_own_table(void **state)
{
	struct ktally_plan *plan = compiled("sys_enter//key=id/", false);
	const struct ktally_probe_plan *probe;

	(void)state;
	assert_int_equal(ktally_compile(plan, &cat, "sys_exit/ret < 0/key=id/rows=100/", NULL, NULL), 0);
	assert_int_equal(plan->nr_tables, 2);
	probe = &plan->probes[1];
	assert_null(bc_verify(probe, plan));
	assert_int_equal(probe->insns[3].op, KTALLY_OP_UPDATE);
	assert_int_equal(probe->insns[3].aux, 1);
	assert_int_equal(plan->tables[1].rows, 100);
	/* one that fails leaves nothing behind */
	assert_true(ktally_compile(plan, &cat, "sys_exit/bad < 0/key=id/", NULL, NULL) < 0);
	assert_true(ktally_compile(plan, &cat, "sys_exit//key=id/depth=3/", NULL, NULL) < 0);
	assert_int_equal(plan->nr_tables, 2);
	assert_int_equal(plan->nr_probes, 2);
	ktally_plan_free(plan);
}

static void sources_become_probes(void **state)
{
	static const struct { const char *text, *name; int kind; uint64_t offset, period; } list[] = {
		{ "sys_enter", "raw_syscalls:sys_enter", KTALLY_SOURCE_TRACEPOINT, 0, 0 },
		{ " sched:sched_wakeup / pid > 1 / key = comm / ", "sched:sched_wakeup", KTALLY_SOURCE_TRACEPOINT, 0, 0 },
		{ "kprobe:vfs_read", "vfs_read", KTALLY_SOURCE_KPROBE, 0, 0 },
		{ "kprobe:vfs_read.isra.0+0x1c/arg0/", "vfs_read.isra.0", KTALLY_SOURCE_KPROBE, 0x1c, 0 },
		{ "timer:99hz", "", KTALLY_SOURCE_TIMER, 0, 10101010 },
		{ "timer:10ms//stack/", "", KTALLY_SOURCE_TIMER, 0, 10000000 },
		{ "timer:100us", "", KTALLY_SOURCE_TIMER, 0, 100000 },
		{ "cpu-clock", "", KTALLY_SOURCE_PERF, 0, 10101010 },
		{ "cpu-clock//freq=1000/", "", KTALLY_SOURCE_PERF, 0, 1000000 },
		{ "cpu-clock//period=5ms/stack=user/", "", KTALLY_SOURCE_PERF, 0, 5000000 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = compiled(list[i].text, false);
		const struct ktally_probe_plan *p = &plan->probes[0];

		assert_string_equal(p->name, list[i].name);
		assert_string_equal(p->text, list[i].text);
		assert_int_equal(p->kind, list[i].kind);
		assert_int_equal(p->offset, list[i].offset);
		assert_int_equal(p->period, list[i].period);
		assert_int_equal(p->perf_type, list[i].kind == KTALLY_SOURCE_PERF);
		ktally_plan_free(plan);
	}
}

static void histograms(void **state)
{
	struct ktally_plan *plan = compiled("test:event//hist=a/hist=b:lin(-10ms, 10ms, (3ms / 2)):ns/hist=size:ll(4)/", false);
	const struct ktally_value *v = plan->tables[0].schema.values;

	(void)state;
	assert_int_equal(v[0].column.kind, KTALLY_COLUMN_HIST);
	assert_int_equal(v[0].column.hist, KTALLY_HIST_LOG2);
	assert_int_equal(v[1].column.hist, KTALLY_HIST_LINEAR);
	assert_int_equal(v[1].column.param0, -10000000);
	assert_int_equal(v[1].column.param1, 10000000);
	assert_int_equal(v[1].column.param2, 1500000);
	assert_int_equal(v[1].kind, KTALLY_KIND_NS);
	assert_int_equal(v[2].column.hist, KTALLY_HIST_LOGLIN);
	assert_int_equal(v[2].column.param0, 4);
	assert_int_equal(v[2].kind, KTALLY_KIND_BYTES);
	ktally_plan_free(plan);
}

static void kinds_follow_names_and_types(void **state)
{
	static const struct { const char *expr; enum ktally_kind kind; } list[] = {
		{ "call_site", KTALLY_KIND_KSYM }, { "buf", KTALLY_KIND_HEX }, { "next_pid", KTALLY_KIND_PID }, { "size", KTALLY_KIND_BYTES },
		{ "a", KTALLY_KIND_INT }, { "b", KTALLY_KIND_UINT }, { "ns", KTALLY_KIND_TIME }, { "ns - ns", KTALLY_KIND_NS },
		{ "cpu", KTALLY_KIND_CPU }, { "comm", KTALLY_KIND_STRING }, { "size + 5", KTALLY_KIND_BYTES }, { "next_pid + 1", KTALLY_KIND_INT },
		{ "u64(buf)", KTALLY_KIND_UINT }, { "a > 5", KTALLY_KIND_INT }, { "a:time", KTALLY_KIND_TIME }, { "ip", KTALLY_KIND_KSYM },
		{ "cgroup", KTALLY_KIND_UINT }, { "container", KTALLY_KIND_CONTAINER }, { "pod", KTALLY_KIND_POD },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan;
		char text[128];

		snprintf(text, sizeof(text), "test:event//key=%s/", list[i].expr);
		plan = compiled(text, false);
		assert_int_equal(plan->tables[0].schema.keys[0].kind, list[i].kind);
		ktally_plan_free(plan);
	}
}

/* ---- shapes: a hit costs what its program is long ---- */

static void common_programs_are_minimal(void **state)
{
	static const struct { const char *text, *code; } list[] = {
		{ "raw_syscalls:sys_enter//key=id/", "r0 = field 0; update table 0 key r0..; exit folded; " },
		{ "raw_syscalls:sys_enter", "update table 0 key r0..; exit folded; " },
		{ "sys_enter/id == 3/", "r0 = field 0; if r0 != 3 goto +2; update table 0 key r0..; exit folded; exit filtered; " },
		{ "sys_enter/id == 3/key=id/", "r0 = field 0; if r0 != 3 goto +2; update table 0 key r0..; exit folded; exit filtered; " },
		{ "sys_enter/pid == 7 && id == 3/key=id/",
		  "r0 = pid; if r0 != 7 goto +4; r1 = field 0; if r1 != 3 goto +2; update table 0 key r1..; exit folded; exit filtered; " },
		{ "sys_exit//key=id/hist=ret/", "r0 = field 0; r1 = field 1; update table 0 key r0.. values r1..; exit folded; " },
		{ "sys_enter/id & 4/", "r1 = field 0; r0 = r1 & 4; if r0 == 0 goto +2; update table 0 key r0..; exit folded; exit filtered; " },
		{ "sys_enter/1/", "update table 0 key r0..; exit folded; " },
		{ "sys_enter/2 * 3 == 6 && 1 || id/", "update table 0 key r0..; exit folded; " },
		{ "sys_enter/2 > 3/key=id/", "exit filtered; " },
		{ "sys_enter/u32(arg0 + 8) > 5/",
		  "r1 = field 1; r0 = u32 kernel[r1+8]; if r0 s<= 5 goto +2; update table 0 key r0..; exit folded; exit filtered; " },
		{ "timer:99hz//stack=kernel/", "r0 = kernel stack depth 127; update table 0 key r0..; exit folded; " },
	};
	unsigned int i, n;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = compiled(list[i].text, false);
		char code[2000] = "", line[128];

		for (n = 0; n < plan->probes[0].nr_insns; n++) {
			ktally_disassemble(&plan->probes[0].insns[n], line, sizeof(line));
			strcat(code, line);
			strcat(code, "; ");
		}
		assert_string_equal(code, list[i].code);
		ktally_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_compute_what_c_does),
		cmocka_unit_test(random_expressions),
		cmocka_unit_test(division_follows_the_bytecode),
		cmocka_unit_test(number_suffixes),
		cmocka_unit_test(strings_match),
		cmocka_unit_test(memory_loads),
		cmocka_unit_test(short_circuit_skips_faults),
		cmocka_unit_test(keys_hold_strings_and_stacks),
		cmocka_unit_test(records_hold_all_fields),
		cmocka_unit_test(dumps_go_beside_records),
		cmocka_unit_test(table_and_record_share_a_program),
		cmocka_unit_test(a_field_hides_the_context),
		cmocka_unit_test(second_event_has_its_own_table),
		cmocka_unit_test(sources_become_probes),
		cmocka_unit_test(histograms),
		cmocka_unit_test(kinds_follow_names_and_types),
		cmocka_unit_test(common_programs_are_minimal),
	};
	int rc;

	event_catalogue(&cat);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	return rc;
}
