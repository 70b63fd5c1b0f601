// SPDX-License-Identifier: GPL-2.0-or-later
/* again MILLISECONDS COMMAND [ARG...]: runs the command again and again, one after another, for that long. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long long end = now_ms() + (argc > 2 ? atoi(argv[1]) : 0);
	int status, err;
	pid_t pid;

	if (argc < 3)
		return 2;
	do {
		err = posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ);
		if (err) {
			fprintf(stderr, "%s: %s\n", argv[2], strerror(err));
			return 1;
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	} while (now_ms() < end);
	return 0;
}
