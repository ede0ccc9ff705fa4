"""Fails when a dependency has a licence that deny.toml does not allow.

`cargo deny` checks this and more; this needs nothing but Python and cargo.
"""

import json
import re
import subprocess
import sys


def allowed():
    """The words in quotes of deny.toml's `allow = [...]`; not every Python has tomllib."""
    text = open("deny.toml", encoding="utf-8").read()
    return set(re.findall(r'"([^"]+)"', re.search(r"^allow = \[(.*?)^\]", text, re.S | re.M).group(1)))


def acceptable(expression, allow):
    """True when the allowed licences satisfy an SPDX expression, or the old `A/B` for `A OR B`."""
    words = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    python, skip = [], False
    for word in words:
        if skip:  # an exception after WITH only widens what is permitted
            skip = False
        elif word == "WITH":
            skip = True
        elif word in ("(", ")"):
            python.append(word)
        elif word in ("AND", "OR"):
            python.append(word.lower())
        else:
            python.append(str(word in allow))
    return eval(" ".join(python))  # True, False, and, or, brackets: nothing else gets in


def main():
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    allow = allowed()
    wrong = [p for p in packages if not acceptable(p["license"] or "none", allow)]
    for package in wrong:
        print(f"{package['name']} {package['version']}: {package['license']}")
    sys.exit(1 if wrong else 0)


main()
