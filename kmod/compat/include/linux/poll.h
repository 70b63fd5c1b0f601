/* SPDX-License-Identifier: GPL-2.0 */
/* __poll_t and the EPOLL bits: "define __poll_t, annotate constants", 4.16. */
#ifndef _KTALLY_SHIM_LINUX_POLL_H
#define _KTALLY_SHIM_LINUX_POLL_H

#include_next <linux/poll.h>

#ifndef KTALLY_HAVE_POLL_T
#include <uapi/linux/eventpoll.h>

/* Not a typedef: distributions define one of their own in unrelated headers. */
#define __poll_t	unsigned int
#ifndef EPOLLIN
#define EPOLLIN		POLLIN
#define EPOLLRDNORM	POLLRDNORM
#define EPOLLERR	POLLERR
#define EPOLLHUP	POLLHUP
#define EPOLLPRI	POLLPRI
#endif
#endif

#endif /* _KTALLY_SHIM_LINUX_POLL_H */
