// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions from plans written by hand, work of known size, and questions about results. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"

int kit_open(struct kit *kit)
{
	memset(kit, 0, sizeof(*kit));
	kit->plan = ktally_plan_new();
	if (!kit->plan)
		return -ENOMEM;
	/* Tests count exactly, and an emulated machine is slow enough for any governor to step in. */
	kit->plan->budget = KTALLY_BUDGET_NONE;
	return ktally_client_open(&kit->client, &kit->err);
}

void kit_close(struct kit *kit)
{
	ktally_snapshot_free(kit->snap);
	ktally_device_close(kit->dev);
	if (kit->client && kit->session)
		ktally_client_delete(kit->client, kit->session, NULL);
	ktally_client_close(kit->client);
	ktally_plan_free(kit->plan);
	memset(kit, 0, sizeof(*kit));
}

int kit_table(struct kit *kit, unsigned int rows, unsigned int nr_keys, const enum ktally_kind *kinds,
	      const struct ktally_column *columns, unsigned int nr_columns)
{
	struct ktally_table_plan *table = ktally_plan_add_table(kit->plan);
	struct ktally_schema *schema;
	unsigned int i;

	if (!table)
		return ktally_fail(&kit->err, -ENOMEM, "no room for a table");
	schema = &table->schema;
	snprintf(schema->name, sizeof(schema->name), "table");
	table->rows = rows;
	schema->nr_keys = schema->key_words = nr_keys;
	for (i = 0; i < nr_keys; i++) {
		snprintf(schema->keys[i].name, sizeof(schema->keys[i].name), "key%u", i);
		schema->keys[i].kind = kinds ? kinds[i] : KTALLY_KIND_UINT;
		schema->keys[i].word = i;
		schema->keys[i].words = 1;
	}
	schema->nr_values = nr_columns;
	for (i = 0; i < nr_columns; i++) {
		snprintf(schema->values[i].name, sizeof(schema->values[i].name), "value%u", i);
		schema->values[i].kind = KTALLY_KIND_INT;
		schema->values[i].column = columns[i];
	}
	return kit->plan->nr_tables - 1;
}

int kit_probe(struct kit *kit, enum ktally_source_kind kind, const char *name, const struct ktally_insn *insns, unsigned int nr)
{
	struct ktally_probe_plan *probe = ktally_plan_add_probe(kit->plan);

	if (!probe)
		return ktally_fail(&kit->err, -ENOMEM, "no room for a probe");
	probe->kind = kind;
	snprintf(probe->name, sizeof(probe->name), "%s", name);
	probe->text = strdup(name[0] ? name : "nameless");
	probe->nr_insns = nr;
	if (nr) {
		probe->insns = malloc(nr * sizeof(*insns));
		if (!probe->insns)
			return -ENOMEM;
		memcpy(probe->insns, insns, nr * sizeof(*insns));
	}
	return kit->plan->nr_probes - 1;
}

int kit_pattern(struct kit *kit, const void *data, unsigned int len)
{
	struct ktally_probe_plan *probe = &kit->plan->probes[kit->plan->nr_probes - 1];

	probe->data = malloc(len);
	if (!probe->data)
		return -ENOMEM;
	memcpy(probe->data, data, len);
	probe->data_len = len;
	return 0;
}

int kit_pair(struct kit *kit, enum ktally_pair_kind kind, unsigned int nr_keys, unsigned int nr_saved, unsigned int entries)
{
	struct ktally_pair_plan *pair = ktally_plan_add_pair(kit->plan);
	unsigned int i;

	if (!pair)
		return ktally_fail(&kit->err, -ENOMEM, "no room for a pair");
	pair->kind = kind;
	pair->nr_keys = nr_keys;
	pair->nr_saved = nr_saved;
	pair->entries = entries;
	snprintf(pair->schema.name, sizeof(pair->schema.name), "pair");
	pair->schema.nr_keys = pair->schema.key_words = nr_keys + nr_saved;
	for (i = 0; i < nr_keys + nr_saved; i++) {
		snprintf(pair->schema.keys[i].name, sizeof(pair->schema.keys[i].name), "word%u", i);
		pair->schema.keys[i].word = i;
		pair->schema.keys[i].words = 1;
	}
	return kit->plan->nr_pairs - 1;
}

int kit_event(struct kit *kit, const char *text)
{
	const struct ktally_compile_opts opts = { .stack_depth = 32, .rows = 1024 };
	struct ktally_catalogue cat = { 0 };
	int ret = ktally_client_catalogue(kit->client, &cat, &kit->err);

	if (!ret)
		ret = ktally_compile(kit->plan, &cat, text, &opts, &kit->err);
	ktally_catalogue_clear(&cat);
	return ret;
}

int kit_make(struct kit *kit)
{
	return ktally_client_create(kit->client, kit->plan, &kit->session, &kit->err);
}

int kit_start(struct kit *kit)
{
	int ret = kit->session ? 0 : kit_make(kit);

	if (!ret)
		ret = ktally_client_start(kit->client, kit->session, &kit->err);
	if (!ret && !kit->dev)
		ret = ktally_device_open(&kit->dev, kit->session, &kit->err);
	return ret;
}

int kit_attach(struct kit *kit, const char *name)
{
	struct ktally_session_info info;
	int ret = ktally_client_find(kit->client, name, &info, &kit->err);

	if (ret)
		return ret;
	kit->session = info.id;
	return ktally_device_open(&kit->dev, kit->session, &kit->err);
}

int kit_look(struct kit *kit, struct ktally_session_info *info)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", kit->session);
	return ktally_client_find(kit->client, id, info, &kit->err);
}

int kit_stop(struct kit *kit)
{
	return ktally_client_stop(kit->client, kit->session, &kit->err);
}

int kit_take(struct kit *kit)
{
	ktally_snapshot_free(kit->snap);
	kit->snap = NULL;
	return ktally_snapshot_take(&kit->snap, kit->client, kit->dev, kit->session, &kit->err);
}

const struct ktally_row *kit_row(const struct kit *kit, unsigned int table, uint64_t key)
{
	const struct ktally_table *t = &kit->snap->tables[table];
	size_t i;

	for (i = 0; i < t->nr_rows; i++)
		if (t->rows[i].key[0] == key)
			return &t->rows[i];
	return NULL;
}

uint64_t kit_hits(const struct kit *kit, unsigned int table, uint64_t key)
{
	const struct ktally_row *row = kit_row(kit, table, key);

	return row ? row->hits : 0;
}

uint64_t kit_total(const struct kit *kit, unsigned int table)
{
	const struct ktally_table *t = &kit->snap->tables[table];
	uint64_t total = t->other.hits;
	size_t i;

	for (i = 0; i < t->nr_rows; i++)
		total += t->rows[i].hits;
	return total;
}

static int column_called(const struct ktally_schema *schema, const char *name)
{
	unsigned int i;

	for (i = 0; i < schema->nr_values; i++)
		if (!strcmp(schema->values[i].name, name))
			return i;
	return -1;
}

const uint64_t *kit_cells(const struct kit *kit, unsigned int table, const struct ktally_row *row, const char *name)
{
	const struct ktally_schema *schema = &kit->snap->tables[table].schema;
	int column = column_called(schema, name);

	return row && column >= 0 ? ktally_cells(schema, row, column) : NULL;
}

int64_t kit_value(const struct kit *kit, unsigned int table, const struct ktally_row *row, const char *name)
{
	const struct ktally_schema *schema = &kit->snap->tables[table].schema;
	const uint64_t *cells = kit_cells(kit, table, row, name);

	return cells ? ktally_cells_int(&schema->values[column_called(schema, name)], cells) : INT64_MIN;
}

bool kit_closes(const struct kit *kit)
{
	unsigned int i;

	for (i = 0; i < kit->snap->nr_probes; i++) {
		const struct ktally_probe_count *c = &kit->snap->probes[i].count;

		if (!kit->snap->probes[i].closed)
			return false;
		if (c->hits != c->filtered + c->gated + c->folded + c->other + c->recursion + c->nmi + c->fault)
			return false;
	}
	return kit->snap->nr_probes > 0;
}

/* By instruction rather than by library: exactly one system call each, and no other. */
void kit_calls(uint64_t n)
{
	while (n--)
		syscall(SYS_getppid);
}

int kit_pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

struct job {
	unsigned int cpu;
	uint64_t n;
	int ret;
};

static void *run_job(void *arg)
{
	struct job *job = arg;

	job->ret = kit_pin(job->cpu);
	if (!job->ret)
		kit_calls(job->n);
	return NULL;
}

int kit_calls_both(uint64_t n, uint64_t m)
{
	struct job jobs[2] = { { .cpu = 0, .n = n }, { .cpu = 1, .n = m } };
	pthread_t threads[2];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, run_job, &jobs[i]))
			abort();
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		if (jobs[i].ret)
			ret = jobs[i].ret;
	}
	return ret;
}

int kit_calls_on(unsigned int cpu, uint64_t n)
{
	struct job job = { .cpu = cpu, .n = n };
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_job, &job))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return job.ret;
}

uint64_t kit_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && text[0] ? strtoull(text, NULL, 10) : otherwise;
}

long kit_file_number(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	return got > 0 ? strtol(text, NULL, 10) : -EIO;
}

int kit_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int kit_tell(const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kit_write("/dev/ktally_test", text);
}

struct told {
	unsigned int cpu;
	const char *text;
	int ret;
	pid_t tid;
};

static void *tell_there(void *arg)
{
	struct told *told = arg;

	told->tid = syscall(SYS_gettid);
	told->ret = kit_pin(told->cpu);
	if (!told->ret)
		told->ret = kit_tell("%s", told->text);
	return NULL;
}

int kit_tell_on(unsigned int cpu, const char *format, ...)
{
	struct told told = { .cpu = cpu };
	pthread_t thread;
	va_list args;
	char *text;
	int ret;

	va_start(args, format);
	ret = vasprintf(&text, format, args);
	va_end(args);
	if (ret < 0)
		return -ENOMEM;
	told.text = text;
	ret = pthread_create(&thread, NULL, tell_there, &told);
	if (!ret) {
		pthread_join(thread, NULL);
		/* It can be joined a little before the kernel is done with it. */
		while (!syscall(SYS_tgkill, getpid(), told.tid, 0))
			usleep(100);
	}
	free(text);
	return ret ? -ret : told.ret;
}

uint64_t kit_symbol(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address, found = 0;
	char line[512], here[256];

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &address, here) == 2 && !strcmp(here, name))
			found = address;
	if (file)
		fclose(file);
	return found;
}

/* Calls were plain functions until "syscalls/x86: use struct pt_regs based syscall calling convention", 4.17, and arm64's, 4.19. */
const char *kit_call_symbol(const char *call)
{
	static const char *const prefixes[] = { "__x64_sys_", "__arm64_sys_", "sys_" };
	static char names[8][64];
	static const char *prefix;
	static unsigned int next;
	char *name = names[next++ % 8];
	unsigned int i;

	for (i = 0; !prefix && i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		snprintf(name, sizeof(names[0]), "%sgetppid", prefixes[i]);
		if (kit_symbol(name))
			prefix = prefixes[i];
	}
	snprintf(name, sizeof(names[0]), "%s%s", prefix ? prefix : "sys_", call);
	return name;
}

uint64_t kit_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void kit_sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int kit_settle(unsigned int ms)
{
	for (;; ms -= 10) {
		if (!kit_file_number("/sys/module/ktally/refcnt"))
			return 0;
		if (ms < 10)
			return -ETIMEDOUT;
		kit_sleep_ms(10);
	}
}
