// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keeps the code objects that records tell of, by process image and address. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "python_code.h"

struct entry {
	struct entry *next;
	uint64_t image, code;
	struct ktally_code_object object;
	uint8_t *lines;
};

/* Names, and still more files, are those of many: one copy of each lives as long as the book. */
struct text {
	struct text *next;
	size_t len;
	char text[];
};

struct ktally_code_book {
	struct entry **slots;
	struct text **texts;
	size_t nr_slots, nr, nr_texts;
};

#define TEXT_SLOTS 4096U

struct ktally_code_book *ktally_code_book_new(void)
{
	struct ktally_code_book *book = calloc(1, sizeof(*book));

	if (!book)
		return NULL;
	book->nr_slots = 1024;
	book->slots = calloc(book->nr_slots, sizeof(*book->slots));
	book->texts = calloc(TEXT_SLOTS, sizeof(*book->texts));
	if (!book->slots || !book->texts) {
		ktally_code_book_free(book);
		return NULL;
	}
	return book;
}

void ktally_code_book_free(struct ktally_code_book *book)
{
	struct entry *entry;
	struct text *text;
	size_t i;

	if (!book)
		return;
	for (i = 0; book->slots && i < book->nr_slots; i++) {
		while ((entry = book->slots[i])) {
			book->slots[i] = entry->next;
			free(entry->lines);
			free(entry);
		}
	}
	for (i = 0; book->texts && i < TEXT_SLOTS; i++) {
		while ((text = book->texts[i])) {
			book->texts[i] = text->next;
			free(text);
		}
	}
	free(book->slots);
	free(book->texts);
	free(book);
}

static struct entry **slot_of(struct entry **slots, size_t nr_slots, uint64_t image, uint64_t code)
{
	return &slots[ktally_hash_word(ktally_hash_word(1, image), code) & (nr_slots - 1)];
}

static struct entry *find(const struct ktally_code_book *book, uint64_t image, uint64_t code)
{
	struct entry *entry = *slot_of(book->slots, book->nr_slots, image, code);

	while (entry && (entry->image != image || entry->code != code))
		entry = entry->next;
	return entry;
}

/* A fuller table is only slower, so it is no error if there is no memory for a bigger one. */
static void grow(struct ktally_code_book *book)
{
	size_t nr_slots = book->nr_slots * 4, i;
	struct entry **slots = calloc(nr_slots, sizeof(*slots)), **slot, *entry;

	if (!slots)
		return;
	for (i = 0; i < book->nr_slots; i++) {
		while ((entry = book->slots[i])) {
			book->slots[i] = entry->next;
			slot = slot_of(slots, nr_slots, entry->image, entry->code);
			entry->next = *slot;
			*slot = entry;
		}
	}
	free(book->slots);
	book->slots = slots;
	book->nr_slots = nr_slots;
}

static struct entry *get(struct ktally_code_book *book, uint64_t image, uint64_t code)
{
	struct entry *entry = find(book, image, code), **slot;

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	if (++book->nr > book->nr_slots * 2)
		grow(book);
	slot = slot_of(book->slots, book->nr_slots, image, code);
	entry->image = image;
	entry->code = code;
	entry->object.name = "";
	entry->object.file = "";
	entry->next = *slot;
	*slot = entry;
	return entry;
}

static const char *intern(struct ktally_code_book *book, const uint8_t *bytes, size_t len)
{
	uint64_t hash = len;
	struct text *text, **slot;
	size_t i;

	for (i = 0; i < len; i++)
		hash = ktally_hash_word(hash, bytes[i]);
	slot = &book->texts[hash % TEXT_SLOTS];
	for (text = *slot; text; text = text->next)
		if (text->len == len && !memcmp(text->text, bytes, len))
			return text->text;
	text = malloc(sizeof(*text) + len + 1);
	if (!text)
		return NULL;
	memcpy(text->text, bytes, len);
	text->text[len] = 0;
	text->len = len;
	text->next = *slot;
	*slot = text;
	return text->text;
}

static int keep_lines(struct entry *entry, const uint8_t *bytes, size_t size)
{
	uint8_t *lines = NULL;

	if (size) {
		lines = malloc(size);
		if (!lines)
			return -ENOMEM;
		memcpy(lines, bytes, size);
	}
	free(entry->lines);
	entry->lines = lines;
	entry->object.lines = lines;
	entry->object.lines_size = size;
	return 0;
}

/* Code that CPython makes for itself: a file "<shim>"; or no name at all; or its name for a file's, and no line. */
static bool is_own(const char *name, const char *file, uint32_t line)
{
	return !*name || !strcmp(file, "<shim>") || (!line && !strcmp(name, file));
}

int ktally_code_book_learn(struct ktally_code_book *book, const struct ktally_code *record)
{
	struct entry *entry = get(book, record->image, record->code);
	const char *name = intern(book, record->data, record->name);
	const char *file = intern(book, record->data + record->name, record->file);

	if (!entry || !name || !file)
		return -ENOMEM;
	entry->object.name = is_own(name, file, record->line) ? KTALLY_CODE_OWN : name;
	entry->object.file = file;
	entry->object.line = record->line;
	entry->object.version = record->version;
	return keep_lines(entry, record->data + record->name + record->file, record->lines);
}

const struct ktally_code_object *ktally_code_book_find(const struct ktally_code_book *book, uint64_t image, uint64_t code)
{
	const struct entry *entry = find(book, image, code);

	return entry ? &entry->object : NULL;
}
