// SPDX-License-Identifier: GPL-2.0
// Must not compile: the handler takes one argument too many.
#include <linux/hrtimer.h>

enum hrtimer_restart wrong(struct hrtimer *timer, int one_too_many);
void probe(struct hrtimer *timer);

void probe(struct hrtimer *timer)
{
	enum hrtimer_restart (*right)(struct hrtimer *timer) = wrong;

	right(timer);
}
