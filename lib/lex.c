// SPDX-License-Identifier: LGPL-2.1-or-later
/* lex.c: cuts an event text into tokens. */
#include <ctype.h>
#include <string.h>

#include "compile.h"

static const struct {
	const char *text;
	int type;
} operators[] = {
	{ "||", KT_TOK_OROR }, { "&&", KT_TOK_ANDAND }, { "==", KT_TOK_EQ }, { "!=", KT_TOK_NE }, { "<=", KT_TOK_LE },
	{ ">=", KT_TOK_GE }, { "<<", KT_TOK_SHL }, { ">>", KT_TOK_SHR }, { "!~", KT_TOK_NOTMATCH },
};

static const struct {
	const char *text;
	uint64_t factor;
	enum kt_unit unit;
} suffixes[] = {
	{ "ns", 1, KT_UNIT_TIME },
	{ "us", 1000, KT_UNIT_TIME },
	{ "ms", 1000000, KT_UNIT_TIME },
	{ "s", 1000000000, KT_UNIT_TIME },
	{ "hz", 1, KT_UNIT_HZ },
	{ "k", 1000, KT_UNIT_NONE },
	{ "m", 1000000, KT_UNIT_NONE },
	{ "g", 1000000000, KT_UNIT_NONE },
	{ "K", 1ULL << 10, KT_UNIT_NONE },
	{ "M", 1ULL << 20, KT_UNIT_NONE },
	{ "G", 1ULL << 30, KT_UNIT_NONE },
};

const char *kt_token_name(const struct kt_compile *c, char *buf, size_t size)
{
	if (c->tok.type == KT_TOK_END)
		return "the end";
	snprintf(buf, size, "'%.*s'", c->tok.len > 40 ? 40 : c->tok.len, c->text + c->tok.pos);
	return buf;
}

static bool name_start(char ch)
{
	return isalpha((unsigned char)ch) || ch == '_';
}

static bool name_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

/* The dot is part of a name only in current.NAME. */
static int lex_name(struct kt_compile *c, int pos)
{
	int start = pos;

	while (name_char(c->text[pos]) || (c->text[pos] == '.' && name_start(c->text[pos + 1])))
		pos++;
	if (pos - start > (int)sizeof(c->tok.text) - 1)
		return kt_fail(c, -EINVAL, start, pos - start, "this name is longer than %zu characters", sizeof(c->tok.text) - 1);
	c->tok.type = KT_TOK_NAME;
	c->tok.len = pos - start;
	c->tok.text_len = pos - start;
	memcpy(c->tok.text, c->text + start, pos - start);
	c->tok.text[pos - start] = '\0';
	return 0;
}

static int digit_value(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return 16;
}

static int apply_suffix(struct kt_compile *c, int start, int end)
{
	size_t i, len = end - start;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strlen(suffixes[i].text) != len || memcmp(suffixes[i].text, c->text + start, len))
			continue;
		c->tok.unit = suffixes[i].unit;
		if (__builtin_mul_overflow(c->tok.value, suffixes[i].factor, &c->tok.value))
			return kt_fail(c, -EINVAL, c->tok.pos, end - c->tok.pos, "this number does not fit in 64 bits");
		return 0;
	}
	return kt_fail(c, -EINVAL, start, (int)len,
		       "unknown suffix '%.*s' of a number; known are ns us ms s hz, k m g (1000) and K M G (1024)",
		       len > 20 ? 20 : (int)len, c->text + start);
}

static int lex_number(struct kt_compile *c, int pos)
{
	unsigned int base = 10;
	int suffix;

	if (c->text[pos] == '0' && (c->text[pos + 1] == 'x' || c->text[pos + 1] == 'X')) {
		base = 16;
		pos += 2;
		if (digit_value(c->text[pos]) >= 16)
			return kt_fail(c, -EINVAL, c->tok.pos, pos - c->tok.pos, "expected hexadecimal digits after 0x");
	} else if (c->text[pos] == '0' && isdigit((unsigned char)c->text[pos + 1])) {
		base = 8;
	}
	c->tok.type = KT_TOK_NUMBER;
	c->tok.value = 0;
	c->tok.unit = KT_UNIT_NONE;
	for (; digit_value(c->text[pos]) < (base == 16 ? 16 : 10); pos++) {
		unsigned int digit = digit_value(c->text[pos]);

		if (digit >= base)
			return kt_fail(c, -EINVAL, pos, 1, "a number that begins with 0 is octal, it has no digit %u", digit);
		if (__builtin_mul_overflow(c->tok.value, (uint64_t)base, &c->tok.value) ||
		    __builtin_add_overflow(c->tok.value, (uint64_t)digit, &c->tok.value))
			return kt_fail(c, -EINVAL, c->tok.pos, pos + 1 - c->tok.pos, "this number does not fit in 64 bits");
	}
	suffix = pos;
	while (name_char(c->text[pos]))
		pos++;
	c->tok.len = pos - c->tok.pos;
	return pos > suffix ? apply_suffix(c, suffix, pos) : 0;
}

/* One character of a literal, escapes resolved; steps over it. */
static int lex_char(struct kt_compile *c, int *pos, char *out)
{
	static const char from[] = "nrt\\\"'", to[] = "\n\r\t\\\"'";
	const char *escape;
	char ch = c->text[(*pos)++];

	if (ch != '\\') {
		*out = ch;
		return 0;
	}
	ch = c->text[(*pos)++];
	if (ch == 'x' && digit_value(c->text[*pos]) < 16 && digit_value(c->text[*pos + 1]) < 16) {
		*out = (char)(digit_value(c->text[*pos]) << 4 | digit_value(c->text[*pos + 1]));
		*pos += 2;
		if (*out)
			return 0;
		return kt_fail(c, -EINVAL, *pos - 4, 4, "a string cannot hold the character 0");
	}
	escape = ch ? strchr(from, ch) : NULL;
	if (!escape) {
		if (!ch)
			(*pos)--;
		return kt_fail(c, -EINVAL, *pos - 2, 2, "unknown escape; known are \\n \\r \\t \\\\ \\\" \\' \\xHH (a literal '*' in a pattern is \\\\*)");
	}
	*out = to[escape - from];
	return 0;
}

static int lex_text(struct kt_compile *c, int pos)
{
	char quote = c->text[pos++];

	c->tok.type = KT_TOK_TEXT;
	c->tok.text_len = 0;
	while (c->text[pos] != quote) {
		char ch;
		int rc;

		if (!c->text[pos])
			return kt_fail(c, -EINVAL, c->tok.pos, pos - c->tok.pos, "this string is not closed by %c", quote);
		rc = lex_char(c, &pos, &ch);
		if (rc)
			return rc;
		if (c->tok.text_len >= KTALLY_STRING_MAX)
			return kt_fail(c, -EINVAL, c->tok.pos, pos - c->tok.pos, "a string has at most %d characters", KTALLY_STRING_MAX);
		c->tok.text[c->tok.text_len++] = ch;
	}
	c->tok.text[c->tok.text_len] = '\0';
	c->tok.len = pos + 1 - c->tok.pos;
	if (quote == '"')
		return 0;
	if (c->tok.text_len != 1)
		return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "single quotes hold one character; a string needs double quotes");
	c->tok.type = KT_TOK_NUMBER;
	c->tok.value = (unsigned char)c->tok.text[0];
	c->tok.unit = KT_UNIT_NONE;
	return 0;
}

static int lex_operator(struct kt_compile *c, int pos)
{
	unsigned char ch = c->text[pos];
	size_t i;

	c->tok.len = 2;
	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!strncmp(operators[i].text, c->text + pos, 2)) {
			c->tok.type = operators[i].type;
			return 0;
		}
	}
	c->tok.len = 1;
	if (!strchr("+-*/%&|^~!<>()[]=,:", ch)) {
		if (isprint(ch))
			return kt_fail(c, -EINVAL, pos, 1, "unexpected character '%c'", ch);
		return kt_fail(c, -EINVAL, pos, 1, "unexpected byte 0x%02x", ch);
	}
	c->tok.type = ch;
	return 0;
}

int kt_restart(struct kt_compile *c, int pos)
{
	c->next = pos;
	return kt_next(c);
}

int kt_next(struct kt_compile *c)
{
	int pos = c->next, rc;

	while (isspace((unsigned char)c->text[pos]))
		pos++;
	c->tok.pos = pos;
	c->tok.len = 0;
	if (!c->text[pos]) {
		c->tok.type = KT_TOK_END;
		rc = 0;
	} else if (name_start(c->text[pos])) {
		rc = lex_name(c, pos);
	} else if (isdigit((unsigned char)c->text[pos])) {
		rc = lex_number(c, pos);
	} else if (c->text[pos] == '"' || c->text[pos] == '\'') {
		rc = lex_text(c, pos);
	} else {
		rc = lex_operator(c, pos);
	}
	c->next = pos + c->tok.len;
	return rc;
}
