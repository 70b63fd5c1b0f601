// SPDX-License-Identifier: GPL-2.0-or-later
/* A program whose stack is known: asks the smoke module to walk it, from three calls deep, and checks. */

/*
 * Without a C library, so that it can be built for 32 bits and for another architecture with
 * the compiler alone. Built with frame pointers.
 */
#if defined(__x86_64__)
enum { SYS_read = 0, SYS_write = 1, SYS_open = 2, SYS_exit = 60 };
static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile ("syscall" : "=a" (ret) : "0" (nr), "D" (a), "S" (b), "d" (c)
			  : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__i386__)
enum { SYS_read = 3, SYS_write = 4, SYS_open = 5, SYS_exit = 1 };
static long call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile ("int $0x80" : "=a" (ret) : "0" (nr), "b" (a), "c" (b), "d" (c)
			  : "memory");
	return ret;
}
#elif defined(__aarch64__)
enum { SYS_read = 63, SYS_write = 64, SYS_open = -1, SYS_openat = 56, SYS_exit = 93 };
static long call(long nr, long a, long b, long c)
{
	register long x8 __asm__("x8") = nr == SYS_open ? SYS_openat : nr;
	register long x0 __asm__("x0") = nr == SYS_open ? -100 : a;
	register long x1 __asm__("x1") = nr == SYS_open ? a : b;
	register long x2 __asm__("x2") = nr == SYS_open ? b : c;

	__asm__ volatile ("svc 0" : "+r" (x0) : "r" (x8), "r" (x1), "r" (x2) : "memory");
	return x0;
}
#else
#error "no system calls are written down for this architecture"
#endif

#define FILE_NAME "/sys/module/ktally_smoke/parameters/user_stack"

static unsigned long seen[3];

static unsigned long address(void *function)
{
	return (unsigned long)function;
}

/* Each asks for its own return address, which the walk must find in the same order. */
static __attribute__((noinline)) void inner(void)
{
	long fd = call(SYS_open, address(FILE_NAME), 1, 0);

	seen[0] = address(__builtin_return_address(0));
	if (fd < 0 || call(SYS_write, fd, address("x"), 1) != 1)
		call(SYS_exit, 2, 0, 0);
}

static __attribute__((noinline)) void middle(void)
{
	inner();
	seen[1] = address(__builtin_return_address(0));
}

static __attribute__((noinline)) void outer(void)
{
	/*
	 * A page fault stores all registers where a system call of an old kernel leaves some of
	 * them out: from here on, what lies there is this function's frame, not inner()'s.
	 */
	*(volatile unsigned long *)&seen[0] = 0;
	middle();
	seen[2] = address(__builtin_return_address(0));
}

/* The file holds the addresses in hexadecimal, one a word. */
static unsigned long next_word(const char **text)
{
	unsigned long value = 0;

	for (; **text > ' '; (*text)++)
		value = value * 16 + (**text <= '9' ? **text - '0' : **text - 'a' + 10);
	if (**text)
		(*text)++;
	return value;
}

static int check(void)
{
	static char text[1024];
	const char *rest = text;
	int i;

	if (call(SYS_read, call(SYS_open, address(FILE_NAME), 0, 0), address(text),
		 sizeof(text) - 1) <= 0)
		return 3;
	/* The first is where the system call returns to. */
	next_word(&rest);
	for (i = 0; i < 3; i++)
		if (next_word(&rest) != seen[i])
			return 10 + i;
	return 0;
}

void _start(void)
{
	outer();
	call(SYS_exit, check(), 0, 0);
}
