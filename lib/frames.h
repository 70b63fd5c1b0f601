/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of symbolizing: the frames of all addresses that were asked for. */
#ifndef KTALLY_FRAMES_H
#define KTALLY_FRAMES_H

#include "libktally.h"

struct ktally_frames;

/** ktally_frames_new - Return: none yet; NULL: no memory */
struct ktally_frames *ktally_frames_new(void);
void ktally_frames_free(struct ktally_frames *frames);
/** ktally_frames_expect - make room for @nr more at once. Return: 0 or -ENOMEM */
int ktally_frames_expect(struct ktally_frames *frames, size_t nr);
/** ktally_frames_find - the frame of @word in @image, which stays where it is. NULL: nobody asked for it yet */
struct ktally_frame *ktally_frames_find(const struct ktally_frames *frames, uint64_t image, uint64_t word);
/** ktally_frames_get - the same, or a new one (*@fresh) of zeros. NULL: no memory */
struct ktally_frame *ktally_frames_get(struct ktally_frames *frames, uint64_t image, uint64_t word, bool *fresh);
/** ktally_frames_more - one that no address leads to: what @frames has of it is that it lives as long. NULL: no memory */
struct ktally_frame *ktally_frames_more(struct ktally_frames *frames);
/** ktally_frames_soon - bring what is there of @nr words of @image near, for they will be asked for next */
void ktally_frames_soon(const struct ktally_frames *frames, uint64_t image, const uint64_t *words, size_t nr);
/** ktally_frames_each - in the order in which they were asked for first. Return: 0 or what @fn returned */
int ktally_frames_each(const struct ktally_frames *frames, int (*fn)(uint64_t image, uint64_t word, const struct ktally_frame *frame, void *arg),
		       void *arg);

#endif /* KTALLY_FRAMES_H */
