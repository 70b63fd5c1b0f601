// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tells whether a record is as long as its type promises. */
#include <string.h>

#include "reader.h"

static bool code_valid(const struct ktally_code *code, size_t size)
{
	return size >= sizeof(*code) && (uint64_t)code->name + code->file + code->lines <= size - sizeof(*code);
}

static bool user_valid(const struct ktally_user *user, size_t size)
{
	return size >= sizeof(*user) && !(user->bytes & 7) && user->nr_regs * 8ULL + user->bytes <= size - sizeof(*user);
}

bool ktally_record_valid(const struct ktally_record *record, size_t size)
{
	if (size < sizeof(*record) || record->size != size || size & 7)
		return false;
	switch (record->type) {
	case KTALLY_RECORD_PAD:
		return false;
	case KTALLY_RECORD_FORK:
	case KTALLY_RECORD_EXEC:
	case KTALLY_RECORD_EXIT:
	case KTALLY_RECORD_COMM:
		return size >= sizeof(struct ktally_process);
	case KTALLY_RECORD_MMAP:
		return size > offsetof(struct ktally_mmap, path) &&
		       memchr(((const struct ktally_mmap *)record)->path, 0, size - offsetof(struct ktally_mmap, path));
	case KTALLY_RECORD_CODE:
		return code_valid((const struct ktally_code *)record, size);
	case KTALLY_RECORD_CGROUP:
		return size > offsetof(struct ktally_group, path) &&
		       memchr(((const struct ktally_group *)record)->path, 0, size - offsetof(struct ktally_group, path));
	case KTALLY_RECORD_USER:
		return user_valid((const struct ktally_user *)record, size);
	default:
		return true;
	}
}
