// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes a flame graph: the tree of stacks as one self-contained SVG file. Width is weight, the root is at the bottom. The file
 * shows everything without its script; with it, frames zoom and can be searched.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "flamegraph.h"
#include "flamegraph_page.h"
#include "units.h"
#include "utf8.h"

#define WIDTH		1200
#define PAD		10
#define PITCH		17
#define FRAME_HEIGHT	16
#define TOP		96	/* title, controls, legend */
#define BOTTOM		34	/* details */
#define LETTER		6.7	/* width of a character at 11 pixels */
#define TINY		0.1	/* pixels: a narrower frame is folded away */
#define THIN		3	/* pixels: a narrower frame has no border, which would hide it */

struct graph {
	const struct ktally_report *report;
	const struct ktally_weight *weight;
	const struct ktally_calltree *tree;
	const struct ktally_strtab *names;
	const struct ktally_flamegraph *flame;
	FILE *out;
	uint64_t total;
	unsigned int depth;
	uint32_t drawn;
};

static void put_escaped(FILE *out, const char *text)
{
	char *clean = ktally_utf8_clean(text, 0, 0), *at;

	for (at = clean; at && *at; at++) {
		switch (*at) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*at, out);
		}
	}
	free(clean);
}

static void amount(const struct graph *graph, uint64_t value, char *buf, size_t size)
{
	char time[32];

	if (graph->weight->unit != KTALLY_KIND_UINT) {
		ktally_units_scaled(graph->weight->unit, value, buf, size);
	} else if (graph->report->period_ns) {
		ktally_units_scaled(KTALLY_KIND_NS, (double)value * graph->report->period_ns, time, sizeof(time));
		snprintf(buf, size, "%" PRIu64 " samples, about %s", value, time);
	} else {
		snprintf(buf, size, "%" PRIu64 " %s", value, graph->weight->name);
	}
}

/* ---- colour: hue says the class, its shade the name ---- */

struct palette {
	const char *legend;
	double hue, hue_range, saturation, light;
};

static const struct palette palettes[] = {
	[KTALLY_CLASS_PROCESS] = { "process", 215, 10, 0.10, 0.72 },
	[KTALLY_CLASS_USER] = { "user", 22, 26, 0.88, 0.66 },
	[KTALLY_CLASS_INLINED] = { "inlined", 46, 14, 0.86, 0.66 },
	[KTALLY_CLASS_KERNEL] = { "kernel", 200, 24, 0.68, 0.68 },
	[KTALLY_CLASS_MODULE] = { "kernel module", 262, 24, 0.58, 0.74 },
	[KTALLY_CLASS_NOTE] = { "no frame", 90, 10, 0.06, 0.80 },
};

static double channel(double hue, double saturation, double light, double shift)
{
	double a = saturation * (light < 0.5 ? light : 1 - light);
	double k = shift + hue / 30, edge;

	while (k >= 12)
		k -= 12;
	edge = k - 3 < 9 - k ? k - 3 : 9 - k;
	edge = edge > 1 ? 1 : edge < -1 ? -1 : edge;
	return 255 * (light - a * edge);
}

static void put_colour(FILE *out, enum ktally_frame_class class, const char *name)
{
	const struct palette *palette = &palettes[class];
	uint32_t hash = 2166136261U;
	double hue, light;

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 16777619U;
	hue = palette->hue + palette->hue_range * (hash % 101 / 100.0);
	light = palette->light + 0.10 * (hash / 101 % 101 / 100.0 - 0.5);
	fprintf(out, "#%02x%02x%02x", (int)channel(hue, palette->saturation, light, 0), (int)channel(hue, palette->saturation, light, 8),
		(int)channel(hue, palette->saturation, light, 4));
}

/* ---- colour of a change: white is none, full red is new, full blue is gone ---- */

static double before_of(const struct graph *graph, const struct ktally_node *node)
{
	return graph->flame->before[node - graph->tree->nodes].total * graph->flame->factor;
}

static void put_change_colour(FILE *out, double before, double after)
{
	double change = before + after > 0 ? (after - before) / (after + before) : 0, much = change < 0 ? -change : change;
	int faded = (int)(242 - 172 * much), half = (int)(242 - 122 * much), full = (int)(242 - 6 * much);

	fprintf(out, "#%02x%02x%02x", change < 0 ? faded : full, change < 0 ? half : faded, change < 0 ? full : faded);
}

static void put_node_colour(const struct graph *graph, const struct ktally_node *node, const char *name)
{
	if (graph->flame->before)
		put_change_colour(graph->out, before_of(graph, node), node->total);
	else
		put_colour(graph->out, node->step.class, name);
}

/* Shares of both totals, which the factor may not have made equal. */
static void put_change(const struct graph *graph, const struct ktally_node *node)
{
	uint64_t all = graph->flame->before[0].total, was = graph->flame->before[node - graph->tree->nodes].total;
	double share = all ? 100.0 * was / all : 0;

	fprintf(graph->out, ", %+.2f points: before %.2f%%", 100.0 * node->total / graph->total - share, share);
}

/* ---- frames ---- */

/* As much of the name as fits, cut between characters. */
static void put_fitting(FILE *out, const char *name, double width)
{
	int fits = (width - 6) / LETTER, n;
	const char *at = name;
	char *cut;

	if (fits < 3)
		return;
	if (ktally_utf8_width(name) <= (size_t)fits) {
		put_escaped(out, name);
		return;
	}
	for (n = 0; n < fits - 2; n++)
		ktally_utf8_next(&at);
	cut = strndup(name, at - name);
	if (cut)
		put_escaped(out, cut);
	free(cut);
	fputs("..", out);
}

static void put_frame(struct graph *graph, const struct ktally_node *node, const char *name, const char *module, unsigned int level, uint64_t start)
{
	double scale = (WIDTH - 2.0 * PAD) / graph->total, x = PAD + start * scale, width = node->total * scale;
	unsigned int y = TOP + level * PITCH;
	FILE *out = graph->out;
	char text[96];

	fprintf(out, "<g class=\"%s\" data-s=\"%" PRIu64 "\" data-w=\"%" PRIu64 "\" data-d=\"%u\" data-n=\"", width < THIN ? "f thin" : "f", start, node->total, level);
	put_escaped(out, name);
	fputs("\"><title>", out);
	put_escaped(out, name);
	if (*module) {
		fputs(*module == '[' ? " " : " (", out);
		put_escaped(out, module);
		fputs(*module == '[' ? "" : ")", out);
	}
	amount(graph, node->total, text, sizeof(text));
	fprintf(out, "\n%s, %.2f%%", text, 100.0 * node->total / graph->total);
	if (graph->flame->before)
		put_change(graph, node);
	fprintf(out, "</title><rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" rx=\"1\" fill=\"", x, y, width, FRAME_HEIGHT);
	put_node_colour(graph, node, name);
	fprintf(out, "\"/><text x=\"%.2f\" y=\"%u\">", x + 3, y + 12);
	put_fitting(out, name, width);
	fputs("</text></g>\n", out);
	graph->drawn++;
}

static bool tiny(const struct graph *graph, const struct ktally_node *node)
{
	return node->total * ((WIDTH - 2.0 * PAD) / graph->total) < TINY;
}

/* Depth first without recursion: @start[level] is where the next frame of that level begins. */
static int put_frames(struct graph *graph)
{
	const struct ktally_node *nodes = graph->tree->nodes;
	uint64_t *start = calloc(graph->depth + 2, sizeof(*start));
	unsigned int level = 0;
	uint32_t at = 0;

	if (!start)
		return -ENOMEM;
	put_frame(graph, &nodes[0], "all", "", 0, 0);
	for (;;) {
		if (nodes[at].first_child && (!at || !tiny(graph, &nodes[at]))) {
			start[level + 1] = start[level];
			at = nodes[at].first_child;
			level++;
		} else {
			while (at && !nodes[at].next) {
				start[level] += nodes[at].total;
				at = nodes[at].parent;
				level--;
			}
			if (!at)
				break;
			start[level] += nodes[at].total;
			at = nodes[at].next;
		}
		if (!tiny(graph, &nodes[at]))
			put_frame(graph, &nodes[at], ktally_strtab_get(graph->names, nodes[at].step.name),
				  ktally_strtab_get(graph->names, nodes[at].step.module), level, start[level]);
	}
	free(start);
	return 0;
}

/* ---- around the frames ---- */

static void put_legend(const struct graph *graph)
{
	bool seen[sizeof(palettes) / sizeof(palettes[0])] = { false };
	unsigned int x = PAD, i;

	for (i = 1; i < graph->tree->nr; i++)
		seen[graph->tree->nodes[i].step.class] = true;
	for (i = 0; graph->flame->before && i < 3; i++, x += 130) {
		fprintf(graph->out, "<rect x=\"%u\" y=\"70\" width=\"11\" height=\"11\" rx=\"1\" fill=\"", x);
		put_change_colour(graph->out, i < 2, i > 0);
		fprintf(graph->out, "\"/><text class=\"legend\" x=\"%u\" y=\"80\">%s</text>\n", x + 16,
			i == 0 ? "less" : i == 1 ? "as before" : "more");
	}
	for (i = 0; i < sizeof(palettes) / sizeof(palettes[0]); i++) {
		if (!seen[i] || graph->flame->before)
			continue;
		fprintf(graph->out, "<rect x=\"%u\" y=\"70\" width=\"11\" height=\"11\" rx=\"1\" fill=\"", x);
		put_colour(graph->out, i, "");
		fprintf(graph->out, "\"/><text class=\"legend\" x=\"%u\" y=\"80\">%s</text>\n", x + 16, palettes[i].legend);
		x += 40 + 8 * strlen(palettes[i].legend);
	}
	fprintf(graph->out, "<text id=\"flip\" class=\"button hidden\" x=\"%u\" y=\"80\">flip</text>\n", x);
	fprintf(graph->out, "<text id=\"reset\" class=\"button hidden\" x=\"%u\" y=\"80\">reset zoom</text>\n", x + 50);
}

static void put_head(const struct graph *graph)
{
	unsigned int height = TOP + (graph->depth + 1) * PITCH + BOTTOM;
	const struct ktally_report *report = graph->report;
	FILE *out = graph->out;
	char text[96];

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\""
		" data-total=\"%" PRIu64 "\" data-depth=\"%u\" data-top=\"%d\" data-unit=\"", WIDTH, height, WIDTH, height, graph->total, graph->depth, TOP);
	if (graph->weight->unit == KTALLY_KIND_NS)
		fputs("ns", out);
	else if (graph->weight->unit == KTALLY_KIND_BYTES)
		fputs("bytes", out);
	else
		put_escaped(out, graph->weight->name);
	fprintf(out, "\">\n<style>\n%s</style>\n<text id=\"title\" x=\"%d\" y=\"26\">", ktally_flamegraph_style, PAD);
	if (graph->flame->before) {
		put_escaped(out, graph->flame->before_report->title ? graph->flame->before_report->title : "");
		put_escaped(out, " -> ");
	}
	put_escaped(out, report->title && *report->title ? report->title : "flame graph");
	fprintf(out, "</text>\n<text id=\"note\" x=\"%d\" y=\"48\">", PAD);
	amount(graph, graph->total, text, sizeof(text));
	put_escaped(out, text);
	if (graph->weight->unit != KTALLY_KIND_UINT)
		put_escaped(out, " of "), put_escaped(out, graph->weight->name);
	if (report->hostname && *report->hostname)
		fputs(" on ", out), put_escaped(out, report->hostname);
	ktally_units_scaled(KTALLY_KIND_NS, report->duration_ns, text, sizeof(text));
	fprintf(out, " in %s%s</text>\n", text, ktally_report_complete(report, NULL, 0) ? "" : "; not complete: hits were lost");
	fprintf(out, "<foreignObject id=\"box\" class=\"hidden\" x=\"%d\" y=\"34\" width=\"240\" height=\"24\"><input xmlns=\"http://www.w3.org/1999/xhtml\""
		" id=\"query\" type=\"search\" placeholder=\"search (Ctrl-F)\"/></foreignObject>\n", WIDTH - PAD - 240);
	fprintf(out, "<text id=\"matched\" x=\"%d\" y=\"80\" text-anchor=\"end\"></text>\n", WIDTH - PAD);
	put_legend(graph);
}

/* What is not in the picture any more has no width: it is told. */
static double gone_share(const struct graph *graph)
{
	const struct ktally_node *nodes = graph->tree->nodes;
	uint64_t gone = 0, all = graph->flame->before[0].total;
	uint32_t i;

	for (i = 1; i < graph->tree->nr; i++)
		if (!nodes[i].total && nodes[nodes[i].parent].total)
			gone += graph->flame->before[i].total;
	return all ? 100.0 * gone / all : 0;
}

static void put_foot(const struct graph *graph)
{
	unsigned int y = TOP + (graph->depth + 1) * PITCH + 20;
	uint32_t folded = 1, i;

	for (i = 1; i < graph->tree->nr; i++)
		folded += graph->tree->nodes[i].total > 0;
	folded -= graph->drawn;
	fprintf(graph->out, "<text id=\"details\" x=\"%d\" y=\"%u\">", PAD, y);
	if (folded)
		fprintf(graph->out, "%" PRIu32 " frames narrower than %.1f pixel are not drawn", folded, TINY);
	if (graph->flame->before)
		fprintf(graph->out, "%s%.2f%% of what was before is in stacks that are gone, which have no width; compare the other way round to see them",
			folded ? "; " : "", gone_share(graph));
	fprintf(graph->out, "</text>\n<g class=\"ruler\" visibility=\"hidden\"><text id=\"ruler\" y=\"-50\">mmmmmmmmmmmmmmmmmmmm</text></g>\n"
		"<script><![CDATA[\n%s]]></script>\n</svg>\n", ktally_flamegraph_script);
}

int ktally_flamegraph_draw(const struct ktally_flamegraph *flame, FILE *out, struct ktally_error *err)
{
	struct graph graph = { .report = flame->report, .weight = flame->weight, .tree = flame->tree, .names = flame->names, .flame = flame, .out = out };
	int ret;

	graph.total = flame->tree->nodes[0].total;
	graph.depth = ktally_calltree_depth(flame->tree);
	if (!graph.total)
		return ktally_fail(err, -ENODATA, "nothing was seen: a flame graph of 0 %s would be empty", flame->weight->name);
	put_head(&graph);
	fputs("<g id=\"frames\">\n", out);
	ret = put_frames(&graph);
	fputs("</g>\n", out);
	put_foot(&graph);
	return ret ? ktally_fail(err, ret, "no memory to draw %" PRIu32 " frames", flame->tree->nr) : 0;
}

int ktally_export_flamegraph(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct ktally_flamegraph flame = { .report = report };
	struct ktally_calltree *tree;
	struct ktally_strtab *names;
	struct ktally_weight weight;
	int ret;

	ktally_weight_choose(report, &weight);
	ret = ktally_build_calltree(report, &weight, &tree, &names, err);
	if (ret)
		return ret;
	flame.weight = &weight;
	flame.tree = tree;
	flame.names = names;
	ret = ktally_flamegraph_draw(&flame, out, err);
	ktally_calltree_free(tree);
	ktally_strtab_free(names);
	return ret;
}
