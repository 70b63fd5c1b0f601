// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the reader of a ring what the code objects are that stacks of an interpreter refer to: name, file, lines.
 *
 * They live in the task's memory and may be gone soon after, so they are copied when they are first met. What was told
 * is remembered in a small set of hashes: of the address and of what the object says of itself, for an address is
 * used again. Three bits of that are in the words of stacks too, so that a name is not put on what was there before.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include "compat/sync.h"
#include "interp.h"
#include "probe.h"
#include "ring.h"

/* One line of the cache a set. */
#define WAYS	8
#define SETS	512

/** struct ktally_codes - hashes of the code objects that were told of, the newest of a set in front */
struct ktally_codes {
	u64 seen[SETS][WAYS];
};

/**
 * struct text - a text in the task's memory
 * @data: its characters
 * @length: how many
 * @kind: bytes of a character
 * @ascii: they are ASCII
 */
struct text {
	unsigned long data;
	u32 length;
	u32 kind;
	bool ascii;
};

/**
 * struct code - a code object in the task's memory
 * @address: as KTALLY_WORD_CODE() has it
 * @name: or length 0
 * @file: or length 0
 * @lines: address of the table of lines
 * @lines_length: its bytes, 0 if there is none or it is too long
 * @line: the first
 */
struct code {
	u64 address;
	struct text name;
	struct text file;
	unsigned long lines;
	u32 lines_length;
	u32 line;
};

size_t ktally_codes_length(void)
{
	return sizeof(struct ktally_codes);
}

struct ktally_codes *ktally_codes_new(unsigned int cpu)
{
	struct ktally_codes *codes = kvzalloc_node(sizeof(*codes), GFP_KERNEL, cpu_to_node(cpu));

	/* Handlers touch it in contexts where no fault on it can be served. */
	if (codes)
		ktally_vmalloc_sync();
	return codes;
}

void ktally_codes_free(struct ktally_codes *codes)
{
	kvfree(codes);
}

static u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static bool was_told(const struct ktally_codes *codes, u64 hash)
{
	const u64 *set = codes->seen[hash >> 32 & (SETS - 1)];
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		if (READ_ONCE(set[i]) == hash)
			return true;
	return false;
}

/* An interrupt in the middle may cost the memory of another code object, which is then told of twice. */
static void remember(struct ktally_codes *codes, u64 hash)
{
	u64 *set = codes->seen[hash >> 32 & (SETS - 1)];
	unsigned int i;

	for (i = WAYS - 1; i; i--)
		WRITE_ONCE(set[i], set[i - 1]);
	WRITE_ONCE(set[0], hash);
}

static bool find_text(const struct ktally_interp *interp, unsigned long at, struct text *text)
{
	struct ktally_piece piece = KTALLY_PIECE_EMPTY;
	u8 bytes[KTALLY_INTERP_SPAN_MAX];
	u32 state;

	memset(text, 0, sizeof(*text));
	if (!at)
		return true;
	ktally_interp_text_piece(interp, &piece);
	if (!ktally_piece_read(&piece, at, bytes))
		return false;
	state = ktally_piece_u32(&piece, bytes, interp->text_state);
	text->ascii = (state & interp->text_mask) == interp->text_ascii;
	text->kind = text->ascii ? 1 : state >> interp->text_kind & 7;
	if (text->kind != 1 && text->kind != 2 && text->kind != 4)
		return false;
	text->length = min_t(u64, ktally_piece_u64(&piece, bytes, interp->text_length), KTALLY_INTERP_TEXT_MAX);
	text->data = at + (text->ascii ? interp->text_data : interp->text_wide);
	return true;
}

/* Bytes that it may take as UTF-8. */
static u32 text_room(const struct text *text)
{
	u32 each = text->ascii ? 1 : min(text->kind + 1, 4U);

	return min(text->length * each, KTALLY_INTERP_TEXT_MAX);
}

static unsigned int put_utf8(u8 *to, u32 c)
{
	if (c < 0x80) {
		to[0] = c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = 0xc0 | c >> 6;
		to[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		to[0] = 0xe0 | c >> 12;
		to[1] = 0x80 | (c >> 6 & 0x3f);
		to[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	to[0] = 0xf0 | (c >> 18 & 7);
	to[1] = 0x80 | (c >> 12 & 0x3f);
	to[2] = 0x80 | (c >> 6 & 0x3f);
	to[3] = 0x80 | (c & 0x3f);
	return 4;
}

static u32 character(const u8 *chunk, u32 kind, unsigned int i)
{
	u16 two;
	u32 four;

	if (kind == 1)
		return chunk[i];
	if (kind == 2) {
		memcpy(&two, chunk + i * 2, sizeof(two));
		return two;
	}
	memcpy(&four, chunk + i * 4, sizeof(four));
	return four;
}

/* As UTF-8, cut between two characters. Returns its bytes, or 0. */
static u32 copy_wide(u8 *to, u32 room, const struct text *text)
{
	u32 done, now, i, nr = 0, len;
	u8 chunk[64], one[4];

	for (done = 0; done < text->length; done += now) {
		now = min(text->length - done, (u32)sizeof(chunk) / text->kind);
		if (copy_from_user_nofault(chunk, (const void __user *)(text->data + done * text->kind),
					   now * text->kind))
			return 0;
		for (i = 0; i < now; i++) {
			len = put_utf8(one, character(chunk, text->kind, i));
			if (nr + len > room)
				return nr;
			memcpy(to + nr, one, len);
			nr += len;
		}
	}
	return nr;
}

static u32 copy_text(u8 *to, u32 room, const struct text *text)
{
	if (!text->ascii)
		return copy_wide(to, room, text);
	return copy_from_user_nofault(to, (const void __user *)text->data, room) ? 0 : room;
}

static void find_lines(const struct ktally_interp *interp, unsigned long bytes, struct code *code)
{
	u64 length;

	code->lines = bytes + interp->bytes_data;
	code->lines_length = 0;
	if (!bytes)
		return;
	if (copy_from_user_nofault(&length, (const void __user *)(bytes + interp->bytes_length), sizeof(length)))
		return;
	if (length <= KTALLY_INTERP_LINES_MAX)
		code->lines_length = length;
}

/* Whether there was room. What cannot be read any more, although it could a moment ago, is left out. */
static bool tell(const struct ktally_probe *probe, struct ktally_ring *ring, u64 image, u32 version,
		 const struct code *code)
{
	u32 name_room = text_room(&code->name), file_room = text_room(&code->file);
	u32 room = ALIGN(name_room + file_room + code->lines_length, 8), size = sizeof(struct ktally_code) + room;
	struct ktally_code *body;
	u8 *to;

	/*
	 * To be tried again is no loss, so it must not count as dropped: ask first. The reader's position may hold
	 * anything; it is ktally_ring_reserve() that makes sure. Twice the size, for the end of the data may have to
	 * be skipped.
	 */
	if (ring->mode == KTALLY_RING_DISCARD &&
	    READ_ONCE(ring->head) - READ_ONCE(ring->consumer->tail) + 2 * size > ring->size)
		return false;
	body = (void *)ktally_probe_record(probe, ring, KTALLY_RECORD_CODE, size, current);
	if (!body)
		return false;
	memset(&body->image, 0, size - offsetof(struct ktally_code, image));
	to = body->data;
	body->image = image;
	body->code = code->address;
	body->line = code->line;
	body->version = version;
	body->name = copy_text(to, name_room, &code->name);
	to += body->name;
	body->file = copy_text(to, file_room, &code->file);
	to += body->file;
	if (!copy_from_user_nofault(to, (const void __user *)code->lines, code->lines_length))
		body->lines = code->lines_length;
	ktally_ring_commit(ring);
	return true;
}

/* What is kept of a code object while it is found out whether it was told of. */
struct head {
	u64 name;
	u64 file;
	u64 lines;
	u32 line;
	u64 hash;
};

static bool read_head(const struct ktally_interp *interp, unsigned long address, struct head *head)
{
	struct ktally_piece piece = KTALLY_PIECE_EMPTY;
	u8 bytes[KTALLY_INTERP_SPAN_MAX];

	ktally_interp_code_piece(interp, &piece);
	if (!ktally_piece_read(&piece, address, bytes))
		return false;
	head->name = ktally_piece_u64(&piece, bytes, interp->code_name);
	head->file = ktally_piece_u64(&piece, bytes, interp->code_file);
	head->lines = ktally_piece_u64(&piece, bytes, interp->code_lines);
	head->line = ktally_piece_u32(&piece, bytes, interp->code_line);
	head->hash = mix(mix(mix(mix(1, head->name), head->file), head->lines), head->line);
	return true;
}

static bool tell_head(const struct ktally_probe *probe, struct ktally_ring *ring, struct ktally_codes *codes,
		      u64 image, const struct ktally_interp *interp, const struct head *head, u64 address)
{
	u64 hash = mix(mix(head->hash, image), address) | 1;
	struct code code = { .address = address, .line = head->line };

	if (was_told(codes, hash))
		return false;
	if (!find_text(interp, head->name, &code.name) || !find_text(interp, head->file, &code.file))
		return false;
	find_lines(interp, head->lines, &code);
	if (!tell(probe, ring, image, interp->version, &code))
		return false;
	remember(codes, hash);
	return true;
}

void ktally_interp_codes(const struct ktally_probe *probe, struct ktally_ring *ring, struct ktally_codes *codes,
			 u64 image, const struct ktally_interp *interp, unsigned long *words, unsigned int nr)
{
	unsigned int i, told = 0;
	unsigned long address;
	struct head head;

	if (!ring || !codes)
		return;
	for (i = 0; i < nr; i++) {
		address = ktally_code_address(words[i]);
		if (!address || !read_head(interp, address, &head))
			continue;
		words[i] |= head.hash >> (64 - KTALLY_CODE_FREE_BITS);
		if (told < KTALLY_CODES_PER_HIT)
			told += tell_head(probe, ring, codes, image, interp, &head, KTALLY_WORD_CODE(words[i]));
	}
}
