// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asks the module what it can do, which sessions there are, and what they are made of. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define DUMP_TRIES 16

static int take_info(struct nlattr **attrs, void *arg)
{
	struct ktally_info *info = arg;

	if (!attrs[KTALLY_A_ABI])
		return -EBADMSG;
	info->abi = nla_get_u32(attrs[KTALLY_A_ABI]);
	info->nr_cpus = ktally_get_u32(attrs, KTALLY_A_NR_CPUS);
	info->nr_sessions = ktally_get_u32(attrs, KTALLY_A_NR_SESSIONS);
	info->features = ktally_get_u64(attrs, KTALLY_A_FEATURES);
	ktally_get_text(attrs, KTALLY_A_RELEASE, info->release, sizeof(info->release));
	return 0;
}

int ktally_client_info(struct ktally_client *client, struct ktally_info *info, struct ktally_error *err)
{
	struct nl_msg *msg = ktally_request_new(client, KTALLY_CMD_INFO_GET, 0, 0);
	struct ktally_refusal refusal;
	int ret;

	memset(info, 0, sizeof(*info));
	if (!msg)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = ktally_request(client, msg, take_info, info, &refusal);
	return ret ? ktally_request_fail(err, ret, &refusal, "cannot ask the module what it can do") : 0;
}

static int take_field(struct ktally_source_info *source, struct nlattr *nest)
{
	struct nlattr *attrs[KTALLY_A_MAX + 1];
	struct ktally_source_field *fields;

	if (ktally_parse_nested(attrs, nest))
		return -EBADMSG;
	fields = realloc(source->fields, (source->nr_fields + 1) * sizeof(*fields));
	if (!fields)
		return -ENOMEM;
	source->fields = fields;
	fields += source->nr_fields++;
	memset(fields, 0, sizeof(*fields));
	ktally_get_text(attrs, KTALLY_A_FIELD_NAME, fields->name, sizeof(fields->name));
	fields->type = ktally_get_u32(attrs, KTALLY_A_FIELD_TYPE);
	fields->size = ktally_get_u32(attrs, KTALLY_A_FIELD_SIZE);
	return 0;
}

static int take_source(struct nlattr **attrs, void *arg)
{
	struct ktally_source_info source = { 0 };
	struct nlattr *field;
	int rest, ret = 0;

	source.kind = ktally_get_u32(attrs, KTALLY_A_SOURCE_KIND);
	source.available = ktally_get_u32(attrs, KTALLY_A_AVAILABLE);
	ktally_get_text(attrs, KTALLY_A_SRC_NAME, source.name, sizeof(source.name));
	if (attrs[KTALLY_A_FIELDS])
		nla_for_each_nested(field, attrs[KTALLY_A_FIELDS], rest) {
			ret = take_field(&source, field);
			if (ret)
				break;
		}
	if (!ret)
		ret = ktally_catalogue_add(arg, &source);
	free(source.fields);
	return ret;
}

/* A dump that the kernel had to interrupt may lack or repeat entries: start over with an empty list. */
int ktally_dump(struct ktally_client *client, uint8_t cmd, uint32_t session, ktally_reply_fn reply, void *arg, void (*reset)(void *arg),
		const char *what, struct ktally_error *err)
{
	struct ktally_refusal refusal;
	unsigned int tries = DUMP_TRIES;
	struct nl_msg *msg;
	int ret;

	do {
		reset(arg);
		msg = ktally_request_new(client, cmd, NLM_F_DUMP, 8);
		if (!msg)
			return ktally_fail(err, -ENOMEM, "out of memory");
		if (session)
			nla_put_u32(msg, KTALLY_A_SESSION, session);
		ret = ktally_request(client, msg, reply, arg, &refusal);
	} while (ret == -EINTR && --tries);
	if (!ret)
		return 0;
	reset(arg);
	return ktally_request_fail(err, ret, &refusal, what);
}

void *ktally_list_add(struct ktally_list *list)
{
	void *items = realloc(list->items, (list->nr + 1) * list->size);

	if (!items)
		return NULL;
	list->items = items;
	return memset((char *)items + list->nr++ * list->size, 0, list->size);
}

void ktally_list_reset(void *arg)
{
	struct ktally_list *list = arg;

	free(list->items);
	list->items = NULL;
	list->nr = 0;
}

static void reset_catalogue(void *arg)
{
	ktally_catalogue_clear(arg);
}

int ktally_client_catalogue(struct ktally_client *client, struct ktally_catalogue *cat, struct ktally_error *err)
{
	struct ktally_info info;
	int ret;

	memset(cat, 0, sizeof(*cat));
	ret = ktally_client_info(client, &info, err);
	if (!ret)
		ret = ktally_dump(client, KTALLY_CMD_SOURCE_GET, 0, take_source, cat, reset_catalogue, "cannot list the sources", err);
	cat->features = ret ? 0 : info.features;
	if (!ret)	/* whoever cannot read it is told when an event needs it */
		ktally_tracefs_open(&cat->tracefs, NULL, NULL);
	return ret;
}

/* Oldest first; if the module keeps more than we have room for, the last ones tell more. */
static void fill_steps(struct ktally_session_info *info, struct nlattr *steps)
{
	unsigned int nr = steps ? nla_len(steps) / sizeof(struct ktally_step) : 0;
	const struct ktally_step *step = steps ? nla_data(steps) : NULL;

	if (nr > KTALLY_STEPS_KEPT) {
		step += nr - KTALLY_STEPS_KEPT;
		nr = KTALLY_STEPS_KEPT;
	}
	if (nr)
		memcpy(info->steps, step, nr * sizeof(*step));
	info->nr_steps = nr;
}

static void fill_unwind(struct ktally_session_info *info, const struct nlattr *attr)
{
	size_t size = attr ? nla_len(attr) : 0;

	if (attr)
		memcpy(&info->unwind, nla_data(attr), size < sizeof(info->unwind) ? size : sizeof(info->unwind));
}

static void fill_session(struct ktally_session_info *info, struct nlattr **attrs)
{
	info->id = nla_get_u32(attrs[KTALLY_A_SESSION]);
	ktally_get_text(attrs, KTALLY_A_NAME, info->name, sizeof(info->name));
	info->state = ktally_get_u32(attrs, KTALLY_A_STATE);
	info->flags = ktally_get_u32(attrs, KTALLY_A_FLAGS);
	info->ring_size = ktally_get_u32(attrs, KTALLY_A_RING_SIZE);
	info->ring_mode = ktally_get_u32(attrs, KTALLY_A_RING_MODE);
	info->ring_watermark = ktally_get_u32(attrs, KTALLY_A_RING_WATERMARK);
	info->stack_entries = ktally_get_u32(attrs, KTALLY_A_STACK_ENTRIES);
	info->nr_tables = ktally_get_u32(attrs, KTALLY_A_NR_TABLES);
	info->nr_probes = ktally_get_u32(attrs, KTALLY_A_NR_PROBES);
	info->portid = ktally_get_u32(attrs, KTALLY_A_PORTID);
	info->memory = ktally_get_u64(attrs, KTALLY_A_MEMORY);
	info->missed = ktally_get_u64(attrs, KTALLY_A_MISSED);
	info->nr_pairs = ktally_get_u32(attrs, KTALLY_A_NR_PAIRS);
	info->nr_counters = ktally_get_u32(attrs, KTALLY_A_NR_COUNTERS);
	info->budget = ktally_get_u32(attrs, KTALLY_A_BUDGET);
	info->share = ktally_get_u32(attrs, KTALLY_A_SHARE);
	fill_steps(info, attrs[KTALLY_A_STEPS]);
	info->mappings = ktally_get_u32(attrs, KTALLY_A_MAPPINGS);
	fill_unwind(info, attrs[KTALLY_A_UNWIND_COUNT]);
	ktally_get_text(attrs, KTALLY_A_CGROUP_CONTROLLER, info->cgroup_controller, sizeof(info->cgroup_controller));
}

static int take_session(struct nlattr **attrs, void *arg)
{
	struct ktally_session_info *info;

	if (!attrs[KTALLY_A_SESSION])
		return -EBADMSG;
	info = ktally_list_add(arg);
	if (!info)
		return -ENOMEM;
	fill_session(info, attrs);
	return 0;
}

static int take_one_session(struct nlattr **attrs, void *arg)
{
	if (!attrs[KTALLY_A_SESSION])
		return -EBADMSG;
	fill_session(arg, attrs);
	return 0;
}

int ktally_client_sessions(struct ktally_client *client, struct ktally_session_info **list, struct ktally_error *err)
{
	struct ktally_list found = { .size = sizeof(**list) };
	int ret = ktally_dump(client, KTALLY_CMD_SESSION_GET, 0, take_session, &found, ktally_list_reset, "cannot list the sessions", err);

	*list = found.items;
	return ret ? ret : (int)found.nr;
}

static bool is_number(const char *text, uint32_t *number)
{
	unsigned long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > UINT32_MAX)
		return false;
	*number = value;
	return true;
}

int ktally_client_find(struct ktally_client *client, const char *name, struct ktally_session_info *info, struct ktally_error *err)
{
	struct ktally_refusal refusal;
	struct nl_msg *msg;
	uint32_t id;
	int ret;

	memset(info, 0, sizeof(*info));
	if (!*name || strlen(name) >= KTALLY_NAME_MAX)
		return ktally_fail(err, -EINVAL, "a session's name has 1 to %d characters", KTALLY_NAME_MAX - 1);
	msg = ktally_request_new(client, KTALLY_CMD_SESSION_GET, 0, KTALLY_NAME_MAX + 8);
	if (!msg)
		return ktally_fail(err, -ENOMEM, "out of memory");
	if (is_number(name, &id))
		nla_put_u32(msg, KTALLY_A_SESSION, id);
	else
		nla_put_string(msg, KTALLY_A_NAME, name);
	ret = ktally_request(client, msg, take_one_session, info, &refusal);
	if (!ret && !info->id)
		ret = -EBADMSG;
	if (ret == -ENOENT)
		return ktally_fail(err, ret, "there is no session '%s'; `ktally session list` shows those there are", name);
	return ret ? ktally_request_fail(err, ret, &refusal, "cannot look the session up") : 0;
}

/* Without a label that we understand, words and columns get numbers for names. */
static void made_up_schema(struct ktally_schema *schema, const char *title, unsigned int nr_keys, const struct ktally_column *columns,
			   unsigned int nr_columns)
{
	unsigned int i;

	memset(schema, 0, sizeof(*schema));
	snprintf(schema->name, sizeof(schema->name), "%s", title);
	schema->nr_keys = nr_keys;
	schema->key_words = nr_keys;
	for (i = 0; i < nr_keys; i++) {
		snprintf(schema->keys[i].name, sizeof(schema->keys[i].name), "key%u", i);
		schema->keys[i].kind = KTALLY_KIND_UINT;
		schema->keys[i].word = i;
		schema->keys[i].words = 1;
	}
	schema->nr_values = nr_columns;
	for (i = 0; i < nr_columns; i++) {
		snprintf(schema->values[i].name, sizeof(schema->values[i].name), "value%u", i);
		schema->values[i].kind = KTALLY_KIND_INT;
		schema->values[i].column = columns[i];
	}
}

/* A label comes from whoever made the session: fields must lie inside the key, whatever it says. */
static bool schema_fits(const struct ktally_schema *schema, unsigned int nr_keys, unsigned int nr_columns)
{
	unsigned int i;

	if (schema->key_words != nr_keys || schema->nr_values != nr_columns)
		return false;
	for (i = 0; i < schema->nr_keys; i++)
		if (!schema->keys[i].words || schema->keys[i].word >= nr_keys || schema->keys[i].words > nr_keys - schema->keys[i].word)
			return false;
	return true;
}

static int take_table(struct nlattr **attrs, void *arg)
{
	struct nlattr *columns = attrs[KTALLY_A_COLUMNS], *label = attrs[KTALLY_A_LABEL];
	struct ktally_table_info *info;
	char title[32];

	if (!attrs[KTALLY_A_TABLE])
		return -EBADMSG;
	if (columns && (nla_len(columns) % sizeof(struct ktally_column) || nla_len(columns) > (int)sizeof(info->columns)))
		return -EBADMSG;
	info = ktally_list_add(arg);
	if (!info)
		return -ENOMEM;
	info->table = nla_get_u32(attrs[KTALLY_A_TABLE]);
	info->nr_keys = ktally_get_u32(attrs, KTALLY_A_NR_KEYS);
	info->rows = ktally_get_u32(attrs, KTALLY_A_ROWS);
	if (info->table + 1 != ((struct ktally_list *)arg)->nr || info->nr_keys > KTALLY_KEYS_MAX)
		return -EBADMSG;
	if (columns) {
		info->nr_columns = nla_len(columns) / sizeof(struct ktally_column);
		memcpy(info->columns, nla_data(columns), nla_len(columns));
	}
	if (label && !ktally_schema_decode(&info->schema, nla_data(label), nla_len(label), info->columns, info->nr_columns) &&
	    schema_fits(&info->schema, info->nr_keys, info->nr_columns))
		return 0;
	snprintf(title, sizeof(title), "table %u", info->table);
	made_up_schema(&info->schema, title, info->nr_keys, info->columns, info->nr_columns);
	return 0;
}

int ktally_client_tables(struct ktally_client *client, uint32_t session, struct ktally_table_info **list, struct ktally_error *err)
{
	struct ktally_list found = { .size = sizeof(**list) };
	int ret = ktally_dump(client, KTALLY_CMD_TABLE_GET, session, take_table, &found, ktally_list_reset, "cannot list the session's tables", err);

	*list = found.items;
	return ret ? ret : (int)found.nr;
}

static int take_probe(struct nlattr **attrs, void *arg)
{
	struct nlattr *label = attrs[KTALLY_A_LABEL];
	struct ktally_probe_info *info;

	if (!attrs[KTALLY_A_PROBE])
		return -EBADMSG;
	info = ktally_list_add(arg);
	if (!info)
		return -ENOMEM;
	info->probe = nla_get_u32(attrs[KTALLY_A_PROBE]);
	if (info->probe + 1 != ((struct ktally_list *)arg)->nr)
		return -EBADMSG;
	info->kind = ktally_get_u32(attrs, KTALLY_A_SOURCE_KIND);
	ktally_get_text(attrs, KTALLY_A_SRC_NAME, info->name, sizeof(info->name));
	info->offset = ktally_get_u64(attrs, KTALLY_A_SRC_OFFSET);
	info->period = ktally_get_u64(attrs, KTALLY_A_SRC_PERIOD);
	info->missed = ktally_get_u64(attrs, KTALLY_A_MISSED);
	info->cost = ktally_get_u64(attrs, KTALLY_A_COST);
	if (attrs[KTALLY_A_COUNT])
		memcpy(&info->count, nla_data(attrs[KTALLY_A_COUNT]), sizeof(info->count));
	if (!label || ktally_schema_decode(&info->record, nla_data(label), nla_len(label), NULL, 0)) {
		memset(&info->record, 0, sizeof(info->record));
		memcpy(info->record.name, info->name, sizeof(info->record.name));
	}
	return 0;
}

int ktally_client_probes(struct ktally_client *client, uint32_t session, struct ktally_probe_info **list, struct ktally_error *err)
{
	struct ktally_list found = { .size = sizeof(**list) };
	int ret = ktally_dump(client, KTALLY_CMD_PROBE_GET, session, take_probe, &found, ktally_list_reset, "cannot list the session's probes", err);

	*list = found.items;
	return ret ? ret : (int)found.nr;
}

static int take_pair(struct nlattr **attrs, void *arg)
{
	struct nlattr *label = attrs[KTALLY_A_LABEL], *counters = attrs[KTALLY_A_PAIR_COUNTERS];
	struct ktally_pair_info *info;
	char title[32];

	if (!attrs[KTALLY_A_PAIR])
		return -EBADMSG;
	info = ktally_list_add(arg);
	if (!info)
		return -ENOMEM;
	info->pair = nla_get_u32(attrs[KTALLY_A_PAIR]);
	info->kind = ktally_get_u32(attrs, KTALLY_A_PAIR_KIND);
	info->flags = ktally_get_u32(attrs, KTALLY_A_PAIR_FLAGS);
	info->nr_keys = ktally_get_u32(attrs, KTALLY_A_NR_KEYS);
	info->nr_saved = ktally_get_u32(attrs, KTALLY_A_NR_SAVED);
	info->entries = ktally_get_u32(attrs, KTALLY_A_ROWS);
	info->nr_counters = counters ? nla_len(counters) / sizeof(uint32_t) : 0;
	if (info->pair + 1 != ((struct ktally_list *)arg)->nr || info->nr_keys > KTALLY_PAIR_KEYS_MAX ||
	    info->nr_saved > KTALLY_PAIR_SAVED_MAX || info->nr_counters > KTALLY_PAIR_COUNTERS_MAX)
		return -EBADMSG;
	if (attrs[KTALLY_A_PAIR_COUNT])
		memcpy(&info->count, nla_data(attrs[KTALLY_A_PAIR_COUNT]), sizeof(info->count));
	if (label && !ktally_schema_decode(&info->schema, nla_data(label), nla_len(label), NULL, 0) &&
	    schema_fits(&info->schema, info->nr_keys + info->nr_saved, 0))
		return 0;
	snprintf(title, sizeof(title), "pair %u", info->pair);
	made_up_schema(&info->schema, title, info->nr_keys + info->nr_saved, NULL, 0);
	return 0;
}

int ktally_client_pairs(struct ktally_client *client, uint32_t session, struct ktally_pair_info **list, struct ktally_error *err)
{
	struct ktally_list found = { .size = sizeof(**list) };
	int ret = ktally_dump(client, KTALLY_CMD_PAIR_GET, session, take_pair, &found, ktally_list_reset, "cannot list the session's pairs", err);

	*list = found.items;
	return ret ? ret : (int)found.nr;
}
