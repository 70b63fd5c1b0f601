/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jvm.h: asks a running OpenJDK for the names of the code it has compiled, as its own jcmd does. */
#ifndef KTALLY_JVM_H
#define KTALLY_JVM_H

#include "jit_process.h"
#include "libktally.h"

/**
 * ktally_jvm_perfmap - have the virtual machine of @process write its perf map, within @limit_ms
 *
 * Speaks HotSpot's attach protocol from a child that has become the process' user: a socket in its /tmp, which the machine makes when it is
 * told to by a file and a SIGQUIT. No signal is sent to a process that does not handle it, or that was started with attaching disabled.
 * Return: 0: the file is written; -EOPNOTSUPP: this Java is too old (before 17); -EACCES: it does not allow attaching, or we may not;
 * -ETIMEDOUT; -ESRCH; -EPROTO
 */
int ktally_jvm_perfmap(const struct ktally_jit_process *process, unsigned int limit_ms, struct ktally_error *err);
/** ktally_jvm_reply - what an answer says: a number, a line's end, and a text. Return: as above */
int ktally_jvm_reply(uint32_t pid, const char *text, size_t size, struct ktally_error *err);
/** ktally_jvm_path - does a mapping of the file @path say that the process is one? */
bool ktally_jvm_path(const char *path);

#endif /* KTALLY_JVM_H */
