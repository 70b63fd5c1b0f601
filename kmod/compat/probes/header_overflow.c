// SPDX-License-Identifier: GPL-2.0
// linux/overflow.h exists.
#include <linux/kernel.h>
#include <linux/overflow.h>
