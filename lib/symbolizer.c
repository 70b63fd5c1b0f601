// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts names on addresses: kernel and user, each address once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "jit_names.h"
#include "modules.h"
#include "process.h"
#include "python_code.h"
#include "recording.h"
#include "symtab.h"

/* Where an address lies. @at: where to look it up: in the call, of a return address */
struct where {
	uint64_t image, ip, at;
	const struct ktally_map *map;
	struct ktally_module *module;
};

/* A frame of which the symbol is known, but its name is still to be read. */
struct later {
	struct ktally_frame *frame;
	struct ktally_elf_hit hit;
	struct where where;
};

#define LATER 32U

struct ktally_symbolizer {
	struct ktally_processes *procs;
	struct ktally_ksyms *ksyms;
	bool ksyms_later;	/* they are read when first asked for */
	struct ktally_modules *modules;
	struct ktally_frames *frames;
	char kernel_id[KTALLY_BUILD_ID_TEXT];
	struct ktally_frame no_memory;
	unsigned int want;
	struct later later[LATER];
	unsigned int nr_later;
	bool defer;
	bool recorded;		/* nothing is asked of this machine */
	struct ktally_stackset *asked;	/* recorded frames that a file here was asked for */
	uint64_t nr_asked;
	struct ktally_cgroups *cgroups;	/* what names containers, borrowed */
};

#define MARK_IMAGE (UINT64_MAX - 1)
#define UNKNOWN "[unknown]"

static bool lacks_name(const struct ktally_frame *frame)
{
	return frame->unnamed || !strcmp(frame->name, UNKNOWN);
}

static void read_kernel_id(char *text)
{
	size_t size;
	char *notes = ktally_read_file("/sys/kernel/notes", &size);

	*text = 0;
	if (notes)
		ktally_notes_build_id(notes, size, text);
	free(notes);
}

static struct ktally_symbolizer *new_symbolizer(struct ktally_processes *procs)
{
	struct ktally_symbolizer *sym = calloc(1, sizeof(*sym));

	if (!sym)
		return NULL;
	sym->procs = procs;
	sym->frames = ktally_frames_new();
	sym->modules = ktally_modules_new();
	sym->no_memory = (struct ktally_frame){ .name = UNKNOWN, .module = "", .build_id = "", .file = "" };
	if (!sym->frames || !sym->modules) {
		ktally_symbolizer_free(sym);
		return NULL;
	}
	return sym;
}

int ktally_symbolizer_new(struct ktally_symbolizer **out, struct ktally_processes *procs, struct ktally_error *err)
{
	struct ktally_symbolizer *sym = new_symbolizer(procs);
	int ret;

	*out = NULL;
	if (!sym)
		return ktally_fail(err, -ENOMEM, "out of memory");
	read_kernel_id(sym->kernel_id);
	sym->ksyms_later = ktally_ksyms_visible();
	ret = sym->ksyms_later ? 0 : ktally_ksyms_load(&sym->ksyms, err);
	if (ret == -ENOMEM) {
		ktally_symbolizer_free(sym);
		return ret;
	}
	*out = sym;
	return ret ? -EPERM : 0;
}

void ktally_symbolizer_free(struct ktally_symbolizer *sym)
{
	if (!sym)
		return;
	ktally_frames_free(sym->frames);
	ktally_ksyms_free(sym->ksyms);
	ktally_modules_free(sym->modules);
	ktally_stackset_free(sym->asked);
	free(sym);
}

int ktally_symbolizer_expect(struct ktally_symbolizer *sym, size_t nr)
{
	return ktally_frames_expect(sym->frames, nr);
}

/*
 * The frame of an address, from the cache or new and blank (*@fresh). The cache is keyed by the address to look up and
 * whether it is a return address, for the frame shows the address itself.
 */
static struct ktally_frame *get_frame(struct ktally_symbolizer *sym, uint64_t image, uint64_t ip, bool caller, bool *fresh)
{
	struct ktally_frame *frame = ktally_frames_get(sym->frames, ktally_frame_key(image, caller), ip, fresh);

	if (!frame)
		return &sym->no_memory;
	if (*fresh)
		*frame = (struct ktally_frame){ .name = UNKNOWN, .module = "", .build_id = "", .file = "", .address = ip };
	return frame;
}

const struct ktally_frame *ktally_symbolize_kernel(struct ktally_symbolizer *sym, uint64_t ip, bool caller)
{
	struct ktally_ksym found;
	struct ktally_frame *frame;
	bool fresh;

	frame = get_frame(sym, KTALLY_KERNEL_IMAGE, ip, caller, &fresh);
	if (!fresh || frame == &sym->no_memory)
		return frame;
	frame->kernel = true;
	frame->kind = KTALLY_FRAME_KERNEL;
	frame->module = "[kernel]";
	frame->build_id = sym->kernel_id;
	if (sym->ksyms_later)
		ktally_ksyms_load(&sym->ksyms, NULL);
	sym->ksyms_later = false;
	if (!sym->ksyms)
		return frame;
	if (ktally_ksyms_name(sym->ksyms, ip, caller, &found)) {
		frame->name = found.name;
		frame->module = found.module;
		frame->symbol_address = found.address;
	}
	ktally_ksyms_text(sym->ksyms, &frame->map_start, &frame->map_end);
	if (strcmp(frame->module, "[kernel]")) {
		frame->build_id = ktally_ksyms_build_id(sym->ksyms, frame->module);
		frame->map_start = 0;
		frame->map_end = 0;
	}
	return frame;
}

/* What a process says itself of its code. Return: found */
static bool name_jit(struct ktally_symbolizer *sym, struct ktally_frame *frame, uint64_t image, uint64_t ip)
{
	struct ktally_jit_name found;

	if (sym->recorded || !ktally_jit_find(ktally_processes_jit(sym->procs), image >> 32, ip, 0, &found))
		return false;
	frame->kind = KTALLY_FRAME_JIT;
	frame->name = found.name;
	frame->symbol_address = found.address;
	if (sym->want & KTALLY_SYMBOLIZE_LINES) {
		frame->file = found.file;
		frame->line = found.line;
	}
	return true;
}

const char *ktally_symbolizer_trouble(const struct ktally_symbolizer *sym)
{
	return sym->procs ? ktally_jit_trouble(ktally_processes_jit(sym->procs)) : NULL;
}

void ktally_symbolizer_want(struct ktally_symbolizer *sym, unsigned int flags)
{
	sym->want = flags;
}

const struct ktally_frame *ktally_symbolize_mark(struct ktally_symbolizer *sym, const char *name)
{
	struct ktally_frame *frame;
	bool fresh;

	frame = get_frame(sym, MARK_IMAGE, (uintptr_t)name, false, &fresh);
	if (fresh)
		*frame = (struct ktally_frame){ .name = name, .module = "", .build_id = "", .file = "", .kind = KTALLY_FRAME_MARK };
	return frame;
}

static uint64_t offset_of(const struct ktally_map *map, uint64_t address)
{
	return address - map->start + map->offset;
}

/*
 * A signal handler returns to code that it was not called from: what comes before that code in memory has nothing to do with it.
 * It is known by its name, or where that is gone, by what it does.
 */
static bool name_trampoline(struct ktally_symbolizer *sym, struct ktally_frame *frame, const struct where *where)
{
	uint64_t offset = offset_of(where->map, where->ip);
	struct ktally_frame named = *frame;
	struct ktally_elf_hit hit;
	uint64_t distance;
	bool found;

	if (where->at == where->ip || where->ip >= where->map->end)
		return false;
	found = ktally_module_look(where->module, offset, &hit, &distance);
	if (found && distance)
		return false;
	named.name = found ? ktally_module_read(where->module, &hit) : NULL;
	if (!named.name && ktally_module_is_trampoline(where->module, sym->procs, where->map, where->image >> 32, offset))
		named.name = KTALLY_TRAMPOLINE;
	if (!named.name || !ktally_frame_is_signal(&named))
		return false;
	frame->name = named.name;
	frame->symbol_address = where->ip;
	return true;
}

/* Names lie in any order in their table: until some symbols more are found, the memory of this one's has arrived. */
static bool name_later(struct ktally_symbolizer *sym, struct ktally_frame *frame, const struct where *where)
{
	struct later *later = &sym->later[sym->nr_later];
	uint64_t distance;

	if (!sym->defer || !ktally_module_look(where->module, offset_of(where->map, where->at), &later->hit, &distance))
		return false;
	ktally_elf_name_soon(where->module->elf, later->hit.name);
	frame->symbol_address = where->at - distance;
	later->frame = frame;
	later->where = *where;
	sym->nr_later++;
	return true;
}

static void set_place(struct ktally_symbolizer *sym, struct ktally_frame *frame, const struct ktally_place *place)
{
	const char *file = *place->file ? ktally_modules_text(sym->modules, place->file) : NULL;

	frame->file = file ? file : "";
	frame->line = file ? place->line : 0;
}

/* A frame that stands for what is inlined: it differs from the function's own in name and place. */
static struct ktally_frame *inlined_frame(struct ktally_symbolizer *sym, const struct ktally_frame *outer, const struct ktally_place *place)
{
	struct ktally_frame *frame = ktally_frames_more(sym->frames);
	const char *name = frame ? ktally_modules_readable(sym->modules, place->function) : NULL;

	if (!frame)
		return NULL;
	*frame = *outer;
	frame->name = name && *name ? name : UNKNOWN;
	frame->unnamed = false;
	frame->symbol_address = 0;
	frame->outer = outer;
	set_place(sym, frame, place);
	return frame;
}

/*
 * The frame that was handed out becomes that of the innermost function; the others are chained to it. Without a symbol the function
 * is called as the debug information calls it.
 */
static void find_places(struct ktally_symbolizer *sym, struct ktally_frame *frame, const struct where *where)
{
	struct ktally_place places[KTALLY_PLACES_MAX];
	unsigned int nr = ktally_module_places(where->module, sym->procs, where->map, where->image >> 32, offset_of(where->map, where->at),
					       sym->want & KTALLY_SYMBOLIZE_INLINES, places);
	struct ktally_frame *outermost, *at;

	if (!nr)
		return;
	if (lacks_name(frame) && *places[nr - 1].function) {
		frame->name = ktally_modules_readable(sym->modules, places[nr - 1].function);
		frame->unnamed = false;
	}
	if (!frame->name)
		frame->name = UNKNOWN;
	set_place(sym, frame, &places[nr - 1]);
	outermost = nr > 1 ? ktally_frames_more(sym->frames) : NULL;
	if (!outermost)
		return;
	*outermost = *frame;
	at = outermost;
	while (--nr && at)
		at = inlined_frame(sym, at, &places[nr - 1]);
	if (at)
		*frame = *at;
}

static void name_native(struct ktally_symbolizer *sym, struct ktally_frame *frame, const struct where *where)
{
	uint64_t distance;
	const char *name;

	frame->module = where->module->path;
	frame->build_id = ktally_module_build_id(where->module);
	if (name_trampoline(sym, frame, where) || name_later(sym, frame, where))
		return;
	name = ktally_module_find(where->module, offset_of(where->map, where->at), &distance);
	if (!name)
		name = ktally_module_function(where->module, sym->procs, where->map, where->image >> 32, offset_of(where->map, where->at),
					      &distance, &frame->unnamed);
	if (name) {
		frame->name = name;
		frame->symbol_address = where->at - distance;
	}
	if (sym->want)
		find_places(sym, frame, where);
}

/* What has a symbol without a name is looked up again, all the way; the mapping may lie elsewhere by now. */
static void read_later(struct ktally_symbolizer *sym)
{
	struct later *later;
	const char *name;
	unsigned int i;

	sym->defer = false;
	for (i = 0; i < sym->nr_later; i++) {
		later = &sym->later[i];
		name = ktally_module_read(later->where.module, &later->hit);
		if (name) {
			later->frame->name = name;
			continue;
		}
		later->frame->symbol_address = 0;
		later->where.map = ktally_processes_find(sym->procs, later->where.image, later->where.at);
		if (later->where.map)
			name_native(sym, later->frame, &later->where);
	}
	sym->nr_later = 0;
}

void ktally_symbolizer_defer(struct ktally_symbolizer *sym, bool defer)
{
	read_later(sym);
	sym->defer = defer && !sym->want && !sym->recorded;	/* those look at the name at once */
}

/* A frame of an interpreter, for which native code stands between it and its caller or not. */
static const struct ktally_frame *symbolize_code(struct ktally_symbolizer *sym, uint64_t image, uint64_t word)
{
	const struct ktally_code_object *object;
	struct ktally_frame *frame;
	bool fresh;

	frame = get_frame(sym, image, word & ~KTALLY_WORD_ENTRY, false, &fresh);
	/* What was unknown may have become known by a later record. */
	if (frame == &sym->no_memory || (!fresh && frame->symbol_address) || !sym->procs)
		return frame;
	frame->kind = KTALLY_FRAME_PYTHON;
	frame->module = "[python]";
	frame->address = KTALLY_WORD_CODE(word);
	object = ktally_processes_code(sym->procs, image, KTALLY_WORD_CODE(word));
	if (!object)
		return frame;
	frame->symbol_address = KTALLY_WORD_CODE(word);
	frame->name = object->name;
	frame->file = object->file;
	frame->line = ktally_python_line(object, KTALLY_WORD_INSTRUCTION(word));
	return frame;
}

/* What a recording does not tell of a frame may be told by the file, if it is here. Asked once; what was recorded is not lost by it. */
static void ask_file(struct ktally_symbolizer *sym, struct ktally_frame *frame, struct where *where)
{
	const uint64_t key = (uintptr_t)frame;
	struct ktally_frame saved = *frame;
	int64_t last = (int64_t)sym->nr_asked, id;

	if (frame->kind != KTALLY_FRAME_NATIVE || !sym->procs || (!lacks_name(frame) && !(sym->want && !*frame->file)))
		return;
	id = ktally_stackset_add(sym->asked, &key, 1);
	if (id <= last)
		return;
	sym->nr_asked = (uint64_t)id;
	where->map = ktally_processes_find(sym->procs, where->image, where->at);
	where->module = where->map ? ktally_modules_get(sym->modules, sym->procs, where->map, where->image >> 32) : NULL;
	if (!where->module || !*ktally_module_build_id(where->module))
		return;
	frame->name = UNKNOWN;
	name_native(sym, frame, where);
	if (!strcmp(frame->name, UNKNOWN) || (frame->unnamed && !lacks_name(&saved)))
		*frame = saved;
}

/* A word with KTALLY_WORD_GUESS gives a frame of its own. */
const struct ktally_frame *ktally_symbolize_user(struct ktally_symbolizer *sym, uint64_t image, uint64_t word, bool caller)
{
	struct where where = { .image = image, .ip = KTALLY_WORD_ADDRESS(word) };
	struct ktally_frame *frame;
	bool fresh;

	where.at = caller && where.ip ? where.ip - 1 : where.ip;
	if (word & KTALLY_WORD_INTERP)
		return symbolize_code(sym, image, word);
	frame = get_frame(sym, image, word, caller, &fresh);
	if (frame == &sym->no_memory)
		return frame;
	frame->address = where.ip;
	frame->guess = word & KTALLY_WORD_GUESS;
	if (!fresh && frame->map_end && sym->recorded)
		ask_file(sym, frame, &where);
	/* What was unknown may have become known by a later record; and code that a process made, by what it has written since. */
	if ((!fresh && frame->map_end && !(frame->kind == KTALLY_FRAME_JIT && !strcmp(frame->name, UNKNOWN))) || !sym->procs)
		return frame;
	where.map = ktally_processes_find(sym->procs, image, where.at);
	if (!where.map)
		return frame;
	frame->map_start = where.map->start;
	frame->map_end = where.map->end;
	frame->map_offset = where.map->offset;
	if (ktally_jit_mapping(where.map)) {
		frame->module = "[anon]";
		frame->kind = KTALLY_FRAME_JIT;
		name_jit(sym, frame, image, where.at);
		return frame;
	}
	where.module = ktally_modules_get(sym->modules, sym->procs, where.map, image >> 32);
	if (where.module)
		name_native(sym, frame, &where);
	if (sym->nr_later == LATER)
		ktally_symbolizer_defer(sym, true);
	return frame;
}

void ktally_symbolize_soon(const struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, size_t nr, bool caller)
{
	ktally_frames_soon(sym->frames, ktally_frame_key(image, caller), words, nr);
}

/* ---- recordings ---- */

#define TEXT_IMAGE(kind) (MARK_IMAGE - 1 - (kind))

struct ktally_symbolizer *ktally_symbolizer_new_recorded(struct ktally_processes *procs)
{
	struct ktally_symbolizer *sym = new_symbolizer(procs);

	if (!sym)
		return NULL;
	sym->recorded = true;
	sym->asked = ktally_stackset_new();
	if (sym->asked)
		return sym;
	ktally_symbolizer_free(sym);
	return NULL;
}

struct each {
	ktally_frame_fn fn;
	void *arg;
};

static int tell(uint64_t image, uint64_t word, const struct ktally_frame *frame, void *arg)
{
	struct ktally_recorded_frame found = { .image = image, .word = word, .frame = frame };
	const struct each *each = arg;

	found.kernel = ktally_key_is_kernel(image);
	if (!found.kernel && image >= TEXT_IMAGE(KTALLY_KIND_END))
		return 0;
	found.caller = ktally_key_is_caller(image);
	found.image = ktally_frame_key(image, found.caller);
	return each->fn(&found, each->arg);
}

int ktally_symbolizer_each(struct ktally_symbolizer *sym, ktally_frame_fn fn, void *arg)
{
	struct each each = { fn, arg };

	return ktally_frames_each(sym->frames, tell, &each);
}

int ktally_symbolizer_put(struct ktally_symbolizer *sym, const struct ktally_recorded_frame *recorded)
{
	struct ktally_frame *frame;
	bool fresh;

	frame = get_frame(sym, recorded->kernel ? KTALLY_KERNEL_IMAGE : recorded->image, recorded->word, recorded->caller, &fresh);
	if (frame == &sym->no_memory)
		return -ENOMEM;
	*frame = *recorded->frame;
	return 0;
}

int ktally_symbolizer_put_text(struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t value, const char *text)
{
	struct ktally_frame *frame;
	bool fresh;

	frame = get_frame(sym, TEXT_IMAGE(kind), value, false, &fresh);
	if (frame == &sym->no_memory)
		return -ENOMEM;
	frame->name = text;
	return 0;
}

const char *ktally_symbolizer_text(struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t value)
{
	const struct ktally_frame *frame = sym->recorded ? ktally_frames_find(sym->frames, TEXT_IMAGE(kind), value) : NULL;

	return frame ? frame->name : NULL;
}

void ktally_symbolizer_cgroups(struct ktally_symbolizer *sym, struct ktally_cgroups *cgroups)
{
	sym->cgroups = cgroups;
}

struct ktally_cgroups *ktally_symbolizer_get_cgroups(const struct ktally_symbolizer *sym)
{
	return sym->cgroups;
}

bool ktally_symbolizer_recorded(const struct ktally_symbolizer *sym)
{
	return sym->recorded;
}

struct ktally_processes *ktally_symbolizer_processes(const struct ktally_symbolizer *sym)
{
	return sym->procs;
}
