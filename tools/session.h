/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the subcommands of 'ktally session' share: their options, and the session that was named. */
#ifndef _KTALLY_SESSION_H
#define _KTALLY_SESSION_H

#include <libktally.h>

#include "cgroup.h"
#include "cmd.h"

/** struct session_cfg - options of all subcommands; each table binds those it takes */
struct session_cfg {
	struct opt_common common;
	struct opt_texts events, files;
	struct opt_numbers pids;
	struct opt_mask cpus;
	const struct ktally_exporter *format;
	const char *ring_mode, *clock, *sort;
	struct cgroup_options cgroup;
	uint32_t ring_size, watermark, budget;
	unsigned int stack_entries, mappings, rows, top;
	bool emit, processes, clear, follow;
};

/** struct session - an open client and the session that was named */
struct session {
	struct ktally_client *client;
	struct ktally_session_info info;
	struct ktally_error err;
};

/** session_open - open the client and find the session called @name; NULL: only the client. Return: exit code */
int session_open(struct session *session, const char *name);
/** session_close - Return: @status */
int session_close(struct session *session, int status);

/** session_snapshot, session_read - these two subcommands. Return: exit code */
int session_snapshot(const struct cmd_call *call);
int session_read(const struct cmd_call *call);

#endif /* _KTALLY_SESSION_H */
