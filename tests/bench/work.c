// SPDX-License-Identifier: GPL-2.0-or-later
/* work read|pipe ROUNDS: rounds of work like that of real programs, and what one of them took on average, in nanoseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE	(256 << 10)
#define PIECE		4096
#define MESSAGES	200

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Counts lines, as wc(1) does: a system call for every 4 KiB of text. */
static void round_read(int *fd)
{
	static char piece[PIECE];
	volatile unsigned long lines = 0;
	ssize_t got;
	char *p;

	lseek(fd[0], 0, SEEK_SET);
	while ((got = read(fd[0], piece, sizeof(piece))) > 0)
		for (p = piece; p < piece + got; p++)
			lines += *p == '\n';
}

/* A request and its answer between two processes: two switches, four system calls, and a little work on each side. */
static unsigned int work_on(unsigned int x)
{
	unsigned int i;

	for (i = 0; i < 2000; i++)
		x = x * 1664525 + 1013904223;
	return x;
}

static void round_pipe(int *fd)
{
	unsigned int i, x = 1;

	for (i = 0; i < MESSAGES; i++) {
		x = work_on(x);
		if (write(fd[1], &x, sizeof(x)) != sizeof(x) || read(fd[0], &x, sizeof(x)) != sizeof(x))
			die("pipe");
	}
}

static void answer(int in, int out)
{
	unsigned int x;

	while (read(in, &x, sizeof(x)) == sizeof(x)) {
		x = work_on(x);
		if (write(out, &x, sizeof(x)) != sizeof(x))
			break;
	}
	_exit(0);
}

static void open_pipes(int *fd)
{
	int to[2], from[2];

	if (pipe(to) || pipe(from))
		die("pipe");
	if (!fork()) {
		close(to[1]);
		answer(to[0], from[1]);
	}
	close(to[0]);
	fd[0] = from[0];
	fd[1] = to[1];
}

static void open_text(int *fd)
{
	static char text[FILE_SIZE];
	unsigned int i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 61 ? 'x' : '\n';
	fd[0] = memfd_create("text", 0);
	if (fd[0] < 0 || write(fd[0], text, sizeof(text)) != sizeof(text))
		die("memfd");
}

int main(int argc, char **argv)
{
	int fd[2], pipes, rounds = argc == 3 ? atoi(argv[2]) : 0, i;
	double begin;

	if (rounds < 1 || (strcmp(argv[1], "read") && strcmp(argv[1], "pipe"))) {
		fprintf(stderr, "usage: work read|pipe ROUNDS\n");
		return 2;
	}
	pipes = !strcmp(argv[1], "pipe");
	(pipes ? open_pipes : open_text)(fd);
	(pipes ? round_pipe : round_read)(fd);
	begin = now();
	for (i = 0; i < rounds; i++)
		(pipes ? round_pipe : round_read)(fd);
	printf("%.0f\n", (now() - begin) / rounds);
	return 0;
}
