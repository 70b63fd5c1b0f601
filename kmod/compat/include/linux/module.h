/* SPDX-License-Identifier: GPL-2.0 */
/* within_module(): "module: add within_module() function", 3.18. */
#ifndef _KTALLY_SHIM_LINUX_MODULE_H
#define _KTALLY_SHIM_LINUX_MODULE_H

#include_next <linux/module.h>

#ifndef KTALLY_HAVE_WITHIN_MODULE
static inline bool within_module(unsigned long address, struct module *module)
{
	return within_module_init(address, module) || within_module_core(address, module);
}
#endif

#endif /* _KTALLY_SHIM_LINUX_MODULE_H */
