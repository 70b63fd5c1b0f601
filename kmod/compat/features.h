/* SPDX-License-Identifier: GPL-2.0 */
/* What the module can do on this kernel, as the bits that user space is told. */
#ifndef _KTALLY_COMPAT_FEATURES_H
#define _KTALLY_COMPAT_FEATURES_H

#include <linux/types.h>

/**
 * ktally_features() - the KTALLY_FEATURE_* that hold here
 *
 * Context: process.
 */
u64 ktally_features(void);

#endif /* _KTALLY_COMPAT_FEATURES_H */
