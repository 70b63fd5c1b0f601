// SPDX-License-Identifier: LGPL-2.1-or-later
/* Interns strings: an open-addressing hash of numbers into an array of copies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "strtab.h"

struct ktally_strtab {
	char **strings;
	uint32_t *hashes;
	uint32_t nr, cap;
	uint32_t *slots;	/* number + 1, 0 is free */
	uint32_t mask;
	int error;
};

#define FIRST_SLOTS 1024U

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261U;

	while (*text)
		h = (h ^ (unsigned char)*text++) * 16777619U;
	return h;
}

struct ktally_strtab *ktally_strtab_new(void)
{
	struct ktally_strtab *tab = calloc(1, sizeof(*tab));

	if (!tab)
		return NULL;
	tab->slots = calloc(FIRST_SLOTS, sizeof(*tab->slots));
	tab->mask = FIRST_SLOTS - 1;
	if (!tab->slots || ktally_strtab_add(tab, "") || tab->error) {
		ktally_strtab_free(tab);
		return NULL;
	}
	return tab;
}

void ktally_strtab_free(struct ktally_strtab *tab)
{
	uint32_t i;

	if (!tab)
		return;
	for (i = 0; i < tab->nr; i++)
		free(tab->strings[i]);
	free(tab->strings);
	free(tab->hashes);
	free(tab->slots);
	free(tab);
}

static uint32_t *find(const struct ktally_strtab *tab, const char *text, uint32_t h)
{
	uint32_t at = h & tab->mask, id;

	while (tab->slots[at]) {
		id = tab->slots[at] - 1;
		if (tab->hashes[id] == h && !strcmp(tab->strings[id], text))
			break;
		at = (at + 1) & tab->mask;
	}
	return &tab->slots[at];
}

static int grow_slots(struct ktally_strtab *tab)
{
	uint32_t size = (tab->mask + 1) * 2, at, i;
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < tab->nr; i++) {
		at = tab->hashes[i] & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = i + 1;
	}
	free(tab->slots);
	tab->slots = slots;
	tab->mask = size - 1;
	return 0;
}

static int make_room(struct ktally_strtab *tab)
{
	uint32_t cap = tab->cap ? tab->cap * 2 : 256;
	uint32_t *hashes;
	char **strings;

	if (tab->nr * 2 > tab->mask && grow_slots(tab))
		return -ENOMEM;
	if (tab->nr < tab->cap)
		return 0;
	strings = realloc(tab->strings, cap * sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	tab->strings = strings;
	hashes = realloc(tab->hashes, cap * sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	tab->hashes = hashes;
	tab->cap = cap;
	return 0;
}

uint32_t ktally_strtab_add(struct ktally_strtab *tab, const char *text)
{
	uint32_t h = hash(text);
	uint32_t *slot = find(tab, text, h);
	char *copy;

	if (*slot)
		return *slot - 1;
	copy = strdup(text);
	if (!copy || make_room(tab)) {
		free(copy);
		tab->error = -ENOMEM;
		return 0;
	}
	slot = find(tab, text, h);	/* the slots may have moved */
	tab->strings[tab->nr] = copy;
	tab->hashes[tab->nr] = h;
	*slot = ++tab->nr;
	return tab->nr - 1;
}

const char *ktally_strtab_get(const struct ktally_strtab *tab, uint32_t id)
{
	return tab->strings[id];
}

uint32_t ktally_strtab_count(const struct ktally_strtab *tab)
{
	return tab->nr;
}

int ktally_strtab_error(const struct ktally_strtab *tab)
{
	return tab->error;
}
