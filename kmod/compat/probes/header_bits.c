// SPDX-License-Identifier: GPL-2.0
// linux/bits.h exists.
#include <linux/bits.h>
