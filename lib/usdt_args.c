// SPDX-License-Identifier: LGPL-2.1-or-later
/* usdt_args.c: the grammar of the places of USDT arguments: "SIZE@OPERAND", the operand as the assembler of the machine writes it. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "usdt.h"

#define ARGUMENT_MAX 128

/** struct scan - the rest of one argument's text */
struct scan {
	const char *at;
};

static bool accept(struct scan *s, char ch)
{
	while (*s->at == ' ')
		s->at++;
	if (*s->at != ch)
		return false;
	s->at++;
	return true;
}

/* A number in any of C's bases, with its sign. */
static bool scan_number(struct scan *s, int64_t *value)
{
	const char *digits = s->at + (*s->at == '-' || *s->at == '+');
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	errno = 0;
	if (*s->at == '-')
		*value = strtoll(s->at, &end, 0);
	else
		*value = (int64_t)strtoull(s->at, &end, 0);
	s->at = end;
	return !errno;
}

static bool scan_word(struct scan *s, char *word, size_t size)
{
	size_t len = 0;

	while (isalnum((unsigned char)s->at[len]))
		len++;
	if (!len || len >= size)
		return false;
	memcpy(word, s->at, len);
	word[len] = '\0';
	s->at += len;
	return true;
}

/* ---- x86_64: $5, %edi, -8(%rbp,%rax,4) ---- */

/* rax eax ax al ah are ax, rsi esi si sil are si, r8 r8d r8w r8b are r8. */
static bool x86_register(const char *word, char *name, unsigned int *shift)
{
	static const char *const wide[] = { "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip" };
	size_t i, len = strlen(word);

	*shift = 0;
	if (word[0] == 'r' && isdigit((unsigned char)word[1])) {
		unsigned int nr = strtoul(word + 1, NULL, 10), digits = nr > 9 ? 2 : 1;

		if (nr < 8 || nr > 15 || len > digits + 2 || (len == digits + 2 && !strchr("dwbl", word[digits + 1])))
			return false;
		snprintf(name, 8, "r%u", nr);
		return true;
	}
	for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		const char *w = wide[i];
		bool letter = w[1] == 'x', pointer = !letter && w[0] != 'i';

		if (!strcmp(word, w) || ((word[0] == 'r' || word[0] == 'e') && !strcmp(word + 1, w)) ||
		    (letter && len == 2 && word[0] == w[0] && (word[1] == 'l' || word[1] == 'h')) ||
		    (pointer && len == 3 && !strncmp(word, w, 2) && word[2] == 'l')) {
			*shift = letter && word[1] == 'h' ? 8 : 0;
			snprintf(name, 8, "%s", w);
			return true;
		}
	}
	return false;
}

static int scan_x86_register(struct scan *s, char *name, unsigned int *shift)
{
	char word[16];

	if (!accept(s, '%') || !scan_word(s, word, sizeof(word)))
		return -EINVAL;
	if (x86_register(word, name, shift))
		return 0;
	return strchr("xyzksmt", word[0]) || !strcmp(word, "fs") || !strcmp(word, "gs") ? -EOPNOTSUPP : -EINVAL;
}

static int scale_bits(int64_t scale)
{
	return scale == 1 ? 0 : scale == 2 ? 1 : scale == 4 ? 2 : scale == 8 ? 3 : -EINVAL;
}

/* (BASE,INDEX,SCALE) behind the displacement. */
static int x86_memory(struct scan *s, struct ktally_usdt_arg *arg)
{
	unsigned int shift;
	int64_t scale = 1;
	int rc = 0;

	if (*s->at != ',')
		rc = scan_x86_register(s, arg->base, &shift);
	if (rc || (arg->base[0] && shift))
		return rc ? rc : -EINVAL;
	if (accept(s, ',')) {
		rc = scan_x86_register(s, arg->index, &shift);
		if (!rc && accept(s, ',') && !scan_number(s, &scale))
			rc = -EINVAL;
		if (rc)
			return rc;
		rc = scale_bits(scale);
		if (rc < 0)
			return rc;
		arg->scale = rc;
	}
	return accept(s, ')') ? 0 : -EINVAL;
}

static int x86_operand(struct scan *s, struct ktally_usdt_arg *arg)
{
	if (accept(s, '$')) {
		arg->place = KTALLY_PLACE_CONST;
		return scan_number(s, &arg->value) ? 0 : isalpha((unsigned char)*s->at) || *s->at == '_' ? -EOPNOTSUPP : -EINVAL;
	}
	if (*s->at == '%') {
		arg->place = KTALLY_PLACE_REGISTER;
		return scan_x86_register(s, arg->base, &arg->shift);
	}
	arg->place = KTALLY_PLACE_MEMORY;
	if (isalpha((unsigned char)*s->at) || *s->at == '_' || *s->at == '.')
		return -EOPNOTSUPP;	/* relative to a symbol; what the file tells about is resolved before */
	if (*s->at != '(' && !scan_number(s, &arg->value))
		return -EINVAL;
	if (accept(s, '('))
		return x86_memory(s, arg);
	return *s->at == '+' || *s->at == '-' ? -EOPNOTSUPP : 0;
}

/* ---- arm64: 5, w0, [sp, 60], [x0, w1, sxtw 2] ---- */

/* x3 w3 are x3. xzr is 0 and says so by an empty name. */
static int arm_register(const char *word, char *name, bool *narrow)
{
	char *end;
	unsigned long nr;

	*narrow = word[0] == 'w';
	if (!strcmp(word, "sp") || !strcmp(word, "wsp")) {
		snprintf(name, 8, "sp");
		return 0;
	}
	if (!strcmp(word, "xzr") || !strcmp(word, "wzr")) {
		name[0] = '\0';
		return 0;
	}
	if (strchr("dsqvbh", word[0]) && isdigit((unsigned char)word[1]))
		return -EOPNOTSUPP;
	if (!strchr("xw", word[0]) || !isdigit((unsigned char)word[1]))
		return -EINVAL;
	nr = strtoul(word + 1, &end, 10);
	if (*end || nr > 30)
		return -EINVAL;
	snprintf(name, 8, "x%lu", nr);
	return 0;
}

static int scan_arm_register(struct scan *s, char *name, bool *narrow)
{
	char word[16];

	while (*s->at == ' ')
		s->at++;
	return scan_word(s, word, sizeof(word)) ? arm_register(word, name, narrow) : -EINVAL;
}

/* ", lsl 3", ", sxtw 2", ", uxtw" behind an index. */
static int arm_extend(struct scan *s, struct ktally_usdt_arg *arg)
{
	int64_t scale = 0;
	char word[8];

	while (*s->at == ' ')
		s->at++;
	if (!scan_word(s, word, sizeof(word)))
		return -EINVAL;
	if (!strcmp(word, "sxtw"))
		arg->extend = KTALLY_EXTEND_SIGNED;
	else if (!strcmp(word, "uxtw"))
		arg->extend = KTALLY_EXTEND_UNSIGNED;
	else if (strcmp(word, "lsl") && strcmp(word, "sxtx") && strcmp(word, "uxtx"))
		return -EINVAL;
	while (*s->at == ' ')
		s->at++;
	accept(s, '#');
	if (*s->at != ']' && !scan_number(s, &scale))
		return -EINVAL;
	arg->scale = (unsigned int)scale;
	return scale < 0 || scale > 4 ? -EINVAL : 0;
}

static int arm_memory(struct scan *s, struct ktally_usdt_arg *arg)
{
	bool narrow;
	int rc = scan_arm_register(s, arg->base, &narrow);

	if (!rc && (narrow || !arg->base[0]))
		rc = -EINVAL;
	if (!rc && accept(s, ',')) {
		while (*s->at == ' ' || *s->at == '#')
			s->at++;
		if (!scan_number(s, &arg->value)) {
			if (*s->at == ':')	/* :lo12:symbol */
				return -EOPNOTSUPP;
			rc = scan_arm_register(s, arg->index, &narrow);
			arg->extend = narrow ? KTALLY_EXTEND_UNSIGNED : KTALLY_EXTEND_NONE;
			if (!rc && accept(s, ','))
				rc = arm_extend(s, arg);
		}
	}
	return rc ? rc : accept(s, ']') ? 0 : -EINVAL;
}

static int arm_operand(struct scan *s, struct ktally_usdt_arg *arg)
{
	bool narrow;
	int rc;

	if (accept(s, '[')) {
		arg->place = KTALLY_PLACE_MEMORY;
		return arm_memory(s, arg);
	}
	arg->place = KTALLY_PLACE_CONST;
	accept(s, '#');
	if (scan_number(s, &arg->value))
		return 0;
	rc = scan_arm_register(s, arg->base, &narrow);
	if (!rc && arg->base[0])
		arg->place = KTALLY_PLACE_REGISTER;
	return rc;
}

/* ---- an argument ---- */

/* "$", "%" and "(" are written on x86 alone, brackets and bare registers on arm64 alone; a bare number is an address on x86, a value on arm64. */
static bool is_x86(const char *operand)
{
	if (strpbrk(operand, "[]") || operand[0] == '#')
		return false;
	if (strpbrk(operand, "$%()"))
		return true;
#ifdef __x86_64__
	return isdigit((unsigned char)operand[strspn(operand, "+-")]) || operand[0] == '_' || operand[0] == '.';
#else
	return false;
#endif
}

/* The size: N, -N (signed) or Nf (a floating point number, which programs have no way to look at). */
static int scan_size(struct scan *s, struct ktally_usdt_arg *arg)
{
	int64_t size;

	if (!strchr(s->at, '@')) {
		arg->size = 8;		/* old notes of the native word leave it out */
		return 0;
	}
	if (!scan_number(s, &size))
		return -EINVAL;
	if (*s->at == 'f')
		return -EOPNOTSUPP;
	arg->is_signed = size < 0;
	arg->size = size < 0 ? -size : size;
	if (arg->size != 1 && arg->size != 2 && arg->size != 4 && arg->size != 8)
		return arg->size == 16 || arg->size == 32 || arg->size == 64 ? -EOPNOTSUPP : -EINVAL;
	return *s->at++ == '@' ? 0 : -EINVAL;
}

static int parse(struct ktally_usdt_arg *arg, const char *text)
{
	struct scan s = { .at = text };
	int rc;

	memset(arg, 0, sizeof(*arg));
	rc = scan_size(&s, arg);
	if (!rc)
		rc = is_x86(s.at) ? x86_operand(&s, arg) : arm_operand(&s, arg);
	if (rc)
		return rc;
	while (*s.at == ' ')
		s.at++;
	return *s.at ? -EINVAL : 0;
}

/* Steps over one argument, which ends at a space outside of brackets. Return: its length, 0 at the end */
static size_t step(const char **text)
{
	const char *start, *at;
	int depth = 0;

	while (**text == ' ')
		(*text)++;
	start = *text;
	for (at = start; *at && (*at != ' ' || depth > 0); at++)
		depth += (*at == '[') - (*at == ']');
	*text = at;
	return at - start;
}

unsigned int ktally_usdt_count(const char *text)
{
	unsigned int nr = 0;

	while (step(&text))
		nr++;
	return nr;
}

int ktally_usdt_argument(struct ktally_usdt_arg *arg, const char *text, unsigned int n)
{
	char one[ARGUMENT_MAX];
	size_t len;

	do {
		len = step(&text);
		if (!len)
			return -ENOENT;
	} while (n--);
	if (len >= sizeof(one))
		return -EINVAL;
	memcpy(one, text - len, len);
	one[len] = '\0';
	return parse(arg, one);
}
