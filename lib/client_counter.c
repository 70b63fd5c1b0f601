// SPDX-License-Identifier: LGPL-2.1-or-later
/* Counters of a session: making them from a plan, and what they counted. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

/*
 * A counter's label: 'C' 1 | scale: 8 bytes of a double | name: length, text | unit: length, text. The machine that wrote it reads it.
 */
#define LABEL_MAGIC	'C'
#define LABEL_VERSION	1

static int encode(const struct ktally_counter_plan *counter, unsigned char *label)
{
	size_t name = strnlen(counter->name, sizeof(counter->name)), unit = strnlen(counter->unit, sizeof(counter->unit));
	unsigned char *p = label;

	*p++ = LABEL_MAGIC;
	*p++ = LABEL_VERSION;
	memcpy(p, &counter->scale, sizeof(counter->scale));
	p += sizeof(counter->scale);
	*p++ = name;
	memcpy(p, counter->name, name);
	p += name;
	*p++ = unit;
	memcpy(p, counter->unit, unit);
	return (int)(p + unit - label);
}

/* Whoever may make a session chooses its labels: nothing of it is trusted. Return: bytes taken, 0 if that cannot be a text */
static size_t decode_text(const unsigned char *label, size_t size, char *text, size_t room)
{
	size_t i, len = size ? label[0] : 0;

	if (!size || len >= room || len > size - 1)
		return 0;
	for (i = 0; i < len; i++)
		if (label[1 + i] < 0x20 || label[1 + i] == 0x7f)
			return 0;
	memcpy(text, label + 1, len);
	text[len] = '\0';
	return len + 1;
}

static bool decode(struct ktally_counter_plan *counter, const unsigned char *label, size_t size)
{
	size_t at = 2 + sizeof(counter->scale), name;

	if (size < at || label[0] != LABEL_MAGIC || label[1] != LABEL_VERSION)
		return false;
	memcpy(&counter->scale, label + 2, sizeof(counter->scale));
	name = decode_text(label + at, size - at, counter->name, sizeof(counter->name));
	if (!name || !decode_text(label + at + name, size - at - name, counter->unit, sizeof(counter->unit)))
		return false;
	return counter->scale > 0 && counter->scale < 1e300;	/* not NaN, not infinite */
}

static int put(struct nl_msg *msg, uint32_t session, const struct ktally_counter_plan *counter)
{
	unsigned char label[sizeof(*counter)];
	int len = encode(counter, label);

	if (nla_put_u32(msg, KTALLY_A_SESSION, session) || nla_put_u32(msg, KTALLY_A_SRC_PERF_TYPE, counter->perf_type) ||
	    nla_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, counter->config) || nla_put(msg, KTALLY_A_LABEL, len, label))
		return -ENOMEM;
	if (counter->config1 && nla_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG1, counter->config1))
		return -ENOMEM;
	if (counter->config2 && nla_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG2, counter->config2))
		return -ENOMEM;
	return counter->flags ? nla_put_u32(msg, KTALLY_A_SRC_PERF_FLAGS, counter->flags) : 0;
}

int ktally_counter_new(struct ktally_client *client, uint32_t session, const struct ktally_counter_plan *counter, struct ktally_error *err)
{
	struct nl_msg *msg = ktally_request_new(client, KTALLY_CMD_COUNTER_NEW, 0, 256 + sizeof(*counter));
	struct ktally_refusal refusal;
	char what[128];
	int ret;

	if (!msg || put(msg, session, counter)) {
		nlmsg_free(msg);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	ret = ktally_request(client, msg, NULL, NULL, &refusal);
	if (!ret)
		return 0;
	snprintf(what, sizeof(what), "cannot count '%s'", counter->name);
	return ktally_request_fail(err, ret, &refusal, what);
}

/* Values of many CPUs come in several messages: these go behind those that are there. */
static int take_values(struct ktally_counter_info *info, struct nlattr *values)
{
	size_t size = values ? nla_len(values) : 0, nr = size / sizeof(*info->values);
	struct ktally_counter_value *all;

	if (size % sizeof(*info->values))
		return -EBADMSG;
	if (!size)
		return 0;
	all = realloc(info->values, (info->nr_values + nr) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	memcpy(all + info->nr_values, nla_data(values), size);
	info->values = all;
	info->nr_values += nr;
	return 0;
}

static int take_counter(struct nlattr **attrs, void *arg)
{
	struct nlattr *label = attrs[KTALLY_A_LABEL];
	const struct ktally_list *so_far = arg;
	struct ktally_counter_info *info;
	struct ktally_counter_plan *plan;

	if (!attrs[KTALLY_A_COUNTER])
		return -EBADMSG;
	if (so_far->nr && nla_get_u32(attrs[KTALLY_A_COUNTER]) + 1 == so_far->nr)
		return take_values((struct ktally_counter_info *)so_far->items + so_far->nr - 1, attrs[KTALLY_A_COUNTER_VALUES]);
	info = ktally_list_add(arg);
	if (!info)
		return -ENOMEM;
	plan = &info->plan;
	info->counter = nla_get_u32(attrs[KTALLY_A_COUNTER]);
	if (info->counter + 1 != so_far->nr)
		return -EBADMSG;
	if (!label || !decode(plan, nla_data(label), nla_len(label))) {
		snprintf(plan->name, sizeof(plan->name), "counter %u", info->counter);
		plan->unit[0] = '\0';
		plan->scale = 1.0;
	}
	plan->perf_type = ktally_get_u32(attrs, KTALLY_A_SRC_PERF_TYPE);
	plan->flags = ktally_get_u32(attrs, KTALLY_A_SRC_PERF_FLAGS);
	plan->config = ktally_get_u64(attrs, KTALLY_A_SRC_PERF_CONFIG);
	plan->config1 = ktally_get_u64(attrs, KTALLY_A_SRC_PERF_CONFIG1);
	plan->config2 = ktally_get_u64(attrs, KTALLY_A_SRC_PERF_CONFIG2);
	return take_values(info, attrs[KTALLY_A_COUNTER_VALUES]);
}

void ktally_client_counters_free(struct ktally_counter_info *list, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		free(list[i].values);
	free(list);
}

static void reset_counters(void *arg)
{
	struct ktally_list *list = arg;

	ktally_client_counters_free(list->items, list->nr);
	list->items = NULL;
	list->nr = 0;
}

int ktally_client_counters(struct ktally_client *client, uint32_t session, struct ktally_counter_info **list, struct ktally_error *err)
{
	struct ktally_list found = { .size = sizeof(**list) };
	int ret = ktally_dump(client, KTALLY_CMD_COUNTER_GET, session, take_counter, &found, reset_counters, "cannot list the session's counters", err);

	*list = found.items;
	return ret ? ret : (int)found.nr;
}
