// SPDX-License-Identifier: GPL-2.0
/* Generic netlink, as strict on old kernels as on new ones. */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "compat/genl.h"

#ifndef KTALLY_HAVE_GENL_FAMILY_OPS
#error "ktally needs Linux 3.13 or later, or the 3.10 of RHEL 7.7 or later"
#endif

/* What the kernel keeps a pointer to; a module has one family. */
static struct genl_multicast_group group;
static struct genl_ops *op_copies;

/* Operations have their own policy before 5.2, and again since 5.10, where it is optional. */
static const struct genl_ops *ops_with_policy(const struct ktally_genl *genl)
{
#if defined(KTALLY_HAVE_GENL_OP_POLICY) && !defined(KTALLY_HAVE_GENL_FAMILY_POLICY)
	unsigned int i;

	op_copies = kmemdup(genl->ops, genl->n_ops * sizeof(*genl->ops), GFP_KERNEL);
	for (i = 0; op_copies && i < genl->n_ops; i++)
		op_copies[i].policy = genl->policy;
	return op_copies;
#else
	return genl->ops;
#endif
}

int ktally_genl_register(const struct ktally_genl *genl)
{
	struct genl_family *family = genl->family;
	const struct genl_ops *ops = ops_with_policy(genl);
	int err;

	if (!ops)
		return -ENOMEM;
	strscpy(group.name, genl->group, sizeof(group.name));
	strscpy(family->name, genl->name, sizeof(family->name));
	family->version = genl->version;
	family->maxattr = genl->max_attr;
	family->module = THIS_MODULE;
	family->ops = ops;
	family->n_ops = genl->n_ops;
	family->mcgrps = &group;
	family->n_mcgrps = 1;
#ifdef KTALLY_HAVE_GENL_FAMILY_POLICY
	family->policy = genl->policy;
#endif
#ifdef GENL_ID_GENERATE
	family->id = GENL_ID_GENERATE;
#endif
	err = genl_register_family(family);
	if (err) {
		kfree(op_copies);
		op_copies = NULL;
	}
	return err;
}

void ktally_genl_unregister(const struct ktally_genl *genl)
{
	genl_unregister_family(genl->family);
	kfree(op_copies);
	op_copies = NULL;
}

/* Why an attribute is refused: the caller has one of two places to say it. */
struct refusal {
	const struct nlattr *attr;
	const char *sentence;
};

static int refuse(struct refusal *refusal, const struct nlattr *attr, const char *sentence)
{
	refusal->attr = attr;
	refusal->sentence = sentence;
	return -EINVAL;
}

/* The length of a type that has only one, or -1. */
static int type_length(unsigned int type)
{
	switch (type) {
	case NLA_FLAG:
		return 0;
	case NLA_U8:
	case NLA_S8:
		return sizeof(u8);
	case NLA_U16:
	case NLA_S16:
		return sizeof(u16);
	case NLA_U32:
	case NLA_S32:
		return sizeof(u32);
	case NLA_U64:
	case NLA_S64:
	case NLA_MSECS:
		return sizeof(u64);
	default:
		return -1;
	}
}

static int check_attr(const struct nlattr *attr, const struct nla_policy *policy,
		      struct refusal *refusal)
{
	int expected = type_length(policy->type);

	if (policy->type == NLA_UNSPEC)
		return refuse(refusal, attr, "attribute is not one that a request may have");
	if (expected >= 0 && nla_len(attr) != expected)
		return refuse(refusal, attr, "attribute has not the length of its type");
	if (policy->type == NLA_NUL_STRING) {
		if (!nla_len(attr) || !memchr(nla_data(attr), 0, nla_len(attr)))
			return refuse(refusal, attr, "string has no end");
		if (policy->len && nla_len(attr) > policy->len + 1)
			return refuse(refusal, attr, "string is too long");
	}
	if ((policy->type == NLA_BINARY || policy->type == NLA_STRING) && policy->len &&
	    nla_len(attr) > policy->len)
		return refuse(refusal, attr, "attribute is too long");
	return 0;
}

static int parse(struct nlattr **attrs, unsigned int max, const struct nlattr *head, int length,
		 const struct nla_policy *policy, struct refusal *refusal)
{
	const struct nlattr *attr;
	int left, err;

	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	nla_for_each_attr(attr, head, length, left) {
		unsigned int type = nla_type(attr);

		if (type == 0 || type > max)
			return refuse(refusal, attr,
				      "attribute is unknown to this version of the module");
		if (attrs[type])
			return refuse(refusal, attr, "attribute is given twice");
		err = check_attr(attr, &policy[type], refusal);
		if (err)
			return err;
		attrs[type] = (struct nlattr *)attr;
	}
	if (left > 0)
		return refuse(refusal, NULL, "bytes are left over after the last attribute");
	return 0;
}

static int parse_message(const struct ktally_genl *genl, const struct nlmsghdr *header,
			 struct nlattr **attrs, struct refusal *refusal)
{
	return parse(attrs, genl->max_attr, nlmsg_attrdata(header, GENL_HDRLEN),
		     nlmsg_attrlen(header, GENL_HDRLEN), genl->policy, refusal);
}

int ktally_genl_check(const struct ktally_genl *genl, struct genl_info *info)
{
	struct refusal refusal;
	struct nlattr **attrs = kcalloc(genl->max_attr + 1, sizeof(*attrs), GFP_KERNEL);
	int err;

	if (!attrs)
		return -ENOMEM;
	err = parse_message(genl, info->nlhdr, attrs, &refusal);
	kfree(attrs);
	if (err)
		__ktally_refuse(info, refusal.attr, refusal.sentence);
	return err;
}

int ktally_genl_parse_nested(struct nlattr **attrs, unsigned int max, const struct nlattr *nest,
			     const struct nla_policy *policy, struct genl_info *info)
{
	struct refusal refusal;
	int err = parse(attrs, max, nla_data(nest), nla_len(nest), policy, &refusal);

	if (err)
		__ktally_refuse(info, refusal.attr, refusal.sentence);
	return err;
}

int ktally_genl_dump_attrs(const struct ktally_genl *genl, struct netlink_callback *cb,
			   struct nlattr **attrs)
{
	struct refusal refusal;
	int err = parse_message(genl, cb->nlh, attrs, &refusal);

	if (err)
		__ktally_refuse_dump(cb, refusal.attr, refusal.sentence);
	return err;
}
