// SPDX-License-Identifier: GPL-2.0-or-later
/* Which counters are asked for, and which of them this machine has. */
#include <errno.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd.h"
#include "counter_set.h"
#include "out.h"

#define DYNAMIC_TYPES 6		/* PMUs of this number and above may be bound to other CPUs: only the module can tell */

static bool has_cpu_pmu(void)
{
	static const char *const patterns[] = {
		"/sys/bus/event_source/devices/cpu", "/sys/bus/event_source/devices/cpu_core", "/sys/bus/event_source/devices/armv*",
	};
	bool found = false;
	size_t n;

	for (n = 0; n < sizeof(patterns) / sizeof(patterns[0]) && !found; n++) {
		glob_t list = { 0 };

		found = !glob(patterns[n], 0, NULL, &list);
		globfree(&list);
	}
	return found;
}

/* Would the kernel make it? A refusal that has another reason (no permission, another CPU's) says nothing about the machine. */
static void look(struct counter *counter)
{
	struct perf_event_attr attr = {
		.type = counter->plan.perf_type, .size = sizeof(attr), .config = counter->plan.config, .disabled = 1,
		.exclude_user = !!(counter->plan.flags & KTALLY_PERF_EXCLUDE_USER), .exclude_kernel = !!(counter->plan.flags & KTALLY_PERF_EXCLUDE_KERNEL),
		.exclude_hv = !!(counter->plan.flags & KTALLY_PERF_EXCLUDE_HV),
	};
	int fd;

	attr.config1 = counter->plan.config1;
	attr.config2 = counter->plan.config2;
	fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		close(fd);
	else if (errno == ENOENT || errno == EOPNOTSUPP || errno == ENODEV || (errno == EINVAL && attr.type < DYNAMIC_TYPES))
		snprintf(counter->missing, sizeof(counter->missing), "%s", attr.type == PERF_TYPE_SOFTWARE ? "this kernel does not count it" :
			 has_cpu_pmu() ? "this CPU has no such event" : "this machine has no hardware counters that the kernel knows");
}

static int add(struct counter_set *set, const char *name, size_t len, struct ktally_error *err)
{
	struct counter *counter = &set->items[set->nr];
	int ret;

	if (set->nr == KTALLY_COUNTERS_MAX)
		return ktally_fail(err, -E2BIG, "more than %d counters", KTALLY_COUNTERS_MAX);
	if (len >= sizeof(counter->name))
		return ktally_fail(err, -EINVAL, "the name of a counter has less than %zu characters", sizeof(counter->name));
	memset(counter, 0, sizeof(*counter));
	memcpy(counter->name, name, len);
	set->nr++;
	ret = ktally_pmu_find(&counter->plan, counter->name, NULL, err);
	if (!ret)
		look(counter);
	else if (ret == -EOPNOTSUPP)
		snprintf(counter->missing, sizeof(counter->missing), "%.*s", (int)sizeof(counter->missing) - 1, err->text);
	return ret == -EOPNOTSUPP ? 0 : ret;
}

int counter_set_parse(struct counter_set *set, const char *who, const char *list)
{
	struct ktally_error err = { .pos = -1 };
	const char *end;
	bool inside;
	int ret;

	for (;;) {
		for (end = list, inside = false; *end && (*end != ',' || inside); end++)
			inside ^= *end == '/';
		if (end == list) {
			out_error("%s: a counter is missing between two ',' of the list", who);
			return EXIT_USAGE;
		}
		ret = add(set, list, end - list, &err);
		if (ret) {
			out_error("%s: counter '%.*s': %s", who, (int)(end - list), list, err.text);
			return ret == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
		}
		if (!*end)
			return EXIT_OK;
		list = end + 1;
	}
}

void counter_set_add(struct counter_set *set, const char *const *names)
{
	struct ktally_error err = { .pos = -1 };

	for (; *names && set->nr < KTALLY_COUNTERS_MAX; names++)
		if (add(set, *names, strlen(*names), &err))
			snprintf(set->items[set->nr - 1].missing, sizeof(set->items[0].missing), "%.190s", err.text);
}

unsigned int counter_set_supported(const struct counter_set *set)
{
	unsigned int n, nr = 0;

	for (n = 0; n < set->nr; n++)
		nr += !set->items[n].missing[0];
	return nr;
}

char *counter_set_texts(const struct counter_set *set)
{
	char *all = out_text("%s", ""), *longer;
	unsigned int n;

	for (n = 0; n < set->nr; n++) {
		if (set->items[n].missing[0])
			continue;
		longer = out_text("%s%s%s", all, *all ? "," : "", set->items[n].plan.name[0] ? set->items[n].plan.name : set->items[n].name);
		free(all);
		all = longer;
	}
	return all;
}

void counter_set_tell_missing(const struct counter_set *set)
{
	char *all = out_text("%s", ""), *longer;
	const char *why = NULL;
	unsigned int n;

	for (n = 0; n < set->nr; n++) {
		if (!set->items[n].missing[0])
			continue;
		why = why ? why : set->items[n].missing;
		longer = out_text("%s%s%s", all, *all ? ", " : "", set->items[n].name);
		free(all);
		all = longer;
	}
	if (why)
		out_note("not counted here: %s: %s", all, why);
	free(all);
}
