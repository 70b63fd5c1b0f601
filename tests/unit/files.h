/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.h: folders and files that a test makes for itself and that go with it. */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder of the test's own. The text is static */
static inline const char *files_root(void)
{
	static char root[64];

	if (!root[0]) {
		strcpy(root, "/tmp/ktally-test-XXXXXX");
		if (!mkdtemp(root))
			abort();
	}
	return root;
}

static inline int files_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void files_done(void)
{
	nftw(files_root(), files_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path of a file of the test. */
static inline const char *files_path(const char *name)
{
	static char paths[8][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, PATH_MAX, "%s/%s", files_root(), name);
	return path;
}

/* Write @text to a file, with the folders it needs. */
static inline const char *files_write(const char *name, const char *text)
{
	char *path = (char *)files_path(name), *slash = path + strlen(files_root());
	FILE *file;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
	return path;
}

#endif
