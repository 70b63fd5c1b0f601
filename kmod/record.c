// SPDX-License-Identifier: GPL-2.0
/* The record of a trace event: integers and text in it, never outside of it. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "program.h"

/* A __data_loc word says where and how long; a __rel_loc word counts from behind itself. */
static bool locate(const struct ktally_hit *hit, u32 *offset, u32 *size, bool relative)
{
	u32 word;

	if (*offset + sizeof(word) > hit->record_size)
		return false;
	memcpy(&word, hit->record + *offset, sizeof(word));
	*size = word >> 16;
	*offset = (word & 0xffff) + (relative ? *offset + sizeof(word) : 0);
	return *offset + *size <= hit->record_size;
}

bool ktally_record_load(const struct ktally_insn *insn, const struct ktally_hit *hit, u64 *dst)
{
	u32 offset = insn->aux & 0xffff, size = insn->aux >> 16 & 0xff, room;

	if (insn->aux & KTALLY_RECORD_DYNAMIC) {
		if (!locate(hit, &offset, &room, insn->aux & KTALLY_RECORD_RELATIVE) || insn->imm + size > room)
			return false;
		offset += insn->imm;
	}
	if (offset + size > hit->record_size)
		return false;
	/* It need not be aligned, which neither x86 nor arm64 minds. */
	*dst = ktally_widen(hit->record + offset, size, insn->aux & KTALLY_RECORD_SIGNED);
	return true;
}

bool ktally_record_text(const struct ktally_insn *insn, const struct ktally_hit *hit, u64 *dst)
{
	u32 offset = insn->aux & 0xffff, kept = insn->imm, size = insn->imm >> 32;

	if (insn->aux & (KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE) &&
	    !locate(hit, &offset, &size, insn->aux & KTALLY_RECORD_RELATIVE))
		return false;
	if (offset + size > hit->record_size)
		return false;
	memset(dst, 0, kept);
	memcpy(dst, hit->record + offset, strnlen(hit->record + offset, min(size, kept)));
	return true;
}
