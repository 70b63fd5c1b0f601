// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the records of a ring: a line, or a line of JSON, for each event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "out.h"
#include "record.h"

#define NS_PER_S 1000000000ULL
#define WORDS_MAX (KTALLY_STACK_DEPTH_MAX + 1)	/* of an unwound dump */

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
	ns += printer->real_ns ? printer->real_ns : monotonic_to_real();
	seconds = ns / NS_PER_S;
	localtime_r(&seconds, &local);
	len = strftime(buf, size, "%H:%M:%S", &local);
	snprintf(buf + len, size - len, ".%06" PRIu64, (uint64_t)(ns % NS_PER_S / 1000));
}

static bool is_stack(const struct ktally_field *field)
{
	return field->kind == KTALLY_KIND_KSTACK || field->kind == KTALLY_KIND_USTACK || field->kind == KTALLY_KIND_UDUMP;
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

/* The words of a stack: from the store, or unwound from its dump into @room. NULL: there are none. */
static const uint64_t *words_of(const struct record_printer *printer, const struct ktally_field *field, uint64_t id, unsigned int cpu,
				uint64_t room[WORDS_MAX], unsigned int *nr)
{
	const struct ktally_user *user;
	int found;

	if (printer->stacks)
		return ktally_stackset_get(printer->stacks, id, nr);
	if (field->kind != KTALLY_KIND_UDUMP)
		return ktally_reader_stack(printer->reader, cpu, id, nr);
	user = ktally_reader_user(printer->reader, cpu, id);
	found = user && printer->procs ? ktally_unwind_dump(printer->procs, user, room, WORDS_MAX) : -1;
	*nr = found > 0 ? (unsigned int)found : 0;
	return found > 0 ? room : NULL;
}

/* The frames of a stack, outermost first. Return: false if they cannot be had */
static bool frames_of(const struct record_printer *printer, const struct ktally_field *field, uint64_t id, uint64_t image, unsigned int cpu,
		      struct ktally_stack_view *view)
{
	uint64_t room[WORDS_MAX];
	unsigned int nr = 0;
	const uint64_t *words = words_of(printer, field, id, cpu, room, &nr);

	memset(view, 0, sizeof(*view));
	if (!words || !printer->sym)
		return false;
	if (field->kind == KTALLY_KIND_KSTACK)
		return !ktally_view_kernel(view, printer->sym, words, nr);
	return !ktally_view_user(view, printer->sym, image, words, nr);
}

/* What stands in place of a stack; NULL: there is one, or there was none to take. */
static const char *lost_stack(const struct record_printer *printer, const struct ktally_field *field, uint64_t id, bool found)
{
	if (field->kind != KTALLY_KIND_UDUMP)
		return id == (printer->stacks ? KTALLY_STACKSET_LOST : KTALLY_STACK_LOST) ? "stack store full" : NULL;
	return id && !found ? "dump lost" : NULL;
}

static void text_frame(const struct ktally_frame *frame)
{
	if (frame->kind == KTALLY_FRAME_MARK) {
		printf("        %s\n", frame->name);
		return;
	}
	printf("        %016" PRIx64 " %s", frame->address, frame->name);
	if (frame->symbol_address && frame->address >= frame->symbol_address)
		printf("+0x%" PRIx64, frame->address - frame->symbol_address);
	if (frame->line)
		printf(" %s:%u", frame->file, frame->line);
	if (frame->module[0])
		printf(" %s(%s)%s", out_style(stdout, OUT_DIM), frame->module, out_style(stdout, OUT_PLAIN));
	puts(frame->guess ? " ?" : "");
}

static void text_stack(const struct record_printer *printer, const struct ktally_field *field, uint64_t id, uint64_t image, unsigned int cpu)
{
	struct ktally_stack_view view;
	bool found = frames_of(printer, field, id, image, cpu, &view);
	const char *lost = lost_stack(printer, field, id, found);
	unsigned int n;

	if (lost)
		printf("        [%s]\n", lost);
	for (n = view.nr; !lost && n-- > 0;)
		text_frame(view.frames[n]);
	ktally_stack_view_clear(&view);
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

static void json_frame(struct ktally_json *json, const struct ktally_frame *frame)
{
	char address[24];

	snprintf(address, sizeof(address), "0x%" PRIx64, frame->address);
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "address", address);
	ktally_json_string(json, "name", frame->name);
	ktally_json_string(json, "module", frame->module);
	if (frame->line) {
		ktally_json_string(json, "file", frame->file);
		ktally_json_u64(json, "line", frame->line);
	}
	if (frame->guess)
		ktally_json_bool(json, "guess", true);
	ktally_json_close(json, '}');
}

static void json_stack(struct ktally_json *json, const struct record_printer *printer, const struct ktally_field *field, uint64_t id,
		       uint64_t image, unsigned int cpu)
{
	struct ktally_stack_view view;
	bool found = frames_of(printer, field, id, image, cpu, &view);
	unsigned int n;

	if (lost_stack(printer, field, id, found)) {
		ktally_json_string(json, field->name, "lost");
	} else {
		ktally_json_open(json, field->name, '[');
		for (n = view.nr; n-- > 0;)
			json_frame(json, view.frames[n]);
		ktally_json_close(json, ']');
	}
	ktally_stack_view_clear(&view);
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
