// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions of a profile: samples whose innermost frame they are (self), and samples they are anywhere in (total). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "export_text.h"
#include "grid.h"

#define FUNCTIONS_SHOWN 40

/* Functions of one name are one function, as `pprof -top` counts them: by the number of the name. */
struct function {
	uint32_t name, module;
	uint64_t self, total, last_path;
	bool modules;	/* of several modules */
};

struct profile {
	struct ktally_strtab *names;
	struct function *functions;
	uint32_t cap;
	uint64_t path, samples;
};

static struct function *function_of(struct profile *profile, const struct ktally_call_step *step)
{
	uint32_t cap = profile->cap ? profile->cap : 1024;
	struct function *function;

	while (cap <= step->name)
		cap *= 2;
	if (cap != profile->cap) {
		function = realloc(profile->functions, cap * sizeof(*function));
		if (!function)
			return NULL;
		memset(function + profile->cap, 0, (cap - profile->cap) * sizeof(*function));
		profile->functions = function;
		profile->cap = cap;
	}
	function = &profile->functions[step->name];
	if (!function->last_path)
		function->module = step->module;
	else if (function->module != step->module)
		function->modules = true;
	function->name = step->name;
	return function;
}

static int count_path(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct profile *profile = arg;
	struct function *function = NULL;
	unsigned int i;

	profile->path++;
	profile->samples += path->weight;
	for (i = 0; i < path->nr; i++) {
		function = function_of(profile, &path->steps[i]);
		if (!function)
			return ktally_fail(err, -ENOMEM, "no memory for the functions of a profile");
		if (function->last_path != profile->path)	/* recursion counts once */
			function->total += path->weight;
		function->last_path = profile->path;
	}
	if (function)
		function->self += path->weight;
	return 0;
}

static int by_self(const void *a, const void *b, void *arg)
{
	const struct function *x = a, *y = b;
	const struct ktally_strtab *names = arg;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return strcmp(ktally_strtab_get(names, x->name), ktally_strtab_get(names, y->name));
}

static void add_number(struct ktally_grid *grid, uint64_t part, uint64_t whole)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, part);
	ktally_grid_cell(grid, text);
	snprintf(text, sizeof(text), "%.2f", whole ? 100.0 * part / whole : 0);
	ktally_grid_cell(grid, text);
}

static int put_functions(struct profile *profile, uint32_t nr, FILE *out, struct ktally_error *err)
{
	uint32_t shown = nr < FUNCTIONS_SHOWN ? nr : FUNCTIONS_SHOWN, i;
	struct ktally_grid grid = { 0 };
	int ret;

	ktally_grid_column(&grid, "self", true);
	ktally_grid_column(&grid, "self%", true);
	ktally_grid_column(&grid, "total", true);
	ktally_grid_column(&grid, "total%", true);
	ktally_grid_column(&grid, "function", false);
	ktally_grid_column(&grid, "module", false);
	for (i = 0; i < shown; i++) {
		const struct function *function = &profile->functions[i];

		add_number(&grid, function->self, profile->samples);
		add_number(&grid, function->total, profile->samples);
		ktally_grid_cell(&grid, ktally_strtab_get(profile->names, function->name));
		ktally_grid_cell(&grid, function->modules ? "(several)" : ktally_strtab_get(profile->names, function->module));
	}
	fprintf(out, "\n  top functions\n");
	for (i = 0; i <= shown; i++)
		ktally_grid_put(&grid, i, 4, out);
	if (shown < nr)
		fprintf(out, "    ... and %" PRIu32 " more functions (pprof and json have all)\n", nr - shown);
	fprintf(out, "\n  top stacks\n");
	ret = grid.error;
	ktally_grid_free(&grid);
	return ret ? ktally_fail(err, ret, "no memory for the list of functions") : 0;
}

int ktally_text_profile(const struct ktally_report *report, const struct ktally_table *table, FILE *out, struct ktally_error *err)
{
	static const struct ktally_weight hits = { .unit = KTALLY_KIND_UINT };
	struct profile profile = { .names = ktally_strtab_new() };
	uint32_t nr = 0, i;
	int ret;

	if (!profile.names)
		return ktally_fail(err, -ENOMEM, "no memory for names");
	ret = ktally_walk_table(report, table, &hits, 0, profile.names, count_path, &profile, err);
	for (i = 0; i < profile.cap && !ret; i++)
		if (profile.functions[i].last_path)
			profile.functions[nr++] = profile.functions[i];
	if (!ret && nr) {
		qsort_r(profile.functions, nr, sizeof(*profile.functions), by_self, profile.names);
		ret = put_functions(&profile, nr, out, err);
	}
	free(profile.functions);
	ktally_strtab_free(profile.names);
	return ret;
}
