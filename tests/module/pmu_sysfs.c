// SPDX-License-Identifier: GPL-2.0-or-later
/* What the test PMU says of itself in sysfs: terms and named events. */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/sysfs.h>
#include "ktally_test.h"

PMU_FORMAT_ATTR(event, "config:0-7");
PMU_FORMAT_ATTR(times, "config1:0-15");

static struct attribute *format[] = {
	&format_attr_event.attr,
	&format_attr_times.attr,
	NULL
};

static const struct attribute_group format_group = { .name = "format", .attrs = format };

/**
 * struct text - a file of one line
 * @attr: the file
 * @line: the line
 */
struct text {
	struct device_attribute attr;
	const char *line;
};

static ssize_t show_text(struct device *device, struct device_attribute *attr, char *page)
{
	return sprintf(page, "%s\n", container_of(attr, struct text, attr)->line);
}

#define TEXT(variable, file, content)					\
	static struct text variable = {						\
		.attr = { .attr = { .name = file, .mode = 0444 }, .show = show_text },	\
		.line = content,						\
	}

TEXT(one, "one", "event=0x1");
TEXT(two, "two", "event=0x2");
TEXT(three, "three", "event=0x3");
TEXT(four, "four", "event=0x4");
TEXT(five, "five", "event=0x5");
TEXT(six, "six", "event=0x6");
TEXT(seven, "seven", "event=0x7,times=7");
TEXT(eight, "eight", "event=0x8");
TEXT(eight_scale, "eight.scale", "0.5");
TEXT(eight_unit, "eight.unit", "KiB");

static struct attribute *events[] = {
	&one.attr.attr,
	&two.attr.attr,
	&three.attr.attr,
	&four.attr.attr,
	&five.attr.attr,
	&six.attr.attr,
	&seven.attr.attr,
	&eight.attr.attr,
	&eight_scale.attr.attr,
	&eight_unit.attr.attr,
	NULL
};

static const struct attribute_group events_group = { .name = "events", .attrs = events };

const struct attribute_group *ktally_test_pmu_groups[] = { &format_group, &events_group, NULL };
