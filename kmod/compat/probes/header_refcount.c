// SPDX-License-Identifier: GPL-2.0
// linux/refcount.h exists.
#include <linux/refcount.h>
