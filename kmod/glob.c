// SPDX-License-Identifier: GPL-2.0
/* Matches text against patterns of '*', '?', [sets] and '\\'. */
#include "glob.h"

/* One [set] of a pattern against @c: moves *@p behind it. A '[' without ']' stands for itself. */
static bool glob_set(const u8 *pattern, unsigned int len, unsigned int *p, u8 c)
{
	unsigned int i = *p + 1;
	bool negated = false, found = false;

	if (i < len && (pattern[i] == '!' || pattern[i] == '^')) {
		negated = true;
		i++;
	}
	for (; i < len && (pattern[i] != ']' || i == *p + 1 + negated); i++) {
		if (i + 2 < len && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
			found |= c >= pattern[i] && c <= pattern[i + 2];
			i += 2;
		} else {
			found |= c == pattern[i];
		}
	}
	if (i >= len) {
		found = c == '[';
		*p += 1;
		return found;
	}
	*p = i + 1;
	return found != negated;
}

/*
 * Backtracks only to the last '*', which is enough. At most length of text times length of pattern steps: both are at
 * most 128.
 */
bool ktally_glob(const u8 *pattern, unsigned int plen, const u8 *text, unsigned int tlen)
{
	unsigned int p = 0, t = 0, star = 0, mark = 0;
	bool starred = false;

	while (t < tlen) {
		if (p < plen && pattern[p] == '*') {
			starred = true;
			star = ++p;
			mark = t;
			continue;
		}
		if (p < plen && pattern[p] == '[') {
			if (glob_set(pattern, plen, &p, text[t])) {
				t++;
				continue;
			}
		} else if (p < plen && pattern[p] == '\\' && p + 1 < plen) {
			if (pattern[p + 1] == text[t]) {
				p += 2;
				t++;
				continue;
			}
		} else if (p < plen && (pattern[p] == '?' || pattern[p] == text[t])) {
			p++;
			t++;
			continue;
		}
		if (!starred)
			return false;
		p = star;
		t = ++mark;
	}
	while (p < plen && pattern[p] == '*')
		p++;
	return p == plen;
}
