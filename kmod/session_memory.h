/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of a session. */
#ifndef _KTALLY_SESSION_MEMORY_H
#define _KTALLY_SESSION_MEMORY_H

struct ktally_session;

/** ktally_session_alloc() - set everything aside; on failure nothing is left. Context: process, session locked. */
int ktally_session_alloc(struct ktally_session *session, const char **why);
/** ktally_session_free_memory() - no handler may be left. Context: process. */
void ktally_session_free_memory(struct ktally_session *session);

#endif /* _KTALLY_SESSION_MEMORY_H */
