// SPDX-License-Identifier: GPL-2.0-or-later
/* Rings: every record accounted for and in order, both modes, wake-ups, and readers that lie. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "reader.h"
#include "test.h"

enum { ID, ARG0, ARG1 };	/* fields of raw_syscalls:sys_enter */

#define RECORD_SIZE (sizeof(struct ktally_record) + 3 * sizeof(__u64))

FIXTURE(ring) { struct kit kit; };
FIXTURE_SETUP(ring) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(ring) { kit_close(&self->kit); }

/* Each lseek of ours becomes a record: its value, a number known beforehand, the CPU. */
static int record_session(struct kit *kit, uint32_t size, uint32_t mode, uint32_t watermark)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED),
		FIELD(1, ARG1), SET(2, 0x1122334455667788ULL), CONTEXT(3, CPU), EMIT(1, 3), EXIT(FOLDED),
	};
	int ret;

	kit->plan->ring_size = size;
	kit->plan->ring_mode = mode;
	kit->plan->ring_watermark = watermark;
	ret = kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns));
	return ret < 0 ? ret : kit_start(kit);
}

static void emit_from(uint64_t first, unsigned int n)
{
	uint64_t i;

	for (i = first; i < first + n; i++)
		syscall(SYS_lseek, -1, i, 0);
}

static const __u64 *words_of(const struct ktally_record *record)
{
	return ((const struct ktally_event *)record)->words;
}

static const struct ktally_ring_page *page_of(const struct kit *kit, unsigned int cpu)
{
	return kit->dev->cpus[cpu].ring.base;
}

/* Reads all there is. Return: records; @first and @last values; -1 if one is out of order, a hole or wrong. */
static long read_all(struct __test_metadata *_metadata, struct ktally_reader *reader, uint64_t *first, uint64_t *last)
{
	const struct ktally_record *record;
	unsigned int cpu;
	uint64_t time = 0;
	long n = 0;

	while ((record = ktally_reader_next(reader, &cpu, true))) {
		const __u64 *w = words_of(record);

		EXPECT_EQ(KTALLY_RECORD_EVENT, record->type);
		EXPECT_EQ(RECORD_SIZE, record->size);
		EXPECT_EQ(getpid(), record->pid);
		EXPECT_EQ(0, record->probe);
		EXPECT_EQ(0x1122334455667788ULL, w[1]);
		EXPECT_EQ(cpu, w[2]);
		EXPECT_LE(time, record->time);
		if (n && w[0] != *last + 1)
			return -1;
		time = record->time;
		*last = w[0];
		if (!n++)
			*first = w[0];
		if (!_metadata->passed)
			return -1;
	}
	return n;
}

TEST_F(ring, contents_and_order)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t first = 0, last = 0;

	OK(kit, record_session(kit, 1 << 20, KTALLY_RING_DISCARD, 0));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_pin(0));
	emit_from(0, 1009);
	OK(kit, kit_pin(1));
	emit_from(1009, 1009);
	OK(kit, kit_stop(kit));
	EXPECT_EQ(2018, read_all(_metadata, reader, &first, &last));
	EXPECT_EQ(0, first);
	EXPECT_EQ(2017, last);
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(2018, acc.offered);
	EXPECT_EQ(2018, acc.read);
	EXPECT_EQ(0, acc.dropped);
	EXPECT_EQ(0, acc.unread);
	EXPECT_TRUE(acc.closed);
	ktally_reader_close(reader);
}

/* Reading along, a small ring passes far more than it holds, without a loss. */
TEST_F(ring, wraps)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t first = 0, last = 0, next = 0;
	unsigned int round;

	OK(kit, record_session(kit, KTALLY_RING_MIN, KTALLY_RING_DISCARD, 0));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_pin(1));
	for (round = 0; round < 200; round++) {
		emit_from(next, 61);
		ASSERT_EQ(61, read_all(_metadata, reader, &first, &last));
		ASSERT_EQ(next, first);
		next += 61;
		ASSERT_EQ(next - 1, last);
	}
	OK(kit, kit_stop(kit));
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(200 * 61, acc.read);
	EXPECT_EQ(0, acc.dropped);
	EXPECT_TRUE(acc.closed);
	EXPECT_LT(40 * KTALLY_RING_MIN, page_of(kit, 1)->head);
	ktally_reader_close(reader);
}

TEST_F(ring, discard_keeps_the_oldest)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t first = 0, last = 0;
	long n, fit = KTALLY_RING_MIN / RECORD_SIZE;

	OK(kit, record_session(kit, KTALLY_RING_MIN, KTALLY_RING_DISCARD, 0));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_pin(0));
	emit_from(0, 1009);
	OK(kit, kit_stop(kit));
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(1009, acc.offered);
	EXPECT_EQ(1009, acc.reserved + acc.dropped);
	EXPECT_EQ(acc.reserved, acc.unread);
	n = read_all(_metadata, reader, &first, &last);
	EXPECT_EQ(fit, n);
	EXPECT_EQ(0, first);
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(n, acc.read);
	EXPECT_EQ(1009 - n, acc.dropped);
	EXPECT_EQ(0, acc.unread);
	EXPECT_TRUE(acc.closed);
	OK(kit, kit_take(kit));
	EXPECT_EQ(1009, kit->snap->probes[0].count.folded);
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

TEST_F(ring, overwrite_keeps_the_newest)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t first = 0, last = 0;
	long n;

	OK(kit, record_session(kit, KTALLY_RING_MIN, KTALLY_RING_OVERWRITE, 0));
	OK(kit, kit_pin(0));
	emit_from(0, 5003);
	OK(kit, kit_stop(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	n = read_all(_metadata, reader, &first, &last);
	EXPECT_LT(KTALLY_RING_MIN / RECORD_SIZE - 3, n);
	EXPECT_EQ(5002, last);
	EXPECT_EQ(5003 - n, first);
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(5003, acc.offered);
	EXPECT_EQ(5003, acc.reserved);
	EXPECT_EQ(0, acc.dropped);
	EXPECT_EQ(5003 - n, acc.overwritten);
	EXPECT_EQ(n, acc.read);
	EXPECT_TRUE(acc.closed);
	ktally_reader_close(reader);
}

struct poller {
	int fd;
	unsigned int wakes;
	bool stop;
	struct ktally_reader *reader;
	volatile unsigned long records;
};

/* Reads what is there each time poll says so. */
static void *poll_and_read(void *arg)
{
	struct poller *p = arg;
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	unsigned int cpu;

	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE)) {
		if (poll(&fd, 1, 100) <= 0)
			continue;
		p->wakes++;
		while (ktally_reader_next(p->reader, &cpu, true))
			p->records++;
	}
	return NULL;
}

/* A reader sleeps until the watermark is reached, and is not woken for every record. */
TEST_F(ring, watermark)
{
	struct poller poller = { 0 };
	struct pollfd fd = { .events = POLLIN };
	struct kit *kit = &self->kit;
	const unsigned int mark = 64 * RECORD_SIZE, rounds = 40;
	unsigned int cpu, i;
	pthread_t thread;

	OK(kit, record_session(kit, 1 << 16, KTALLY_RING_DISCARD, mark));
	OK(kit, ktally_reader_open(&poller.reader, kit->dev, &kit->err));
	fd.fd = poller.fd = ktally_device_fd(kit->dev);
	OK(kit, kit_pin(0));
	emit_from(0, 63);
	EXPECT_EQ(0, poll(&fd, 1, 50));
	emit_from(63, 1);
	EXPECT_EQ(1, poll(&fd, 1, 10000));
	EXPECT_EQ(POLLIN, fd.revents);
	for (i = 0; ktally_reader_next(poller.reader, &cpu, true); i++)
		;
	EXPECT_EQ(64, i);
	EXPECT_EQ(0, poll(&fd, 1, 50));
	ASSERT_EQ(0, pthread_create(&thread, NULL, poll_and_read, &poller));
	for (i = 0; i < rounds; i++) {
		emit_from(64 + i * 64, 64);
		kit_sleep_ms(5);
	}
	for (i = 0; i < 200 && poller.records < (rounds - 1) * 64; i++)
		kit_sleep_ms(50);
	/* It would be woken once more than it should. */
	kit_sleep_ms(100);
	__atomic_store_n(&poller.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	EXPECT_LT(0, poller.wakes);
	EXPECT_LE(poller.wakes, rounds * 2) TH_LOG("%u wake-ups for %u records", poller.wakes, rounds * 64);
	EXPECT_LE((rounds - 1) * 64, poller.records);
	OK(kit, kit_stop(kit));
	ktally_reader_close(poller.reader);
}

TEST_F(ring, hang_up_when_deleted)
{
	struct pollfd fd = { .events = POLLIN };
	struct kit *kit = &self->kit;

	OK(kit, record_session(kit, 1 << 16, KTALLY_RING_DISCARD, 0));
	fd.fd = ktally_device_fd(kit->dev);
	EXPECT_EQ(0, poll(&fd, 1, 0));
	OK(kit, ktally_client_delete(kit->client, kit->session, &kit->err));
	EXPECT_EQ(1, poll(&fd, 1, 10000));
	EXPECT_EQ(POLLHUP, fd.revents & POLLHUP);
	/* What was mapped stays. */
	EXPECT_EQ(KTALLY_RING_MAGIC, page_of(kit, 0)->magic);
}

/* Whatever the reader writes into its page, records are whole, and the kernel writes nowhere else. */
TEST_F(ring, lying_reader)
{
	static const uint64_t lies[] = {
		0, 1, 7, 8, UINT64_MAX, UINT64_MAX - 7, 1ULL << 63, 4096, 1 << 20, 4097, 0x123456789abcdefULL, INT64_MAX,
	};
	const struct ktally_ring_page *page;
	struct ktally_consumer_page *consumer;
	struct kit *kit = &self->kit;
	uint64_t state = 88172645463325252ULL, pos, end, sum;
	unsigned int i, n = 0;

	OK(kit, record_session(kit, KTALLY_RING_MIN, KTALLY_RING_DISCARD, 8));
	page = page_of(kit, 0);
	consumer = kit->dev->cpus[0].consumer.base;
	OK(kit, kit_pin(0));
	for (i = 0; i < 4000; i++) {
		uint64_t lie = i < COUNTOF(lies) ? lies[i] : 0;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		if (i >= COUNTOF(lies))
			lie = i & 1 ? page->head - (state & 8191) : state;
		__atomic_store_n(&consumer->tail, lie, __ATOMIC_RELEASE);
		emit_from(n, 5);
		n += 5;
		/* A tail ahead of the head, or too far behind, reads as full: nothing goes in. */
		ASSERT_EQ(page->offered, page->reserved + page->dropped);
	}
	EXPECT_EQ(n, page->offered);
	EXPECT_LT(0, page->dropped);
	EXPECT_LT(0, page->reserved);
	/* An honest reader can take over: full, then free again. */
	__atomic_store_n(&consumer->tail, page->head, __ATOMIC_RELEASE);
	sum = page->reserved;
	pos = page->head;
	emit_from(n, 11);
	EXPECT_EQ(sum + 11, page->reserved);
	for (end = page->head, i = 0; pos < end; i++) {
		const struct ktally_record *record = (const void *)((const char *)page + page->data_offset +
								    (pos & (page->data_size - 1)));

		if (record->type == KTALLY_RECORD_EVENT)
			EXPECT_EQ(n++, words_of(record)[0]);
		ASSERT_LT(0, record->size);
		pos += record->size;
	}
	EXPECT_EQ(end, pos);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_TRUE(kit_closes(kit));
}

/* One record of the largest kind, and one of none. */
TEST_F(ring, sizes)
{
	struct ktally_insn insns[KTALLY_REGS + 8] = { ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED) };
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	unsigned int n = 6, i, cpu;

	for (i = 0; i < KTALLY_REGS; i++)
		insns[n++] = (struct ktally_insn)SET(i, i * i);
	insns[n++] = (struct ktally_insn)EMIT(0, KTALLY_REGS);
	insns[n++] = (struct ktally_insn)EXIT(FOLDED);
	kit->plan->ring_size = KTALLY_RING_MIN;
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, n));
	insns[n - 2] = (struct ktally_insn)EMIT(0, 0);
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, n));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	kit_calls(1);
	OK(kit, kit_stop(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (n = 0; (record = ktally_reader_next(reader, &cpu, true)); n++) {
		EXPECT_EQ(sizeof(*record) + (record->probe ? 0 : KTALLY_REGS * 8), record->size);
		for (i = 0; !record->probe && i < KTALLY_REGS; i++)
			EXPECT_EQ(i * i, words_of(record)[i]);
	}
	EXPECT_EQ(2, n);
	ktally_reader_close(reader);
}

TEST_HARNESS_MAIN
