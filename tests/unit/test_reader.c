// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of rings: nothing lost, nothing twice, in time order; rings that lie stop, and say so. */
#include <errno.h>

#include "crafted.h"
#include "reader.h"

#define CPUS 4U
#define RING 4096U

static uint64_t fake_clock;

static uint64_t fake_now(void)
{
	return fake_clock;
}

static struct ktally_device *device_with_rings(unsigned int mode)
{
	struct ktally_device *dev = crafted_device(CPUS + 1);
	unsigned int i;

	dev->cpus[CPUS].present = false;
	for (i = 0; i < CPUS; i++)
		crafted_ring(&dev->cpus[i], i, RING, mode);
	return dev;
}

static struct ktally_reader *open_reader(struct ktally_device *dev)
{
	struct ktally_reader *reader;

	assert_int_equal(ktally_reader_open(&reader, dev, NULL), 0);
	reader->now = fake_now;
	return reader;
}

/* A record whose words tell its time, so that a mixed-up copy shows. */
static bool write_event(struct ktally_device *dev, unsigned int cpu, uint64_t time, unsigned int words)
{
	union {
		struct ktally_record record;
		uint64_t space[64];
	} event = { .record = { .size = sizeof(struct ktally_record) + words * 8, .type = KTALLY_RECORD_EVENT, .pid = cpu, .time = time } };
	unsigned int i;

	for (i = 0; i < words; i++)
		event.space[sizeof(struct ktally_record) / 8 + i] = time + i;
	return crafted_write(&dev->cpus[cpu], &event.record);
}

static void check_event(const struct ktally_record *record, unsigned int cpu)
{
	const struct ktally_event *event = (const void *)record;
	unsigned int i;

	assert_int_equal(record->pid, cpu);
	for (i = 0; i < (record->size - sizeof(*record)) / 8; i++)
		assert_int_equal(event->words[i], record->time + i);
}

static void check_accounting(struct ktally_reader *reader, uint64_t offered, uint64_t dropped, uint64_t read)
{
	struct ktally_ring_accounting acc;

	ktally_reader_accounting(reader, &acc);
	assert_int_equal(acc.offered, offered);
	assert_int_equal(acc.dropped, dropped);
	assert_int_equal(acc.read, read);
	assert_int_equal(acc.reserved, acc.read + acc.unread + acc.overwritten);
	assert_true(acc.closed);
}

/* Writing and reading by turns, many times around the rings; what does not fit is dropped and counted. */
static void gives_every_record_once_in_order(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_reader *reader = open_reader(dev);
	uint64_t offered = 0, dropped = 0, read = 0, last = 0;
	const struct ktally_record *record;
	unsigned int cpu, round, i;

	(void)state;
	fake_clock = 1000000000;
	for (round = 0; round < 2000; round++) {
		for (i = random() % 60; i; i--) {
			fake_clock += 1 + random() % 100000;
			offered++;
			dropped += !write_event(dev, random() % CPUS, fake_clock, random() % 30);
		}
		for (i = random() % 80; i && (record = ktally_reader_next(reader, &cpu, round == 1999)); i--) {
			assert_true(record->time > last);
			last = record->time;
			check_event(record, cpu);
			read++;
		}
		if (round % 100 == 0)
			check_accounting(reader, offered, dropped, read);
	}
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		assert_true(record->time > last);
		last = record->time;
		check_event(record, cpu);
		read++;
	}
	assert_true(dropped > 0 && read > 10000);
	assert_int_equal(offered, dropped + read);
	check_accounting(reader, offered, dropped, read);
	ktally_reader_close(reader);
	crafted_free(dev);
}

static void holds_back_what_may_be_overtaken(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_reader *reader = open_reader(dev);
	const struct ktally_record *record;
	unsigned int cpu;

	(void)state;
	fake_clock = 5000000000;
	write_event(dev, 0, fake_clock, 1);
	assert_null(ktally_reader_next(reader, &cpu, false));
	write_event(dev, 1, fake_clock - 5, 1);		/* a slower CPU shows an older record later */
	fake_clock += 2 * KTALLY_READER_SLACK_NS;
	record = ktally_reader_next(reader, &cpu, false);
	assert_int_equal(cpu, 1);
	assert_int_equal(record->time, 5000000000 - 5);
	record = ktally_reader_next(reader, &cpu, false);
	assert_int_equal(cpu, 0);
	assert_null(ktally_reader_next(reader, &cpu, false));
	ktally_reader_close(reader);
	crafted_free(dev);
}

static void an_overwriting_ring_keeps_the_newest(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_OVERWRITE);
	struct ktally_reader *reader = open_reader(dev);
	struct ktally_ring_accounting acc;
	const struct ktally_record *record;
	uint64_t i, last = 0, read = 0;
	unsigned int cpu;

	(void)state;
	for (i = 1; i <= 3000; i++)
		assert_true(write_event(dev, i % 2, i, random() % 20));
	assert_null(ktally_reader_next(reader, &cpu, false));
	ktally_reader_accounting(reader, &acc);
	assert_true(acc.closed && acc.unread > 0);
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		assert_true(record->time > last);
		last = record->time;
		check_event(record, cpu);
		read++;
	}
	assert_int_equal(last, 3000);
	assert_int_equal(read, acc.unread);
	ktally_reader_accounting(reader, &acc);
	assert_int_equal(acc.read, read);
	assert_int_equal(acc.overwritten, 3000 - read);
	assert_true(acc.closed && !acc.unread);
	ktally_reader_close(reader);
	crafted_free(dev);
}

/* What was read and what was lost are told apart, also when records that were read are overwritten later. */
static void an_overwriting_ring_is_read_now_and_then(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_OVERWRITE);
	struct ktally_reader *reader = open_reader(dev);
	struct ktally_ring_accounting acc;
	uint64_t written = 0, read = 0;
	unsigned int cpu, round, i;

	(void)state;
	for (round = 0; round < 60; round++) {
		for (i = random() % (round % 3 ? 20 : 600); i; i--)
			assert_true(write_event(dev, random() % CPUS, ++written, random() % 20));
		while (ktally_reader_next(reader, &cpu, true))
			read++;
		ktally_reader_accounting(reader, &acc);
		assert_int_equal(acc.reserved, written);
		assert_int_equal(acc.read, read);
		assert_int_equal(acc.overwritten, written - read);
		assert_true(acc.closed && !acc.unread);
	}
	assert_true(read > 300 && written > read + 300);
	ktally_reader_close(reader);
	crafted_free(dev);
}

static void a_later_reader_counts_what_an_earlier_one_read(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_reader *reader = open_reader(dev);
	unsigned int cpu, i;

	(void)state;
	for (i = 1; i <= 20; i++)
		write_event(dev, 0, i, 2);
	for (i = 0; i < 8; i++)
		assert_non_null(ktally_reader_next(reader, &cpu, true));
	ktally_reader_close(reader);
	reader = open_reader(dev);
	assert_int_equal(ktally_reader_next(reader, &cpu, true)->time, 9);
	check_accounting(reader, 20, 0, 9);
	ktally_reader_close(reader);
	crafted_free(dev);
}

/* One good record on each of two CPUs, then CPU 0's ring is spoilt by @spoil. */
static void check_spoilt(void (*spoil)(struct ktally_ring_page *page, struct ktally_record *second))
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_ring_page *page = dev->cpus[0].ring.base;
	struct ktally_reader *reader = open_reader(dev);
	struct ktally_ring_accounting acc;
	unsigned int cpu, given = 0, others = 0;
	uint64_t second;

	write_event(dev, 0, 10, 3);
	second = page->head;
	write_event(dev, 0, 20, 3);
	write_event(dev, 1, 30, 3);
	spoil(page, crafted_at(page, second));
	while (ktally_reader_next(reader, &cpu, true)) {
		given += cpu == 0;
		others += cpu == 1;
	}
	assert_true(given <= 1);
	assert_int_equal(others, 1);
	ktally_reader_accounting(reader, &acc);
	assert_false(acc.closed);
	ktally_reader_close(reader);
	crafted_free(dev);
}

static void size_zero(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)page;
	second->size = 0;
}

static void size_odd(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)page;
	second->size = 47;
}

static void size_too_small(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)page;
	second->size = 16;
}

static void size_past_head(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)page;
	second->size = 0xfffffff8;
}

static void head_back(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)second;
	page->head = 4;
}

static void head_far(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)second;
	page->head += 2ULL * RING;
}

static void short_body(struct ktally_ring_page *page, struct ktally_record *second)
{
	(void)page;
	second->type = KTALLY_RECORD_MMAP;
}

static void rings_that_lie_stop_alone(void **state)
{
	(void)state;
	check_spoilt(size_zero);
	check_spoilt(size_odd);
	check_spoilt(size_too_small);
	check_spoilt(size_past_head);
	check_spoilt(head_back);
	check_spoilt(head_far);
	check_spoilt(short_body);
}

static void bad_ring_heads_are_refused(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_ring_page *page = dev->cpus[2].ring.base, good = *page;
	struct ktally_reader *reader;
	struct ktally_error err = { 0 };

	(void)state;
#define REFUSED(what, value) do { what = value; assert_int_equal(ktally_reader_open(&reader, dev, &err), -EBADMSG); *page = good; } while (0)
	REFUSED(page->magic, 0);
	REFUSED(page->cpu, 1);
	REFUSED(page->data_size, 4000);
	REFUSED(page->data_size, 0);
	REFUSED(page->data_size, 8192);
	REFUSED(page->data_offset, 4104);
	REFUSED(page->data_offset, 0);
	REFUSED(page->mode, 9);
	assert_non_null(strstr(err.text, "CPU 2"));
	crafted_free(dev);
	dev = crafted_device(1);
	assert_int_equal(ktally_reader_open(&reader, dev, &err), -ENODATA);
	crafted_free(dev);
}

static void stacks_are_found_by_cpu(void **state)
{
	struct ktally_device *dev = device_with_rings(KTALLY_RING_DISCARD);
	struct ktally_stacks *stacks = crafted_stacks(&dev->cpus[1].stacks, 1, 4096);
	const uint64_t ips[] = { 1, 2, 3 };
	uint64_t id = crafted_stack(stacks, ips, 3);
	struct ktally_reader *reader = open_reader(dev);
	const uint64_t *found;
	unsigned int nr;

	(void)state;
	found = ktally_reader_stack(reader, 1, id, &nr);
	assert_int_equal(nr, 3);
	assert_memory_equal(found, ips, sizeof(ips));
	assert_null(ktally_reader_stack(reader, 0, id, &nr));
	assert_null(ktally_reader_stack(reader, 1, 0, &nr));
	assert_null(ktally_reader_stack(reader, 1, KTALLY_STACK_LOST, &nr));
	assert_null(ktally_reader_stack(reader, 99, id, &nr));
	assert_int_equal(nr, 0);
	ktally_reader_close(reader);
	crafted_free(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_every_record_once_in_order),
		cmocka_unit_test(holds_back_what_may_be_overtaken),
		cmocka_unit_test(an_overwriting_ring_keeps_the_newest),
		cmocka_unit_test(an_overwriting_ring_is_read_now_and_then),
		cmocka_unit_test(a_later_reader_counts_what_an_earlier_one_read),
		cmocka_unit_test(rings_that_lie_stop_alone),
		cmocka_unit_test(bad_ring_heads_are_refused),
		cmocka_unit_test(stacks_are_found_by_cpu),
	};

	srandom(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
