/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of stacks as frames: adding one. */
#ifndef KTALLY_STACK_VIEW_H
#define KTALLY_STACK_VIEW_H

#include "libktally.h"

/** ktally_view_push - one frame more; NULL is -ENOMEM. Return: 0 or -ENOMEM */
int ktally_view_push(struct ktally_stack_view *view, const struct ktally_frame *frame);

#endif /* KTALLY_STACK_VIEW_H */
