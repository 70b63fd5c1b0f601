/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the smoke module share: the check, and their entry points. */
#ifndef _KTALLY_SMOKE_H
#define _KTALLY_SMOKE_H

#include <linux/kernel.h>

extern unsigned int smoke_failures;

#define smoke_expect(condition)							\
do {										\
	if (!(condition)) {							\
		pr_err("ktally_smoke: FAIL %s:%d %s\n", __FILE__, __LINE__, #condition); \
		smoke_failures++;						\
	}									\
} while (0)

void smoke_shims(void);
void smoke_hits(void);
int smoke_genl_init(void);
void smoke_genl_exit(void);

#endif /* _KTALLY_SMOKE_H */
