/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens recordings for the commands that read them. */
#ifndef _KTALLY_TOOLS_RECORDING_H
#define _KTALLY_TOOLS_RECORDING_H

#include <libktally.h>

/** recording_open - Return: exit code, after saying on stderr what is wrong */
int recording_open(struct ktally_recording **recording, const char *path, const char *symfs);

#endif /* _KTALLY_TOOLS_RECORDING_H */
