// SPDX-License-Identifier: LGPL-2.1-or-later
/* source_probe.c: probes by function: kprobe, kretprobe, uprobe, uretprobe, and the places of USDT probes. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "usdt.h"

/* ---- functions of the kernel ---- */

static int parse_offset(struct kt_compile *c, const struct kt_source_text *s, const char *text, const char *example)
{
	int pos = s->pos + (int)(text - s->text);
	char *end;

	errno = 0;
	c->probe.offset = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno)
		return kt_fail(c, -EINVAL, pos, strlen(text), "expected a number of bytes behind '+', such as %s", example);
	return 0;
}

static int parse_kernel(struct kt_compile *c, const struct kt_source_text *s, int rest, const char *what)
{
	const char *symbol = s->text + rest, *p = symbol;

	while (isalnum((unsigned char)*p) || *p == '_' || *p == '.' || *p == '$')
		p++;
	if (p == symbol || isdigit((unsigned char)*symbol) || (*p && *p != '+'))
		return kt_fail(c, -EINVAL, s->pos + (int)(p - s->text), *p ? 1 : 0,
			       "expected the name of a kernel function after '%s:', such as %s:vfs_read%s", what, what,
			       what[1] == 'r' ? "" : " or kprobe:vfs_read+0x10");
	if ((size_t)(p - symbol) >= sizeof(c->probe.name))
		return kt_fail(c, -EINVAL, s->pos + rest, p - symbol, "the name of a function has at most %zu characters", sizeof(c->probe.name) - 1);
	memcpy(c->probe.name, symbol, p - symbol);
	if (*p && !strcmp(what, "kretprobe"))
		return kt_fail(c, -EINVAL, s->pos + (int)(p - s->text), strlen(p), "a function returns as a whole: no offset with kretprobe:");
	return *p ? parse_offset(c, s, p + 1, "kprobe:vfs_read+0x10") : 0;
}

int kt_parse_kprobe(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	int rc = kt_use_pseudo(c, s, "kprobe", KTALLY_FEATURE_KPROBE, "kprobes");

	return rc ? rc : parse_kernel(c, s, rest, "kprobe");
}

int kt_parse_kretprobe(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	int rc = kt_use_pseudo(c, s, "kretprobe", KTALLY_FEATURE_KRETPROBE, "kretprobes");

	return rc ? rc : parse_kernel(c, s, rest, "kretprobe");
}

/* ---- a path and what is behind it ---- */

/* Behind a word that ends at @stop, at a '/' if @slash says so, or at the end; quotes and backslashes take their characters along. */
static int word_end(const char *text, int pos, char stop, bool slash)
{
	bool quoted = false;

	for (; text[pos]; pos++) {
		if (text[pos] == '\\' && text[pos + 1])
			pos++;
		else if (text[pos] == '"')
			quoted = !quoted;
		else if (!quoted && (text[pos] == stop || (slash && text[pos] == '/')))
			break;
	}
	return pos;
}

int kt_path_end(const char *text, int pos)
{
	pos = word_end(text, pos, ':', false);
	return text[pos] ? word_end(text, pos + 1, '/', true) : pos;
}

/** struct file_source - PATH:WHAT, unquoted; @what_at: where WHAT begins in the source's text; @quoted: WHAT was quoted */
struct file_source {
	char path[KTALLY_PATH_MAX], what[KTALLY_PATH_MAX];
	int what_at;
	bool quoted;
};

/* Return: false if it does not fit */
static bool unquote(char *to, size_t size, const char *from, int len)
{
	size_t used = 0;
	int i;

	for (i = 0; i < len && used < size; i++) {
		if (from[i] == '"')
			continue;
		if (from[i] == '\\' && i + 1 < len)
			i++;
		to[used++] = from[i];
	}
	if (used == size)
		return false;
	to[used] = '\0';
	return true;
}

static int split_file(struct kt_compile *c, const struct kt_source_text *s, int rest, const char *form, struct file_source *file)
{
	int colon = word_end(s->text, rest, ':', false);

	if (s->text[rest] == '\0' || colon == rest)
		return kt_fail(c, -EINVAL, s->pos + rest, 0, "expected a file after '%.*s', such as %s", rest, s->text, form);
	if (!s->text[colon] || !s->text[colon + 1])
		return kt_fail(c, -EINVAL, s->pos + s->len, 0, "expected ':' and what to probe behind the file, such as %s; a file with ':' in its name "
			       "stands in double quotes", form);
	file->what_at = colon + 1;
	file->quoted = s->text[colon + 1] == '"';
	if (!unquote(file->path, sizeof(file->path), s->text + rest, colon - rest) ||
	    !unquote(file->what, sizeof(file->what), s->text + colon + 1, s->len - colon - 1))
		return kt_fail(c, -EINVAL, s->pos, s->len, "a path or a function has at most %d characters", KTALLY_PATH_MAX - 1);
	return 0;
}

/* What the library says of a file, pointed at in the text. */
static int fail_file(struct kt_compile *c, int code, const struct kt_source_text *s, int rest, const struct ktally_error *err)
{
	return kt_fail(c, code, s->pos + rest, s->len - rest, "%s", err->text);
}

/* ---- functions of programs ---- */

/* FUNCTION+OFFSET; C++'s operator+ is mangled in symbols, and what is in quotes is a name as it is. */
static int cut_offset(struct kt_compile *c, const struct kt_source_text *s, struct file_source *file, uint64_t *offset)
{
	char *plus = file->quoted ? NULL : strrchr(file->what, '+');
	const char *in_source = strrchr(s->text, '+');

	*offset = 0;
	if (!plus || plus == file->what || !in_source)
		return 0;
	*plus = '\0';
	if (parse_offset(c, s, in_source + 1, "uprobe:/bin/bash:readline+0x10"))
		return c->rc;
	*offset = c->probe.offset;
	return 0;
}

static int parse_user(struct kt_compile *c, const struct kt_source_text *s, int rest, const char *name, const char *form)
{
	bool at_return = !strcmp(name, "uretprobe");
	struct ktally_uprobe_site site;
	struct file_source file;
	struct ktally_error err;
	uint64_t offset;
	int rc;

	rc = kt_use_pseudo(c, s, name, KTALLY_FEATURE_UPROBE, "uprobes");
	if (!rc)
		rc = split_file(c, s, rest, form, &file);
	if (!rc)
		rc = cut_offset(c, s, &file, &offset);
	if (rc)
		return rc;
	rc = ktally_uprobe_resolve(&site, file.path, file.what, offset, at_return, &err);
	if (rc)
		return fail_file(c, rc, s, rest, &err);
	memcpy(c->probe.path, site.path, sizeof(c->probe.path));
	c->probe.offset = site.offset;
	return 0;
}

int kt_parse_uprobe(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	return parse_user(c, s, rest, "uprobe", "uprobe:/bin/bash:readline");
}

int kt_parse_uretprobe(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	return parse_user(c, s, rest, "uretprobe", "uretprobe:/bin/bash:readline");
}

/* ---- USDT ---- */

static unsigned int most_arguments(const struct kt_compile *c)
{
	unsigned int i, nr, most = 0;

	for (i = 0; i < c->nr_sites; i++) {
		nr = ktally_usdt_count(c->sites[i].arguments);
		most = nr > most ? nr : most;
	}
	return most;
}

/* The source as this text sees it: the registers of a uprobe, but for its arg0.., and arg1.. of the notes behind them. */
static int make_usdt(struct kt_compile *c, const struct kt_source_text *s)
{
	const struct ktally_source_info *uprobe = c->source;
	unsigned int i, nr = most_arguments(c);
	struct ktally_source_info *made = calloc(1, sizeof(*made));

	c->made = made;
	if (made)
		made->fields = calloc(uprobe->nr_fields + nr + 1, sizeof(*made->fields));
	if (!made || !made->fields)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	made->kind = uprobe->kind;
	made->available = true;
	snprintf(made->name, sizeof(made->name), "%.*s", (int)sizeof(made->name) - 1, s->text);
	memcpy(made->fields, uprobe->fields, uprobe->nr_fields * sizeof(*made->fields));
	for (i = 0; i < uprobe->nr_fields; i++)
		if (!strncmp(made->fields[i].name, "arg", 3))
			made->fields[i].name[0] = '\0';
	for (i = 0; i < nr; i++) {
		struct ktally_source_field *field = &made->fields[uprobe->nr_fields + i];

		snprintf(field->name, sizeof(field->name), "arg%u", i + 1);
		field->type = KTALLY_TYPE_UINT;
		field->size = 8;
	}
	made->nr_fields = uprobe->nr_fields + nr;
	c->nr_registers = uprobe->nr_fields;
	c->source = made;
	return 0;
}

static int check_semaphores(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	unsigned int i;

	for (i = 0; i < c->nr_sites; i++)
		if (c->sites[i].semaphore && !(c->cat->features & KTALLY_FEATURE_SEMAPHORE))
			return kt_fail(c, -EOPNOTSUPP, s->pos + rest, s->len - rest, "this probe fires only while its semaphore is raised, and the module cannot do "
				       "that on this kernel; `ktally doctor` says why");
	return 0;
}

int kt_parse_usdt(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	int rc = kt_use_pseudo(c, s, "uprobe", KTALLY_FEATURE_UPROBE, "uprobes");
	struct file_source file;
	struct ktally_error err;
	char *colon, *name;

	if (!rc)
		rc = split_file(c, s, rest, "usdt:/usr/sbin/mysqld:mysql:query__start", &file);
	if (rc)
		return rc;
	colon = strchr(file.what, ':');
	name = colon ? colon + 1 : file.what;
	if (colon)
		*colon = '\0';
	if (!*name)
		return kt_fail(c, -EINVAL, s->pos + s->len, 0, "expected the name of a probe behind its provider");
	rc = ktally_usdt_resolve(&c->sites, file.path, colon ? file.what : NULL, name, &err);
	if (rc < 0)
		return fail_file(c, rc, s, rest, &err);
	c->nr_sites = rc;
	rc = check_semaphores(c, s, rest);
	return rc ? rc : make_usdt(c, s);
}
