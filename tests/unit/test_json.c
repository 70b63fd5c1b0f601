// SPDX-License-Identifier: GPL-2.0-or-later
/* What the JSON writer writes, byte for byte, and that a parser of another project accepts it whatever the text holds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "libktally.h"

static void write_document(FILE *out, bool pretty)
{
	struct ktally_json json;

	ktally_json_init(&json, out, pretty);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "text", "a\"b\\c\n\t\001\177");
	ktally_json_string(&json, "utf8", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7");
	ktally_json_string(&json, "bad", "\xff \xc3 \xc0\xaf \xed\xa0\x80 \xe2\x82");
	ktally_json_open(&json, "list", '[');
	ktally_json_u64(&json, NULL, UINT64_MAX);
	ktally_json_s64(&json, NULL, INT64_MIN);
	ktally_json_double(&json, NULL, 0.1);
	ktally_json_double(&json, NULL, 1.0 / 3);
	ktally_json_double(&json, NULL, 1e300);
	ktally_json_double(&json, NULL, NAN);
	ktally_json_double(&json, NULL, -INFINITY);
	ktally_json_bool(&json, NULL, true);
	ktally_json_close(&json, ']');
	ktally_json_open(&json, "empty", '{');
	ktally_json_close(&json, '}');
	ktally_json_open(&json, "none", '[');
	ktally_json_close(&json, ']');
	ktally_json_bool(&json, "\xfe", false);
	ktally_json_close(&json, '}');
}

static void compact_bytes(void **state)
{
	static const char want[] =
		"{\"text\":\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\",\"utf8\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\xa7\","
		"\"bad\":\"\\ufffd \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\","
		"\"list\":[18446744073709551615,-9223372036854775808,0.1,0.33333333333333331,1e+300,null,null,true],"
		"\"empty\":{},\"none\":[],\"\\ufffd\":false}\n";
	char *text;
	size_t size;
	FILE *out;

	(void)state;
	out = open_memstream(&text, &size);
	write_document(out, false);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

/* Exit status of a JSON parser that reads what @pretty and @garbage ask for. */
static int parse(bool pretty, bool garbage)
{
	FILE *out = popen("python3 -m json.tool >/dev/null", "w");
	struct ktally_json json;
	unsigned int i, k;

	assert_non_null(out);
	if (!garbage) {
		write_document(out, pretty);
		return pclose(out);
	}
	srandom(1);
	ktally_json_init(&json, out, pretty);
	ktally_json_open(&json, NULL, '[');
	for (i = 0; i < 2000; i++) {
		char text[40] = "";

		for (k = 0; k < sizeof(text) - 1; k++)
			text[k] = (char)(1 + random() % 255);
		ktally_json_string(&json, NULL, text);
	}
	ktally_json_close(&json, ']');
	return pclose(out);
}

static void another_parser_accepts_it(void **state)
{
	(void)state;
	assert_int_equal(parse(false, false), 0);
	assert_int_equal(parse(true, false), 0);
	assert_int_equal(parse(false, true), 0);
}

/* A document after another is a line after another. */
static void documents_are_lines(void **state)
{
	struct ktally_json json;
	char *text;
	size_t size;
	FILE *out;
	int i;

	(void)state;
	out = open_memstream(&text, &size);
	ktally_json_init(&json, out, false);
	for (i = 0; i < 2; i++) {
		ktally_json_open(&json, NULL, '{');
		ktally_json_s64(&json, "n", i);
		ktally_json_close(&json, '}');
	}
	fclose(out);
	assert_string_equal(text, "{\"n\":0}\n{\"n\":1}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_bytes), cmocka_unit_test(another_parser_accepts_it), cmocka_unit_test(documents_are_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
