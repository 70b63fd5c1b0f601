/* SPDX-License-Identifier: GPL-2.0 */
/* Who may measure, and who may see kernel addresses. */
#ifndef _KTALLY_COMPAT_CRED_H
#define _KTALLY_COMPAT_CRED_H

#include <linux/types.h>

struct sk_buff;

/**
 * ktally_capable() - whether the current task may measure the machine
 *
 * CAP_PERFMON, "capabilities: Introduce CAP_PERFMON to kernel and user space", 5.8, or
 * CAP_SYS_ADMIN, on any kernel.
 * Context: process.
 */
bool ktally_capable(void);

/**
 * ktally_skb_capable() - the same for the sender of a netlink message
 * @skb: the message; both its socket's creator and the current task must be capable
 *
 * Context: process, while the message is handled.
 */
bool ktally_skb_capable(struct sk_buff *skb);

/**
 * ktally_kernel_addresses_allowed() - whether kptr_restrict lets the current task see them
 *
 * The setting is not exported, but printing with %pK obeys it: a task that is refused reads
 * zeros. 0 lets everybody, 1 those with CAP_SYSLOG, 2 nobody.
 * Context: process.
 */
bool ktally_kernel_addresses_allowed(void);

#endif /* _KTALLY_COMPAT_CRED_H */
