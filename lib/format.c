// SPDX-License-Identifier: LGPL-2.1-or-later
/* Shows one field of a key or record as text, exactly: two different values never look the same. */
#include <inttypes.h>
#include <string.h>

#include "libktally.h"
#include "recording.h"

/* Bytes that a terminal would take as commands are shown as \xNN. */
static int format_string(const char *text, size_t len, char *buf, size_t size)
{
	size_t used = 0, i;
	int ret;

	if (size)
		*buf = 0;
	for (i = 0; i < len && text[i]; i++) {
		unsigned char c = text[i];

		ret = snprintf(used < size ? buf + used : NULL, used < size ? size - used : 0, c < 0x20 || c == 0x7f ? "\\x%02x" : "%c", c);
		if (ret < 0)
			return ret;
		used += ret;
	}
	return (int)used;
}

/* @value / @unit without trailing zeros: 1500000 ns is 1.5ms, 1500001 ns is 1.500001ms. */
static int format_scaled(uint64_t value, uint64_t unit, int digits, const char *suffix, char *buf, size_t size)
{
	char fraction[24] = "";
	int len;

	if (value % unit) {
		len = snprintf(fraction, sizeof(fraction), ".%0*" PRIu64, digits, value % unit);
		while (len > 0 && fraction[len - 1] == '0')
			fraction[--len] = 0;
	}
	return snprintf(buf, size, "%" PRIu64 "%s%s", value / unit, fraction, suffix);
}

static int format_ns(int64_t ns, char *buf, size_t size)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	int sign = ns < 0, ret;

	if (sign && size)
		*buf = '-';
	if (sign && size > 1) {
		buf++;
		size--;
	} else if (sign) {
		size = 0;
	}
	if (abs < 1000)
		ret = snprintf(buf, size, "%" PRIu64 "ns", abs);
	else if (abs < 1000000)
		ret = format_scaled(abs, 1000, 3, "us", buf, size);
	else if (abs < 1000000000)
		ret = format_scaled(abs, 1000000, 6, "ms", buf, size);
	else
		ret = format_scaled(abs, 1000000000, 9, "s", buf, size);
	return ret < 0 ? ret : ret + sign;
}

static int format_bytes(uint64_t value, char *buf, size_t size)
{
	static const char units[][2] = { "", "K", "M", "G", "T", "P" };
	unsigned int i = 0;

	while (value && !(value & 1023) && i < 5) {
		value >>= 10;
		i++;
	}
	return snprintf(buf, size, "%" PRIu64 "%s", value, units[i]);
}

static int format_frame(const struct ktally_frame *frame, uint64_t ip, char *buf, size_t size)
{
	if (!frame || !frame->symbol_address)
		return snprintf(buf, size, "0x%" PRIx64, ip);
	if (ip == frame->symbol_address)
		return snprintf(buf, size, "%s", frame->name);
	return snprintf(buf, size, "%s+0x%" PRIx64, frame->name, ip - frame->symbol_address);
}

static int format_ksym(struct ktally_symbolizer *sym, uint64_t ip, char *buf, size_t size)
{
	return format_frame(sym ? ktally_symbolize_kernel(sym, ip, false) : NULL, ip, buf, size);
}

static int format_state(uint64_t state, char *buf, size_t size)
{
	static const char *const names[] = {
		[KTALLY_TASK_RUNNING] = "running", [KTALLY_TASK_RUNNABLE] = "runnable", [KTALLY_TASK_SLEEPING] = "sleeping",
		[KTALLY_TASK_BLOCKED] = "blocked", [KTALLY_TASK_OTHER] = "other",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == __KTALLY_TASK_END, "every state needs its name");
	return state < __KTALLY_TASK_END ? snprintf(buf, size, "%s", names[state]) : snprintf(buf, size, "state_%" PRIu64, state);
}

/* What a system call returned. */
static int format_errno(int64_t value, char *buf, size_t size)
{
	const char *name;

	if (value >= 0 || value < -4095)
		return snprintf(buf, size, "ok");
	name = ktally_errno_name(-value);
	return name ? snprintf(buf, size, "%s", name) : snprintf(buf, size, "errno_%" PRId64, -value);
}

/* What a cgroup belongs to. */
static int format_container(const struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t id, char *buf, size_t size)
{
	struct ktally_cgroups *cgroups = sym ? ktally_symbolizer_get_cgroups(sym) : NULL;
	const char *name = id ? NULL : "";

	if (cgroups)
		name = kind == KTALLY_KIND_POD ? ktally_cgroups_pod(cgroups, id) : ktally_cgroups_container(cgroups, id);
	if (!name)
		return snprintf(buf, size, "cgroup_%" PRIu64, id);
	return snprintf(buf, size, "%s", *name ? name : "-");
}

/* The numbers of a recorded machine may not be those of this one. */
static int format_syscall(const struct ktally_symbolizer *sym, int64_t nr, char *buf, size_t size)
{
	const char *name = sym && ktally_symbolizer_recorded(sym) ? NULL : ktally_syscall_name(nr);

	return name ? snprintf(buf, size, "%s", name) : snprintf(buf, size, "syscall_%" PRId64, nr);
}

int ktally_format_field(struct ktally_symbolizer *sym, const struct ktally_field *field, const uint64_t *words, char *buf, size_t size)
{
	const char *recorded;
	uint64_t word;

	words += field->word;
	if (field->kind == KTALLY_KIND_STRING)
		return format_string((const char *)words, field->words * sizeof(*words), buf, size);
	word = *words;
	recorded = sym ? ktally_symbolizer_text(sym, field->kind, word) : NULL;
	if (recorded)
		return snprintf(buf, size, "%s", recorded);
	switch (field->kind) {
	case KTALLY_KIND_INT:
		return snprintf(buf, size, "%" PRId64, (int64_t)word);
	case KTALLY_KIND_HEX:
		return snprintf(buf, size, "0x%" PRIx64, word);
	case KTALLY_KIND_NS:
		return format_ns((int64_t)word, buf, size);
	case KTALLY_KIND_TIME:
		return snprintf(buf, size, "%" PRIu64 ".%09" PRIu64, word / 1000000000, word % 1000000000);
	case KTALLY_KIND_BYTES:
		return format_bytes(word, buf, size);
	case KTALLY_KIND_SYSCALL:
		return format_syscall(sym, (int64_t)word, buf, size);
	case KTALLY_KIND_KSYM:
		return format_ksym(sym, word, buf, size);
	case KTALLY_KIND_STATE:
		return format_state(word, buf, size);
	case KTALLY_KIND_ERRNO:
		return format_errno((int64_t)word, buf, size);
	case KTALLY_KIND_CONTAINER:
	case KTALLY_KIND_POD:
		return format_container(sym, field->kind, word, buf, size);
	case KTALLY_KIND_USYM:
		return snprintf(buf, size, "0x%" PRIx64, word);
	case KTALLY_KIND_IMAGE:
		return snprintf(buf, size, "%" PRIu64, word >> 32);
	case KTALLY_KIND_KSTACK:
	case KTALLY_KIND_USTACK:
	case KTALLY_KIND_UDUMP:
		if (size)
			*buf = 0;
		return 0;
	default:
		return snprintf(buf, size, "%" PRIu64, word);
	}
}

int ktally_format_key(struct ktally_symbolizer *sym, const struct ktally_schema *schema, unsigned int n, const uint64_t *words, char *buf, size_t size)
{
	const struct ktally_field *field = &schema->keys[n];
	unsigned int i;

	if (field->kind != KTALLY_KIND_USYM || !sym)
		return ktally_format_field(sym, field, words, buf, size);
	for (i = 0; i < schema->nr_keys && schema->keys[i].kind != KTALLY_KIND_IMAGE; i++)
		;
	if (i == schema->nr_keys)
		return ktally_format_field(sym, field, words, buf, size);
	return format_frame(ktally_symbolize_user(sym, words[schema->keys[i].word], words[field->word], false), words[field->word], buf, size);
}
