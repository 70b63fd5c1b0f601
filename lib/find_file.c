// SPDX-License-Identifier: LGPL-2.1-or-later
/* find_file.c: where a program or a library of a bare name lies: PATH, the loader's cache, the loader's folders. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"

#define CACHE		"/etc/ld.so.cache"
#define CACHE_MAGIC	"glibc-ld.so.cache1.1"
#define CACHE_MAX	(16U << 20)

#if defined(__x86_64__)
#define TRIPLET		"x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLET		"aarch64-linux-gnu"
#else
#error "which folder holds the libraries of this machine?"
#endif

static const char *const folders[] = { "/lib/" TRIPLET, "/usr/lib/" TRIPLET, "/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib" };

/* glibc's format; entries of a hwcap are variants for some processors. Offsets count from the head. */
struct cache_head {
	char magic[20];
	uint32_t nr, strings;
	uint32_t unused[5];
};

struct cache_entry {
	int32_t flags;
	uint32_t name, path, version;
	uint64_t hwcap;
};

/* "libc" stands for libc.so.6 and the like. */
static bool is_version_of(const char *library, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(library, name, len))
		return false;
	return !library[len] || (!strstr(name, ".so") && !strncmp(library + len, ".so", 3) && (!library[len + 3] || library[len + 3] == '.'));
}

static const char *string_at(const char *cache, size_t len, uint32_t offset)
{
	return offset < len && memchr(cache + offset, 0, len - offset) ? cache + offset : NULL;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The file that @path names must be of this machine: a 32-bit library has an entry of the same name. */
static bool of_this_machine(const char *path)
{
	FILE *file = fopen(path, "re");
	Elf64_Ehdr head;
	bool fits;

	fits = file && fread(&head, sizeof(head), 1, file) == 1 && !memcmp(head.e_ident, ELFMAG, SELFMAG) &&
	       head.e_ident[EI_CLASS] == ELFCLASS64 && head.e_machine == KTALLY_ELF_MACHINE;
	if (file)
		fclose(file);
	return fits;
}

bool ktally_find_library(const char *cache, size_t len, const char *name, char *path, size_t size)
{
	const char *head = memmem(cache, len, CACHE_MAGIC, sizeof(CACHE_MAGIC) - 1), *library, *where;
	struct cache_entry entry;
	struct cache_head at;
	uint32_t i;

	if (!head || len - (size_t)(head - cache) < sizeof(at))
		return false;
	len -= head - cache;
	memcpy(&at, head, sizeof(at));
	for (i = 0; i < at.nr && sizeof(at) + ((size_t)i + 1) * sizeof(entry) <= len; i++) {
		memcpy(&entry, head + sizeof(at) + (size_t)i * sizeof(entry), sizeof(entry));
		library = string_at(head, len, entry.name);
		where = string_at(head, len, entry.path);
		if (entry.hwcap || !library || !where || !is_version_of(library, name) || !of_this_machine(where))
			continue;
		return (size_t)snprintf(path, size, "%s", where) < size;
	}
	return false;
}

static bool in_cache(const char *name, char *path, size_t size)
{
	FILE *file = fopen(CACHE, "re");
	char *text = file ? malloc(CACHE_MAX) : NULL;
	bool found = false;

	if (text)
		found = ktally_find_library(text, fread(text, 1, CACHE_MAX, file), name, path, size);
	free(text);
	if (file)
		fclose(file);
	return found;
}

static bool in_folder(const char *folder, const char *name, char *path, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if ((size_t)snprintf(path, size, "%s/%s", folder, name) < size && is_file(path) && of_this_machine(path))
		return true;
	dir = opendir(folder);
	while (!found && dir && (entry = readdir(dir)))
		found = is_version_of(entry->d_name, name) &&
			(size_t)snprintf(path, size, "%s/%s", folder, entry->d_name) < size && is_file(path) && of_this_machine(path);
	if (dir)
		closedir(dir);
	return found;
}

static bool in_search_path(const char *name, char *path, size_t size)
{
	const char *at = getenv("PATH");
	size_t len;

	for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; at; at = at[len] ? at + len + 1 : NULL) {
		len = strcspn(at, ":");
		if (len && (size_t)snprintf(path, size, "%.*s/%s", (int)len, at, name) < size && is_file(path) && !access(path, X_OK))
			return true;
	}
	return false;
}

int ktally_find_file(const char *name, char *path, size_t size)
{
	size_t i;

	if (!strstr(name, ".so") && in_search_path(name, path, size))
		return 0;
	if (in_cache(name, path, size))
		return 0;
	for (i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (in_folder(folders[i], name, path, size))
			return 0;
	return -ENOENT;
}
