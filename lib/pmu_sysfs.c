// SPDX-License-Identifier: LGPL-2.1-or-later
/* pmu_sysfs.c: counters of any PMU by what it tells in sysfs: its type, the bits of its terms, its named events. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compile.h"
#include "names_list.h"
#include "pmu.h"

#define TEXT_MAX 512

/** struct request - one counter of one PMU; @folder: of the PMU; @terms: as the user wrote them */
struct request {
	char folder[PATH_MAX];
	const char *pmu, *terms;
	struct ktally_counter_plan *counter;
	struct ktally_error *err;
};

/* A file of one line. Return: 0 or -errno */
static int read_line(char *text, size_t size, const char *folder, const char *group, const char *name)
{
	char path[PATH_MAX];
	FILE *file;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", folder, group, name) >= sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	text[0] = '\0';
	if (!fgets(text, (int)size, file))
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/* ---- which PMU ---- */

static bool has_file(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path) && !stat(path, &st);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* A core PMU other than "cpu" says in "cpus" where it counts: cpu_core and cpu_atom, armv8_pmuv3_0. The first that has it. */
static bool core_pmu(const char *sysfs, char *name, size_t size)
{
	struct dirent **list;
	int i, nr = scandir(sysfs, &list, visible, alphasort);
	bool found = false;

	for (i = 0; i < nr; i++) {
		char file[NAME_MAX + 8];

		snprintf(file, sizeof(file), "%s/cpus", list[i]->d_name);
		if (!found && (has_file(sysfs, file) || !strncmp(list[i]->d_name, "armv8_", 6))) {
			snprintf(name, size, "%s", list[i]->d_name);
			found = strlen(list[i]->d_name) < size && strcmp(list[i]->d_name, "cpu_atom");
		}
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
	return found;
}

/* "cpu" is the core PMU, whatever it is called here. */
static bool find_folder(char *folder, size_t size, const char *pmu, size_t len, const char *sysfs)
{
	char core[NAME_MAX + 1];

	sysfs = sysfs ? sysfs : KTALLY_SYSFS_PMUS;
	if (!len || pmu[0] == '.' || memchr(pmu, '/', len) || (size_t)snprintf(folder, size, "%s/%.*s", sysfs, (int)len, pmu) >= size)
		return false;
	if (has_file(folder, "type"))
		return true;
	return len == 3 && !memcmp(pmu, "cpu", 3) && core_pmu(sysfs, core, sizeof(core)) &&
	       (size_t)snprintf(folder, size, "%s/%s", sysfs, core) < size;
}

bool ktally_pmu_exists(const char *name, size_t len, const char *sysfs)
{
	char folder[PATH_MAX];

	return find_folder(folder, sizeof(folder), name, len, sysfs);
}

unsigned int ktally_pmu_precise(const char *sysfs)
{
	char folder[PATH_MAX], text[32];

	if (!find_folder(folder, sizeof(folder), "cpu", 3, sysfs) || read_line(text, sizeof(text), folder, "", "caps/max_precise"))
		return 0;
	return strtoul(text, NULL, 10) & 3;
}

/* Names in a folder, for an error: the nearest to @want, or all. */
static void tell_names(struct ktally_error *err, const char *folder, const char *want, const char *what)
{
	struct kt_near near = { .want = want };
	struct dirent **list;
	char near_text[256];
	size_t used;
	int i, nr;

	nr = err ? scandir(folder, &list, visible, alphasort) : -1;
	if (nr < 0)
		return;
	for (i = 0; i < nr; i++)
		kt_near_add(&near, list[i]->d_name);
	used = strlen(err->text);
	used += snprintf(err->text + used, sizeof(err->text) - used, "%s (%s:", kt_near_text(&near, near_text, sizeof(near_text)), what);
	for (i = 0; i < nr; i++) {
		if (used + strlen(list[i]->d_name) + 8 < sizeof(err->text) && !strchr(list[i]->d_name, '.'))
			used += snprintf(err->text + used, sizeof(err->text) - used, " %s", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	snprintf(err->text + used, sizeof(err->text) - used, ")");
}

/* ---- terms ---- */

/** struct term - NAME or NAME=VALUE; @value_text: "" without '=' */
struct term {
	char name[64], value_text[64];
};

/* Return: 1 and the next term of a list, 0 at its end, -EINVAL */
static int next_term(const char **text, struct term *term)
{
	const char *at = *text + strspn(*text, " ,"), *equals;
	size_t len = strcspn(at, ","), name;

	memset(term, 0, sizeof(*term));
	if (!len)
		return 0;
	*text = at + len;
	while (len && isspace((unsigned char)at[len - 1]))
		len--;
	equals = memchr(at, '=', len);
	name = equals ? (size_t)(equals - at) : len;
	if (!name || name >= sizeof(term->name) || len - name > sizeof(term->value_text))
		return -EINVAL;
	memcpy(term->name, at, name);
	if (equals)
		memcpy(term->value_text, equals + 1, len - name - 1);
	return equals && !term->value_text[0] ? -EINVAL : 1;
}

static bool gives(const char *terms, const char *name)
{
	struct term term;

	while (next_term(&terms, &term) > 0)
		if (!strcmp(term.name, name))
			return true;
	return false;
}

static uint64_t *config_of(struct ktally_counter_plan *counter, const char *format, size_t len)
{
	uint64_t *configs[] = { &counter->config, &counter->config1, &counter->config2 };

	if (len < 6 || len > 7 || memcmp(format, "config", 6))
		return NULL;
	if (len == 6)
		return configs[0];
	return format[6] >= '1' && format[6] <= '2' ? configs[format[6] - '0'] : NULL;
}

/*
 * Put the bits of @value where @format ("config:0-7,21", "config1:0") wants them, lowest first.
 * Return: bits that it has room for; -EINVAL: the format is not understood
 */
static int deposit(struct ktally_counter_plan *counter, const char *format, uint64_t value)
{
	size_t len = strcspn(format, ":");
	uint64_t *config = config_of(counter, format, len);
	const char *at = format + len;
	unsigned long low, high, bit;
	unsigned int bits = 0;
	char *end;

	if (!config || *at != ':')
		return -EINVAL;
	do {
		if (!isdigit((unsigned char)*++at))
			return -EINVAL;
		low = high = strtoul(at, &end, 10);
		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (high > 63 || low > high)
			return -EINVAL;
		for (bit = low; bit <= high; bit++, bits++) {
			*config &= ~(1ULL << bit);
			if (bits < 64)
				*config |= (value >> bits & 1) << bit;
		}
		at = end;
	} while (*at == ',');
	return *at ? -EINVAL : (int)bits;
}

static int term_value(const struct request *r, const struct term *term, uint64_t *value)
{
	char *end;

	*value = 1;
	if (!term->value_text[0])
		return 0;
	errno = 0;
	*value = strtoull(term->value_text, &end, 0);
	if (!isdigit((unsigned char)term->value_text[0]) || *end || errno)
		return ktally_fail(r->err, -EINVAL, "'%s' of %s/%s/ is no number", term->value_text, r->pmu, r->terms);
	return 0;
}

static int apply_config(const struct request *r, const struct term *term)
{
	uint64_t *config = config_of(r->counter, term->name, strlen(term->name));

	return config ? term_value(r, term, config) : 1;
}

/* Return: 0; 1: there is no such term */
static int apply_format(const struct request *r, const struct term *term)
{
	char format[TEXT_MAX];
	uint64_t value;
	int bits, rc = read_line(format, sizeof(format), r->folder, "format/", term->name);

	if (rc)
		return 1;
	rc = term_value(r, term, &value);
	if (rc)
		return rc;
	bits = deposit(r->counter, format, value);
	if (bits < 0)
		return ktally_fail(r->err, -EINVAL, "the format of '%s' of PMU %s, \"%.100s\", is not understood", term->name, r->pmu, format);
	if (bits < 64 && value >> bits)
		return ktally_fail(r->err, -EINVAL, "%s=%s is too large: '%s' of PMU %s has %d bit%s (up to 0x%llx)", term->name, term->value_text,
				   term->name, r->pmu, bits, bits == 1 ? "" : "s", (1ULL << bits) - 1);
	return 0;
}

static void read_scale(const struct request *r, const char *event)
{
	char file[80], text[TEXT_MAX];

	snprintf(file, sizeof(file), "%s.scale", event);
	if (!read_line(text, sizeof(text), r->folder, "events/", file) && strtod(text, NULL) > 0)
		r->counter->scale = strtod(text, NULL);
	snprintf(file, sizeof(file), "%s.unit", event);
	if (!read_line(text, sizeof(text), r->folder, "events/", file))
		snprintf(r->counter->unit, sizeof(r->counter->unit), "%.15s", text);
}

/* Terms of a named event; "?" is for the user to give. */
static int apply_event(const struct request *r, const char *event)
{
	char text[TEXT_MAX];
	const char *at = text;
	struct term term;
	int rc, more;

	if (strchr(event, '.') || read_line(text, sizeof(text), r->folder, "events/", event))
		return 1;
	while ((more = next_term(&at, &term)) > 0) {
		if (!strcmp(term.value_text, "?")) {
			if (!gives(r->terms, term.name))
				return ktally_fail(r->err, -EINVAL, "%s/%s/ needs a value for '%s': %s/%s,%s=NUMBER/", r->pmu, event, term.name, r->pmu,
						   event, term.name);
			continue;
		}
		rc = apply_format(r, &term);
		if (rc > 0)
			rc = apply_config(r, &term);
		if (rc)
			return rc > 0 ? ktally_fail(r->err, -EINVAL, "event '%s' of PMU %s has a term '%s' that the PMU has no format of", event, r->pmu,
						    term.name) : rc;
	}
	read_scale(r, event);
	return more;
}

static int unknown_term(const struct request *r, const struct term *term)
{
	char folder[PATH_MAX + 16];

	ktally_fail(r->err, -ENOENT, "PMU %s has no %s '%s'", r->pmu, term->value_text[0] ? "term" : "term or event", term->name);
	snprintf(folder, sizeof(folder), "%s/format", r->folder);
	tell_names(r->err, folder, term->name, "terms");
	if (!term->value_text[0]) {
		snprintf(folder, sizeof(folder), "%s/events", r->folder);
		tell_names(r->err, folder, term->name, "events");
	}
	return -ENOENT;
}

static int apply_term(const struct request *r, const struct term *term)
{
	int rc;

	if (!strcmp(term->name, "name"))
		return 0;	/* what perf calls it: the text itself does */
	if (!strcmp(term->name, "period") || !strcmp(term->name, "freq"))
		return ktally_fail(r->err, -EINVAL, "how often %s/.../ is sampled is an attribute of the event: write /%s=%s/ behind it", r->pmu, term->name,
				   term->value_text[0] ? term->value_text : "NUMBER");
	rc = apply_format(r, term);
	if (rc > 0)
		rc = apply_config(r, term);
	return rc > 0 ? unknown_term(r, term) : rc;
}

/* A named event first, so that terms beside it win. Everything else in order. */
static int apply_all(const struct request *r)
{
	const char *at = r->terms;
	struct term term, event = { .name = "" };
	unsigned int nr = 0;
	int more, rc;

	while ((more = next_term(&at, &term)) > 0) {
		nr++;
		if (term.value_text[0] || event.name[0])
			continue;
		rc = apply_event(r, term.name);
		if (rc < 0)
			return rc;
		if (!rc)
			event = term;
	}
	if (more < 0 || !nr)
		return ktally_fail(r->err, -EINVAL, "expected terms between the slashes of %s/%.100s/, such as event=0x3c,umask=1, or the name of an event",
				   r->pmu, r->terms);
	at = r->terms;
	while (next_term(&at, &term) > 0) {
		rc = event.name[0] && !term.value_text[0] && !strcmp(term.name, event.name) ? 0 : apply_term(r, &term);
		if (rc)
			return rc;
	}
	return 0;
}

int ktally_pmu_sysfs(struct ktally_counter_plan *counter, const char *pmu, const char *terms, const char *sysfs, struct ktally_error *err)
{
	struct request r = { .pmu = pmu, .terms = terms, .counter = counter, .err = err };
	char text[TEXT_MAX];
	int rc;

	if (!find_folder(r.folder, sizeof(r.folder), pmu, strlen(pmu), sysfs)) {
		ktally_fail(err, -ENOENT, "this machine has no PMU '%.60s'", pmu);
		tell_names(err, sysfs ? sysfs : KTALLY_SYSFS_PMUS, pmu, "PMUs");
		return -ENOENT;
	}
	rc = read_line(text, sizeof(text), r.folder, "", "type");
	if (rc || !isdigit((unsigned char)text[0]))
		return ktally_fail(err, rc ? rc : -EINVAL, "%s/type is not a number", r.folder);
	counter->perf_type = strtoul(text, NULL, 10);
	counter->config = counter->config1 = counter->config2 = 0;
	counter->scale = 1.0;
	counter->unit[0] = '\0';
	return apply_all(&r);
}

/* ---- names ---- */

static int add_events(struct ktally_names *names, const char *sysfs, const char *pmu)
{
	char folder[PATH_MAX], full[2 * NAME_MAX];
	struct dirent **list;
	int i, nr, rc = 0;

	if ((size_t)snprintf(folder, sizeof(folder), "%s/%s/events", sysfs, pmu) >= sizeof(folder))
		return 0;
	nr = scandir(folder, &list, visible, alphasort);
	for (i = 0; i < nr; i++) {
		if (!rc && !strchr(list[i]->d_name, '.')) {
			snprintf(full, sizeof(full), "%s/%s", pmu, list[i]->d_name);
			rc = ktally_names_add(names, full, "/", "");
		}
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
	return rc;
}

int ktally_pmu_events(char ***names, const char *sysfs)
{
	struct ktally_names list = { 0 };
	struct dirent **pmus;
	int i, nr, rc = 0;

	sysfs = sysfs ? sysfs : KTALLY_SYSFS_PMUS;
	nr = scandir(sysfs, &pmus, visible, alphasort);
	for (i = 0; i < nr; i++) {
		if (!rc)
			rc = add_events(&list, sysfs, pmus[i]->d_name);
		free(pmus[i]);
	}
	if (nr >= 0)
		free(pmus);
	return ktally_names_take(&list, rc, names, NULL);
}
