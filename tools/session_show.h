/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows sessions as the kernel describes them: a table of all, or everything about one. */
#ifndef _KTALLY_SESSION_SHOW_H
#define _KTALLY_SESSION_SHOW_H

#include <stdbool.h>

#include <libktally.h>

/** session_list - all sessions to stdout; @names: only the names of pinned ones. Return: exit code */
int session_list(struct ktally_client *client, bool json, bool names);
/** session_show - one session with its tables and probes. Return: exit code */
int session_show(struct ktally_client *client, const struct ktally_session_info *info, bool json);

#endif /* _KTALLY_SESSION_SHOW_H */
