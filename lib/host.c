// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which machine this is, and what its clocks say. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "libktally.h"
#include "process.h"
#include "symtab.h"

static uint64_t clock_now(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now))
		return 0;
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

void ktally_clocks_read(struct ktally_clocks *clocks)
{
	clocks->monotonic = clock_now(CLOCK_MONOTONIC);
	clocks->realtime = clock_now(CLOCK_REALTIME);
	clocks->boottime = clock_now(CLOCK_BOOTTIME);
}

void ktally_host_read(struct ktally_host *host)
{
	struct utsname uts;
	char *text;
	size_t size;
	long cpus;

	memset(&uts, 0, sizeof(uts));
	uname(&uts);
	snprintf(host->hostname, sizeof(host->hostname), "%.64s", uts.nodename);
	snprintf(host->release, sizeof(host->release), "%.64s", uts.release);
	snprintf(host->machine, sizeof(host->machine), "%.64s", uts.machine);
	cpus = sysconf(_SC_NPROCESSORS_CONF);
	host->cpus = cpus > 0 ? (unsigned int)cpus : 0;
	text = ktally_read_file("/proc/sys/kernel/random/boot_id", &size);
	snprintf(host->boot_id, sizeof(host->boot_id), "%.*s", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
	free(text);
	text = ktally_read_file("/sys/kernel/notes", &size);
	host->kernel_id[0] = 0;
	if (text)
		ktally_notes_build_id(text, size, host->kernel_id);
	free(text);
}
