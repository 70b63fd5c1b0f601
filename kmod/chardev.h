/* SPDX-License-Identifier: GPL-2.0 */
/* The character device: attach, regions, mmap, poll. */
#ifndef _KTALLY_CHARDEV_H
#define _KTALLY_CHARDEV_H

int ktally_chardev_init(void);
void ktally_chardev_uninit(void);

#endif /* _KTALLY_CHARDEV_H */
