/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of text cells whose columns are made as wide as their widest cell.
 */
#ifndef KTALLY_GRID_H
#define KTALLY_GRID_H

#include <stdbool.h>
#include <stdio.h>

#define KTALLY_GRID_COLUMNS 64

/** struct ktally_grid - zero it, name the columns with ktally_grid_column, add cells row after row; line 0 is the header */
struct ktally_grid {
	unsigned int nr_columns;
	bool right[KTALLY_GRID_COLUMNS];
	size_t width[KTALLY_GRID_COLUMNS];
	char **cells;
	size_t nr_cells, cap;
	int error;
};

/** ktally_grid_column - add a column; all before the first cell */
void ktally_grid_column(struct ktally_grid *grid, const char *head, bool right);
/** ktally_grid_cell - add the next cell; bytes that a terminal would act on are replaced */
void ktally_grid_cell(struct ktally_grid *grid, const char *text);
/** ktally_grid_put - write line @n, indented by @indent */
void ktally_grid_put(const struct ktally_grid *grid, size_t n, unsigned int indent, FILE *out);
void ktally_grid_free(struct ktally_grid *grid);

#endif
