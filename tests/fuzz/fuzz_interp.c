// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the module's reader of interpreter frames: the description of the interpreter and the memory of the task, which repeats over and
 * over so that every pointer leads somewhere, are the input. It must come to an end, within bounds, and write records that are whole.
 */
#include "shim.h"

#include "../../kmod/interp.c"
#include "../../kmod/interp_code.c"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TASK 0x1000UL	/* its thread pointer, and where its memory begins */

struct shim_task shim_task = { .mm = &shim_task };
unsigned long shim_thread_pointer = TASK;
static const uint8_t *memory;
static size_t memory_size, reads;
static union {
	struct ktally_record record;
	uint8_t bytes[16384];
} room;

long copy_from_user_nofault(void *to, const void *from, size_t size)
{
	uint8_t *bytes = to;
	size_t i;

	reads++;
	if ((uintptr_t)from < TASK || (uintptr_t)from >> 47)
		return -EFAULT;
	for (i = 0; i < size; i++)
		bytes[i] = memory[((uintptr_t)from + i) % memory_size];
	return 0;
}

struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, struct ktally_ring *ring, unsigned int type, u32 size,
					  const void *task)
{
	(void)probe;
	(void)task;
	if (size > sizeof(room) || size % 8 || ring->size < size)
		__builtin_trap();
	/* What was not written must not be shown. */
	memset(room.bytes, 0xa5, sizeof(room));
	room.record = (struct ktally_record){ .size = size, .type = type };
	return &room.record;
}

void ktally_ring_commit(struct ktally_ring *ring)
{
	const struct ktally_code *code = (const struct ktally_code *)&room.record;

	if (!ktally_record_valid(&room.record, room.record.size) || code->name > KTALLY_INTERP_TEXT_MAX || code->file > KTALLY_INTERP_TEXT_MAX ||
	    code->lines > KTALLY_INTERP_LINES_MAX)
		__builtin_trap();
	ring->head += room.record.size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_consumer_page consumer = { 0 };
	struct ktally_ring ring = { .mode = KTALLY_RING_DISCARD, .size = 65536, .consumer = &consumer };
	unsigned long words[KTALLY_INTERP_DEPTH_MAX + 1];
	struct ktally_codes *codes;
	struct ktally_interp interp;
	unsigned int max, nr;

	if (size < sizeof(interp) + 9)
		return 0;
	memcpy(&interp, data, sizeof(interp));
	max = data[sizeof(interp)];
	memory = data + sizeof(interp) + 1;
	memory_size = size - sizeof(interp) - 1;
	if (ktally_interp_check(&interp))
		return 0;
	reads = 0;
	words[max] = 0x5a5a5a5a;
	nr = ktally_interp_walk(&interp, TASK, words, max);
	/* Threads, frames, and a few to find them. */
	if (nr > max || words[max] != 0x5a5a5a5a || reads > THREADS_MAX + 2 * KTALLY_INTERP_DEPTH_MAX + 4 * INTERPRETERS_MAX)
		__builtin_trap();
	codes = ktally_codes_new(0);
	ktally_interp_codes(NULL, &ring, codes, 1, &interp, words, nr);
	ktally_codes_free(codes);
	return 0;
}
