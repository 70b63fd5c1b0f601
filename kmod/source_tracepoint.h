/* SPDX-License-Identifier: GPL-2.0 */
/* Fields of typed tracepoints: how fields_*.c say them, each for the events of its kind. */
#ifndef _KTALLY_SOURCE_TRACEPOINT_H
#define _KTALLY_SOURCE_TRACEPOINT_H

#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include "compat/trace_protos.h"
#include "program.h"

/* An argument itself. */
#define FIELD_ARG(_name, _type, _size, _arg) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_ARG, .arg = _arg, .size = _size }
/* A member of the struct that an argument points to. */
#define FIELD_MEMBER(_name, _type, _arg, _struct, _member)					\
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_DEREF, .arg = _arg,			\
	  .size = sizeof(((struct _struct *)0)->_member), .offset = offsetof(struct _struct, _member) }
/* The same of a task; its name. */
#define FIELD_TASK(_name, _arg, _member) FIELD_MEMBER(_name, KTALLY_TYPE_INT, _arg, task_struct, _member)
#define FIELD_COMM(_name, _arg)									\
	{ .name = _name, .type = KTALLY_TYPE_STRING, .how = KTALLY_FIELD_TEXT, .arg = _arg,		\
	  .size = TASK_COMM_LEN, .offset = offsetof(struct task_struct, comm) }
/* What a function makes of the hit. */
#define FIELD_CALL(_name, _type, _size, _param, _get) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_CALL, .size = _size, .offset = _param, .get = _get }

/** KTALLY_FIELDS() - the fields of an event are this array; several events may share one */
#define KTALLY_FIELDS(_event, _list) \
	const struct ktally_fields ktally_fields_##_event = { .list = _list, .nr = ARRAY_SIZE(_list) }

#define KTALLY_FIELDS_DECLARE(_system, _event, _nargs) extern const struct ktally_fields ktally_fields_##_event;
KTALLY_TP_EVENTS(KTALLY_FIELDS_DECLARE)

#endif /* _KTALLY_SOURCE_TRACEPOINT_H */
