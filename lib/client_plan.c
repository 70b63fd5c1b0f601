// SPDX-License-Identifier: LGPL-2.1-or-later
/* Makes sessions from plans and drives them: start, stop, flip, delete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

static int take_u32(struct nlattr **attrs, uint32_t *value, int type)
{
	if (!attrs[type])
		return -EBADMSG;
	*value = nla_get_u32(attrs[type]);
	return 0;
}

static int take_session(struct nlattr **attrs, void *arg)
{
	return take_u32(attrs, arg, KTALLY_A_SESSION);
}

/* Attributes of 0 mean "none" in a plan and are left out. */
static int put_u32_if(struct nl_msg *msg, int type, uint32_t value)
{
	return value ? nla_put_u32(msg, type, value) : 0;
}

static int put_u64_if(struct nl_msg *msg, int type, uint64_t value)
{
	return value ? nla_put_u64(msg, type, value) : 0;
}

static int put_data_if(struct nl_msg *msg, int type, const void *data, size_t size)
{
	return size ? nla_put(msg, type, (int)size, data) : 0;
}

static int put_session(struct nl_msg *msg, const struct ktally_plan *plan)
{
	if (plan->name[0] && nla_put_string(msg, KTALLY_A_NAME, plan->name))
		return -ENOMEM;
	if (put_u32_if(msg, KTALLY_A_FLAGS, plan->flags) || put_u32_if(msg, KTALLY_A_RING_SIZE, plan->ring_size) ||
	    put_u32_if(msg, KTALLY_A_RING_WATERMARK, plan->ring_watermark) ||
	    put_u32_if(msg, KTALLY_A_STACK_ENTRIES, plan->stack_entries) ||
	    put_u32_if(msg, KTALLY_A_SCRATCH_SIZE, plan->scratch_size) || put_u32_if(msg, KTALLY_A_MAPPINGS, plan->mappings))
		return -ENOMEM;
	if (plan->budget && nla_put_u32(msg, KTALLY_A_BUDGET, plan->budget == KTALLY_BUDGET_NONE ? 0 : plan->budget))
		return -ENOMEM;
	if (put_u64_if(msg, KTALLY_A_SCOPE_CGROUP, plan->cgroup) ||
	    (plan->controller[0] && nla_put_string(msg, KTALLY_A_SCOPE_CONTROLLER, plan->controller)))
		return -ENOMEM;
	if (plan->cgroup_controller[0] && nla_put_string(msg, KTALLY_A_CGROUP_CONTROLLER, plan->cgroup_controller))
		return -ENOMEM;
	if (plan->ring_size && nla_put_u32(msg, KTALLY_A_RING_MODE, plan->ring_mode))
		return -ENOMEM;
	if (put_data_if(msg, KTALLY_A_CPUS, plan->cpus, plan->nr_cpu_words * sizeof(*plan->cpus)) ||
	    put_data_if(msg, KTALLY_A_SCOPE_PIDS, plan->pids, plan->nr_pids * sizeof(*plan->pids)))
		return -ENOMEM;
	return 0;
}

/* Netlink attributes end at 64 KiB; the kernel's own limits are lower. */
static int check_sizes(const struct ktally_plan *plan, struct ktally_error *err)
{
	if (plan->nr_pids > KTALLY_SCOPE_MAX)
		return ktally_fail(err, -E2BIG, "a session's scope has at most %u processes, not %u", KTALLY_SCOPE_MAX, plan->nr_pids);
	if (plan->nr_cpu_words > 1024)
		return ktally_fail(err, -E2BIG, "the list of CPUs is too long");
	return 0;
}

static int session_new(struct ktally_client *client, const struct ktally_plan *plan, uint32_t *session, struct ktally_error *err)
{
	size_t payload = 256 + plan->nr_cpu_words * sizeof(*plan->cpus) + plan->nr_pids * sizeof(*plan->pids);
	struct ktally_refusal refusal;
	struct nl_msg *msg;
	int ret;

	ret = check_sizes(plan, err);
	if (ret)
		return ret;
	msg = ktally_request_new(client, KTALLY_CMD_SESSION_NEW, 0, payload);
	if (!msg || put_session(msg, plan)) {
		nlmsg_free(msg);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	*session = 0;
	ret = ktally_request(client, msg, take_session, session, &refusal);
	if (!ret && !*session)
		ret = -EBADMSG;
	return ret ? ktally_request_fail(err, ret, &refusal, "cannot make the session") : 0;
}

static int put_table(struct nl_msg *msg, uint32_t session, const struct ktally_table_plan *table, const void *label, int label_len)
{
	struct ktally_column columns[KTALLY_COLUMNS_MAX];
	unsigned int i;

	for (i = 0; i < table->schema.nr_values; i++)
		columns[i] = table->schema.values[i].column;
	if (nla_put_u32(msg, KTALLY_A_SESSION, session) || nla_put_u32(msg, KTALLY_A_NR_KEYS, table->schema.key_words) ||
	    nla_put_u32(msg, KTALLY_A_ROWS, table->rows) ||
	    nla_put(msg, KTALLY_A_COLUMNS, table->schema.nr_values * sizeof(*columns), columns) ||
	    put_data_if(msg, KTALLY_A_LABEL, label, label_len))
		return -ENOMEM;
	return 0;
}

static int encode_label(const struct ktally_schema *schema, void *label, struct ktally_error *err)
{
	int len = ktally_schema_encode(schema, label, KTALLY_LABEL_MAX);

	if (len < 0)
		return ktally_fail(err, len, "'%s' has too many fields or too long names to be described in %u bytes; use fewer, or alias=",
				   schema->name, KTALLY_LABEL_MAX);
	return len;
}

static int table_new(struct ktally_client *client, uint32_t session, const struct ktally_table_plan *table, struct ktally_error *err)
{
	char label[KTALLY_LABEL_MAX], what[192];
	struct ktally_refusal refusal;
	struct nl_msg *msg;
	int ret, len;

	len = encode_label(&table->schema, label, err);
	if (len < 0)
		return len;
	if (table->schema.nr_values > KTALLY_COLUMNS_MAX)
		return ktally_fail(err, -E2BIG, "'%s' has more than %u columns", table->schema.name, KTALLY_COLUMNS_MAX);
	msg = ktally_request_new(client, KTALLY_CMD_TABLE_NEW, 0, 256 + sizeof(struct ktally_column) * KTALLY_COLUMNS_MAX + len);
	if (!msg || put_table(msg, session, table, label, len)) {
		nlmsg_free(msg);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	ret = ktally_request(client, msg, NULL, NULL, &refusal);
	if (!ret)
		return 0;
	snprintf(what, sizeof(what), "cannot make the table of '%s'", table->schema.name);
	return ktally_request_fail(err, ret, &refusal, what);
}

/** struct base - what the session has already: the plan counts its own from 0, in the session they come behind these */
struct base {
	unsigned int tables, pairs, counters;
};

static int put_pair(struct nl_msg *msg, uint32_t session, const struct ktally_pair_plan *pair, const struct base *base, const void *label,
		    int label_len)
{
	uint32_t counters[KTALLY_PAIR_COUNTERS_MAX];
	unsigned int i;

	for (i = 0; i < pair->nr_counters; i++)
		counters[i] = pair->counters[i] + base->counters;
	if (nla_put_u32(msg, KTALLY_A_SESSION, session) || nla_put_u32(msg, KTALLY_A_PAIR_KIND, pair->kind) ||
	    put_u32_if(msg, KTALLY_A_PAIR_FLAGS, pair->flags) || put_u32_if(msg, KTALLY_A_NR_KEYS, pair->nr_keys) ||
	    put_u32_if(msg, KTALLY_A_NR_SAVED, pair->nr_saved) || nla_put_u32(msg, KTALLY_A_ROWS, pair->entries) ||
	    put_data_if(msg, KTALLY_A_PAIR_COUNTERS, counters, pair->nr_counters * sizeof(*counters)) ||
	    put_data_if(msg, KTALLY_A_LABEL, label, label_len))
		return -ENOMEM;
	return 0;
}

static int pair_new(struct ktally_client *client, uint32_t session, const struct ktally_pair_plan *pair, const struct base *base,
		    struct ktally_error *err)
{
	char label[KTALLY_LABEL_MAX], what[192];
	struct ktally_refusal refusal;
	struct nl_msg *msg;
	int ret, len;

	len = encode_label(&pair->schema, label, err);
	if (len < 0)
		return len;
	if (pair->nr_counters > KTALLY_PAIR_COUNTERS_MAX)
		return ktally_fail(err, -E2BIG, "'%s' has more than %u counters", pair->schema.name, KTALLY_PAIR_COUNTERS_MAX);
	msg = ktally_request_new(client, KTALLY_CMD_PAIR_NEW, 0, 256 + len);
	if (!msg || put_pair(msg, session, pair, base, label, len)) {
		nlmsg_free(msg);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	ret = ktally_request(client, msg, NULL, NULL, &refusal);
	if (!ret)
		return 0;
	snprintf(what, sizeof(what), "cannot make the pair '%s'", pair->schema.name);
	return ktally_request_fail(err, ret, &refusal, what);
}

static int put_perf(struct nl_msg *msg, const struct ktally_probe_plan *probe)
{
	if (nla_put_u32(msg, KTALLY_A_SRC_PERF_TYPE, probe->perf_type) || nla_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, probe->perf_config) ||
	    put_u64_if(msg, KTALLY_A_SRC_PERF_CONFIG1, probe->perf_config1) || put_u64_if(msg, KTALLY_A_SRC_PERF_CONFIG2, probe->perf_config2) ||
	    put_u32_if(msg, KTALLY_A_SRC_PERF_FLAGS, probe->perf_flags) || nla_put_u64(msg, KTALLY_A_SRC_PERIOD, probe->period))
		return -ENOMEM;
	return 0;
}

static int put_place(struct nl_msg *msg, const struct ktally_probe_plan *probe)
{
	if (nla_put_string(msg, KTALLY_A_SRC_PATH, probe->path) || nla_put_u64(msg, KTALLY_A_SRC_OFFSET, probe->offset) ||
	    put_u64_if(msg, KTALLY_A_SRC_SEMAPHORE, probe->semaphore))
		return -ENOMEM;
	return 0;
}

/* Which attributes describe a source depends on its kind; the module refuses those that mean nothing to it. */
static int put_source(struct nl_msg *msg, const struct ktally_probe_plan *probe)
{
	if (nla_put_u32(msg, KTALLY_A_SOURCE_KIND, probe->kind))
		return -ENOMEM;
	switch (probe->kind) {
	case KTALLY_SOURCE_TIMER:
		return nla_put_u64(msg, KTALLY_A_SRC_PERIOD, probe->period);
	case KTALLY_SOURCE_PERF:
		return put_perf(msg, probe);
	case KTALLY_SOURCE_EVENT:
		if (nla_put_string(msg, KTALLY_A_SRC_NAME, probe->name))
			return -ENOMEM;
		return nla_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, probe->perf_config);
	case KTALLY_SOURCE_TRACEPOINT:
	case KTALLY_SOURCE_KPROBE:
	case KTALLY_SOURCE_KRETPROBE:
		if (nla_put_string(msg, KTALLY_A_SRC_NAME, probe->name))
			return -ENOMEM;
		return put_u64_if(msg, KTALLY_A_SRC_OFFSET, probe->offset);
	case KTALLY_SOURCE_UPROBE:
	case KTALLY_SOURCE_URETPROBE:
		return put_place(msg, probe);
	default:
		return 0;
	}
}

static struct ktally_insn *shift_numbers(const struct ktally_probe_plan *probe, const struct base *base)
{
	struct ktally_insn *insns = malloc((probe->nr_insns + 1) * sizeof(*insns));
	unsigned int i;

	if (!insns)
		return NULL;
	if (probe->nr_insns)
		memcpy(insns, probe->insns, probe->nr_insns * sizeof(*insns));
	for (i = 0; i < probe->nr_insns; i++) {
		if (insns[i].op == KTALLY_OP_UPDATE)
			insns[i].aux += base->tables;
		else if (insns[i].op == KTALLY_OP_START || insns[i].op == KTALLY_OP_END)
			insns[i].aux += base->pairs;
		else if (insns[i].op == KTALLY_OP_COUNTER)
			insns[i].aux += base->counters;
	}
	return insns;
}

static struct nl_msg *probe_message(struct ktally_client *client, uint32_t session, const struct ktally_probe_plan *probe,
				    const struct ktally_insn *insns, const void *label, int label_len)
{
	size_t program = probe->nr_insns * sizeof(*insns);
	struct nl_msg *msg;

	msg = ktally_request_new(client, KTALLY_CMD_PROBE_NEW, 0, 512 + KTALLY_PATH_MAX + program + probe->data_len + label_len);
	if (msg && !nla_put_u32(msg, KTALLY_A_SESSION, session) && !put_source(msg, probe) &&
	    !put_data_if(msg, KTALLY_A_PROGRAM, insns, program) &&
	    !put_data_if(msg, KTALLY_A_PROGRAM_DATA, probe->data, probe->data_len) &&
	    !put_data_if(msg, KTALLY_A_LABEL, label, label_len))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* A refused program is our compiler's mistake or a limit: show the instruction, so that it can be told which. */
static int probe_fail(struct ktally_error *err, int code, const struct ktally_refusal *refusal, const struct ktally_probe_plan *probe,
		      const struct ktally_insn *insns)
{
	char what[512], insn[128];

	snprintf(what, sizeof(what), "%.480s", probe->text ? probe->text : probe->name);
	ktally_request_fail(err, code, refusal, what);
	if (!err || refusal->insn < 0 || (unsigned int)refusal->insn >= probe->nr_insns)
		return code;
	ktally_disassemble(&insns[refusal->insn], insn, sizeof(insn));
	snprintf(err->text + strlen(err->text), sizeof(err->text) - strlen(err->text), " (instruction %d: %s)", refusal->insn, insn);
	return code;
}

static int probe_new(struct ktally_client *client, uint32_t session, const struct ktally_probe_plan *probe, const struct base *base,
		     struct ktally_error *err)
{
	struct ktally_schema record = probe->record;
	struct ktally_refusal refusal;
	char label[KTALLY_LABEL_MAX];
	struct ktally_insn *insns;
	struct nl_msg *msg;
	int ret, len;

	snprintf(record.name, sizeof(record.name), "%s", probe->text ? probe->text : probe->name);
	len = encode_label(&record, label, err);
	if (len < 0)
		return len;
	if (probe->nr_insns > KTALLY_INSNS_MAX || probe->data_len > KTALLY_DATA_MAX)
		return ktally_fail(err, -E2BIG, "%s: compiles to %u instructions and %u bytes of patterns; %u and %u is the most",
				   record.name, probe->nr_insns, probe->data_len, KTALLY_INSNS_MAX, KTALLY_DATA_MAX);
	insns = shift_numbers(probe, base);
	msg = insns ? probe_message(client, session, probe, insns, label, len) : NULL;
	if (!msg) {
		free(insns);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	ret = ktally_request(client, msg, NULL, NULL, &refusal);
	if (ret)
		probe_fail(err, ret, &refusal, probe, insns);
	free(insns);
	return ret;
}

/* Programs name tables, pairs and counters, so these come first; pairs name counters. */
static int add_all(struct ktally_client *client, uint32_t session, const struct ktally_plan *plan, const struct base *base,
		   struct ktally_error *err)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < plan->nr_tables && !ret; i++)
		ret = table_new(client, session, &plan->tables[i], err);
	for (i = 0; i < plan->nr_counters && !ret; i++)
		ret = ktally_counter_new(client, session, &plan->counters[i], err);
	for (i = 0; i < plan->nr_pairs && !ret; i++)
		ret = pair_new(client, session, &plan->pairs[i], base, err);
	for (i = 0; i < plan->nr_probes && !ret; i++)
		ret = probe_new(client, session, &plan->probes[i], base, err);
	return ret;
}

int ktally_client_create(struct ktally_client *client, const struct ktally_plan *plan, uint32_t *session, struct ktally_error *err)
{
	static const struct base none;
	int ret = session_new(client, plan, session, err);

	if (ret)
		return ret;
	ret = add_all(client, *session, plan, &none, err);
	if (ret)
		ktally_client_delete(client, *session, NULL);
	return ret;
}

int ktally_client_add(struct ktally_client *client, uint32_t session, const struct ktally_plan *plan, struct ktally_error *err)
{
	struct ktally_session_info info;
	struct base base;
	char id[16];
	int ret;

	snprintf(id, sizeof(id), "%u", session);
	ret = ktally_client_find(client, id, &info, err);
	if (ret)
		return ret;
	base = (struct base){ .tables = info.nr_tables, .pairs = info.nr_pairs, .counters = info.nr_counters };
	return add_all(client, session, plan, &base, err);
}

static int simple(struct ktally_client *client, uint8_t cmd, uint32_t session, const char *what, struct ktally_error *err)
{
	struct nl_msg *msg = ktally_request_new(client, cmd, 0, 16);
	struct ktally_refusal refusal;
	int ret;

	if (!msg)
		return ktally_fail(err, -ENOMEM, "out of memory");
	nla_put_u32(msg, KTALLY_A_SESSION, session);
	ret = ktally_request(client, msg, NULL, NULL, &refusal);
	return ret ? ktally_request_fail(err, ret, &refusal, what) : 0;
}

int ktally_client_start(struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	return simple(client, KTALLY_CMD_SESSION_START, session, "cannot start the session", err);
}

int ktally_client_stop(struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	return simple(client, KTALLY_CMD_SESSION_STOP, session, "cannot stop the session", err);
}

int ktally_client_delete(struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	return simple(client, KTALLY_CMD_SESSION_DELETE, session, "cannot delete the session", err);
}

static int take_flip(struct nlattr **attrs, void *arg)
{
	struct ktally_snapshot_info *info = arg;

	if (!attrs[KTALLY_A_HALF] || !attrs[KTALLY_A_GENERATION])
		return -EBADMSG;
	info->half = nla_get_u32(attrs[KTALLY_A_HALF]);
	info->generation = nla_get_u64(attrs[KTALLY_A_GENERATION]);
	info->time = ktally_get_u64(attrs, KTALLY_A_TIME);
	return 0;
}

int ktally_client_flip(struct ktally_client *client, uint32_t session, uint32_t flags, struct ktally_snapshot_info *info,
		       struct ktally_error *err)
{
	struct nl_msg *msg = ktally_request_new(client, KTALLY_CMD_SNAPSHOT, 0, 24);
	struct ktally_refusal refusal;
	int ret;

	memset(info, 0, sizeof(*info));
	info->half = UINT32_MAX;
	if (!msg)
		return ktally_fail(err, -ENOMEM, "out of memory");
	nla_put_u32(msg, KTALLY_A_SESSION, session);
	put_u32_if(msg, KTALLY_A_SNAPSHOT_FLAGS, flags);
	ret = ktally_request(client, msg, take_flip, info, &refusal);
	if (!ret && info->half == UINT32_MAX)
		ret = -EBADMSG;
	return ret ? ktally_request_fail(err, ret, &refusal, "cannot take a snapshot") : 0;
}
