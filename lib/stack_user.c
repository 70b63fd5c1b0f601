// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames of a user stack: the native ones, and those of a language (Python) in the places of the calls of its interpreter.
 *
 * Each call of the interpreter's loop is one native frame, and stands for the frames of the language up to and with the one that native
 * code called (KTALLY_WORD_ENTRY): a call of one Python function by another need not leave the loop. All other native frames stay: what
 * the interpreter does on the way from its loop to an extension, and back from there to its loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "python_code.h"
#include "stack_view.h"
#include "symtab.h"

#define LOOP "_PyEval_EvalFrameDefault"

/**
 * struct stack - both kinds of frames, innermost first
 * @native: symbolized; @loops: how many are a call of the interpreter's loop
 * @words: of the interpreter; @groups: how many calls of the loop they belong to
 * @cut: mark of why the native walk ended early, NULL: it did not
 * @stray: the outermost native one is at no code at all, so the walk went astray there
 * @words_cut: there are more frames of the language than @words
 */
struct stack {
	struct ktally_stack_view *view;
	struct ktally_symbolizer *sym;
	uint64_t image;
	const struct ktally_frame **native;
	unsigned int nr_native, loops;
	const uint64_t *words;
	unsigned int nr_words, groups;
	const char *cut;
	bool stray, words_cut;
};

static const char *cut_name(uint64_t word)
{
	static const char *const names[] = {
		[KTALLY_CUT_NONE] = "[cut]",
		[KTALLY_CUT_DEPTH] = "[cut: depth]",
		[KTALLY_CUT_MAPPING] = "[cut: unknown code]",
		[KTALLY_CUT_TABLE] = "[cut: no unwind table]",
		[KTALLY_CUT_RULE] = "[cut: no unwind rule]",
		[KTALLY_CUT_FAULT] = "[cut: stack not in memory]",
		[KTALLY_CUT_LOOP] = "[cut: stack goes astray]",
	};
	uint64_t reason = KTALLY_WORD_CUT_REASON(word);

	return names[reason <= KTALLY_CUT_MAX ? reason : KTALLY_CUT_NONE];
}

/* ---- which native frames are the interpreter's loop ---- */

/* The function itself, not what is inlined into it at that address. */
static const struct ktally_frame *whole_function(const struct ktally_frame *frame)
{
	while (frame->outer)
		frame = frame->outer;
	return frame;
}

/* Compilers put parts of it elsewhere: "_PyEval_EvalFrameDefault.cold", ".lto_priv.0" */
static bool is_loop(const struct ktally_frame *frame)
{
	const char *name = whole_function(frame)->name;

	return !strncmp(name, LOOP, sizeof(LOOP) - 1) && (!name[sizeof(LOOP) - 1] || strchr("./", name[sizeof(LOOP) - 1]));
}

/* A part of the loop that is called by the rest of it: both are one call. */
static bool is_called_part(const struct stack *stack, unsigned int i)
{
	return i + 1 < stack->nr_native && is_loop(stack->native[i]) && strstr(whole_function(stack->native[i])->name, ".part.") &&
	       is_loop(stack->native[i + 1]);
}

/*
 * Where stacks are walked by frame pointers alone, a program built without them sends the walk astray. An address that nothing was
 * mapped at shows where: what lies outward of it is no part of the stack, but for that one address.
 */
static int symbolize_native(struct stack *stack, const uint64_t *words, unsigned int nr)
{
	bool caller = false;
	unsigned int i;

	stack->native = calloc(nr + 1, sizeof(*stack->native));
	if (!stack->native)
		return -ENOMEM;
	if (nr) {
		ktally_symbolize_soon(stack->sym, stack->image, words, 1, false);
		ktally_symbolize_soon(stack->sym, stack->image, words + 1, nr - 1, true);
	}
	for (i = 0; i < nr; i++) {
		stack->native[i] = ktally_symbolize_user(stack->sym, stack->image, words[i], caller);
		stack->nr_native++;
		if (!*stack->native[i]->module) {
			stack->stray = true;
			break;
		}
		/* What a signal interrupted stands exactly there. */
		caller = !ktally_frame_is_signal(stack->native[i]);
	}
	for (i = 0; i < stack->nr_native; i++)
		stack->loops += is_loop(stack->native[i]) && !is_called_part(stack, i);
	return 0;
}

/* ---- the language's ---- */

static void count_groups(struct stack *stack)
{
	unsigned int i;

	while (stack->nr_words && !KTALLY_WORD_CODE(stack->words[stack->nr_words - 1]) &&
	       !(stack->words[stack->nr_words - 1] & KTALLY_WORD_ENTRY)) {
		stack->nr_words--;
		stack->words_cut = true;
	}
	for (i = 0; i < stack->nr_words; i++)
		stack->groups += !!(stack->words[i] & KTALLY_WORD_ENTRY);
	if (i && !(stack->words[i - 1] & KTALLY_WORD_ENTRY))
		stack->groups++;
}

static int push_mark(struct stack *stack, const char *name)
{
	return ktally_view_push(stack->view, ktally_symbolize_mark(stack->sym, name));
}

/* The outermost group, which is taken off. *@shown: whether anything came of it. */
static int push_group(struct stack *stack, bool *shown)
{
	const struct ktally_frame *frame;

	*shown = false;
	if (stack->words_cut && push_mark(stack, "[cut: frames of the interpreter]"))
		return -ENOMEM;
	stack->words_cut = false;
	stack->groups--;
	while (stack->nr_words) {
		stack->nr_words--;
		if (KTALLY_WORD_CODE(stack->words[stack->nr_words])) {
			frame = ktally_symbolize_user(stack->sym, stack->image, stack->words[stack->nr_words], false);
			if (strcmp(frame->name, KTALLY_CODE_OWN)) {
				*shown = true;
				if (ktally_view_push(stack->view, frame))
					return -ENOMEM;
			}
		}
		if (stack->nr_words && stack->words[stack->nr_words - 1] & KTALLY_WORD_ENTRY)
			break;
	}
	return 0;
}

/* ---- both ---- */

/* A frame and those that it is inlined into, outermost first. */
static int push_inlined(struct ktally_stack_view *view, const struct ktally_frame *frame)
{
	int ret = frame && frame->outer ? push_inlined(view, frame->outer) : 0;

	return ret ? ret : ktally_view_push(view, frame);
}

/*
 * How many calls of the loop, counted from outside, have no frames of the language. Both counts are of the same calls, but: a frame is
 * in the interpreter's chain a few instructions after its call of the loop began, and leaves it a few before that ends; and a program
 * that switches stacks (greenlets) has older calls below, whose frames are not in the chain now. So it is the innermost that has none
 * if the program stands there, else the outermost.
 */
static unsigned int outer_without_frames(const struct stack *stack)
{
	unsigned int more = stack->loops > stack->groups ? stack->loops - stack->groups : 0;
	bool whole = !stack->cut && !stack->stray && !stack->words_cut;

	if (whole && more == 1 && (is_loop(stack->native[0]) || (stack->nr_native > 1 && is_loop(stack->native[1]))))
		return 0;
	return more;
}

/* Groups of calls that are beyond the cut of the native walk. */
static int push_leading_groups(struct stack *stack)
{
	bool shown;
	int ret = 0;

	while (!ret && stack->groups > stack->loops)
		ret = push_group(stack, &shown);
	return ret;
}

/*
 * The interpreter's loop has no name: then all frames of the language stand inward of the interpreter's innermost native frame, in
 * right order but not among what they called and were called by.
 */
static int push_nameless(struct stack *stack)
{
	const char *file;
	unsigned int inner, i;
	bool shown;
	int ret = 0;

	for (inner = 0; inner < stack->nr_native; inner++) {
		file = strrchr(stack->native[inner]->module, '/');
		if (file && (!strncmp(file, "/python3", 8) || !strncmp(file, "/libpython3", 11)))
			break;
	}
	if (inner == stack->nr_native)
		inner = 0;
	for (i = stack->nr_native; i-- > inner && !ret;)
		ret = push_inlined(stack->view, stack->native[i]);
	while (stack->groups && !ret)
		ret = push_group(stack, &shown);
	for (i = inner; i-- > 0 && !ret;)
		ret = push_inlined(stack->view, stack->native[i]);
	return ret;
}

static int push_merged(struct stack *stack, unsigned int without)
{
	unsigned int i;
	bool shown;
	int ret = 0;

	for (i = stack->nr_native; i-- > 0 && !ret;) {
		shown = false;
		if (is_called_part(stack, i))
			continue;
		if (is_loop(stack->native[i])) {
			if (without)
				without--;
			else if (stack->groups)
				ret = push_group(stack, &shown);
		}
		if (!shown && !ret)
			ret = push_inlined(stack->view, stack->native[i]);
	}
	return ret;
}

static int push_all(struct stack *stack)
{
	unsigned int without = outer_without_frames(stack);
	int ret;

	if (!stack->loops && stack->groups && !stack->cut && !stack->stray)
		return push_nameless(stack);
	ret = push_leading_groups(stack);
	if (!ret && stack->cut)
		ret = push_mark(stack, stack->cut);
	return ret ? ret : push_merged(stack, without);
}

int ktally_view_user(struct ktally_stack_view *view, struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, unsigned int nr)
{
	struct stack stack = { .view = view, .sym = sym, .image = image };
	unsigned int nr_native = 0;
	int ret;

	if (!nr)
		return 0;
	while (nr_native < nr && !(words[nr_native] & KTALLY_WORD_INTERP))
		nr_native++;
	stack.words = words + nr_native;
	stack.nr_words = nr - nr_native;
	if (nr_native && KTALLY_WORD_IS_CUT(words[nr_native - 1]))
		stack.cut = cut_name(words[--nr_native]);
	ret = symbolize_native(&stack, words, nr_native);
	count_groups(&stack);
	if (!ret)
		ret = push_all(&stack);
	free(stack.native);
	return ret;
}
