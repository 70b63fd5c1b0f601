// SPDX-License-Identifier: GPL-2.0-or-later
/* host MILLISECONDS PLUGIN PLUGIN: main, alpha, then plugin_beta of one of two plugins that it loads, uses and unloads; for a part of the time each. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FRAME	__attribute__((noipa))

static volatile unsigned long sink;

FRAME long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

FRAME void alpha(void (*plugin)(unsigned int), unsigned int n)
{
	plugin(n);
	sink++;
}

static void *load(const char *path, void (**beta)(unsigned int))
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	*(void **)beta = plugin ? dlsym(plugin, "plugin_beta") : NULL;
	if (!*beta) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return plugin;
}

int main(int argc, char **argv)
{
	long long end = now_ms() + (argc > 3 ? atoi(argv[1]) : 1000);
	void (*one)(unsigned int), (*two)(unsigned int);
	void *first, *second;
	unsigned int n = 0;

	if (argc != 4)
		return 2;
	first = load(argv[2], &one);
	second = load(argv[3], &two);
	do
		alpha(n & 2 ? one : two, n & 1);
	while (n++, now_ms() < end);
	/* What they were mapped from is gone when the stacks get their names. */
	dlclose(first);
	dlclose(second);
	return 0;
}
