// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes folded stacks: one sorted line for each distinct stack, "root;...;leaf COUNT". */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "export_folded.h"

struct line {
	char *text;
	uint64_t count;
};

struct lines {
	struct line *list;
	size_t nr, cap;
};

void ktally_folded_put(FILE *out, const char *name, enum ktally_frame_class class)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : *name, out);
	if (class == KTALLY_CLASS_KERNEL || class == KTALLY_CLASS_MODULE)
		fputs("_[k]", out);
	else if (class == KTALLY_CLASS_INLINED)
		fputs("_[i]", out);
}

char *ktally_folded_line(const struct ktally_calltree *tree, const struct ktally_strtab *names, uint32_t leaf, uint32_t *path)
{
	unsigned int depth = 0;
	char *text = NULL;
	uint32_t at;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (at = leaf; at; at = tree->nodes[at].parent)
		path[depth++] = at;
	while (depth--) {
		const struct ktally_call_step *step = &tree->nodes[path[depth]].step;

		ktally_folded_put(out, ktally_strtab_get(names, step->name), step->class);
		if (depth)
			fputc(';', out);
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int add_line(struct lines *lines, char *text, uint64_t count)
{
	size_t cap = lines->cap ? lines->cap * 2 : 256;
	struct line *list;

	if (!text)
		return -ENOMEM;
	if (lines->nr == lines->cap) {
		list = realloc(lines->list, cap * sizeof(*list));
		if (!list) {
			free(text);
			return -ENOMEM;
		}
		lines->list = list;
		lines->cap = cap;
	}
	lines->list[lines->nr].text = text;
	lines->list[lines->nr++].count = count;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct line *)a)->text, ((const struct line *)b)->text);
}

static int collect(const struct ktally_calltree *tree, const struct ktally_strtab *names, struct lines *lines)
{
	uint32_t *path = malloc(tree->nr * sizeof(*path)), i;
	int ret = path ? 0 : -ENOMEM;

	for (i = 1; i < tree->nr && !ret; i++)
		if (tree->nodes[i].self)
			ret = add_line(lines, ktally_folded_line(tree, names, i, path), tree->nodes[i].self);
	free(path);
	return ret;
}

/* Nodes that differ in their class only (a process and a function of the same name) give the same text: add them up. */
static void put_lines(struct lines *lines, FILE *out)
{
	size_t i;

	if (lines->nr)
		qsort(lines->list, lines->nr, sizeof(*lines->list), by_text);
	for (i = 0; i < lines->nr; i++) {
		if (i + 1 < lines->nr && !strcmp(lines->list[i].text, lines->list[i + 1].text))
			lines->list[i + 1].count += lines->list[i].count;
		else
			fprintf(out, "%s %" PRIu64 "\n", lines->list[i].text, lines->list[i].count);
	}
}

int ktally_export_folded(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct ktally_calltree *tree;
	struct ktally_strtab *names;
	struct ktally_weight weight;
	struct lines lines = { NULL, 0, 0 };
	size_t i;
	int ret;

	ktally_weight_choose(report, &weight);
	ret = ktally_build_calltree(report, &weight, &tree, &names, err);
	if (ret)
		return ret;
	ret = collect(tree, names, &lines);
	if (ret)
		ktally_fail(err, ret, "no memory for %" PRIu32 " stacks as text", tree->nr);
	else
		put_lines(&lines, out);
	for (i = 0; i < lines.nr; i++)
		free(lines.list[i].text);
	free(lines.list);
	ktally_calltree_free(tree);
	ktally_strtab_free(names);
	return ret;
}
