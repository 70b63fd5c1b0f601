// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes as many getppid calls as it is told, and ends. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	while (n-- > 0)
		syscall(SYS_getppid);
	return 0;
}
