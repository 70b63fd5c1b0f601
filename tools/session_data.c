// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally session snapshot, ktally session read: what a session measured. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup.h"
#include "out.h"
#include "record.h"
#include "result.h"
#include "run.h"
#include "session.h"

#define FOLLOW_NS	100000000ULL

/* ---- snapshot ---- */

/* Two flips, so that each half becomes active once and is zeroed then. */
static int clear_halves(struct session *session)
{
	struct ktally_snapshot_info info;
	int ret = ktally_client_flip(session->client, session->info.id, KTALLY_SNAPSHOT_CLEAR, &info, &session->err);

	if (!ret)
		ret = ktally_client_flip(session->client, session->info.id, KTALLY_SNAPSHOT_CLEAR, &info, &session->err);
	return ret;
}

/* Rows of containers become one; what is gone by now has no name. Return: 0 or -errno */
static int fold(struct ktally_snapshot *snapshot, const char *controller, struct ktally_error *err)
{
	unsigned int n;
	int ret = 0;

	for (n = 0; n < snapshot->nr_tables && !ret; n++)
		ret = cgroup_open_for(&snapshot->tables[n].schema, controller, err);
	return ret ? ret : cgroup_fold(snapshot, err);
}

/* Records that wait for a reader are no loss; those that a full ring refused or gave up are. */
static int tell_ring_losses(struct ktally_reader *reader, bool strict)
{
	struct ktally_ring_accounting acc;

	ktally_reader_accounting(reader, &acc);
	if (!acc.dropped && !acc.overwritten && acc.closed)
		return EXIT_OK;
	out_warn("incomplete: %" PRIu64 " records dropped, %" PRIu64 " overwritten of %" PRIu64 " offered%s", acc.dropped, acc.overwritten,
		 acc.offered, acc.closed ? "" : "; the accounting does not close");
	return strict ? EXIT_INCOMPLETE : EXIT_OK;
}

static int write_snapshot(const struct cmd_call *call, struct session *session, struct ktally_device *dev, const struct result_want *want)
{
	const struct session_cfg *cfg = call->cfg;
	struct ktally_report report = { .title = call->line };
	struct ktally_processes *procs = NULL;
	struct ktally_snapshot *snapshot = NULL;
	struct ktally_reader *reader = NULL;
	int ret = ktally_snapshot_take(&snapshot, session->client, dev, session->info.id, &session->err), status;

	if (!ret)
		ret = fold(snapshot, session->info.cgroup_controller, &session->err);
	if (!ret && cfg->clear)
		ret = clear_halves(session);
	if (!ret) {
		procs = ktally_processes_new(true);
		ret = procs ? ktally_symbolizer_new(&report.sym, procs, &session->err) : -ENOMEM;
	}
	if (ret == -EPERM && report.sym) {
		out_warn("%s", session->err.text);
		ret = 0;
	}
	if (report.sym)
		ktally_symbolizer_cgroups(report.sym, cgroup_all());
	if (!ret && session->info.ring_size)
		ret = ktally_reader_open(&reader, dev, &session->err);
	if (ret) {
		status = out_failure(ret, &session->err);
	} else {
		result_host(&report, NULL);
		status = result_write(want, &report, snapshot);
		if (reader && (!status || status == EXIT_INCOMPLETE))
			status = tell_ring_losses(reader, want->strict) ? EXIT_INCOMPLETE : status;
	}
	ktally_reader_close(reader);
	ktally_symbolizer_free(report.sym);
	ktally_processes_free(procs);
	ktally_snapshot_free(snapshot);
	return status;
}

int session_snapshot(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct result_want want = { .files = &cfg->files, .format = cfg->format, .json = cfg->common.json, .strict = cfg->common.strict,
				    .sort = cfg->sort, .top = cfg->top };
	struct ktally_device *dev = NULL;
	struct session session;
	int status = result_check(&want), ret;

	if (status)
		return status;
	status = session_open(&session, call->args[0]);
	if (!status) {
		ret = ktally_device_open(&dev, session.info.id, &session.err);
		status = ret ? out_failure(ret, &session.err) : write_snapshot(call, &session, dev, &want);
	}
	ktally_device_close(dev);
	return session_close(&session, status);
}

/* ---- read ---- */

/** struct reading - of a session's rings */
struct reading {
	struct ktally_device *dev;
	struct ktally_reader *reader;
	struct ktally_processes *procs;
	struct ktally_symbolizer *sym;
	struct ktally_probe_info *probes;
	const struct ktally_schema **schemas;
	struct record_printer printer;
};

static int reading_open(struct reading *reading, struct session *session, const struct session_cfg *cfg)
{
	int nr, n, ret;

	nr = ktally_client_probes(session->client, session->info.id, &reading->probes, &session->err);
	if (nr < 0)
		return nr;
	reading->schemas = out_realloc(NULL, (nr + 1) * sizeof(*reading->schemas));
	for (n = 0; n < nr; n++)
		reading->schemas[n] = &reading->probes[n].record;
	if (!session->info.ring_size)
		return ktally_fail(&session->err, -ENODATA, "session %s has no ring; make it with --ring-size, and events with --emit",
				   session->info.name);
	for (n = 0, ret = 0; n < nr && !ret; n++)
		ret = cgroup_open_for(reading->schemas[n], session->info.cgroup_controller, &session->err);
	if (!ret)
		ret = ktally_device_open(&reading->dev, session->info.id, &session->err);
	if (!ret)
		ret = ktally_reader_open(&reading->reader, reading->dev, &session->err);
	if (ret)
		return ret;
	reading->procs = ktally_processes_new(true);
	ret = reading->procs ? ktally_symbolizer_new(&reading->sym, reading->procs, &session->err) : -ENOMEM;
	if (ret == -EPERM && reading->sym) {
		out_warn("%s", session->err.text);
		ret = 0;
	}
	if (reading->sym)
		ktally_symbolizer_cgroups(reading->sym, cgroup_all());
	reading->printer = (struct record_printer){ .schemas = reading->schemas, .nr_schemas = nr, .reader = reading->reader, .sym = reading->sym, .procs = reading->procs,
						    .json = cfg->common.json, .clock = record_clock_named(cfg->clock) };
	return ret;
}

static void reading_close(struct reading *reading)
{
	ktally_symbolizer_free(reading->sym);
	ktally_processes_free(reading->procs);
	ktally_reader_close(reading->reader);
	ktally_device_close(reading->dev);
	free(reading->schemas);
	free(reading->probes);
}

static void read_records(struct reading *reading, bool drain)
{
	const struct ktally_record *record;
	unsigned int cpu;

	cgroup_poll();
	while (!run_stop_requested() && (record = ktally_reader_next(reading->reader, &cpu, drain))) {
		if (record->type == KTALLY_RECORD_EVENT)
			record_print(&reading->printer, record, cpu);
		else if (record->type == KTALLY_RECORD_CGROUP)
			cgroup_record(record);
		else
			ktally_processes_record(reading->procs, record);
	}
	fflush(stdout);
}

static bool is_running(struct session *session)
{
	struct ktally_session_info info;
	char id[16];

	snprintf(id, sizeof(id), "%u", session->info.id);
	return !ktally_client_find(session->client, id, &info, NULL) && info.state == KTALLY_STATE_RUNNING;
}

int session_read(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct reading reading = { 0 };
	struct session session;
	int status = session_open(&session, call->args[0]), ret;
	bool running;

	if (status)
		return session_close(&session, status);
	ret = reading_open(&reading, &session, cfg);
	if (ret) {
		status = out_failure(ret, &session.err);
	} else {
		run_catch_signals();
		do {
			running = is_running(&session);
			read_records(&reading, !running);
			if (running && cfg->follow && !run_wait(ktally_device_fd(reading.dev), POLLIN, FOLLOW_NS))
				break;
		} while (running && cfg->follow && !run_stop_requested());
		status = tell_ring_losses(reading.reader, cfg->common.strict);
	}
	reading_close(&reading);
	return session_close(&session, status);
}
