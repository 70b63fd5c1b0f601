// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the compiler of event texts: no text may crash it, and what it accepts must be a program the module would take and that ends. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/bytecode.h"
#include "../unit/events.h"
#include "../unit/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ktally_catalogue *catalogue(void)
{
	static const char format[] = "name: record\nID: 7\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
				     "\tfield:unsigned long args[6];\toffset:8;\tsize:48;\tsigned:0;\n"
				     "\tfield:char name[16];\toffset:56;\tsize:16;\tsigned:0;\n"
				     "\tfield:__data_loc char[] text;\toffset:72;\tsize:4;\tsigned:0;\n"
				     "\tfield:__rel_loc u16[] list;\toffset:76;\tsize:4;\tsigned:0;\n"
				     "\tfield:short half;\toffset:80;\tsize:2;\tsigned:1;\n\nprint fmt: \"\"\n";
	static struct ktally_catalogue cat;

	if (cat.nr_sources)
		return &cat;
	event_catalogue(&cat);
	files_write("events/test/record/format", format);
	atexit(files_done);
	if (ktally_tracefs_open(&cat.tracefs, files_root(), NULL))
		abort();
	return &cat;
}

static void hit(const struct ktally_probe_plan *probe, const struct ktally_plan *plan)
{
	static const unsigned char record[256] = "record";
	struct bc_env env = { .comm = "comm", .plan = plan, .record = record, .record_size = sizeof(record) };
	struct bc_result result;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		env.number[i] = BC_MEMORY + i;
		env.string[i] = "string";
	}
	bc_run(probe, &env, &result);
	if (result.steps > probe->nr_insns)
		__builtin_trap();
}

static void check_label(const struct ktally_schema *schema)
{
	unsigned char label[KTALLY_LABEL_MAX];
	struct ktally_schema back;
	int len = ktally_schema_encode(schema, label, sizeof(label));

	if (len < 0 || ktally_schema_decode(&back, label, len, NULL, 0) || back.key_words != schema->key_words)
		__builtin_trap();
}

static void check_plan(const struct ktally_plan *plan)
{
	char line[128];
	unsigned int i, n;

	for (n = 0; n < plan->nr_probes; n++) {
		const struct ktally_probe_plan *probe = &plan->probes[n];

		if (bc_verify(probe, plan))
			__builtin_trap();
		hit(probe, plan);
		check_label(&probe->record);
		for (i = 0; i < probe->nr_insns; i++)
			ktally_disassemble(&probe->insns[i], line, sizeof(line));
	}
	for (i = 0; i < plan->nr_tables; i++)
		check_label(&plan->tables[i].schema);
	for (i = 0; i < plan->nr_pairs; i++) {
		const struct ktally_pair_plan *pair = &plan->pairs[i];

		check_label(&pair->schema);
		if (pair->nr_keys > KTALLY_PAIR_KEYS_MAX || pair->nr_saved > KTALLY_PAIR_SAVED_MAX || !pair->entries ||
		    pair->schema.key_words != pair->nr_keys + pair->nr_saved)
			__builtin_trap();
	}
}

static void compile(const char *text, bool emit)
{
	struct ktally_compile_opts opts = { .emit = emit };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .text = "", .pos = -1 };
	int rc;

	rc = ktally_compile(plan, catalogue(), text, &opts, &err);
	if (rc) {
		if (!err.text[0] || err.pos > (int)strlen(text) || (err.pos >= 0 && (err.len < 0 || err.pos + err.len > (int)strlen(text))) ||
		    plan->nr_probes || plan->nr_tables || plan->nr_pairs || plan->nr_counters)
			__builtin_trap();
	} else {
		check_plan(plan);
	}
	ktally_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_schema schema;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	compile(text, size & 1);
	free(text);
	ktally_schema_decode(&schema, data, size, NULL, 0);
	return 0;
}
