/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jit_process.h: what has to be known of a process, and kept of it, to find and to trust what it says of its code. */
#ifndef KTALLY_JIT_PROCESS_H
#define KTALLY_JIT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct ktally_jit_process - a process that runs generated code
 * @pid: initial pid namespace; @inner: in its own
 * @uid, @gid: effective
 * @born: CLOCK_REALTIME seconds when it began, 0 if unknown
 * @known: what stands above was read while it lived
 * @tmp: descriptor of the folder that is /tmp for it, -1 if it cannot be had
 */
struct ktally_jit_process {
	uint32_t pid, inner;
	uid_t uid;
	gid_t gid;
	int64_t born;
	bool known;
	int tmp;
};

/** struct ktally_jit_status - of /proc/PID/status; @caught: mask of signals that it handles; @state: its letter */
struct ktally_jit_status {
	uint32_t inner;
	uid_t uid;
	gid_t gid;
	uint64_t caught;
	char state;
};

/** ktally_jit_process_open - learn of process @pid. If it is gone, @process is not known, and our own /tmp stands for its own */
void ktally_jit_process_open(struct ktally_jit_process *process, uint32_t pid);
void ktally_jit_process_close(struct ktally_jit_process *process);
/** ktally_jit_status_parse - @text as of /proc/PID/status, with a NUL. Return: found all that has to be there */
bool ktally_jit_status_parse(struct ktally_jit_status *status, const char *text);
/** ktally_jit_process_status - as it is now. Return: 0 or -errno; -ESRCH: it is gone, or another one has its number */
int ktally_jit_process_status(const struct ktally_jit_process *process, struct ktally_jit_status *status);
/** ktally_jit_folder - folder @path ("/tmp") as process @pid sees it, for openat(). Return: a descriptor or -errno */
int ktally_jit_folder(uint32_t pid, const char *path);
/** ktally_jit_cwd - the folder that process @pid works in. Return: a descriptor or -errno */
int ktally_jit_cwd(uint32_t pid);

#endif /* KTALLY_JIT_PROCESS_H */
