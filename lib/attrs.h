/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attrs.h: what one attribute of an event text is, for attrs.c (the table) and columns.c (attributes with expressions). */
#ifndef KTALLY_ATTRS_H
#define KTALLY_ATTRS_H

#include "compile.h"

enum argument {
	ARG_NONE,
	ARG_OPTIONAL,
	ARG_REQUIRED,
	ARG_UNAVAILABLE,	/* a word of the language that this version does not do */
};

/**
 * struct attr - one attribute
 * @parse: reads what follows '='; the token at hand is the first of it, or the end of the part without '='
 * @data: for @parse
 * @many: may be given more than once
 * @role: belongs to the start or the end of a pair
 */
struct attr {
	const char *name;
	enum argument argument;
	int (*parse)(struct kt_compile *c, const struct attr *attr, bool given);
	int data;
	bool many;
	enum role { ANYWHERE, AT_START, AT_END } role;
};

int kt_parse_key(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_emit(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_count(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_aggregate(struct kt_compile *c, const struct attr *attr, bool given);	/* sum= min= max= avg= var= */
int kt_parse_hist(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_joins(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_save(struct kt_compile *c, const struct attr *attr, bool given);

/* gates.c; counters.c */
int kt_parse_every(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_chance(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_bytes(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_tiers(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_per(struct kt_compile *c, const struct attr *attr, bool given);
int kt_parse_pmu(struct kt_compile *c, const struct attr *attr, bool given);

#endif
