// SPDX-License-Identifier: GPL-2.0-or-later
/* Columns against a model: sum, min, max, mean, variance and histograms of values that a system call carries in. */
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

enum { ID, ARG0, ARG1, ARG2 };	/* fields of raw_syscalls:sys_enter */

KIT_FIXTURE(columns)

/* The edges of every kind of bucket, and both signs. */
static const int64_t edges[] = {
	INT64_MIN, INT64_MIN + 1, -1000000, -101, -100, -99, -11, -10, -9, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32,
	63, 64, 65, 99, 100, 101, 127, 128, 255, 256, 1023, 1024, 1025, 65535, 65536, 1000000, 4294967295LL, 4294967296LL,
	4294967297LL, 1LL << 61, (1LL << 62) - 1, 1LL << 62, INT64_MAX - 1, INT64_MAX,
};

/* xorshift: the same numbers on every run. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The values of one run: the edges, then numbers of every magnitude. */
static unsigned int make_values(int64_t *values, unsigned int room)
{
	uint64_t state = 88172645463325252ULL, r;
	unsigned int n = 0;

	for (; n < COUNTOF(edges) && n < room; n++)
		values[n] = edges[n];
	for (; n < room; n++) {
		r = next_random(&state);
		values[n] = (int64_t)(next_random(&state) >> (r & 63)) * (r & 64 ? -1 : 1);
	}
	return n;
}

static void feed(const int64_t *values, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		syscall(SYS_lseek, -1, values[i], 0);
}

/* One table with @columns, keyed by CPU; every lseek of ours is one value for all of them. */
static int value_session(struct kit *kit, const struct ktally_column *columns, unsigned int nr)
{
	struct ktally_insn insns[32] = { ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(1, ARG1) };
	unsigned int n = 7, i;

	for (i = 0; i < nr; i++)
		insns[n++] = (struct ktally_insn)MOVE(2 + i, 1);
	insns[n++] = (struct ktally_insn)UPDATE(0, 0, 2);
	insns[n++] = (struct ktally_insn)EXIT(FOLDED);
	kit_table(kit, 16, 1, NULL, columns, nr);
	return kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, n);
}

static const struct ktally_row *only_row(struct kit *kit)
{
	return kit->snap->tables[0].nr_rows == 1 ? &kit->snap->tables[0].rows[0] : NULL;
}

#define VALUES 4001

TEST_F(columns, sum_min_max_mean_variance)
{
	const struct ktally_column columns[] = {
		{ .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_MIN }, { .kind = KTALLY_COLUMN_MAX },
		{ .kind = KTALLY_COLUMN_AVG }, { .kind = KTALLY_COLUMN_VAR },
	};
	const uint64_t *cells[COUNTOF(columns)], *var;
	const struct ktally_schema *schema;
	const struct ktally_row *row;
	struct kit *kit = &self->kit;
	static int64_t values[VALUES];
	unsigned int n = make_values(values, VALUES), i;
	int64_t min = INT64_MAX, max = INT64_MIN;
	unsigned __int128 squares = 0;
	uint64_t sum = 0;

	for (i = 0; i < n; i++) {
		uint64_t magnitude = values[i] < 0 ? -(uint64_t)values[i] : (uint64_t)values[i];

		sum += values[i];
		min = values[i] < min ? values[i] : min;
		max = values[i] > max ? values[i] : max;
		squares += (unsigned __int128)magnitude * magnitude;
	}
	OK(kit, value_session(kit, columns, COUNTOF(columns)));
	OK(kit, kit_start(kit));
	feed(values, n);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = only_row(kit);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(n, row->hits);
	schema = &kit->snap->tables[0].schema;
	for (i = 0; i < COUNTOF(columns); i++)
		cells[i] = ktally_cells(schema, row, i);
	EXPECT_EQ(sum, cells[0][0]);
	EXPECT_EQ(min, ktally_cells_int(&schema->values[1], cells[1]));
	EXPECT_EQ(max, ktally_cells_int(&schema->values[2], cells[2]));
	EXPECT_EQ(sum, cells[3][0]);
	var = cells[4];
	EXPECT_EQ(sum, var[0]);
	EXPECT_EQ((uint64_t)squares, var[1]);
	EXPECT_EQ((uint64_t)(squares >> 64), var[2]);
	EXPECT_TRUE(kit_closes(kit));
}

/* Two CPUs, of values small enough for mean and deviation to be known exactly; one extreme on each. */
TEST_F(columns, merged_over_cpus)
{
	const struct ktally_column columns[] = {
		{ .kind = KTALLY_COLUMN_MIN }, { .kind = KTALLY_COLUMN_MAX }, { .kind = KTALLY_COLUMN_VAR }, { .kind = KTALLY_COLUMN_AVG },
	};
	const int64_t values[] = { -3, 5, 10, 4 };
	const struct ktally_schema *schema;
	const struct ktally_row *row;
	struct kit *kit = &self->kit;
	double mean, stddev;

	OK(kit, value_session(kit, columns, COUNTOF(columns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	feed(values, 2);
	OK(kit, kit_pin(1));
	feed(values + 2, 2);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = only_row(kit);
	ASSERT_NE(NULL, row);
	schema = &kit->snap->tables[0].schema;
	EXPECT_EQ(4, row->hits);
	EXPECT_EQ(-3, ktally_cells_int(&schema->values[0], ktally_cells(schema, row, 0)));
	EXPECT_EQ(10, ktally_cells_int(&schema->values[1], ktally_cells(schema, row, 1)));
	ktally_cells_stats(&schema->values[2], row, ktally_cells(schema, row, 2), &mean, &stddev);
	EXPECT_EQ(true, fabs(mean - 4) < 1e-9);
	/* The squares of the distances are 49 + 1 + 36 + 0. */
	EXPECT_EQ(true, fabs(stddev - sqrt(86 / 4.0)) < 1e-9 || fabs(stddev - sqrt(86 / 3.0)) < 1e-9) TH_LOG("stddev %g", stddev);
	ktally_cells_stats(&schema->values[3], row, ktally_cells(schema, row, 3), &mean, &stddev);
	EXPECT_EQ(true, fabs(mean - 4) < 1e-9);
}

/* Buckets as the header describes them, found by search and not by formula. */
static bool in_bucket(const struct ktally_column *c, unsigned int bucket, int64_t value)
{
	__int128 lo, hi, v = value;
	unsigned int part, group;

	switch (c->hist) {
	case KTALLY_HIST_LOG2:
		if (bucket < 2)
			return bucket ? value == 0 : value < 0;
		lo = (__int128)1 << (bucket - 2);
		return v >= lo && v < lo * 2;
	case KTALLY_HIST_LINEAR:
		if (bucket == 0)
			return value < c->param0;
		lo = (__int128)c->param0 + (__int128)(bucket - 1) * c->param2;
		if (lo >= c->param1)
			return value >= c->param1;
		hi = lo + c->param2 < c->param1 ? lo + c->param2 : c->param1;
		return v >= lo && v < hi;
	default:
		if (bucket == 0)
			return value < 0;
		if (bucket <= 1U << c->param0)
			return v == bucket - 1;
		group = (bucket - 1) >> c->param0;
		part = (bucket - 1) & ((1U << c->param0) - 1);
		lo = ((__int128)((1U << c->param0) + part)) << (group - 1);
		hi = lo + ((__int128)1 << (group - 1));
		return v >= lo && v < hi;
	}
}

static unsigned int model_bucket(const struct ktally_column *c, int cells, int64_t value)
{
	unsigned int i;

	for (i = 0; i < (unsigned int)cells; i++)
		if (in_bucket(c, i, value))
			return i;
	return UINT32_MAX;
}

#define LINEAR(lo, hi, step) { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = (lo), .param1 = (hi), .param2 = (step) }
#define LOGLIN(bits) { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = (bits) }

FIXTURE(histogram) { struct kit kit; };
FIXTURE_VARIANT(histogram) { struct ktally_column column; };
FIXTURE_VARIANT_ADD(histogram, log2) { { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };
FIXTURE_VARIANT_ADD(histogram, linear_even) { LINEAR(-100, 100, 10) };
FIXTURE_VARIANT_ADD(histogram, linear_rest) { LINEAR(-10, 101, 7) };
FIXTURE_VARIANT_ADD(histogram, linear_one) { LINEAR(0, 1, 1) };
FIXTURE_VARIANT_ADD(histogram, linear_all) { LINEAR(INT64_MIN, INT64_MAX, 1LL << 53) };
FIXTURE_VARIANT_ADD(histogram, loglin_1) { LOGLIN(1) };
FIXTURE_VARIANT_ADD(histogram, loglin_3) { LOGLIN(3) };
FIXTURE_VARIANT_ADD(histogram, loglin_6) { LOGLIN(6) };
FIXTURE_SETUP(histogram) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(histogram) { kit_close(&self->kit); }

TEST_F(histogram, buckets)
{
	static uint64_t model[KTALLY_HIST_BUCKETS_MAX];
	static int64_t values[VALUES];
	unsigned int n = make_values(values, VALUES), i;
	int cells = ktally_column_cells(&variant->column);
	const struct ktally_row *row;
	struct kit *kit = &self->kit;
	const uint64_t *seen;
	uint64_t sum = 0;

	ASSERT_LT(0, cells);
	for (i = 0; i < n; i++) {
		unsigned int bucket = model_bucket(&variant->column, cells, values[i]);

		ASSERT_LT(bucket, cells) TH_LOG("value %lld has no bucket", (long long)values[i]);
		model[bucket]++;
	}
	OK(kit, value_session(kit, &variant->column, 1));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	feed(values, n / 2);
	OK(kit, kit_pin(1));
	feed(values + n / 2, n - n / 2);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = only_row(kit);
	ASSERT_NE(NULL, row);
	seen = ktally_cells(&kit->snap->tables[0].schema, row, 0);
	for (i = 0; i < (unsigned int)cells; i++) {
		EXPECT_EQ(model[i], seen[i]) TH_LOG("bucket %u", i);
		sum += seen[i];
	}
	EXPECT_EQ(n, row->hits);
	EXPECT_EQ(n, sum);
	EXPECT_TRUE(kit_closes(kit));
}

/* The same cuts as an instruction, for keys. */
TEST_F(columns, bucket_instruction)
{
	const struct ktally_column log2 = { .hist = KTALLY_HIST_LOG2 }, loglin = { .hist = KTALLY_HIST_LOGLIN, .param0 = 4 };
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(1, ARG1),
		{ .op = KTALLY_OP_BUCKET, .dst = 2, .a = 1, .aux = KTALLY_HIST_LOG2 },
		{ .op = KTALLY_OP_BUCKET, .dst = 3, .a = 1, .aux = KTALLY_HIST_LOGLIN, .imm = 4 },
		UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_table(kit, 256, 3, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	feed(edges, COUNTOF(edges));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(COUNTOF(edges), kit->snap->tables[0].nr_rows);
	for (i = 0; i < COUNTOF(edges); i++) {
		const struct ktally_row *row = kit_row(kit, 0, edges[i]);

		ASSERT_NE(NULL, row);
		EXPECT_EQ(model_bucket(&log2, 66, edges[i]), row->key[1]);
		EXPECT_EQ(model_bucket(&loglin, 961, edges[i]), row->key[2]);
	}
}

/* Every operation, on operands that have sharp edges, against C. */
struct calculation {
	enum ktally_op op;
	uint64_t (*model)(uint64_t a, uint64_t b);
};

#define MODEL(name, expression) static uint64_t model_##name(uint64_t a, uint64_t b) { return expression; }
MODEL(add, a + b)
MODEL(sub, a - b)
MODEL(mul, a * b)
MODEL(udiv, b ? a / b : 0)
MODEL(umod, b ? a % b : 0)
MODEL(sdiv, b == 0 ? 0 : b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b))
MODEL(smod, b == 0 || b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b))
MODEL(and, a & b)
MODEL(or, a | b)
MODEL(xor, a ^ b)
MODEL(shl, b < 64 ? a << b : 0)
MODEL(shr, b < 64 ? a >> b : 0)
MODEL(sar, b < 64 ? (uint64_t)((int64_t)a >> b) : (uint64_t)((int64_t)a >> 63))

static const struct calculation calculations[] = {
	{ KTALLY_OP_ADD, model_add }, { KTALLY_OP_SUB, model_sub }, { KTALLY_OP_MUL, model_mul }, { KTALLY_OP_UDIV, model_udiv },
	{ KTALLY_OP_UMOD, model_umod }, { KTALLY_OP_SDIV, model_sdiv }, { KTALLY_OP_SMOD, model_smod }, { KTALLY_OP_AND, model_and },
	{ KTALLY_OP_OR, model_or }, { KTALLY_OP_XOR, model_xor }, { KTALLY_OP_SHL, model_shl }, { KTALLY_OP_SHR, model_shr },
	{ KTALLY_OP_SAR, model_sar },
};

TEST_F(columns, arithmetic)
{
	static const uint64_t operands[] = { 0, 1, 2, 3, 63, 64, 65, 1000, -1ULL, -2ULL, -1000ULL, 1ULL << 63, (1ULL << 63) - 1, 1ULL << 32 };
	struct ktally_insn insns[32] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(1, ARG1), FIELD(2, ARG2),
	};
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	unsigned int n = 8, i, j, cpu, seen = 0;

	for (i = 0; i < COUNTOF(calculations); i++)
		insns[n++] = (struct ktally_insn){ .op = calculations[i].op, .dst = 3 + i, .a = 1, .b = 2 };
	insns[n++] = (struct ktally_insn)EMIT(1, 2 + COUNTOF(calculations));
	insns[n++] = (struct ktally_insn)EXIT(FOLDED);
	kit->plan->ring_size = 1 << 20;
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, n));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	for (i = 0; i < COUNTOF(operands); i++)
		for (j = 0; j < COUNTOF(operands); j++)
			syscall(SYS_lseek, -1, operands[i], operands[j]);
	OK(kit, kit_stop(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (; (record = ktally_reader_next(reader, &cpu, true)); seen++) {
		const __u64 *w = ((const struct ktally_event *)record)->words;

		ASSERT_EQ(operands[seen / COUNTOF(operands)], w[0]);
		ASSERT_EQ(operands[seen % COUNTOF(operands)], w[1]);
		for (i = 0; i < COUNTOF(calculations); i++)
			EXPECT_EQ(calculations[i].model(w[0], w[1]), w[2 + i])
				TH_LOG("operation %u of %llx and %llx", calculations[i].op, w[0], w[1]);
	}
	EXPECT_EQ(COUNTOF(operands) * COUNTOF(operands), seen);
	ktally_reader_close(reader);
}

TEST_HARNESS_MAIN
