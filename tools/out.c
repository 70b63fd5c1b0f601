// SPDX-License-Identifier: GPL-2.0-or-later
/* What people see: messages, colour, the pager, aligned tables, units and the progress line. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libktally.h>

#include "cmd.h"
#include "out.h"

static bool colour_stdout, colour_stderr, is_quiet, progress_shown;
static pid_t pager;

static const char *const escapes[] = {
	[OUT_PLAIN]	= "\033[0m",
	[OUT_BOLD]	= "\033[1m",
	[OUT_DIM]	= "\033[2m",
	[OUT_GOOD]	= "\033[32m",
	[OUT_WARN]	= "\033[33m",
	[OUT_BAD]	= "\033[31m",
};
_Static_assert(sizeof(escapes) / sizeof(escapes[0]) == __OUT_STYLE_END, "every style needs its row");

void out_init(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool colour = !(no_color && *no_color) && term && strcmp(term, "dumb");

	colour_stdout = colour && isatty(STDOUT_FILENO);
	colour_stderr = colour && isatty(STDERR_FILENO);
}

void out_set_quiet(bool quiet)
{
	is_quiet = quiet;
}

const char *out_style(FILE *file, enum out_style style)
{
	bool colour = file == stdout ? colour_stdout : file == stderr && colour_stderr;

	return colour ? escapes[style] : "";
}

unsigned int out_width(FILE *file)
{
	struct winsize size;

	if (!isatty(fileno(file)))
		return 0;
	return ioctl(fileno(file), TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

static void clear_progress(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

/* In one write, so that a pipe shared with the output cannot tear it. */
static void message(enum out_style style, const char *what, const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	fflush(stdout);
	clear_progress();
	fprintf(stderr, "ktally: %s%s%s%s\n", style ? out_style(stderr, style) : "", what, style ? out_style(stderr, OUT_PLAIN) : "",
		text ? text : "out of memory");
	free(text);
}

void out_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(OUT_BAD, "error: ", fmt, args);
	va_end(args);
}

void out_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	message(OUT_WARN, "warning: ", fmt, args);
	va_end(args);
}

void out_note(const char *fmt, ...)
{
	va_list args;

	if (is_quiet)
		return;
	va_start(args, fmt);
	message(OUT_PLAIN, "", fmt, args);
	va_end(args);
}

/* The line of the input that holds the place, and a caret under it. */
static void show_place(const struct ktally_error *error)
{
	int size = strlen(error->input), pos = error->pos < size ? error->pos : size, begin = pos, end = pos, n;

	while (begin > 0 && error->input[begin - 1] != '\n')
		begin--;
	while (end < size && error->input[end] != '\n')
		end++;
	fprintf(stderr, "    %.*s\n    ", end - begin, error->input + begin);
	for (n = begin; n < pos; n++)
		if ((error->input[n] & 0xc0) != 0x80)	/* one column for each character of UTF-8 */
			fputc(error->input[n] == '\t' ? '\t' : ' ', stderr);
	fputs(out_style(stderr, OUT_BAD), stderr);
	fputc('^', stderr);
	for (n = 1; n < error->len && pos + n < end; n++)
		if ((error->input[pos + n] & 0xc0) != 0x80)
			fputc('~', stderr);
	fprintf(stderr, "%s\n", out_style(stderr, OUT_PLAIN));
}

int out_failure(int err, const struct ktally_error *error)
{
	out_error("%s", error->text[0] ? error->text : strerror(-err));
	if (error->input && error->pos >= 0)
		show_place(error);
	return err == -EPERM || err == -EACCES ? EXIT_PERMISSION : EXIT_FAILED;
}

void out_progress(const char *fmt, ...)
{
	va_list args;

	if (is_quiet || !isatty(STDERR_FILENO))
		return;
	clear_progress();
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fflush(stderr);
	progress_shown = true;
}

void out_page(void)
{
	const char *command = getenv("KTALLY_PAGER");
	int ends[2];

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	if (pager || !*command || !strcmp(command, "cat") || !isatty(STDOUT_FILENO) || pipe(ends))
		return;
	fflush(stdout);
	pager = fork();
	if (pager < 0) {
		pager = 0;
		close(ends[0]);
		close(ends[1]);
		return;
	}
	if (!pager) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(EXIT_NOT_FOUND);
	}
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
}

int out_finish(int status)
{
	clear_progress();
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && errno != EPIPE && status == EXIT_OK) {
		out_error("standard output could not be written: %s", errno ? strerror(errno) : "an earlier write failed");
		status = EXIT_FAILED;
	}
	if (pager) {
		fclose(stdout);
		waitpid(pager, NULL, 0);
	}
	return status;
}

void *out_realloc(void *ptr, size_t size)
{
	ptr = realloc(ptr, size);
	if (!ptr) {
		out_error("out of memory");
		exit(EXIT_FAILED);
	}
	return ptr;
}

char *out_text(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0) {
		out_error("out of memory");
		exit(EXIT_FAILED);
	}
	va_end(args);
	return text;
}

const char *out_duration(uint64_t ns, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = ns;
	unsigned int n = 0;

	for (; n < 3 && value >= 1000; n++)
		value /= 1000;
	snprintf(buf, size, n ? "%.2f %s" : "%.0f %s", value, units[n]);
	return buf;
}

const char *out_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB" };
	double value = bytes;
	unsigned int n = 0;

	for (; n < 3 && value >= 1024; n++)
		value /= 1024;
	snprintf(buf, size, n ? "%.1f %s" : "%.0f %s", value, units[n]);
	return buf;
}

void out_wrap(FILE *file, const char *text, unsigned int indent, unsigned int width)
{
	unsigned int column = indent, len;
	bool first = true;

	while (*text) {
		len = strcspn(text, " ");
		if (!first && column + 1 + len > width) {
			fprintf(file, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		fprintf(file, "%s%.*s", first ? "" : " ", (int)len, text);
		column += len + !first;
		first = false;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', file);
}

void out_table_init(struct out_table *table, const char *const *headings)
{
	memset(table, 0, sizeof(*table));
	table->headings = headings;
	while (headings[table->nr_columns])
		table->nr_columns++;
}

void out_table_cell(struct out_table *table, enum out_style style, const char *fmt, ...)
{
	unsigned int n = table->nr_cells++;
	va_list args;

	table->cells = out_realloc(table->cells, table->nr_cells * sizeof(*table->cells));
	table->styles = out_realloc(table->styles, table->nr_cells * sizeof(*table->styles));
	table->styles[n] = style;
	va_start(args, fmt);
	if (vasprintf(&table->cells[n], fmt, args) < 0) {
		out_error("out of memory");
		exit(EXIT_FAILED);
	}
	va_end(args);
}

/* Columns of a terminal that @text takes: characters, not bytes. */
static unsigned int text_width(const char *text)
{
	unsigned int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(FILE *file, const char *text, enum out_style style, bool right, bool last, unsigned int width)
{
	unsigned int fill = width - text_width(text);

	fprintf(file, "%*s%s%s%s", right ? (int)fill : 0, "", style ? out_style(file, style) : "", text,
		style ? out_style(file, OUT_PLAIN) : "");
	if (last)
		fputc('\n', file);
	else
		fprintf(file, "%*s  ", right ? 0 : (int)fill, "");
}

void out_table_print(struct out_table *table, FILE *file)
{
	unsigned int widths[32] = { 0 }, n, c, w;
	bool last;

	for (c = 0; c < table->nr_columns; c++)
		widths[c] = text_width(table->headings[c]) - (table->headings[c][0] == '>');
	for (n = 0; n < table->nr_cells; n++) {
		w = text_width(table->cells[n]);
		if (w > widths[n % table->nr_columns])
			widths[n % table->nr_columns] = w;
	}
	for (c = 0; c < table->nr_columns; c++) {
		const char *heading = table->headings[c];
		bool right = heading[0] == '>';

		print_cell(file, heading + right, OUT_BOLD, right, c + 1 == table->nr_columns, widths[c]);
	}
	for (n = 0; n < table->nr_cells; n++) {
		c = n % table->nr_columns;
		last = c + 1 == table->nr_columns;
		print_cell(file, table->cells[n], table->styles[n], table->headings[c][0] == '>', last, widths[c]);
		free(table->cells[n]);
	}
	free(table->cells);
	free(table->styles);
	table->cells = NULL;
	table->styles = NULL;
	table->nr_cells = 0;
}
