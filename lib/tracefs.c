// SPDX-License-Identifier: LGPL-2.1-or-later
/* tracefs.c: trace events: which there are, and where their fields lie, from their format files by libtraceevent. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <traceevent/event-parse.h>

#include "compile.h"
#include "tracefs.h"

#define FORMAT_MAX	(1U << 18)	/* bytes of a format file; long ones have 10 KiB */
#define OFFSET_MAX	0xffff		/* what KTALLY_OP_RECORD can say */

/** struct ktally_tracefs - @infos: those that were asked for so far */
struct ktally_tracefs {
	char *events;			/* the folder of all systems */
	char **names;			/* "system:event", sorted; read when first needed */
	unsigned int nr_names;
	bool scanned;
	struct ktally_source_info **infos;
	unsigned int nr_infos;
};

/* ---- finding it ---- */

static const char *const usual[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

/* The first mount of @type in /proc/mounts, "" if there is none; @size >= 1. */
static void find_mount(const char *type, char *path, size_t size)
{
	char *line = NULL, *device, *where, *kind, *rest;
	FILE *mounts = fopen("/proc/self/mounts", "re");
	size_t room = 0;

	path[0] = '\0';
	while (mounts && !path[0] && getline(&line, &room, mounts) > 0) {
		rest = line;
		device = strsep(&rest, " ");
		where = strsep(&rest, " ");
		kind = strsep(&rest, " ");
		if (device && where && kind && !strcmp(kind, type))
			snprintf(path, size, "%s", where);
	}
	free(line);
	if (mounts)
		fclose(mounts);
}

static int try_root(struct ktally_tracefs *tracefs, const char *root)
{
	DIR *dir;

	if (asprintf(&tracefs->events, "%s/events", root) < 0) {
		tracefs->events = NULL;
		return -ENOMEM;
	}
	dir = opendir(tracefs->events);
	if (dir) {
		closedir(dir);
		return 0;
	}
	free(tracefs->events);
	tracefs->events = NULL;
	return -errno;
}

static int find_root(struct ktally_tracefs *tracefs)
{
	char path[4096], debug[4096];
	int rc = -ENOENT, first = 0;
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]) && rc; i++) {
		rc = try_root(tracefs, usual[i]);
		if (rc == -EACCES || rc == -EPERM)
			first = -EACCES;
	}
	if (!rc)
		return 0;
	find_mount("tracefs", path, sizeof(path));
	if (path[0] && !try_root(tracefs, path))
		return 0;
	find_mount("debugfs", debug, sizeof(debug) - sizeof("/tracing"));
	if (debug[0] && !try_root(tracefs, strcat(debug, "/tracing")))
		return 0;
	return first ? first : rc;
}

int ktally_tracefs_open(struct ktally_tracefs **tracefs, const char *root, struct ktally_error *err)
{
	struct ktally_tracefs *t = calloc(1, sizeof(*t));
	int rc;

	*tracefs = NULL;
	if (!t)
		return ktally_fail(err, -ENOMEM, "out of memory");
	rc = root ? try_root(t, root) : find_root(t);
	if (!rc) {
		*tracefs = t;
		return 0;
	}
	ktally_tracefs_close(t);
	if (rc == -EACCES || rc == -EPERM)
		return ktally_fail(err, -EACCES, "the trace events in %s cannot be read; run as root", root ? root : usual[0]);
	if (rc == -ENOMEM)
		return ktally_fail(err, rc, "out of memory");
	return ktally_fail(err, rc, "no trace events in %s: %s; mount tracefs with: mount -t tracefs nodev %s", root ? root : usual[0],
			   strerror(-rc), usual[0]);
}

void ktally_tracefs_close(struct ktally_tracefs *tracefs)
{
	unsigned int i;

	if (!tracefs)
		return;
	for (i = 0; i < tracefs->nr_names; i++)
		free(tracefs->names[i]);
	free(tracefs->names);
	for (i = 0; i < tracefs->nr_infos; i++) {
		free(tracefs->infos[i]->fields);
		free(tracefs->infos[i]);
	}
	free(tracefs->infos);
	free(tracefs->events);
	free(tracefs);
}

/* ---- names of all events ---- */

static int add_name(struct ktally_tracefs *tracefs, const char *system, const char *event)
{
	char **names;

	names = reallocarray(tracefs->names, tracefs->nr_names + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	tracefs->names = names;
	if (asprintf(&names[tracefs->nr_names], "%s:%s", system, event) < 0)
		return -ENOMEM;
	tracefs->nr_names++;
	return 0;
}

static void scan_system(struct ktally_tracefs *tracefs, const char *system)
{
	struct dirent *entry;
	char path[4096];
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", tracefs->events, system);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s/%s/format", tracefs->events, system, entry->d_name) >= sizeof(path))
			continue;
		if (stat(path, &st) || !S_ISREG(st.st_mode))
			continue;
		if (add_name(tracefs, system, entry->d_name))
			break;
	}
	if (dir)
		closedir(dir);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ftrace system describes ftrace's own records; nothing fires there. */
static void scan(struct ktally_tracefs *tracefs)
{
	DIR *dir = opendir(tracefs->events);
	struct dirent *entry;

	tracefs->scanned = true;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "ftrace"))
			scan_system(tracefs, entry->d_name);
	if (dir)
		closedir(dir);
	if (tracefs->nr_names)
		qsort(tracefs->names, tracefs->nr_names, sizeof(*tracefs->names), compare_names);
}

const char *ktally_tracefs_name(struct ktally_tracefs *tracefs, unsigned int n)
{
	if (!tracefs->scanned)
		scan(tracefs);
	return n < tracefs->nr_names ? tracefs->names[n] : NULL;
}

/* ---- one event ---- */

static bool is_number_size(unsigned int size)
{
	return size == 1 || size == 2 || size == 4 || size == 8;
}

/* libtraceevent calls every array of bytes a string; an address of hardware (u8[]) is none, a name (char[]) is. */
static bool is_text(const struct tep_format_field *field)
{
	const char *at = strstr(field->type, "char");

	return (field->flags & TEP_FIELD_IS_STRING) && at && !strstr(field->type, "unsigned char");
}

static enum ktally_type pointer_type(const char *system, const struct tep_format_field *field)
{
	return !strcmp(system, "syscalls") || strstr(field->type, "__user") ? KTALLY_TYPE_UPTR : KTALLY_TYPE_KPTR;
}

/* Bytes of an element of "__data_loc unsigned int[]": libtraceevent knows u32 and its like only. */
static unsigned int size_by_type(const char *type)
{
	static const struct { const char *word; unsigned int size; } list[] = {
		{ "cpumask", 8 }, { "struct ", 1 }, { "char", 1 }, { "bool", 1 }, { "short", 2 }, { "long", 8 }, { "size_t", 8 },
		{ "8", 1 }, { "16", 2 }, { "32", 4 }, { "64", 8 },	/* __u16, uint16_t, __be16 */
		{ "int", 4 }, { "unsigned", 4 }, { "pid_t", 4 }, { "uid_t", 4 }, { "gid_t", 4 },
	};
	size_t i;

	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (strstr(type, list[i].word))
			return list[i].size;
	return 1;
}

/* What is no number, no text and no pointer (a struct) is an array of bytes, so that nothing is out of reach. */
static void convert_array(struct ktally_source_field *out, const struct tep_format_field *field)
{
	bool dynamic = field->flags & TEP_FIELD_IS_DYNAMIC;

	out->type = field->flags & TEP_FIELD_IS_SIGNED ? KTALLY_TYPE_INT : KTALLY_TYPE_UINT;
	out->element = field->elementsize;
	if (field->flags & TEP_FIELD_IS_ARRAY && !dynamic && field->arraylen)
		out->element = (unsigned int)field->size / field->arraylen;
	if (!is_number_size(out->element))
		out->element = size_by_type(field->type);
	out->size = dynamic ? 0 : (unsigned int)field->size;
}

static void convert_field(struct ktally_source_field *out, const char *system, const struct tep_format_field *field)
{
	snprintf(out->name, sizeof(out->name), "%s", field->name);
	out->offset = field->offset;
	out->size = field->size;
	if (field->flags & TEP_FIELD_IS_DYNAMIC)
		out->flags = KTALLY_RECORD_DYNAMIC | (field->flags & TEP_FIELD_IS_RELATIVE ? KTALLY_RECORD_RELATIVE : 0);
	if (is_text(field)) {
		out->type = KTALLY_TYPE_STRING;
		out->size = field->flags & TEP_FIELD_IS_DYNAMIC ? 0 : field->size;
	} else if (field->flags & (TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_DYNAMIC) || !is_number_size(field->size)) {
		convert_array(out, field);
	} else if (field->flags & TEP_FIELD_IS_POINTER) {
		out->type = pointer_type(system, field);
	} else {
		out->type = field->flags & TEP_FIELD_IS_SIGNED ? KTALLY_TYPE_INT : KTALLY_TYPE_UINT;
	}
}

/* A place that no record can have is not believed. */
static bool sane(const struct tep_format_field *field)
{
	unsigned int word = field->flags & TEP_FIELD_IS_DYNAMIC ? 4 : field->size > 0 ? field->size : 1;

	return field->name && field->type && field->offset >= 0 && field->size >= 0 && field->size <= OFFSET_MAX &&
	       field->offset + (int)word <= OFFSET_MAX;
}

static unsigned int count_fields(const struct tep_format_field *field)
{
	unsigned int nr = 0;

	for (; field; field = field->next)
		nr++;
	return nr;
}

/* libtraceevent stops without a word at a line of fields that it does not understand. */
static bool all_understood(const struct tep_event *event, const char *text)
{
	unsigned int lines = 0;

	for (text = strstr(text, "\tfield:"); text; text = strstr(text + 1, "\tfield:"))
		lines++;
	return lines && lines == count_fields(event->format.common_fields) + count_fields(event->format.fields);
}

static int convert(struct ktally_source_info *info, const char *system, const struct tep_event *event)
{
	const struct tep_format_field *field;

	info->fields = calloc(count_fields(event->format.fields) + 1, sizeof(*info->fields));
	if (!info->fields)
		return -ENOMEM;
	for (field = event->format.fields; field; field = field->next) {
		if (!sane(field))
			return -EBADMSG;
		convert_field(&info->fields[info->nr_fields++], system, field);
	}
	return 0;
}

/* How an event is printed is of no use here, and the one part of a format whose grammar is a language: it is left out. */
static char *without_print(const char *text, size_t size, size_t *left)
{
	static const char mark[] = "print fmt:", none[] = "print fmt: \"\"\n";
	const char *print = memmem(text, size, mark, sizeof(mark) - 1);
	size_t len = print ? (size_t)(print - text) : size;
	char *copy = malloc(len + sizeof(none) + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, len);
	if (!print && len && copy[len - 1] != '\n')
		copy[len++] = '\n';
	if (memchr(copy, 0, len))
		len = 0;
	memcpy(copy + len, none, sizeof(none));
	*left = len + sizeof(none) - 1;
	return copy;
}

int ktally_format_parse(struct ktally_source_info *info, const char *system, const char *text, size_t size)
{
	struct tep_handle *tep = tep_alloc();
	struct tep_event *event = NULL;
	char *format = NULL;
	int rc = -ENOMEM;

	info->kind = KTALLY_SOURCE_EVENT;
	info->available = true;
	if (tep)
		format = without_print(text, size, &size);
	if (!format)
		goto out;
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_long_size(tep, sizeof(long));
	rc = -EBADMSG;
	if (ktally_format_valid(format) && !tep_parse_format(tep, &event, format, size, system) && event && event->id > 0 &&
	    all_understood(event, format)) {
		info->id = event->id;
		rc = convert(info, system, event);
	}
	if (rc) {
		free(info->fields);
		info->fields = NULL;
		info->nr_fields = 0;
	}
out:
	free(format);
	tep_free(tep);
	return rc;
}

static int read_format(const char *path, char **text, size_t *size)
{
	FILE *file = fopen(path, "re");
	int rc = 0;

	if (!file)
		return -errno;
	*text = malloc(FORMAT_MAX);
	*size = *text ? fread(*text, 1, FORMAT_MAX, file) : 0;
	if (!*text)
		rc = -ENOMEM;
	else if (ferror(file))
		rc = -EIO;
	else if (*size == FORMAT_MAX)
		rc = -EBADMSG;
	fclose(file);
	return rc;
}

static int unknown(struct ktally_tracefs *tracefs, const char *name, struct ktally_error *err)
{
	struct kt_near near = { .want = name };
	char near_text[512];
	const char *known;
	unsigned int i;

	for (i = 0; (known = ktally_tracefs_name(tracefs, i)); i++)
		kt_near_add(&near, known);
	return ktally_fail(err, -ENOENT, "this kernel has no trace event '%.100s'%s (`ktally list` shows all)", name,
			   kt_near_text(&near, near_text, sizeof(near_text)));
}

static int load(struct ktally_tracefs *tracefs, struct ktally_source_info *info, const char *name, struct ktally_error *err)
{
	char path[4096], system[KTALLY_SYMBOL_MAX], *text = NULL;
	const char *colon = strchr(name, ':');
	size_t size;
	int rc;

	if (!colon || colon == name || !colon[1] || strchr(name, '/') || strchr(name, '.') || strlen(name) >= sizeof(info->name))
		return unknown(tracefs, name, err);
	snprintf(info->name, sizeof(info->name), "%s", name);
	snprintf(system, sizeof(system), "%.*s", (int)(colon - name), name);
	snprintf(path, sizeof(path), "%s/%s/%s/format", tracefs->events, system, colon + 1);
	rc = read_format(path, &text, &size);
	if (!rc)
		rc = ktally_format_parse(info, system, text, size);
	free(text);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return unknown(tracefs, name, err);
	if (rc == -EACCES || rc == -EPERM)
		return ktally_fail(err, -EACCES, "the format of trace event '%s' cannot be read; run as root", name);
	return rc ? ktally_fail(err, rc, "the format of trace event '%s' (%s) is not understood: %s", name, path, strerror(-rc)) : 0;
}

int ktally_tracefs_find(struct ktally_tracefs *tracefs, const char *name, const struct ktally_source_info **info, struct ktally_error *err)
{
	struct ktally_source_info **infos, *made;
	unsigned int i;
	int rc;

	for (i = 0; i < tracefs->nr_infos; i++) {
		if (strcmp(tracefs->infos[i]->name, name))
			continue;
		*info = tracefs->infos[i];
		return 0;
	}
	made = calloc(1, sizeof(*made));
	infos = made ? reallocarray(tracefs->infos, tracefs->nr_infos + 1, sizeof(*infos)) : NULL;
	if (!infos) {
		free(made);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	tracefs->infos = infos;
	rc = load(tracefs, made, name, err);
	if (rc) {
		free(made);
		return rc;
	}
	infos[tracefs->nr_infos++] = made;
	*info = made;
	return 0;
}
