// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a finished result: the formats and files that were asked for, and what was lost. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"
#include "result.h"

#define SORT_NONE (-3)

static const struct ktally_exporter *exporter_named(const char *name)
{
	const struct ktally_exporter *exporter = ktally_exporter_find(name);

	if (!exporter)
		out_error("this program was built without the %s format", name);
	return exporter;
}

static const struct ktally_exporter *exporter_stdout(const struct result_want *want)
{
	if (want->format)
		return want->format;
	return exporter_named(want->json ? "json" : "text");
}

static void unknown_suffix(const char *path)
{
	const struct ktally_exporter *exporter;
	char list[512] = "";
	size_t len = 0;
	unsigned int n;

	for (n = 0; (exporter = ktally_exporter_at(n)) && len < sizeof(list); n++)
		len += snprintf(list + len, sizeof(list) - len, "%s .%s", n ? "," : "", exporter->suffix);
	out_error("'%s': no format has this suffix; the suffixes are%s", path, list);
}

/* Can the file be written? It is found out before the measurement, not after. */
static int check_file(const char *path, const struct ktally_exporter *format)
{
	bool there = !access(path, F_OK);
	FILE *file;

	if (!format && !ktally_exporter_for_file(path)) {
		unknown_suffix(path);
		return EXIT_USAGE;
	}
	file = fopen(path, "ae");
	if (!file) {
		out_error("'%s' cannot be written: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	fclose(file);
	if (!there)
		unlink(path);
	return EXIT_OK;
}

static bool is_recording(const struct ktally_exporter *exporter)
{
	return exporter && !strcmp(exporter->name, "recording");
}

bool result_records(const struct result_want *want)
{
	unsigned int n;

	for (n = 0; n < want->files->nr; n++)
		if (is_recording(want->file_format ? want->file_format : ktally_exporter_for_file(want->files->items[n])))
			return true;
	return is_recording(want->format);
}

int result_check(const struct result_want *want)
{
	unsigned int n;
	int status;

	if (want->json && want->format && strcmp(want->format->name, "json")) {
		out_error("--json and --output %s contradict each other", want->format->name);
		return EXIT_USAGE;
	}
	if (is_recording(want->format) && isatty(STDOUT_FILENO)) {
		out_error("a recording is nothing for a terminal: give -o FILE, or send it into a file or a pipe");
		return EXIT_USAGE;
	}
	for (n = 0; n < want->files->nr; n++) {
		status = check_file(want->files->items[n], want->file_format);
		if (status)
			return status;
	}
	return exporter_stdout(want) ? EXIT_OK : EXIT_FAILED;
}

void result_host(struct ktally_report *report, const struct ktally_clocks *clocks)
{
	static struct ktally_host host;

	ktally_host_read(&host);
	if (clocks)
		memcpy(host.clocks, clocks, sizeof(host.clocks));
	report->hostname = host.hostname;
	report->release = host.release;
	report->machine = host.machine;
	report->host = &host;
}

/* What people call column @n: its title if it has one. */
static const char *column_name(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size)
{
	const char *name = schema->values[n].name, *end = *name == '=' ? strchr(name + 1, '=') : NULL;

	if (!end)
		return name;
	snprintf(buf, size, "%.*s", (int)(end - name - 1), name + 1);
	return buf;
}

/* Number of the column called @name. SORT_NONE: the table has none of that name. */
static int sort_column(const struct ktally_schema *schema, const char *name)
{
	char title[64];
	unsigned int n;

	if (!name || !strcmp(name, "hits") || !strcmp(name, "count"))
		return -1;
	if (!strcmp(name, "key"))
		return -2;
	for (n = 0; n < schema->nr_values; n++) {
		const char *column = column_name(schema, n, title, sizeof(title));

		if (!strcmp(column, name))
			return n;
	}
	return SORT_NONE;
}

static void no_column(const struct ktally_schema *schema, const char *name)
{
	char list[1024] = "hits, key", title[64];
	size_t len = strlen(list);
	unsigned int n;

	for (n = 0; n < schema->nr_values && len < sizeof(list); n++)
		len += snprintf(list + len, sizeof(list) - len, ", %s", column_name(schema, n, title, sizeof(title)));
	out_error("--sort %s: table '%s' has no such column; it has %s", name, schema->name, list);
}

int result_check_sort(const char *sort, const struct ktally_plan *plan)
{
	unsigned int n;

	for (n = 0; n < plan->nr_tables; n++)
		if (sort_column(&plan->tables[n].schema, sort) != SORT_NONE)
			return EXIT_OK;
	if (!plan->nr_tables)
		return EXIT_OK;
	no_column(&plan->tables[0].schema, sort);
	return EXIT_USAGE;
}

/* A table without that column keeps the order of hits, as long as another has it. */
static int sort_tables(const struct result_want *want, struct ktally_snapshot *snapshot)
{
	unsigned int n;
	bool found = !snapshot->nr_tables;

	for (n = 0; n < snapshot->nr_tables; n++) {
		struct ktally_table *table = &snapshot->tables[n];
		int column = sort_column(&table->schema, want->sort);

		found |= column != SORT_NONE;
		ktally_table_sort(table, column == SORT_NONE ? -1 : column);
	}
	if (!found)
		no_column(&snapshot->tables[0].schema, want->sort);
	return found ? EXIT_OK : EXIT_USAGE;
}

static int export_stdout(const struct result_want *want, const struct ktally_report *report)
{
	struct ktally_error err = { .pos = -1 };
	const struct ktally_exporter *exporter = exporter_stdout(want);
	int ret;

	out_page();
	ret = exporter ? ktally_export(report, exporter, stdout, &err) : -ENOSYS;
	if (ret && (ret != -EPIPE || is_recording(exporter)))
		return out_failure(ret, &err);
	fflush(stdout);
	return EXIT_OK;
}

/* The file itself is written only if it is a device, a pipe or a link: else one beside it, which then takes its place. */
static int open_beside(const char *path, char **beside)
{
	struct stat info;
	bool there = !lstat(path, &info);
	int fd;

	*beside = NULL;
	if (there && !S_ISREG(info.st_mode))
		return open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	*beside = out_text("%s.%d.part", path, (int)getpid());
	fd = open(*beside, O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0666);
	if (fd >= 0 && there)
		fchmod(fd, info.st_mode & 07777);
	return fd;
}

typedef int (*write_fn)(FILE *out, void *arg, struct ktally_error *err);

static int write_closed(const char *path, write_fn write, void *arg, FILE *file, const char *beside)
{
	struct ktally_error err = { .pos = -1 };
	int ret = write(file, arg, &err);

	errno = 0;
	if (!ret && (fflush(file) || ferror(file)))
		ret = ktally_fail(&err, errno ? -errno : -EIO, "'%s' could not be written: %s", path, strerror(errno ? errno : EIO));
	if (fclose(file) && !ret)
		ret = ktally_fail(&err, -errno, "'%s' could not be written: %s", path, strerror(errno));
	if (!ret && beside && rename(beside, path))
		ret = ktally_fail(&err, -errno, "'%s' could not be put in its place: %s", path, strerror(errno));
	return ret ? out_failure(ret, &err) : EXIT_OK;
}

int result_write_with(const char *path, write_fn write, void *arg)
{
	char *beside;
	int fd = open_beside(path, &beside), status = EXIT_FAILED;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (file) {
		status = write_closed(path, write, arg, file, beside);
	} else {
		out_error("'%s' cannot be written: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
	}
	if (status && fd >= 0 && beside)
		unlink(beside);
	free(beside);
	if (!status)
		out_note("wrote %s", path);
	return status;
}

struct exporting {
	const struct ktally_exporter *exporter;
	const struct ktally_report *report;
};

static int export_to(FILE *out, void *arg, struct ktally_error *err)
{
	const struct exporting *exporting = arg;

	return ktally_export(exporting->report, exporting->exporter, out, err);
}

int result_write_file(const char *path, const struct ktally_exporter *exporter, const struct ktally_report *report)
{
	return result_write_with(path, export_to, &(struct exporting){ exporter, report });
}

/* One line, whatever was lost. */
bool result_tell_losses(const struct ktally_report *report)
{
	char why[4096] = "", *line, *rest;
	char *text, *longer;

	if (ktally_report_complete(report, why, sizeof(why)))
		return false;
	text = out_text("%s", "");
	for (line = strtok_r(why, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		longer = out_text("%s%s%s", text, *text ? "; " : "", line);
		free(text);
		text = longer;
	}
	out_warn("incomplete: %s", text);
	free(text);
	return true;
}

int result_write(const struct result_want *want, struct ktally_report *report, struct ktally_snapshot *snapshot)
{
	int status = want->keep ? EXIT_OK : sort_tables(want, snapshot), ret;
	unsigned int n;

	if (status)
		return status;
	report->snapshot = snapshot;
	if (!want->keep) {
		report->sorted = want->sort;
		report->top = want->top;
	}
	if (want->format || (want->live ? snapshot->nr_tables && !want->json : !want->files->nr || want->json))
		status = export_stdout(want, report);
	for (n = 0; n < want->files->nr; n++) {
		ret = result_write_file(want->files->items[n], want->file_format ? want->file_format : ktally_exporter_for_file(want->files->items[n]),
					report);
		status = status ? status : ret;
	}
	if (result_tell_losses(report) && want->strict && !status)
		status = EXIT_INCOMPLETE;
	return status;
}
