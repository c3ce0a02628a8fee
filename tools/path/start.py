#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions from power-on to the first instruction of the guest of examples/hello, by program and function."""

import argparse
import bisect
import collections
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/system"))

import kernel_path
from harness import BUILD, Board, make_archive

FOLDER = BUILD / "path"
PROGRAMS = ("devc-pl011", "slogger", "shell", "qvm", "procmgr")
PLUGIN = "vdev-pl011"
KERNEL_BASE, IMAGE_AT, RAM_AT = 0x7F8000000000, 0x40200000, 0x40000000


def functions_of(elf):
    """Ascending addresses of a program's functions, and their names."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", "-n", elf], capture_output=True, text=True, check=True).stdout
    pairs = re.findall(r"^([0-9a-f]+) [tTwW] ([^$\s]\S*)$", lines, re.MULTILINE)
    return [int(address, 16) for address, _ in pairs], [name for _, name in pairs]


def entry_of(elf):
    header = subprocess.run(["aarch64-linux-gnu-readelf", "-h", elf], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Entry point address:\s+(0x[0-9a-f]+)", header).group(1), 16)


def text_of(program):
    """Offset in the file and bytes of a program's code: its first segment, which is linked at 0."""
    headers = int.from_bytes(program[32:40], "little")  # e_phoff
    offset, _, _, length = (int.from_bytes(program[headers + at:headers + at + 8], "little") for at in (8, 16, 24, 32))
    return offset, length


def code_of(plugin):
    """The same of a vdev's file: its executable segment, which lies in the file as in memory."""
    headers, count = int.from_bytes(plugin[32:40], "little"), int.from_bytes(plugin[56:58], "little")
    for at in range(headers, headers + 56 * count, 56):
        if plugin[at] == 1 and plugin[at + 4] & 1:  # PT_LOAD, PF_X
            return int.from_bytes(plugin[at + 8:at + 16], "little"), int.from_bytes(plugin[at + 32:at + 40], "little")
    raise ValueError("no code")


def texts(log, archive):
    """Physical first and last addresses of each program's code, and whose it is: all run where they were loaded."""
    at = {name: archive.find((BUILD / "bin" / name).read_bytes()) for name in PROGRAMS}
    start = int(re.search(r"  ([0-9a-f]{10})-[0-9a-f]{10} +rom", log).group(1), 16)
    lines = subprocess.run(["aarch64-linux-gnu-nm", kernel_path.KERNEL], capture_output=True, text=True, check=True).stdout
    embedded = int(re.search(r"^([0-9a-f]+) . procmgr_file$", lines, re.MULTILINE).group(1), 16)
    places = {name: start + offset for name, offset in at.items() if offset >= 0}
    places["procmgr"] = embedded - KERNEL_BASE + IMAGE_AT
    for name, place in places.items():
        offset, length = text_of((BUILD / "bin" / name).read_bytes())
        yield place + offset, place + offset + length - 1, name
    plugin = (BUILD / f"vdevs/{PLUGIN}.so").read_bytes()
    offset, length = code_of(plugin)
    place = start + archive.find(plugin)
    yield place + offset, place + offset + length - 1, PLUGIN


def measure(ram):
    out, entry = FOLDER / "start.sites", entry_of(BUILD / "guests/hello.elf")
    out.unlink(missing_ok=True)
    plugin = f"file={FOLDER}/start.so,stop={entry:#x},out={out}"
    archive = make_archive("hello", "start-path")
    with Board(archive, cpus=1, ram=ram, cpu=kernel_path.COUNTING, icount=True, log="start-path", extra=("-plugin", plugin)) as b:
        b.prompt()
        end = time.monotonic() + 120
        while not (out.exists() and out.read_text().endswith("end\n")):
            if time.monotonic() > end:
                b.fail("the guest does not start")
            time.sleep(0.2)
    return out.read_text(), b.log_path.read_text(errors="replace"), archive.read_bytes()


def profile(sites, log, archive):
    """Counts by program and function."""
    records = [line.split() for line in sites.splitlines()[1:-1]]
    records = [(int(address, 16), int(where, 16), int(count)) for address, where, count, _ in records]
    base = next(where - (address - KERNEL_BASE + IMAGE_AT) for address, where, _ in records if address >= KERNEL_BASE)
    tables = {name: functions_of(BUILD / name / f"{name}.debug") for name in PROGRAMS}
    tables[PLUGIN] = functions_of(BUILD / f"vdevs/{PLUGIN}.so.debug")
    tables["kernel"] = functions_of(kernel_path.KERNEL)
    ranges, found = list(texts(log, archive)), collections.Counter()
    for address, where, count in records:
        physical = where - base
        if address >= KERNEL_BASE or address == physical:
            owner = "kernel"
            address = address if address >= KERNEL_BASE else address - IMAGE_AT + KERNEL_BASE
        else:
            address, owner = next((physical - start, name) for start, end, name in ranges if start <= physical <= end)
        addresses, names = tables[owner]
        at = bisect.bisect_right(addresses, address) - 1
        found[owner, names[at] if at >= 0 else "?"] += count
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--top", type=int, default=20, help="how many functions to print (%(default)s)")
    arguments.add_argument("--ram", default="2G", help="the board's memory (%(default)s)")
    options = arguments.parse_args()
    sites, log, archive = measure(options.ram)
    total = int(sites.split(maxsplit=2)[1])
    found = profile(sites, log, archive)
    programs = collections.Counter()
    for (owner, _), count in found.items():
        programs[owner] += count
    print(f"power-on to the first instruction of the guest: {total} instructions, archive {len(archive)} bytes")
    for owner, count in programs.most_common():
        print(f"{count:10}  {owner}")
    for (owner, name), count in found.most_common(options.top):
        print(f"{count:10}  {owner:12} {name}")


if __name__ == "__main__":
    main()
