// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tells whether a record is as long as its type promises. */
#include <string.h>

#include "reader.h"

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
		return size >= sizeof(struct ktally_process);
	case KTALLY_RECORD_MMAP:
		return size > offsetof(struct ktally_mmap, path) &&
		       memchr(((const struct ktally_mmap *)record)->path, 0, size - offsetof(struct ktally_mmap, path));
	default:
		return true;
	}
}
