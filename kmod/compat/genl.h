/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink, as strict and as talkative on old kernels as on new ones. */
#ifndef _KTALLY_COMPAT_GENL_H
#define _KTALLY_COMPAT_GENL_H

#include <linux/types.h>
#include <net/genetlink.h>

/**
 * struct ktally_genl - what a family is registered with
 * @family: filled in by ktally_genl_register() but for netnsok and parallel_ops
 * @name: the family's name
 * @version: of its protocol
 * @ops: its operations: cmd, flags, doit, dumpit and done, nothing else. doit begins with
 *	ktally_genl_check(), dumpit uses ktally_genl_dump_attrs()
 * @n_ops: how many
 * @policy: type and length of each attribute, of the types that ktally_genl_check() knows
 * @max_attr: the largest attribute, and the last index of @policy
 * @group: the name of its only multicast group
 */
struct ktally_genl {
	struct genl_family *family;
	const char *name;
	unsigned int version;
	const struct genl_ops *ops;
	unsigned int n_ops;
	const struct nla_policy *policy;
	unsigned int max_attr;
	const char *group;
};

/**
 * ktally_genl_register() - make a family known
 * @genl: must stay until ktally_genl_unregister(); one at a time
 *
 * Families carry their operations since "genetlink: make all genl_ops users const", 3.13, and
 * their policy since "genetlink: make policy common to family", 5.2.
 *
 * Return: 0 or -errno.
 * Context: process, sleeps.
 */
int ktally_genl_register(const struct ktally_genl *genl);

/**
 * ktally_genl_unregister() - forget a family; none of its operations runs on return
 * @genl: from ktally_genl_register()
 *
 * Context: process, sleeps.
 */
void ktally_genl_unregister(const struct ktally_genl *genl);

/**
 * ktally_genl_multicast() - send a message to who listens to the family's group
 * @genl: the family
 * @skb: consumed
 * @gfp: how to allocate
 *
 * Return: 0, or -ESRCH when nobody listens.
 * Context: as @gfp says.
 */
static inline int ktally_genl_multicast(const struct ktally_genl *genl, struct sk_buff *skb,
					gfp_t gfp)
{
	return genlmsg_multicast(genl->family, skb, 0, 0, gfp);
}

/**
 * ktally_refuse() - say why a request is refused
 * @info: the request's struct genl_info
 * @attr: the attribute at fault, or NULL
 * @sentence: a string literal
 *
 * Reaches the sender as the extended acknowledgement that "netlink: extended ACK reporting"
 * brought in 4.12. On older kernels it is kept, for ktally_refusal() to find.
 * Context: inside doit.
 */
#define ktally_refuse(info, attr, sentence)	__ktally_refuse(info, attr, "" sentence)

/**
 * ktally_refusal() - the sentence that the sender will not get from the kernel
 * @info: the request's struct genl_info
 *
 * Return: what ktally_refuse() said, or NULL if nothing or if the kernel delivers it.
 * Context: at the end of doit.
 */
static inline const char *ktally_refusal(struct genl_info *info)
{
#ifdef KTALLY_HAVE_EXTACK
	return NULL;
#else
	return info->user_ptr[0];
#endif
}

static inline void __ktally_refuse(struct genl_info *info, const struct nlattr *attr,
				   const char *sentence)
{
#ifdef KTALLY_HAVE_EXTACK
	if (info->extack) {
		info->extack->_msg = sentence;
		info->extack->bad_attr = attr;
	}
#else
	info->user_ptr[0] = (void *)sentence;
#endif
}

/**
 * ktally_refuse_dump() - ktally_refuse() for a dump
 * @cb: the dump
 * @attr: the attribute at fault, or NULL
 * @sentence: a string literal; lost on kernels that give dumps no place for it
 *
 * Context: inside dumpit.
 */
#define ktally_refuse_dump(cb, attr, sentence)	__ktally_refuse_dump(cb, attr, "" sentence)

static inline void __ktally_refuse_dump(struct netlink_callback *cb, const struct nlattr *attr,
					const char *sentence)
{
#ifdef KTALLY_HAVE_DUMP_EXTACK
	if (cb->extack) {
		cb->extack->_msg = sentence;
		cb->extack->bad_attr = attr;
	}
#endif
}

/**
 * ktally_genl_check() - refuse a request that the family's policy does not allow
 * @genl: the family
 * @info: the request
 *
 * Kernels before "netlink: make validation more configurable for future strictness", 5.2,
 * ignore attributes that they do not know and accept more bytes than a type has. This refuses
 * both everywhere, with a sentence. Of an attribute given twice it refuses the second.
 *
 * Return: 0 or -EINVAL. (Some lengths an older kernel refuses before, with -ERANGE.)
 * Context: first thing in doit.
 */
int ktally_genl_check(const struct ktally_genl *genl, struct genl_info *info);

/**
 * ktally_genl_parse_nested() - the same check for what is inside an attribute
 * @attrs: array of @max + 1, filled in: NULL where absent
 * @max: the largest type inside
 * @nest: the outer attribute
 * @policy: of the inner ones
 * @info: the request, for the sentence
 *
 * Return: 0 or -EINVAL.
 * Context: inside doit.
 */
int ktally_genl_parse_nested(struct nlattr **attrs, unsigned int max, const struct nlattr *nest,
			     const struct nla_policy *policy, struct genl_info *info);

/**
 * ktally_genl_dump_attrs() - the attributes of the request that a dump answers
 * @genl: the family
 * @cb: the dump
 * @attrs: array of genl->max_attr + 1, filled in: NULL where absent
 *
 * Return: 0, or -EINVAL: checked as by ktally_genl_check().
 * Context: inside dumpit.
 */
int ktally_genl_dump_attrs(const struct ktally_genl *genl, struct netlink_callback *cb,
			   struct nlattr **attrs);

/**
 * ktally_nla_put_u64() - append 64 bits to a message, unpadded
 * @skb: the message
 * @type: the attribute
 * @value: in host byte order
 *
 * For nla_put_u64(), which 4.7 took away.
 *
 * Return: 0 or -EMSGSIZE.
 */
static inline int ktally_nla_put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put(skb, type, sizeof(value), &value);
}

#endif /* _KTALLY_COMPAT_GENL_H */
