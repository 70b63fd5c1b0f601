// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where inside of a function the hits of a report are, and where that is in its file. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "recording.h"

struct annotating {
	struct ktally_annotation *annotation;
	const char *function;
	size_t room;
};

static int add_place(struct annotating *annotating, const struct ktally_frame *frame, bool leaf, uint64_t weight)
{
	struct ktally_annotation *annotation = annotating->annotation;
	size_t room = annotating->room ? annotating->room * 2 : 256;
	uint64_t offset = frame->address - frame->symbol_address;
	struct ktally_annotated *places;

	if (annotation->nr == annotating->room) {
		places = realloc(annotation->places, room * sizeof(*places));
		if (!places)
			return -ENOMEM;
		annotation->places = places;
		annotating->room = room;
	}
	annotation->places[annotation->nr++] = (struct ktally_annotated){ .offset = leaf || !offset ? offset : offset - 1,
									  .self = leaf ? weight : 0, .total = weight };
	return 0;
}

/* Of functions of one name in several files that of the first is meant; the others are counted. */
static bool is_meant(struct ktally_annotation *annotation, const struct ktally_frame *frame)
{
	if (!annotation->frame)
		annotation->frame = frame;
	if (!strcmp(annotation->frame->module, frame->module) && !strcmp(annotation->frame->build_id, frame->build_id) &&
	    (frame->kernel || annotation->frame->symbol_address - annotation->frame->map_start + annotation->frame->map_offset ==
			      frame->symbol_address - frame->map_start + frame->map_offset))
		return true;
	annotation->elsewhere = true;
	return false;
}

/* What recursion finds several times counts as often, but the innermost, which is itself. */
static int count_path(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct annotating *annotating = arg;
	unsigned int i;

	annotating->annotation->all += path->weight;
	for (i = 0; i < path->nr; i++) {
		const struct ktally_frame *frame = path->frames[i];

		if (!frame || !frame->symbol_address || frame->outer || strcmp(frame->name, annotating->function))
			continue;
		if (is_meant(annotating->annotation, frame) && add_place(annotating, frame, i + 1 == path->nr, path->weight))
			return ktally_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct ktally_annotated *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void merge_places(struct ktally_annotation *annotation)
{
	size_t kept = 0, i;

	if (annotation->nr)
		qsort(annotation->places, annotation->nr, sizeof(*annotation->places), by_offset);
	for (i = 0; i < annotation->nr; i++) {
		annotation->self += annotation->places[i].self;
		annotation->total += annotation->places[i].total;
		if (kept && annotation->places[kept - 1].offset == annotation->places[i].offset) {
			annotation->places[kept - 1].self += annotation->places[i].self;
			annotation->places[kept - 1].total += annotation->places[i].total;
		} else {
			annotation->places[kept++] = annotation->places[i];
		}
	}
	annotation->nr = kept;
}

int ktally_annotate(struct ktally_annotation **out, const struct ktally_report *report, const char *function, struct ktally_error *err)
{
	struct annotating annotating = { .annotation = calloc(1, sizeof(*annotating.annotation)), .function = function };
	struct ktally_strtab *names = ktally_strtab_new();
	struct ktally_weight weight;
	int ret = 0;

	ktally_weight_choose(report, &weight);
	if (!annotating.annotation || !names)
		ret = ktally_fail(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = ktally_walk_stacks(report, &weight, 0, names, count_path, &annotating, err);
	if (!ret && !annotating.annotation->frame)
		ret = ktally_fail(err, -ENOENT, "no stack has a function '%s' of known place; ktally report lists the functions", function);
	ktally_strtab_free(names);
	if (ret) {
		ktally_annotation_free(annotating.annotation);
		return ret;
	}
	annotating.annotation->unit = weight.unit;
	snprintf(annotating.annotation->unit_name, sizeof(annotating.annotation->unit_name), "%s", weight.name);
	merge_places(annotating.annotation);
	*out = annotating.annotation;
	return 0;
}

void ktally_annotation_free(struct ktally_annotation *annotation)
{
	if (!annotation)
		return;
	free(annotation->places);
	free(annotation);
}

static bool address_of(int fd, uint64_t offset, uint64_t *vaddr)
{
	bool found = false;
	GElf_Phdr header;
	size_t nr = 0, i;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return false;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && !elf_getphdrnum(elf, &nr)) {
		for (i = 0; i < nr && !found; i++) {
			if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD || offset < header.p_offset ||
			    offset - header.p_offset >= header.p_filesz)
				continue;
			*vaddr = offset - header.p_offset + header.p_vaddr;
			found = true;
		}
	}
	elf_end(elf);
	return found;
}

int ktally_annotation_open(const struct ktally_annotation *annotation, const char *symfs, uint64_t *vaddr)
{
	const struct ktally_frame *frame = annotation->frame;
	int fd;

	if (frame->kernel || !frame->map_end)
		return -1;
	fd = ktally_recorded_open(symfs, frame->module, frame->build_id);
	if (fd >= 0 && address_of(fd, frame->symbol_address - frame->map_start + frame->map_offset, vaddr))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
