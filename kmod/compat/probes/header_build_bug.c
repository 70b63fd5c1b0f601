// SPDX-License-Identifier: GPL-2.0
// linux/build_bug.h exists.
#include <linux/build_bug.h>
