// SPDX-License-Identifier: GPL-2.0
/* Who may measure, and who may see kernel addresses. */
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/string.h>

#include "compat/cred.h"

bool ktally_capable(void)
{
#ifdef CAP_PERFMON
	if (capable(CAP_PERFMON))
		return true;
#endif
	return capable(CAP_SYS_ADMIN);
}

#ifndef KTALLY_HAVE_NETLINK_CAPABLE
/* "net: Add variants of capable for use on netlink messages", 3.15. */
static bool netlink_capable(const struct sk_buff *skb, int cap)
{
	return capable(cap);
}
#endif

bool ktally_skb_capable(struct sk_buff *skb)
{
#ifdef CAP_PERFMON
	if (netlink_capable(skb, CAP_PERFMON))
		return true;
#endif
	return netlink_capable(skb, CAP_SYS_ADMIN);
}

bool ktally_kernel_addresses_allowed(void)
{
	char text[2 * sizeof(void *) + 8];

	/* Zeros mean no, and so does the text for a context that %pK cannot judge. */
	snprintf(text, sizeof(text), "%pK", THIS_MODULE);
	return strspn(text, "0") != strlen(text) && strcmp(text, "pK-error");
}
