#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""validate.py SCHEMA SPEC: holds a netlink description to the kernel's schema of them, and a spoiled one must not pass."""
import copy
import sys

import jsonschema
import yaml


def main():
    schema, spec = (yaml.safe_load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
    validator = jsonschema.Draft7Validator(schema)
    errors = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(spec)]
    for line in errors:
        print(f"# {line}")
    spoiled = copy.deepcopy(spec)
    spoiled["attribute-sets"][0]["attributes"][1]["type"] = "u23"
    if validator.is_valid(spoiled):
        errors.append("the schema lets a type u23 pass")
        print(f"# {errors[-1]}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
