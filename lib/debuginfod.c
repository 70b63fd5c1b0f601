// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asks debuginfod servers, when the user named some. The client's library is loaded then: it brings a whole HTTP client along. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "debug_file.h"

/* A server that sends nothing for so many seconds is given up, and none is asked again. */
#define PATIENCE 10

typedef void *client_begin(void);
typedef void client_end(void *client);
typedef int client_find(void *client, const unsigned char *build_id, int length, char **path);
typedef int progress(void *client, long done, long whole);
typedef void client_progress(void *client, progress *fn);

struct library {
	client_begin *begin;
	client_end *end;
	client_find *debuginfo, *executable;
	client_progress *set_progress;
};

static bool silent;
static struct {
	time_t since;
	long done;
} last;

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* Before anything has come @whole is 0, and @done counts something else. */
static int check_progress(void *client, long done, long whole)
{
	(void)client;
	if (whole > 0 && done != last.done) {
		last.done = done;
		last.since = now();
	}
	return now() - last.since > PATIENCE;
}

static const struct library *load(void)
{
	static struct library library;
	static bool tried;
	void *handle;

	if (tried)
		return library.begin ? &library : NULL;
	tried = true;
	handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return NULL;
	library.end = (client_end *)dlsym(handle, "debuginfod_end");
	library.debuginfo = (client_find *)dlsym(handle, "debuginfod_find_debuginfo");
	library.executable = (client_find *)dlsym(handle, "debuginfod_find_executable");
	library.set_progress = (client_progress *)dlsym(handle, "debuginfod_set_progressfn");
	if (library.end && library.debuginfo && library.executable && library.set_progress)
		library.begin = (client_begin *)dlsym(handle, "debuginfod_begin");
	return library.begin ? &library : NULL;
}

/* It becomes part of a path, and may come from a recording. */
static bool is_build_id(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return len >= 8 && !text[len];
}

void ktally_debuginfod_retry(void)
{
	silent = false;
}

int ktally_debuginfod_open(const char *build_id, bool executable)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	const struct library *library;
	void *client;
	int fd;

	if (silent || !urls || !urls[strspn(urls, " ")] || !is_build_id(build_id))
		return -1;
	library = load();
	client = library ? library->begin() : NULL;
	if (!client)
		return -1;
	last.since = now();
	last.done = 0;
	library->set_progress(client, check_progress);
	/* A length of 0 says that the build-id is hex text. */
	fd = (executable ? library->executable : library->debuginfo)(client, (const unsigned char *)build_id, 0, NULL);
	library->end(client);
	silent = fd < 0 && fd != -ENOENT;
	return fd < 0 ? -1 : fd;
}
