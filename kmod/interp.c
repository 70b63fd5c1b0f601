// SPDX-License-Identifier: GPL-2.0
/*
 * Walks the frames of an interpreter in the memory of the running task.
 *
 * The task stands still while it is looked at, so the frames of its own thread do not change; the list of threads
 * may, under the hands of other CPUs. Nothing is trusted: all is read as user memory, and every list has an end.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "compat/thread_pointer.h"
#include "interp.h"

#define INTERPRETERS_MAX	8
#define THREADS_MAX		256

/* No structure of an interpreter is larger, save the global one of free-threaded builds. */
#define LARGEST_OFFSET		(1U << 24)

bool ktally_piece_read(const struct ktally_piece *piece, unsigned long at, u8 *bytes)
{
	return !copy_from_user_nofault(bytes, (const void __user *)(at + piece->from), piece->end - piece->from);
}

u64 ktally_piece_u64(const struct ktally_piece *piece, const u8 *bytes, u32 offset)
{
	u64 value;

	memcpy(&value, bytes + (offset - piece->from), sizeof(value));
	return value;
}

u32 ktally_piece_u32(const struct ktally_piece *piece, const u8 *bytes, u32 offset)
{
	u32 value;

	memcpy(&value, bytes + (offset - piece->from), sizeof(value));
	return value;
}

static void thread_piece(const struct ktally_interp *interp, struct ktally_piece *piece)
{
	ktally_piece_add(piece, interp->next_thread, sizeof(u64));
	ktally_piece_add(piece, interp->thread_id, sizeof(u64));
	ktally_piece_add(piece, interp->frame, sizeof(u64));
}

static void frame_piece(const struct ktally_interp *interp, struct ktally_piece *piece)
{
	ktally_piece_add(piece, interp->frame_code, sizeof(u64));
	ktally_piece_add(piece, interp->frame_previous, sizeof(u64));
	ktally_piece_add(piece, interp->frame_instruction,
			 interp->flags & KTALLY_INTERP_POINTER ? sizeof(u64) : sizeof(u32));
	if (!(interp->flags & KTALLY_INTERP_EACH_ENTRY))
		ktally_piece_add(piece, interp->frame_entry, 1);
}

void ktally_interp_code_piece(const struct ktally_interp *interp, struct ktally_piece *piece)
{
	ktally_piece_add(piece, interp->code_name, sizeof(u64));
	ktally_piece_add(piece, interp->code_file, sizeof(u64));
	ktally_piece_add(piece, interp->code_line, sizeof(u32));
	ktally_piece_add(piece, interp->code_lines, sizeof(u64));
}

void ktally_interp_text_piece(const struct ktally_interp *interp, struct ktally_piece *piece)
{
	ktally_piece_add(piece, interp->text_state, sizeof(u32));
	ktally_piece_add(piece, interp->text_length, sizeof(u64));
}

static bool piece_fits(const struct ktally_piece *piece)
{
	return piece->end - piece->from <= KTALLY_INTERP_SPAN_MAX;
}

int ktally_interp_check(const struct ktally_interp *interp)
{
	struct ktally_piece thread = KTALLY_PIECE_EMPTY, frame = KTALLY_PIECE_EMPTY;
	struct ktally_piece code = KTALLY_PIECE_EMPTY, text = KTALLY_PIECE_EMPTY;
	const u32 offsets[] = {
		interp->current_thread, interp->first_interp, interp->next_interp, interp->first_thread,
		interp->next_thread, interp->thread_id, interp->frame, interp->cframe_frame,
		interp->frame_code, interp->frame_previous, interp->frame_instruction, interp->frame_entry,
		interp->code_first, interp->code_name, interp->code_file, interp->code_line,
		interp->code_lines, interp->code_type, interp->text_state, interp->text_length,
		interp->text_data, interp->text_wide, interp->bytes_length, interp->bytes_data,
	};
	unsigned int i;

	if (interp->flags & ~(KTALLY_INTERP_CFRAME | KTALLY_INTERP_POINTER | KTALLY_INTERP_TAGGED |
			      KTALLY_INTERP_EACH_ENTRY | KTALLY_INTERP_SHIM))
		return -EINVAL;
	if (!interp->instruction_size || interp->text_kind > 29 || interp->reserved)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(offsets); i++)
		if (offsets[i] > LARGEST_OFFSET)
			return -EINVAL;
	thread_piece(interp, &thread);
	frame_piece(interp, &frame);
	ktally_interp_code_piece(interp, &code);
	ktally_interp_text_piece(interp, &text);
	return piece_fits(&thread) && piece_fits(&frame) && piece_fits(&code) && piece_fits(&text) ? 0 : -EINVAL;
}

static unsigned long read_pointer(unsigned long at)
{
	unsigned long value;

	return copy_from_user_nofault(&value, (const void __user *)at, sizeof(value)) ? 0 : value;
}

/**
 * struct threads - looks for the thread state of the running task
 * @self: its thread pointer
 * @piece: of a thread state
 * @bytes: of the one that was read last
 * @left: how many more may be read
 */
struct threads {
	unsigned long self;
	struct ktally_piece piece;
	u8 bytes[KTALLY_INTERP_SPAN_MAX];
	unsigned int left;
};

static bool is_thread(const struct ktally_interp *interp, struct threads *threads, unsigned long state)
{
	return state && ktally_piece_read(&threads->piece, state, threads->bytes) &&
	       ktally_thread_is(threads->self, ktally_piece_u64(&threads->piece, threads->bytes, interp->thread_id));
}

static bool search_list(const struct ktally_interp *interp, struct threads *threads, unsigned long state)
{
	for (; state && threads->left; threads->left--) {
		if (!ktally_piece_read(&threads->piece, state, threads->bytes))
			return false;
		if (ktally_thread_is(threads->self,
				     ktally_piece_u64(&threads->piece, threads->bytes, interp->thread_id)))
			return true;
		state = ktally_piece_u64(&threads->piece, threads->bytes, interp->next_thread);
	}
	return false;
}

/* The innermost frame of the running task, or 0. It is mostly the thread that the interpreter says is running. */
static unsigned long innermost(const struct ktally_interp *interp, unsigned long runtime)
{
	struct threads threads = { .self = ktally_thread_pointer(), .piece = KTALLY_PIECE_EMPTY, .left = THREADS_MAX };
	unsigned int interpreters = INTERPRETERS_MAX;
	unsigned long state, frame;

	if (!threads.self)
		return 0;
	thread_piece(interp, &threads.piece);
	if (interp->current_thread && is_thread(interp, &threads, read_pointer(runtime + interp->current_thread)))
		goto found;
	state = read_pointer(runtime + interp->first_interp);
	while (state && interpreters--) {
		if (search_list(interp, &threads, read_pointer(state + interp->first_thread)))
			goto found;
		state = read_pointer(state + interp->next_interp);
	}
	return 0;

found:
	frame = ktally_piece_u64(&threads.piece, threads.bytes, interp->frame);
	return frame && interp->flags & KTALLY_INTERP_CFRAME ? read_pointer(frame + interp->cframe_frame) : frame;
}

/* Number of the instruction that a frame stands at. */
static u64 instruction(const struct ktally_interp *interp, const struct ktally_piece *piece, const u8 *bytes,
		       unsigned long code)
{
	u64 number;

	if (interp->flags & KTALLY_INTERP_POINTER)
		number = ktally_piece_u64(piece, bytes, interp->frame_instruction) - code - interp->code_first;
	else
		number = (s32)ktally_piece_u32(piece, bytes, interp->frame_instruction);
	/* Before the first instruction it is "below 0", which is a great number here. */
	if (number >= (u64)KTALLY_INSTRUCTION_UNKNOWN * interp->instruction_size)
		return KTALLY_INSTRUCTION_UNKNOWN;
	return (u32)number / interp->instruction_size;
}

static unsigned long word_of(const struct ktally_interp *interp, const struct ktally_piece *piece, const u8 *bytes)
{
	unsigned long code = ktally_piece_u64(piece, bytes, interp->frame_code);

	if (interp->flags & KTALLY_INTERP_TAGGED)
		code &= ~7UL;
	return KTALLY_WORD_INTERP | ktally_code_address(code) | instruction(interp, piece, bytes, code) << 48;
}

/* A frame that only marks a call by native code: so the one before it was called, if that is not another such. */
static unsigned int mark_entry(unsigned long *words, unsigned int nr)
{
	if (nr && !(words[nr - 1] & KTALLY_WORD_ENTRY)) {
		words[nr - 1] |= KTALLY_WORD_ENTRY;
		return nr;
	}
	words[nr] = KTALLY_WORD_NO_FRAME;
	return nr + 1;
}

unsigned int ktally_interp_walk(const struct ktally_interp *interp, unsigned long runtime,
				unsigned long *words, unsigned int max)
{
	unsigned long frame = max ? innermost(interp, runtime) : 0, previous;
	struct ktally_piece piece = KTALLY_PIECE_EMPTY;
	u8 bytes[KTALLY_INTERP_SPAN_MAX];
	unsigned int nr = 0, steps = 0;
	bool entry, each = interp->flags & KTALLY_INTERP_EACH_ENTRY;

	max = min_t(unsigned int, max, KTALLY_INTERP_DEPTH_MAX);
	frame_piece(interp, &piece);
	/* A frame below each that is none makes two steps of one word. */
	while (frame && nr < max && steps++ < 2 * max) {
		if (!ktally_piece_read(&piece, frame, bytes))
			break;
		entry = each || bytes[interp->frame_entry - piece.from] == (u8)interp->entry_value;
		if (entry && interp->flags & KTALLY_INTERP_SHIM)
			nr = mark_entry(words, nr);
		else
			words[nr++] = word_of(interp, &piece, bytes) | (entry ? KTALLY_WORD_ENTRY : 0);
		previous = ktally_piece_u64(&piece, bytes, interp->frame_previous);
		frame = previous == frame ? 0 : previous;
	}
	if (!frame)
		return nr;
	nr = min(nr, max - 1);
	words[nr++] = KTALLY_WORD_INTERP_CUT;
	return nr;
}
