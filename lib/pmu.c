// SPDX-License-Identifier: LGPL-2.1-or-later
/* pmu.c: the grammar of a counter's name: a generic name, rNNN or PMU/terms/, and the modifiers behind it. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "pmu.h"

#define NAME_TEXT_MAX 256

/* ---- modifiers ---- */

static int unknown_modifier(const char *name, char letter, struct ktally_error *err)
{
	if (strchr("SWeIbR", letter))
		return ktally_fail(err, -EOPNOTSUPP, "the modifier '%c' of '%.100s' is perf's own and does nothing here", letter, name);
	return ktally_fail(err, -EINVAL, "unknown modifier '%c' of '%.100s'; known are u (user), k (kernel), h (hypervisor), G (guest), H (host), p to ppp and P "
			   "(precise), D (pinned)", letter, name);
}

/* As perf reads them: naming one of user, kernel and hypervisor leaves the others out, and so with guest and host. */
static int apply_modifiers(struct ktally_counter_plan *counter, const char *name, const char *letters, const char *sysfs, struct ktally_error *err)
{
	static const char where[] = "ukhGHpPD";
	unsigned int seen = 0, precise = 0;
	const char *at, *letter;

	if (!*letters)
		return ktally_fail(err, -EINVAL, "expected modifiers behind the ':' of '%.100s', such as u or k", name);
	for (at = letters; *at; at++) {
		letter = strchr(where, *at);
		if (!letter)
			return unknown_modifier(name, *at, err);
		seen |= 1U << (letter - where);
		precise += *at == 'p';
	}
	if (precise > 3)
		return ktally_fail(err, -EINVAL, "'%.100s' has %u times p; ppp is as precise as it gets", name, precise);
	if (seen & 7)
		counter->flags |= (seen & 1 ? 0 : KTALLY_PERF_EXCLUDE_USER) | (seen & 2 ? 0 : KTALLY_PERF_EXCLUDE_KERNEL) |
				  (seen & 4 ? 0 : KTALLY_PERF_EXCLUDE_HV);
	if (seen & 24 && (seen & 24) != 24)
		counter->flags |= seen & 8 ? KTALLY_PERF_EXCLUDE_HOST : KTALLY_PERF_EXCLUDE_GUEST;
	if (seen & 64)
		precise = ktally_pmu_precise(sysfs);
	if (seen & 128)
		counter->flags |= KTALLY_PERF_PINNED;
	counter->flags |= precise << KTALLY_PERF_PRECISE_SHIFT;
	return 0;
}

/* ---- names ---- */

static bool parse_raw(struct ktally_counter_plan *counter, const char *name)
{
	size_t len = strlen(name);

	if (name[0] != 'r' || len < 2 || len > 17 || name[1 + strspn(name + 1, "0123456789abcdefABCDEF")])
		return false;
	counter->perf_type = KTALLY_PERF_TYPE_RAW;
	counter->config = strtoull(name + 1, NULL, 16);
	counter->scale = 1.0;
	return true;
}

static int unknown(const char *name, struct ktally_error *err)
{
	struct kt_near near = { .want = name };
	char near_text[256];
	const char *known;
	unsigned int n;

	for (n = 0; (known = ktally_pmu_generic_name(n)); n++)
		kt_near_add(&near, known);
	return ktally_fail(err, -ENOENT, "there is no counter '%.100s'%s (`ktally list` shows all; others are written as rNNN or PMU/event=N,umask=N/)", name,
			   kt_near_text(&near, near_text, sizeof(near_text)));
}

static int parse_simple(struct ktally_counter_plan *counter, const char *name, const char *sysfs, struct ktally_error *err)
{
	char text[NAME_TEXT_MAX];
	size_t len = strcspn(name, ":");

	memcpy(text, name, len);
	text[len] = '\0';
	if (!ktally_pmu_generic(counter, text) && !parse_raw(counter, text))
		return unknown(text, err);
	return name[len] ? apply_modifiers(counter, name, name + len + 1, sysfs, err) : 0;
}

/* PMU/TERMS/ and behind it MODIFIERS as perf has them, or :MODIFIERS. */
static int parse_pmu(struct ktally_counter_plan *counter, const char *name, const char *sysfs, struct ktally_error *err)
{
	char pmu[NAME_TEXT_MAX], terms[NAME_TEXT_MAX];
	const char *slash = strchr(name, '/'), *end = strchr(slash + 1, '/');
	int rc;

	if (!end)
		return ktally_fail(err, -EINVAL, "'%.100s' lacks the second '/' behind its terms", name);
	snprintf(pmu, sizeof(pmu), "%.*s", (int)(slash - name), name);
	snprintf(terms, sizeof(terms), "%.*s", (int)(end - slash - 1), slash + 1);
	rc = ktally_pmu_sysfs(counter, pmu, terms, sysfs, err);
	if (rc || !end[1])
		return rc;
	return apply_modifiers(counter, name, end[1] == ':' ? end + 2 : end + 1, sysfs, err);
}

int ktally_pmu_find(struct ktally_counter_plan *counter, const char *name, const char *sysfs, struct ktally_error *err)
{
	memset(counter, 0, sizeof(*counter));
	if (!*name)
		return ktally_fail(err, -EINVAL, "expected the name of a counter, such as cycles or LLC-load-misses");
	if (strlen(name) >= NAME_TEXT_MAX)
		return ktally_fail(err, -EINVAL, "the name of a counter has at most %d characters", NAME_TEXT_MAX - 1);
	snprintf(counter->name, sizeof(counter->name), "%.*s", (int)sizeof(counter->name) - 1, name);
	return strchr(name, '/') ? parse_pmu(counter, name, sysfs, err) : parse_simple(counter, name, sysfs, err);
}

const char *ktally_pmu_name(unsigned int n)
{
	static char **events;
	static int nr_events = -1;
	unsigned int generic;

	for (generic = 0; ktally_pmu_generic_name(generic); generic++)
		if (generic == n)
			return ktally_pmu_generic_name(n);
	if (nr_events < 0)
		nr_events = ktally_pmu_events(&events, NULL);
	return nr_events > 0 && n - generic < (unsigned int)nr_events ? events[n - generic] : NULL;
}
