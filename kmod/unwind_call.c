// SPDX-License-Identifier: GPL-2.0
/* Tells whether an address is one that a call returns to. */
#include <linux/kernel.h>
#include <linux/string.h>
#include "compat/uaccess.h"
#include "unwind_call.h"

#if defined(CONFIG_X86_64)

/*
 * Instructions of x86 cannot be read backwards, but a call is e8 and 4 bytes, or ff /2 with a register or memory: 2, 3, 4, 6 or 7 bytes, one
 * more with a prefix in front, which does not matter here.
 */
static bool is_indirect(const u8 *code, unsigned int length)
{
	u8 modrm = code[1], mode = modrm >> 6, base = modrm & 7;
	unsigned int size = 2;

	if (code[0] != 0xff || (modrm >> 3 & 7) != 2)
		return false;
	if (mode != 3) {
		if (base == 4 && length < 3)
			return false;
		if (base == 4)
			size++;
		if (mode == 1)
			size++;
		else if (mode == 2 || base == 5 || (base == 4 && (code[2] & 7) == 5))
			size += 4;
	}
	return size == length;
}

bool ktally_follows_call(unsigned long ip)
{
	unsigned long word;
	unsigned int length;
	u8 code[sizeof(word)];

	if (!ktally_user_word(ip - sizeof(word), &word))
		return false;
	memcpy(code, &word, sizeof(word));
	if (code[3] == 0xe8)
		return true;
	for (length = 2; length <= 7; length++)
		if (is_indirect(code + sizeof(code) - length, length))
			return true;
	return false;
}

#else

/* bl; blr, also those that authenticate */
bool ktally_follows_call(unsigned long ip)
{
	unsigned long word;
	u32 code;

	if (ip % sizeof(code) || !ktally_user_word((ip - sizeof(code)) & ~7UL, &word))
		return false;
	code = ip % sizeof(word) ? (u32)word : (u32)(word >> 32);
	return code >> 26 == 0x25 || (code & 0xfffffc1f) == 0xd63f0000 || (code & 0xfefff800) == 0xd63f0800;
}

#endif
