# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints results as KTAP: ok and not ok lines, a plan at the end, and an exit status that says whether all went well."""
import sys


class Ktap:
    def __init__(self):
        self.count = 0
        self.failed = 0
        print("KTAP version 1")

    def check(self, good, name, why=""):
        self.count += 1
        if not good:
            self.failed += 1
            for line in str(why).splitlines()[:20]:
                print(f"# {line}")
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        return good

    def equal(self, got, want, name):
        return self.check(got == want, name, f"got  {str(got)[:600]}\nwant {str(want)[:600]}")

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)
