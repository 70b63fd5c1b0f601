// SPDX-License-Identifier: GPL-2.0
/* The commands that describe a session: TABLE_NEW and PROBE_NEW. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "netlink.h"
#include "session.h"
#include "source.h"

int ktally_request_label(struct ktally_request *request, u8 **label, unsigned int *len)
{
	const struct nlattr *attr = ktally_attr(request, KTALLY_A_LABEL);

	*label = NULL;
	*len = 0;
	if (!attr || !nla_len(attr))
		return 0;
	*label = kmemdup(nla_data(attr), nla_len(attr), GFP_KERNEL);
	if (!*label)
		return -ENOMEM;
	*len = nla_len(attr);
	return 0;
}

static struct ktally_table *table_from(struct ktally_request *request)
{
	const struct nlattr *attr = ktally_attr(request, KTALLY_A_COLUMNS);
	unsigned int nr = attr ? nla_len(attr) / sizeof(struct ktally_column) : 0;
	struct ktally_column *columns;
	struct ktally_table *table;
	int err;

	if (!ktally_attr(request, KTALLY_A_NR_KEYS) || !ktally_attr(request, KTALLY_A_ROWS))
		return ERR_PTR(ktally_request_refuse(request, -EINVAL, 0, "a table needs NR_KEYS and ROWS"));
	if (attr && nla_len(attr) % sizeof(struct ktally_column))
		return ERR_PTR(ktally_request_refuse(request, -EINVAL, KTALLY_A_COLUMNS,
						     "COLUMNS is an array of struct ktally_column, 32 bytes each"));
	/* Attributes are aligned to 4 bytes only. */
	columns = kmemdup(attr ? nla_data(attr) : &nr, attr ? nla_len(attr) : sizeof(nr), GFP_KERNEL);
	if (!columns)
		return ERR_PTR(-ENOMEM);
	table = ktally_table_new(ktally_attr_u32(request, KTALLY_A_NR_KEYS, 0),
				 ktally_attr_u32(request, KTALLY_A_ROWS, 0), columns, nr, &request->why);
	kfree(columns);
	if (IS_ERR(table))
		return table;
	err = ktally_request_label(request, &table->label, &table->label_len);
	if (err) {
		ktally_table_free(table);
		return ERR_PTR(err);
	}
	return table;
}

int ktally_table_new_cmd(struct ktally_request *request)
{
	struct ktally_session *session = ktally_request_session(request);
	struct ktally_table *table;
	int number;

	if (IS_ERR(session))
		return PTR_ERR(session);
	table = table_from(request);
	if (IS_ERR(table)) {
		number = PTR_ERR(table);
		goto out_put;
	}
	mutex_lock(&session->lock);
	number = ktally_session_add_table(session, table, &request->why);
	mutex_unlock(&session->lock);
	if (number < 0)
		ktally_table_free(table);
	else
		number = ktally_reply_numbers(request, KTALLY_A_SESSION, session->id, KTALLY_A_TABLE, number);
out_put:
	ktally_session_put(session);
	return number;
}

static int add_program(struct ktally_request *request, struct ktally_session *session,
		       struct ktally_probe *probe)
{
	const struct nlattr *insns = ktally_attr(request, KTALLY_A_PROGRAM);
	const struct nlattr *data = ktally_attr(request, KTALLY_A_PROGRAM_DATA);
	struct ktally_refusal refusal;

	if (!probe->ops->program)
		return insns || data ? ktally_request_refuse(request, -EINVAL, KTALLY_A_PROGRAM,
							     "this source takes no program") : 0;
	if (!insns)
		return ktally_request_refuse(request, -EINVAL, 0, "a probe of this source needs a PROGRAM");
	if (nla_len(insns) % sizeof(struct ktally_insn))
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_PROGRAM,
					     "PROGRAM is an array of struct ktally_insn, 16 bytes each");
	probe->program = ktally_program_new(session, probe->ops->fields(probe), nla_data(insns),
					    nla_len(insns) / sizeof(struct ktally_insn),
					    data ? nla_data(data) : NULL, data ? nla_len(data) : 0, &refusal);
	if (!IS_ERR(probe->program))
		return 0;
	request->why = refusal.why;
	request->at = refusal.insn < 0 ? (const void *)insns :
		      nla_data(insns) + refusal.insn * sizeof(struct ktally_insn);
	return PTR_ERR(probe->program);
}

static int fill_probe(struct ktally_request *request, struct ktally_session *session,
		      struct ktally_probe *probe)
{
	int err;

	probe->session = session;
	probe->offset = ktally_attr_u64(request, KTALLY_A_SRC_OFFSET, 0);
	probe->period = ktally_attr_u64(request, KTALLY_A_SRC_PERIOD, 0);
	probe->perf_type = ktally_attr_u32(request, KTALLY_A_SRC_PERF_TYPE, 0);
	probe->perf_config = ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG, 0);
	probe->perf_config1 = ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG1, 0);
	probe->perf_config2 = ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG2, 0);
	probe->perf_flags = ktally_attr_u32(request, KTALLY_A_SRC_PERF_FLAGS, 0);
	probe->semaphore = ktally_attr_u64(request, KTALLY_A_SRC_SEMAPHORE, 0);
	if (ktally_attr(request, KTALLY_A_SRC_PATH)) {
		probe->path = kstrdup(nla_data(ktally_attr(request, KTALLY_A_SRC_PATH)), GFP_KERNEL);
		if (!probe->path)
			return -ENOMEM;
	}
	if (ktally_attr(request, KTALLY_A_SRC_NAME))
		nla_strscpy(probe->name, ktally_attr(request, KTALLY_A_SRC_NAME), sizeof(probe->name));
	err = ktally_request_label(request, &probe->label, &probe->label_len);
	if (err)
		return err;
	request->at = ktally_attr(request, KTALLY_A_SRC_NAME);
	err = probe->ops->init(probe, &request->why);
	if (err)
		return err;
	probe->ready = true;
	request->at = NULL;
	err = add_program(request, session, probe);
	if (err)
		probe->program = NULL;
	else if (probe->ops->programmed)
		probe->ops->programmed(probe);
	return err;
}

static int probe_new(struct ktally_request *request, struct ktally_session *session)
{
	u32 kind = ktally_attr_u32(request, KTALLY_A_SOURCE_KIND, 0);
	const struct ktally_source_ops *ops = ktally_source_find(kind);
	struct ktally_probe *probe;
	int number;

	if (!ops)
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_SOURCE_KIND,
					     "SOURCE_KIND is missing, or no kind of source that this module has");
	probe = kzalloc(sizeof(*probe), GFP_KERNEL);
	if (!probe)
		return -ENOMEM;
	probe->ops = ops;
	number = fill_probe(request, session, probe);
	if (!number)
		number = ktally_session_add_probe(session, probe, &request->why);
	if (number < 0)
		ktally_probe_free(probe);
	return number;
}

int ktally_probe_new_cmd(struct ktally_request *request)
{
	struct ktally_session *session = ktally_request_session(request);
	int number;

	if (IS_ERR(session))
		return PTR_ERR(session);
	mutex_lock(&session->lock);
	number = probe_new(request, session);
	mutex_unlock(&session->lock);
	if (number >= 0)
		number = ktally_reply_numbers(request, KTALLY_A_SESSION, session->id, KTALLY_A_PROBE, number);
	ktally_session_put(session);
	return number;
}
