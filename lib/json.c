// SPDX-License-Identifier: LGPL-2.1-or-later
/* json.c: a streaming JSON writer whose output is valid whatever bytes it is given. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

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

/* Length of the well-formed UTF-8 sequence at @s, 0 if there is none. */
static unsigned int utf8_length(const unsigned char *s)
{
	unsigned int i, len;
	uint32_t code;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	code = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) || (len == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return len;
}

static void quoted(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	fputc('"', out);
	while (*s) {
		unsigned int len = utf8_length(s);

		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", out);
		else if (*s == '\t')
			fputs("\\t", out);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(out, "\\u%04x", *s);
		else if (len)
			fwrite(s, 1, len, out);
		else
			fputs("\\ufffd", out);
		s += len ? len : 1;
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
