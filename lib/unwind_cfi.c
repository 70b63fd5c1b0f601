// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_cfi.c: walks the entries of .eh_frame or .debug_frame: what functions share (CIE), and functions (FDE). */
#include <errno.h>
#include <string.h>

#include "unwind_cfi.h"

#define LENGTH_64		0xffffffffU
#define LENGTH_RESERVED		0xfffffff0U
#define AUGMENTATION_MAX	16
/* Instructions of a CIE are run again for each function that comes between two others of it, so a long one would cost much. */
#define CIE_MAX			1024
#define CIES			64	/* remembered at once, by their place */
#define CIE_AGAIN		2	/* bytes of CIEs are read at most so often as there are bytes, */
#define CIE_LEAST		65536	/* or these */

/* struct entry - @id: where its CIE is, from there: as written; @at: of the entry, in the section; @id_at: of @id */
struct entry {
	uint64_t at, id_at, id;
	bool wide, is_cie;
	struct ktally_bytes bytes;
};

/* @budget: bytes of CIEs that may still be read */
struct reader {
	const struct ktally_cfi *cfi;
	struct ktally_unwind_build *build;
	uint64_t budget;
	struct ktally_cie cies[CIES];
};

/* Return: 1; 0: a terminator; -EBADMSG: damage */
static int next_entry(const struct reader *reader, struct ktally_bytes *rest, struct entry *entry)
{
	const struct ktally_cfi *cfi = reader->cfi;
	uint64_t length;

	entry->at = (uint64_t)(rest->at - cfi->data);
	length = ktally_bytes_le(rest, 4);
	entry->wide = length == LENGTH_64;
	if (entry->wide)
		length = ktally_bytes_le(rest, 8);
	else if (length >= LENGTH_RESERVED)
		return -EBADMSG;
	if (!length && !rest->bad)
		return 0;
	entry->bytes = ktally_bytes_cut(rest, length);
	entry->id_at = (uint64_t)(entry->bytes.at - cfi->data);
	/* In .eh_frame this is of 4 bytes whatever the length's size. */
	entry->id = ktally_bytes_le(&entry->bytes, entry->wide && !cfi->eh ? 8 : 4);
	entry->is_cie = cfi->eh ? !entry->id : entry->id == (entry->wide ? ~0ULL : ~0U);
	return entry->bytes.bad ? -EBADMSG : 1;
}

/* Return: false if there is something in it that changes how the rest is to be read and is not known */
static bool read_augmentation(struct ktally_cie *cie, struct ktally_bytes *bytes, const char *text, const struct ktally_bases *bases)
{
	struct ktally_bytes data;
	uint8_t encoding;

	if (!*text || !strcmp(text, "eh"))
		return true;
	if (*text++ != 'z')
		return false;
	cie->sized = true;
	data = ktally_bytes_cut(bytes, ktally_bytes_uleb(bytes));
	for (; *text && !data.bad; text++) {
		switch (*text) {
		case 'R':
			cie->encoding = ktally_bytes_le(&data, 1);
			break;
		case 'L':
			ktally_bytes_le(&data, 1);
			break;
		case 'P':
			encoding = ktally_bytes_le(&data, 1);
			/* Where it leads is not asked. */
			if (encoding != KTALLY_POINTER_OMIT)
				ktally_bytes_pointer(&data, encoding & 0x7f, bases);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B':	/* arm64: return addresses are signed with key B; */
		case 'G':	/* the stack is tagged */
			break;
		default:
			return false;
		}
	}
	return !data.bad && !bytes->bad;
}

static bool read_head(const struct reader *reader, struct ktally_cie *cie, struct ktally_bytes *bytes)
{
	char text[AUGMENTATION_MAX + 1] = "";
	uint8_t version = ktally_bytes_le(bytes, 1);
	unsigned int i;

	if (version != 1 && version != 3 && version != 4)
		return false;
	for (i = 0; i <= AUGMENTATION_MAX; i++) {
		text[i] = ktally_bytes_le(bytes, 1);
		if (!text[i])
			break;
	}
	if (i > AUGMENTATION_MAX || bytes->bad)
		return false;
	if (version == 4 && (ktally_bytes_le(bytes, 1) != 8 || ktally_bytes_le(bytes, 1)))
		return false;
	if (!strcmp(text, "eh"))
		ktally_bytes_le(bytes, 8);
	cie->code_align = ktally_bytes_uleb(bytes);
	cie->data_align = ktally_bytes_sleb(bytes);
	cie->ret = version == 1 ? ktally_bytes_le(bytes, 1) : ktally_bytes_uleb(bytes);
	return read_augmentation(cie, bytes, text, &reader->cfi->bases) && !bytes->bad;
}

static void read_cie(const struct reader *reader, struct ktally_cie *cie, const struct entry *entry)
{
	struct ktally_bytes bytes = entry->bytes;

	memset(cie, 0, sizeof(*cie));
	cie->offset = entry->at;
	if (!entry->is_cie || entry->bytes.end - entry->bytes.at > CIE_MAX || !read_head(reader, cie, &bytes))
		return;
	cie->usable = reader->cfi->visit || ktally_cfa_first(cie, bytes, ktally_unwind_build_machine(reader->build));
}

/* @at: where it is said to be. NULL: outside */
static const struct ktally_cie *find_cie(struct reader *reader, uint64_t at)
{
	struct ktally_cie *cie = &reader->cies[at / 4 % CIES];
	const struct ktally_cfi *cfi = reader->cfi;
	struct ktally_bytes rest;
	struct entry entry;

	if (at >= cfi->size)
		return NULL;
	if (cie->offset == at && cie->code_align)
		return cie;
	rest = (struct ktally_bytes){ cfi->data + at, cfi->data + cfi->size, false };
	if (next_entry(reader, &rest, &entry) != 1 || (uint64_t)(rest.at - cfi->data) - at > reader->budget)
		return NULL;
	reader->budget -= (uint64_t)(rest.at - cfi->data) - at;
	read_cie(reader, cie, &entry);
	return cie;
}

static bool read_range(const struct reader *reader, const struct ktally_cie *cie, struct ktally_bytes *bytes, uint64_t *start, uint64_t *length)
{
	uint8_t encoding = reader->cfi->eh || cie->sized ? cie->encoding : 0;

	*start = ktally_bytes_pointer(bytes, encoding, &reader->cfi->bases);
	*length = ktally_bytes_pointer(bytes, encoding & KTALLY_POINTER_FORMAT, &reader->cfi->bases);
	if (cie->sized)
		ktally_bytes_cut(bytes, ktally_bytes_uleb(bytes));
	return !bytes->bad;
}

/* Return: 0; -EBADMSG: it makes no sense; or an error of the builder */
static int read_function(struct reader *reader, const struct entry *entry)
{
	const struct ktally_cfi *cfi = reader->cfi;
	struct ktally_function function = { .bases = &cfi->bases };
	struct ktally_bytes bytes = entry->bytes;
	uint64_t length, room;
	int rc;

	if (cfi->eh && entry->id > entry->id_at)
		return -EBADMSG;
	function.cie = find_cie(reader, cfi->eh ? entry->id_at - entry->id : entry->id);
	if (!function.cie)
		return -EBADMSG;
	/* Without the CIE there is no telling which code it is about: that stays in a gap. */
	if (!function.cie->usable || !read_range(reader, function.cie, &bytes, &function.start, &length))
		return -EBADMSG;
	/* What the linker threw away is left with address 0, or one where there is no code. */
	if (!length || !function.start || !cfi->locate(cfi->arg, function.start, &function.file, &room))
		return 0;
	function.length = length < room ? length : room;
	if (cfi->visit)
		return cfi->visit(cfi->visitor, function.start, function.length);
	rc = ktally_unwind_build_piece(reader->build, function.file, function.file + function.length);
	if (rc)
		return rc < 0 ? rc : 0;
	function.sigreturn = function.cie->signal && cfi->sigreturn(cfi->arg, function.file, function.length);
	rc = ktally_cfa_run(reader->build, &function, bytes);
	return rc == -EBADMSG ? ktally_unwind_build_unknown(reader->build) : rc;
}

static void lost(const struct reader *reader)
{
	if (reader->build)
		ktally_unwind_build_lost(reader->build);
}

int ktally_cfi_read(struct ktally_unwind_build *build, const struct ktally_cfi *cfi)
{
	struct reader reader = { .cfi = cfi, .build = build, .budget = cfi->size * CIE_AGAIN + CIE_LEAST };
	struct ktally_bytes rest = { cfi->data, cfi->data + cfi->size, false };
	struct entry entry;
	int rc;

	while (cfi->size - (size_t)(rest.at - cfi->data) >= 4) {
		rc = next_entry(&reader, &rest, &entry);
		if (rc < 0) {
			lost(&reader);
			break;
		}
		if (!rc && cfi->open)
			break;
		if (!rc || entry.is_cie)
			continue;
		rc = read_function(&reader, &entry);
		if (rc == -EBADMSG) {
			lost(&reader);
			if (cfi->open)
				break;
		} else if (rc) {
			return rc;
		}
	}
	return 0;
}
