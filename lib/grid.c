// SPDX-License-Identifier: LGPL-2.1-or-later
/* Aligns text cells in columns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "utf8.h"

void ktally_grid_cell(struct ktally_grid *grid, const char *text)
{
	unsigned int column = grid->nr_cells % grid->nr_columns;
	size_t cap = grid->cap ? grid->cap * 2 : 256, width;
	char **cells, *clean = ktally_utf8_clean(text, 0, 0);

	if (clean && grid->nr_cells == grid->cap) {
		cells = realloc(grid->cells, cap * sizeof(*cells));
		if (cells) {
			grid->cells = cells;
			grid->cap = cap;
		}
	}
	if (!clean || grid->nr_cells == grid->cap) {
		free(clean);
		grid->error = -ENOMEM;
		return;
	}
	grid->cells[grid->nr_cells++] = clean;
	width = ktally_utf8_width(clean);
	if (width > grid->width[column])
		grid->width[column] = width;
}

/* The header's cells come one by one while the number of columns still grows. */
void ktally_grid_column(struct ktally_grid *grid, const char *head, bool right)
{
	if (grid->nr_columns == KTALLY_GRID_COLUMNS) {
		grid->error = -E2BIG;
		return;
	}
	grid->right[grid->nr_columns++] = right;
	ktally_grid_cell(grid, head);
	grid->width[grid->nr_columns - 1] = grid->error ? 0 : ktally_utf8_width(grid->cells[grid->nr_cells - 1]);
}

void ktally_grid_put(const struct ktally_grid *grid, size_t n, unsigned int indent, FILE *out)
{
	unsigned int i, gap = indent;

	for (i = 0; i < grid->nr_columns; i++) {
		size_t at = n * grid->nr_columns + i, pad;

		if (at >= grid->nr_cells)
			break;
		pad = grid->width[i] - ktally_utf8_width(grid->cells[at]);
		if (grid->right[i])
			fprintf(out, "%*s%s", (int)(gap + pad), "", grid->cells[at]);
		else
			fprintf(out, "%*s%s", (int)gap, "", grid->cells[at]);
		gap = 2 + (grid->right[i] ? 0 : pad);
	}
	fputc('\n', out);
}

void ktally_grid_free(struct ktally_grid *grid)
{
	size_t i;

	for (i = 0; i < grid->nr_cells; i++)
		free(grid->cells[i]);
	free(grid->cells);
}
