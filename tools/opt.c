// SPDX-License-Identifier: GPL-2.0-or-later
/* The option parser: reads argv by a table of rows, says exactly what it could not read. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libktally.h>

#include "opt.h"
#include "out.h"

#define WHY_SIZE 256
#define CPU_MAX 65536	/* no kernel has more; keeps a typing error from asking for a huge mask */

static int parse_number(const char *text, uint64_t max, uint64_t *value, const char **end)
{
	char *stop;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*value = strtoull(text, &stop, 10);
	*end = stop;
	return errno || *value > max ? -1 : 0;
}

static int parse_flag(const struct opt *opt, void *member, const char *text, char *why)
{
	(void)opt, (void)text, (void)why;
	*(bool *)member = true;
	return 0;
}

static int parse_uint(const struct opt *opt, void *member, const char *text, char *why)
{
	const char *end;
	uint64_t value;

	if (parse_number(text, opt->max, &value, &end) || *end || value < opt->min) {
		snprintf(why, WHY_SIZE, "a whole number from %u to %u is needed", opt->min, opt->max);
		return -1;
	}
	*(unsigned int *)member = value;
	return 0;
}

static int parse_size(const struct opt *opt, void *member, const char *text, char *why)
{
	static const char units[] = "KMG";
	unsigned int shift = 0;
	const char *end, *unit;
	uint64_t value;

	(void)opt;
	if (parse_number(text, UINT32_MAX, &value, &end))
		goto bad;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			goto bad;
		shift = 10 * (unit - units + 1);
	}
	if (value << shift > UINT32_MAX)
		goto bad;
	*(uint32_t *)member = value << shift;
	return 0;
bad:
	snprintf(why, WHY_SIZE, "a size below 4G is needed, such as 65536, 256K or 1M");
	return -1;
}

static int parse_duration(const struct opt *opt, void *member, const char *text, char *why)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = { { "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "m", 60e9 }, { "h", 3600e9 } };
	double value;
	unsigned int n;
	char *end;

	(void)opt;
	value = isdigit((unsigned char)*text) || *text == '.' ? strtod(text, &end) : -1;
	for (n = 0; value > 0 && n < sizeof(units) / sizeof(units[0]); n++) {
		if (strcmp(end, units[n].name) || value * units[n].ns > 1e18 || value * units[n].ns < 1)
			continue;
		*(uint64_t *)member = value * units[n].ns;
		return 0;
	}
	snprintf(why, WHY_SIZE, "a time above 0 is needed, such as 10, 0.5, 200ms or 5m");
	return -1;
}

static int parse_percent(const struct opt *opt, void *member, const char *text, char *why)
{
	char *end = NULL;
	double value;

	(void)opt;
	if (!strcmp(text, "none")) {
		*(uint32_t *)member = KTALLY_BUDGET_NONE;
		return 0;
	}
	value = isdigit((unsigned char)*text) ? strtod(text, &end) : -1;
	if (value < 0.1 || value > 100 || (*end && strcmp(end, "%"))) {
		snprintf(why, WHY_SIZE, "a percentage from 0.1 to 100 is needed, such as 5 or 0.5%%, or none");
		return -1;
	}
	*(uint32_t *)member = value * 10 + 0.5;
	return 0;
}

static int parse_text(const struct opt *opt, void *member, const char *text, char *why)
{
	(void)opt;
	if (!*text) {
		snprintf(why, WHY_SIZE, "it must not be empty");
		return -1;
	}
	*(const char **)member = text;
	return 0;
}

static int parse_texts(const struct opt *opt, void *member, const char *text, char *why)
{
	struct opt_texts *list = member;

	if (parse_text(opt, &(const char *){ NULL }, text, why))
		return -1;
	list->items = out_realloc(list->items, (list->nr + 1) * sizeof(*list->items));
	list->items[list->nr++] = text;
	return 0;
}

static int parse_choice(const struct opt *opt, void *member, const char *text, char *why)
{
	const char *word = opt->arg;
	size_t len = strlen(text);

	for (; word; word = strchr(word, '|') ? strchr(word, '|') + 1 : NULL) {
		if (len && !strncmp(word, text, len) && (word[len] == '|' || !word[len])) {
			*(const char **)member = text;
			return 0;
		}
	}
	snprintf(why, WHY_SIZE, "it must be one of %s", opt->arg);
	return -1;
}

static int parse_format(const struct opt *opt, void *member, const char *text, char *why)
{
	const struct ktally_exporter *exporter = ktally_exporter_find(text);
	unsigned int n;
	size_t len;

	(void)opt;
	if (exporter) {
		*(const struct ktally_exporter **)member = exporter;
		return 0;
	}
	len = snprintf(why, WHY_SIZE, "the formats are");
	for (n = 0; (exporter = ktally_exporter_at(n)) && len < WHY_SIZE; n++)
		len += snprintf(why + len, WHY_SIZE - len, "%s %s", n ? "," : "", exporter->name);
	return -1;
}

static int parse_pids(const struct opt *opt, void *member, const char *text, char *why)
{
	struct opt_numbers *list = member;
	const char *end;
	uint64_t pid;

	(void)opt;
	for (;;) {
		if (parse_number(text, INT32_MAX, &pid, &end) || !pid || (*end && *end != ',')) {
			snprintf(why, WHY_SIZE, "process ids are needed, such as 1200 or 1200,1311");
			return -1;
		}
		if (list->nr == KTALLY_SCOPE_MAX) {
			snprintf(why, WHY_SIZE, "no more than %d processes can be named", KTALLY_SCOPE_MAX);
			return -1;
		}
		list->items = out_realloc(list->items, (list->nr + 1) * sizeof(*list->items));
		list->items[list->nr++] = pid;
		if (!*end)
			return 0;
		text = end + 1;
	}
}

static void mask_set(struct opt_mask *mask, unsigned int first, unsigned int last)
{
	unsigned int words = last / 64 + 1;

	if (words > mask->words) {
		mask->bits = out_realloc(mask->bits, words * sizeof(*mask->bits));
		memset(mask->bits + mask->words, 0, (words - mask->words) * sizeof(*mask->bits));
		mask->words = words;
	}
	for (; first <= last; first++)
		mask->bits[first / 64] |= 1ULL << first % 64;
}

static int parse_cpus(const struct opt *opt, void *member, const char *text, char *why)
{
	uint64_t first, last;
	const char *end;

	(void)opt;
	for (;;) {
		if (parse_number(text, CPU_MAX - 1, &first, &end))
			break;
		last = first;
		if (*end == '-' && parse_number(end + 1, CPU_MAX - 1, &last, &end))
			break;
		if (last < first || (*end && *end != ','))
			break;
		mask_set(member, first, last);
		if (!*end)
			return 0;
		text = end + 1;
	}
	snprintf(why, WHY_SIZE, "CPU numbers are needed, such as 2, 0-3 or 0,4-7");
	return -1;
}

/* What a type of option does, by enum opt_type. */
static const struct opt_kind {
	bool takes_value, repeats;
	int (*parse)(const struct opt *opt, void *member, const char *text, char *why);
} kinds[] = {
	[OPT_FLAG]	= { false, false, parse_flag },
	[OPT_UINT]	= { true, false, parse_uint },
	[OPT_SIZE]	= { true, false, parse_size },
	[OPT_DURATION]	= { true, false, parse_duration },
	[OPT_PERCENT]	= { true, false, parse_percent },
	[OPT_TEXT]	= { true, false, parse_text },
	[OPT_EVENTS]	= { true, true, parse_texts },
	[OPT_FILES]	= { true, true, parse_texts },
	[OPT_CHOICE]	= { true, false, parse_choice },
	[OPT_FORMAT]	= { true, false, parse_format },
	[OPT_PIDS]	= { true, true, parse_pids },
	[OPT_CPUS]	= { true, true, parse_cpus },
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == __OPT_TYPE_END, "every type of option needs its row");

bool opt_takes_value(const struct opt *opt)
{
	return kinds[opt->type].takes_value;
}

bool opt_repeats(const struct opt *opt)
{
	return kinds[opt->type].repeats;
}

/* Edit distance (insert, delete, replace), cut off for words nobody types. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[65], previous, above;
	size_t m = strlen(a), n = strlen(b), i, j;

	if (m > 64 || n > 64)
		return UINT32_MAX;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; i <= m; i++) {
		previous = row[0];
		row[0] = i;
		for (j = 1; j <= n; j++) {
			unsigned int best = previous + (a[i - 1] != b[j - 1]);

			above = row[j];
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			previous = above;
			row[j] = best;
		}
	}
	return row[n];
}

const char *opt_nearest(const char *text, const char *const *words)
{
	unsigned int best = strlen(text) / 3 + 1, d;
	const char *found = NULL;

	for (; *words; words++) {
		d = distance(text, *words);
		if (strlen(text) >= 3 && !strncmp(text, *words, strlen(text)))
			d = 0;
		if (d < best || (d == best && !found)) {
			best = d;
			found = *words;
		}
	}
	return found;
}

static const struct opt *find_long(const struct opt *opts, const char *name, size_t len)
{
	for (; opts->type != OPT_END; opts++)
		if (opts->name && strlen(opts->name) == len && !memcmp(opts->name, name, len))
			return opts;
	return NULL;
}

static const struct opt *find_short(const struct opt *opts, char letter)
{
	for (; opts->type != OPT_END; opts++)
		if (opts->letter && opts->letter == letter)
			return opts;
	return NULL;
}

static int unknown_long(const struct opt *opts, const char *who, const char *name, size_t len)
{
	const char *words[64], *near;
	unsigned int n = 0;
	char text[65];

	snprintf(text, sizeof(text), "%.*s", (int)(len < 64 ? len : 64), name);
	for (; opts->type != OPT_END && n < 63; opts++)
		if (opts->name)
			words[n++] = opts->name;
	words[n] = NULL;
	near = opt_nearest(text, words);
	out_error("%s has no option --%s%s%s%s; '%s --help' lists them", who, text, near ? ", did you mean --" : "", near ? near : "",
		  near ? "?" : "", who);
	return -1;
}

static int apply(const struct opt *opt, void *cfg, const char *who, const char *value)
{
	char why[WHY_SIZE] = "";

	if (!kinds[opt->type].parse(opt, (char *)cfg + opt->offset, value, why))
		return 0;
	out_error("%s: --%s '%s': %s", who, opt->name, value, why);
	return -1;
}

/* "--name", "--name=value", "--name value". Return: arguments consumed or -1. */
static int parse_long(const struct opt *opts, void *cfg, const char *who, char **argv)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *opt = find_long(opts, name, len);

	if (!opt)
		return unknown_long(opts, who, name, len);
	if (!opt_takes_value(opt)) {
		if (equals) {
			out_error("%s: --%s takes no value", who, opt->name);
			return -1;
		}
		return apply(opt, cfg, who, "") ? -1 : 1;
	}
	if (equals)
		return apply(opt, cfg, who, equals + 1) ? -1 : 1;
	if (!argv[1]) {
		out_error("%s: --%s needs a value: %s", who, opt->name, opt->arg);
		return -1;
	}
	return apply(opt, cfg, who, argv[1]) ? -1 : 2;
}

/* "-a", "-av", "-p12", "-p 12". Return: arguments consumed or -1. */
static int parse_short(const struct opt *opts, void *cfg, const char *who, char **argv)
{
	const struct opt *opt;
	const char *at;

	for (at = argv[0] + 1; *at; at++) {
		opt = find_short(opts, *at);
		if (!opt) {
			out_error("%s has no option -%c; '%s --help' lists them", who, *at, who);
			return -1;
		}
		if (!opt_takes_value(opt)) {
			if (apply(opt, cfg, who, ""))
				return -1;
			continue;
		}
		if (at[1])
			return apply(opt, cfg, who, at + 1) ? -1 : 1;
		if (!argv[1]) {
			out_error("%s: -%c needs a value: %s", who, *at, opt->arg);
			return -1;
		}
		return apply(opt, cfg, who, argv[1]) ? -1 : 2;
	}
	return 1;
}

int opt_parse(const struct opt *opts, void *cfg, const char *who, int argc, char **argv, int *nr_args, char ***command)
{
	const struct opt_common *common = cfg;
	int n = 0, used;

	*nr_args = 0;
	*command = NULL;
	while (n < argc && !common->help) {
		char *arg = argv[n];

		if (!strcmp(arg, "--")) {
			*command = argv + n + 1;
			return 0;
		}
		if (arg[0] != '-' || !arg[1]) {
			argv[(*nr_args)++] = arg;
			n++;
			continue;
		}
		used = arg[1] == '-' ? parse_long(opts, cfg, who, argv + n) : parse_short(opts, cfg, who, argv + n);
		if (used < 0)
			return -1;
		n += used;
	}
	return 0;
}

void opt_release(const struct opt *opts, void *cfg)
{
	for (; opts->type != OPT_END; opts++) {
		void *member = (char *)cfg + opts->offset;

		switch (opts->type) {
		case OPT_EVENTS:
		case OPT_FILES:
			free(((struct opt_texts *)member)->items);
			break;
		case OPT_PIDS:
			free(((struct opt_numbers *)member)->items);
			break;
		case OPT_CPUS:
			free(((struct opt_mask *)member)->bits);
			break;
		default:
			break;
		}
	}
}
