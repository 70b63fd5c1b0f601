// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the records of a ring: a line, or a line of JSON, for each event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "out.h"
#include "record.h"

#define NS_PER_S 1000000000ULL

enum record_clock record_clock_named(const char *name)
{
	if (name && !strcmp(name, "monotonic"))
		return RECORD_MONOTONIC;
	return name && !strcmp(name, "relative") ? RECORD_RELATIVE : RECORD_LOCAL;
}

/* What to add to CLOCK_MONOTONIC for the time of day; looked at each time, because the clock may be set. */
static uint64_t monotonic_to_real(void)
{
	struct timespec real, monotonic;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	return (real.tv_sec - monotonic.tv_sec) * NS_PER_S + real.tv_nsec - monotonic.tv_nsec;
}

static void format_time(const struct record_printer *printer, uint64_t ns, char *buf, size_t size)
{
	struct tm local;
	time_t seconds;
	size_t len;

	if (printer->clock != RECORD_LOCAL) {
		ns -= printer->clock == RECORD_RELATIVE ? printer->first_ns : 0;
		snprintf(buf, size, "%6" PRIu64 ".%09" PRIu64, (uint64_t)(ns / NS_PER_S), (uint64_t)(ns % NS_PER_S));
		return;
	}
	ns += monotonic_to_real();
	seconds = ns / NS_PER_S;
	localtime_r(&seconds, &local);
	len = strftime(buf, size, "%H:%M:%S", &local);
	snprintf(buf + len, size - len, ".%06" PRIu64, (uint64_t)(ns % NS_PER_S / 1000));
}

static bool is_stack(const struct ktally_field *field)
{
	return field->kind == KTALLY_KIND_KSTACK || field->kind == KTALLY_KIND_USTACK;
}

/* The image that names the addresses of a record's user stack, 0 if it has none. */
static uint64_t image_of(const struct ktally_schema *schema, const uint64_t *words)
{
	unsigned int n;

	for (n = 0; n < schema->nr_keys; n++)
		if (schema->keys[n].kind == KTALLY_KIND_IMAGE)
			return words[schema->keys[n].word];
	return 0;
}

static const struct ktally_frame *frame_of(const struct record_printer *printer, const struct ktally_field *field, uint64_t image,
					   const uint64_t *ips, unsigned int n)
{
	bool caller = n > 0;

	if (!printer->sym)
		return NULL;
	if (field->kind == KTALLY_KIND_KSTACK)
		return ktally_symbolize_kernel(printer->sym, ips[n], caller);
	return ktally_symbolize_user(printer->sym, image, ips[n], caller);
}

static void text_stack(const struct record_printer *printer, const struct ktally_field *field, uint64_t id, uint64_t image, unsigned int cpu)
{
	const struct ktally_frame *frame;
	const uint64_t *ips;
	unsigned int nr = 0, n;

	if (id == KTALLY_STACK_LOST) {
		puts("        [stack store full]");
		return;
	}
	ips = ktally_reader_stack(printer->reader, cpu, id, &nr);
	for (n = 0; ips && n < nr; n++) {
		frame = frame_of(printer, field, image, ips, n);
		printf("        %016" PRIx64 " %s", ips[n], frame ? frame->name : "[unknown]");
		if (frame && frame->symbol_address && frame->address >= frame->symbol_address)
			printf("+0x%" PRIx64, frame->address - frame->symbol_address);
		if (frame && frame->module[0])
			printf(" %s(%s)%s", out_style(stdout, OUT_DIM), frame->module, out_style(stdout, OUT_PLAIN));
		putchar('\n');
	}
}

static void text_record(const struct record_printer *printer, const struct ktally_schema *schema, const struct ktally_record *record,
			const uint64_t *words, unsigned int cpu)
{
	char buf[512];
	unsigned int n;

	format_time(printer, record->time, buf, sizeof(buf));
	/* The source alone: what was asked of it is the same on every line. */
	printf("%s %7u/%-7u [%03u] %s%.*s%s:", buf, record->pid, record->tid, cpu, out_style(stdout, OUT_BOLD),
	       ktally_source_length(schema->name, NULL), schema->name, out_style(stdout, OUT_PLAIN));
	for (n = 0; n < schema->nr_keys; n++) {
		const struct ktally_field *field = &schema->keys[n];

		if (is_stack(field) || field->kind == KTALLY_KIND_IMAGE)
			continue;
		ktally_format_field(printer->sym, field, words, buf, sizeof(buf));
		printf(" %s=%s", field->name, buf);
	}
	putchar('\n');
	for (n = 0; n < schema->nr_keys; n++)
		if (is_stack(&schema->keys[n]))
			text_stack(printer, &schema->keys[n], words[schema->keys[n].word], image_of(schema, words), cpu);
}

static void json_stack(struct ktally_json *json, const struct record_printer *printer, const struct ktally_field *field, uint64_t id,
		       uint64_t image, unsigned int cpu)
{
	const struct ktally_frame *frame;
	const uint64_t *ips = NULL;
	unsigned int nr = 0, n;
	char address[24];

	if (id == KTALLY_STACK_LOST) {
		ktally_json_string(json, field->name, "lost");
		return;
	}
	ips = ktally_reader_stack(printer->reader, cpu, id, &nr);
	ktally_json_open(json, field->name, '[');
	for (n = 0; ips && n < nr; n++) {
		frame = frame_of(printer, field, image, ips, n);
		snprintf(address, sizeof(address), "0x%" PRIx64, ips[n]);
		ktally_json_open(json, NULL, '{');
		ktally_json_string(json, "address", address);
		ktally_json_string(json, "name", frame ? frame->name : "[unknown]");
		ktally_json_string(json, "module", frame ? frame->module : "");
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
}

static void json_field(struct ktally_json *json, const struct record_printer *printer, const struct ktally_field *field, const uint64_t *words)
{
	char buf[512];

	switch (field->kind) {
	case KTALLY_KIND_INT:
		ktally_json_s64(json, field->name, words[field->word]);
		break;
	case KTALLY_KIND_UINT:
	case KTALLY_KIND_NS:
	case KTALLY_KIND_TIME:
	case KTALLY_KIND_BYTES:
	case KTALLY_KIND_PID:
	case KTALLY_KIND_CPU:
		ktally_json_u64(json, field->name, words[field->word]);
		break;
	default:
		ktally_format_field(printer->sym, field, words, buf, sizeof(buf));
		ktally_json_string(json, field->name, buf);
	}
}

/* One line a record, so that a reader can take them as they come. */
static void json_record(const struct record_printer *printer, const struct ktally_schema *schema, const struct ktally_record *record,
			const uint64_t *words, unsigned int cpu)
{
	struct ktally_json json;
	unsigned int n;

	ktally_json_init(&json, stdout, false);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally-trace/1");
	ktally_json_u64(&json, "time_ns", record->time);
	ktally_json_u64(&json, "pid", record->pid);
	ktally_json_u64(&json, "tid", record->tid);
	ktally_json_u64(&json, "cpu", cpu);
	ktally_json_string(&json, "event", schema->name);
	ktally_json_open(&json, "fields", '{');
	for (n = 0; n < schema->nr_keys; n++) {
		const struct ktally_field *field = &schema->keys[n];

		if (is_stack(field))
			json_stack(&json, printer, field, words[field->word], image_of(schema, words), cpu);
		else if (field->kind != KTALLY_KIND_IMAGE)
			json_field(&json, printer, field, words);
	}
	ktally_json_close(&json, '}');
	ktally_json_close(&json, '}');
}

void record_print(struct record_printer *printer, const struct ktally_record *record, unsigned int cpu)
{
	const struct ktally_event *event = (const struct ktally_event *)record;
	unsigned int nr_words = (record->size - sizeof(*record)) / sizeof(uint64_t), n;
	static const struct ktally_schema unknown = { .name = "[unknown probe]" };
	const struct ktally_schema *schema = record->probe < printer->nr_schemas ? printer->schemas[record->probe] : &unknown;

	for (n = 0; n < schema->nr_keys; n++)
		if (schema->keys[n].word + schema->keys[n].words > nr_words)
			schema = &unknown;	/* its layout is not the one we know: no value can be trusted */
	if (!printer->first_ns)
		printer->first_ns = record->time;
	if (printer->json)
		json_record(printer, schema, record, (const uint64_t *)event->words, cpu);
	else
		text_record(printer, schema, record, (const uint64_t *)event->words, cpu);
}
