// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands of the test module; main.c says what they do. */
#include <linux/errno.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/irq_regs.h>
#include "ktally_test.h"
#include "trace.h"

static int do_fire(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		trace_fire(i, order->number[1], order->word[0] ? order->word : "text");
	return 0;
}

static int do_begin(const struct ktally_test_order *order)
{
	trace_begin(order->number[0]);
	return 0;
}

static int do_middle(const struct ktally_test_order *order)
{
	trace_middle(order->number[0]);
	return 0;
}

static int do_end(const struct ktally_test_order *order)
{
	trace_end(order->number[0]);
	return 0;
}

static int do_pair(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++) {
		trace_begin(i);
		ktally_test_spin(order->number[1]);
		trace_end(i);
	}
	return 0;
}

static int do_call(const struct ktally_test_order *order)
{
	unsigned long arg = order->number[1];
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		if (ktally_test_call(arg, arg + 1, arg + 2, arg + 3, arg + 4, arg + 5) != 2 * arg + 1)
			return -EIO;
	return 0;
}

static int do_text(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		if (ktally_test_text(order->word, strlen(order->word)) != strlen(order->word))
			return -EIO;
	return 0;
}

static int do_nest(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		ktally_test_a(i);
	return 0;
}

static int do_recurse(const struct ktally_test_order *order)
{
	u64 i;

	if (order->number[1] > 16)
		return -EINVAL;
	for (i = 0; i < order->number[0]; i++)
		if (ktally_test_recurse(order->number[1]) != order->number[1])
			return -EIO;
	return 0;
}

static int do_spin(const struct ktally_test_order *order)
{
	return ktally_test_spin(order->number[0]) == order->number[0] ? 0 : -EIO;
}

static int do_switch(const struct ktally_test_order *order)
{
	u64 i;

	if (in_interrupt() || irqs_disabled())
		return -EPERM;
	for (i = 0; i < order->number[0]; i++)
		schedule_timeout_uninterruptible(1);
	return 0;
}

static void ktally_test_work(struct work_struct *work)
{
	ktally_test_spin(1000);
}

static int do_work(const struct ktally_test_order *order)
{
	static DECLARE_WORK(work, ktally_test_work);
	unsigned int cpu;
	u64 i;

	if (in_interrupt() || irqs_disabled())
		return -EPERM;
	for (i = 0; i < order->number[0]; i++) {
		for_each_online_cpu(cpu) {
			schedule_work_on(cpu, &work);
			flush_work(&work);
		}
	}
	return 0;
}

static int do_store(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		WRITE_ONCE(ktally_test_word, order->number[1]);
	return 0;
}

static int do_load(const struct ktally_test_order *order)
{
	u64 i;

	for (i = 0; i < order->number[0]; i++)
		(void)READ_ONCE(ktally_test_word);
	return 0;
}

static int do_count(const struct ktally_test_order *order)
{
	bool user = !strcmp(order->word, "user");
	struct pt_regs *regs = ktally_test_nmi_regs(), here;

	if (order->word[0] && !user)
		return -EINVAL;
	if (!regs)
		regs = get_irq_regs();
	if (!regs) {
		perf_fetch_caller_regs(&here);
		regs = &here;
	}
	return ktally_test_pmu_count(order->number[0], order->number[1], user, regs);
}

static int do_send(const struct ktally_test_order *order)
{
	if (in_interrupt() || irqs_disabled())
		return -EPERM;
	return ktally_test_nmi_send(order->number[0], order->number[1]);
}

static int do_aim(const struct ktally_test_order *order)
{
	return ktally_test_step_aim(order->number[0], order->number[1], order->number[2], order->number[3]);
}

static int do_burn(const struct ktally_test_order *order)
{
	if (!order->number[1] || order->number[1] > KTALLY_TEST_EVENTS)
		return -EINVAL;
	ktally_test_burn(order->number[0], order->number[1], order->number[2]);
	return 0;
}

/* A row a command: how many numbers it wants, whether a word too. */
static const struct ktally_test_verb {
	const char *name;
	int (*run)(const struct ktally_test_order *order);
	unsigned int numbers;
	enum { WORD_NONE, WORD_MAYBE, WORD_MUST } word;
} commands[] = {
	{ "fire", do_fire, 2, WORD_MAYBE },
	{ "begin", do_begin, 1 },
	{ "middle", do_middle, 1 },
	{ "end", do_end, 1 },
	{ "pair", do_pair, 2 },
	{ "call", do_call, 2 },
	{ "text", do_text, 1, WORD_MUST },
	{ "nest", do_nest, 1 },
	{ "recurse", do_recurse, 2 },
	{ "spin", do_spin, 1 },
	{ "switch", do_switch, 1 },
	{ "work", do_work, 1 },
	{ "store", do_store, 2 },
	{ "load", do_load, 1 },
	{ "count", do_count, 2, WORD_MAYBE },
	{ "burn", do_burn, 3 },
	{ "send", do_send, 2 },
	{ "aim", do_aim, 4 },
};

/* Copies the next word of *@line into @word and moves *@line behind it. Return: whether there was one that fits */
static bool next_word(const char **line, char word[KTALLY_TEST_WORD])
{
	const char *start = *line;
	size_t len;

	while (*start == ' ')
		start++;
	len = strcspn(start, " ");
	*line = start + len;
	if (!len || len >= KTALLY_TEST_WORD)
		return false;
	memcpy(word, start, len);
	word[len] = '\0';
	return true;
}

static int parse_rest(const char *line, struct ktally_test_order *order)
{
	char word[KTALLY_TEST_WORD];
	unsigned int i;
	bool more;

	for (i = 0; i < order->verb->numbers; i++)
		if (!next_word(&line, word) || kstrtou64(word, 0, &order->number[i]))
			return -EINVAL;
	more = next_word(&line, order->word);
	if (more ? order->verb->word == WORD_NONE : order->verb->word == WORD_MUST)
		return -EINVAL;
	return next_word(&line, word) ? -EINVAL : 0;
}

int ktally_test_parse(const char *line, struct ktally_test_order *order)
{
	char name[KTALLY_TEST_WORD];
	unsigned int i;

	memset(order, 0, sizeof(*order));
	if (!next_word(&line, name))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		order->verb = &commands[i];
		return parse_rest(line, order);
	}
	return -EINVAL;
}

int ktally_test_run(const struct ktally_test_order *order)
{
	return order->verb->run(order);
}

int ktally_test_command(const char *line)
{
	struct ktally_test_order order;
	int err = ktally_test_parse(line, &order);

	return err ? err : ktally_test_run(&order);
}
