#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Circles of files in one program: each file of a circle calls, or refers to a variable of, another file of it, so that
none of them can be understood, tested or replaced without the others. Read from the symbols of the objects.

Circles that may stay are listed in tools/circles.txt, one block each: a comment with the reason, and patterns of its files.
A block without a circle is a mistake as well."""

import argparse
import fnmatch
import pathlib
import subprocess
import sys

ALLOWED = pathlib.Path(__file__).with_suffix(".txt")


def symbols(nm, objects):
    """For each object its defined and its undefined global symbols."""
    result = {}
    for file in objects:
        defined, undefined = set(), set()
        for line in subprocess.run([nm, "-g", file], check=True, capture_output=True, text=True).stdout.splitlines():
            *_, kind, name = line.split()
            (undefined if kind in "Uwv" else defined).add(name)
        result[file] = defined, undefined
    return result


def references(table):
    """{user: {provider: symbols}}"""
    owner = {name: file for file, (defined, _) in table.items() for name in defined}
    result = {file: {} for file in table}
    for file, (_, undefined) in table.items():
        for name in sorted(undefined):
            if owner.get(name, file) != file:
                result[file].setdefault(owner[name], []).append(name)
    return result


def circles(graph):
    """Strongly connected components of two or more files (Tarjan, with a stack of its own)."""
    index, low, stack, on_stack, found = {}, {}, [], set(), []
    for root in graph:
        work = [(root, iter(graph[root]))] if root not in index else []
        while work:
            file, rest = work[-1]
            if file not in index:
                index[file] = low[file] = len(index)
                stack.append(file)
                on_stack.add(file)
            for other in rest:
                if other not in index:
                    work.append((other, iter(graph[other])))
                    break
                if other in on_stack:
                    low[file] = min(low[file], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[file])
                if low[file] == index[file]:
                    group = []
                    while not group or group[-1] != file:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group))
    return sorted(found)


def allowed(text):
    """The patterns of each block."""
    return [[word for line in block.splitlines() if not line.startswith("#") for word in line.split()]
            for block in text.split("\n\n") if block.strip()]


def fits(block, file):
    return any(fnmatch.fnmatch(file, pattern) for pattern in block)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--allowed", type=pathlib.Path, default=ALLOWED)
    parser.add_argument("name", help="of the program")
    parser.add_argument("prefix", help="what the path of an object has before that of its source")
    parser.add_argument("objects", nargs="+")
    arguments = parser.parse_args()
    source = {file: file.removeprefix(arguments.prefix + "/").removesuffix(".o") for file in arguments.objects}
    graph = references(symbols(arguments.nm, arguments.objects))
    permitted = [block for block in allowed(arguments.allowed.read_text()) if any(fits(block, file) for file in source.values())]
    found = [[source[file] for file in circle] for circle in circles(graph)]
    wrong = [circle for circle in found if not any(all(fits(block, file) for file in circle) for block in permitted)]
    stale = [block for block in permitted if not any(fits(block, file) for circle in found for file in circle)]
    file_of = {name: file for file, name in source.items()}
    for circle in wrong:
        print(f"{arguments.name}: a circle of {len(circle)} files:", file=sys.stderr)
        for user in circle:
            for provider, names in sorted(graph[file_of[user]].items()):
                if source[provider] in circle:
                    print(f"    {user} uses {', '.join(names)} of {source[provider]}", file=sys.stderr)
    for block in stale:
        print(f"{arguments.name}: there is no circle of {' '.join(block)}, which {arguments.allowed.name} allows", file=sys.stderr)
    if wrong or stale:
        sys.exit(1)
    print(f"Circles of files in {arguments.name}: {len(found)} allowed, no other in {len(source)} files")


if __name__ == "__main__":
    main()
