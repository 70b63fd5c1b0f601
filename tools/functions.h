/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel functions that probes can be placed on, by name or pattern. */
#ifndef _KTALLY_FUNCTIONS_H
#define _KTALLY_FUNCTIONS_H

/** struct functions - names, malloc'ed; free with functions_clear() */
struct functions {
	char **names;
	unsigned int nr;
};

/**
 * functions_add - @name, or if it is a pattern (*, ?, [...]) all kernel functions that match and can be traced
 * @max: more than that are refused
 *
 * Return: exit code, after saying on stderr what is wrong
 */
int functions_add(struct functions *functions, const char *name, unsigned int max);
void functions_clear(struct functions *functions);

#endif /* _KTALLY_FUNCTIONS_H */
