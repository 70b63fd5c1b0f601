/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which counters are asked for, and which of them this machine has. */
#ifndef _KTALLY_COUNTER_SET_H
#define _KTALLY_COUNTER_SET_H

#include <libktally.h>

/**
 * struct counter - one counter
 * @name: as it was asked for; what results call it
 * @plan: what the kernel is asked for
 * @missing: why this machine has it not, "" if it has
 */
struct counter {
	char name[64];
	struct ktally_counter_plan plan;
	char missing[192];
};

struct counter_set {
	struct counter items[KTALLY_COUNTERS_MAX];
	unsigned int nr;
};

/** counter_set_parse - add the counters of LIST, separated by ',' outside of PMU/.../; says on stderr what is wrong. Return: exit code */
int counter_set_parse(struct counter_set *set, const char *who, const char *list);
/** counter_set_add - add those of @names (NULL-terminated); one that this program does not know is kept as missing */
void counter_set_add(struct counter_set *set, const char *const *names);
/** counter_set_supported - how many of them this machine has */
unsigned int counter_set_supported(const struct counter_set *set);
/** counter_set_texts - those it has as the value of pmu=: "cycles,instructions"; "" if none. malloc'ed */
char *counter_set_texts(const struct counter_set *set);
/** counter_set_tell_missing - a note that names those it has not, with the reason of the first */
void counter_set_tell_missing(const struct counter_set *set);

#endif /* _KTALLY_COUNTER_SET_H */
