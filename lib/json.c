// SPDX-License-Identifier: LGPL-2.1-or-later
/* json.c: a streaming JSON writer whose output is valid whatever bytes it is given. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"
#include "utf8.h"

void ktally_json_init(struct ktally_json *json, FILE *out, bool pretty)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
	json->pretty = pretty;
}

static void indent(struct ktally_json *json)
{
	unsigned int i;

	if (!json->pretty || !json->depth)
		return;
	fputc('\n', json->out);
	for (i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

static void quoted(FILE *out, const char *text)
{
	const char *s = text;

	fputc('"', out);
	while (*s) {
		const char *start = s;
		uint32_t code = ktally_utf8_next(&s);

		if (code == '"' || code == '\\')
			fprintf(out, "\\%c", (char)code);
		else if (code == '\n')
			fputs("\\n", out);
		else if (code == '\t')
			fputs("\\t", out);
		else if (code < 0x20 || code == 0x7f || code == KTALLY_UTF8_BAD)
			fprintf(out, "\\u%04x", (unsigned int)code);
		else
			fwrite(start, 1, s - start, out);
	}
	fputc('"', out);
}

static void begin(struct ktally_json *json, const char *key)
{
	if (json->comma)
		fputc(',', json->out);
	indent(json);
	if (key) {
		quoted(json->out, key);
		fputs(json->pretty ? ": " : ":", json->out);
	}
	json->comma = true;
}

void ktally_json_open(struct ktally_json *json, const char *key, char bracket)
{
	begin(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->comma = false;
}

/* A finished document ends its line, so that documents one after the other are JSON lines. */
void ktally_json_close(struct ktally_json *json, char bracket)
{
	json->depth--;
	if (json->comma) {
		indent(json);
		if (json->pretty && !json->depth)
			fputc('\n', json->out);
	}
	fputc(bracket, json->out);
	json->comma = true;
	if (!json->depth) {
		fputc('\n', json->out);
		json->comma = false;
	}
}

void ktally_json_string(struct ktally_json *json, const char *key, const char *value)
{
	begin(json, key);
	quoted(json->out, value);
}

void ktally_json_u64(struct ktally_json *json, const char *key, uint64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void ktally_json_s64(struct ktally_json *json, const char *key, int64_t value)
{
	begin(json, key);
	fprintf(json->out, "%" PRId64, value);
}

/* The shortest text that reads back as the same number; JSON has no NaN and no infinity; a locale may have changed the point. */
void ktally_json_double(struct ktally_json *json, const char *key, double value)
{
	char buf[40], *s;

	begin(json, key);
	if (!isfinite(value)) {
		fputs("null", json->out);
		return;
	}
	snprintf(buf, sizeof(buf), "%.15g", value);
	if (strtod(buf, NULL) != value)
		snprintf(buf, sizeof(buf), "%.17g", value);
	for (s = buf; *s; s++)
		if (!strchr("0123456789+-eE", *s))
			*s = '.';
	fputs(buf, json->out);
}

void ktally_json_bool(struct ktally_json *json, const char *key, bool value)
{
	begin(json, key);
	fputs(value ? "true" : "false", json->out);
}
