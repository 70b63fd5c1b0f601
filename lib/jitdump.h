/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jitdump.h: the file by which a JIT compiler tells its code as it is made: jit-PID.dump, which it maps executable so that who measures
 * sees where it is.
 */
#ifndef KTALLY_JITDUMP_H
#define KTALLY_JITDUMP_H

#include "jit_code.h"

struct ktally_jitdump;

/** ktally_jitdump_new - that puts what it reads into @codes. NULL: no memory */
struct ktally_jitdump *ktally_jitdump_new(struct ktally_jit_codes *codes);
void ktally_jitdump_free(struct ktally_jitdump *dump);
/**
 * ktally_jitdump_read - go on in the file @fd from where the last call ended
 * Either byte order. A record whose end is not written yet is left for the next call.
 * Return: 1: there was something new; 0: nothing; -EBADMSG: this is no jitdump, or it is damaged: what was read before stays
 */
int ktally_jitdump_read(struct ktally_jitdump *dump, int fd);
/** ktally_jitdump_path - does a mapping of the file @path say that it is one? */
bool ktally_jitdump_path(const char *path);

#endif /* KTALLY_JITDUMP_H */
