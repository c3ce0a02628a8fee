#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The files of the tree whose statements run between two marks: the files to read to follow a device write, an interrupt
of a virtual device or of one that was passed, or a message, from one end to the other. guests/journey and tests/el0/kbench.c
make them; docs/architecture.md lists them.

Inline functions count for the file that they stand in. Generated files and headers are left out, unless --headers is given:
they have types, register accessors and stubs of calls."""

import argparse
import collections
import pathlib
import re
import subprocess
import sys
import time

import start
from start import BUILD, FOLDER, IMAGE_AT, KERNEL_BASE, PLUGIN, PROGRAMS, kernel_path
from harness import KBENCH, TOP, Board, bare_vm, make_archive, system_dts

GUEST = BUILD / "guest-programs/journey/journey.debug"
# Left out: the instruction that makes a call, the mutex, which thread runs, and the accessors of list registers and of the
# interrupt controller's acknowledge and end.
FILES_LEFT_OUT = ("lib/sys/calls.c", "lib/sys/sync.c", "lib/sys/self.c")
FUNCTIONS_LEFT_OUT = ("gicv3_lr_read", "gicv3_lr_write", "gicv3_irq_ack", "gicv3_irq_drop", "arch_irq_ack", "arch_irq_drop")

# system: files of the archive, and what to wait for. marks: addresses of begin and end; the begin counts after `skip` others.
# parts: None, or of each part of the journey between the marks the function at which it begins and the one at which it is
# over. What lies between the parts of an interrupt is the device's own way back. most: files.
Journey = collections.namedtuple("Journey", "name system marks skip parts most")


def guest_system():
    """With the board's real-time clock, which is the guest's."""
    passes = "pass loc mem:0x9010000,0x1000,rwn\npass intr gic:34"
    return {"system.dts": system_dts(vms=[("journey", 'devices = "/pl031@9010000";')]),
            "journey.qvmconf": bare_vm("journey", "journey", cpus=("sched 10",), more=passes),
            "journey.elf": (BUILD / "guests/journey.elf").read_bytes()}, "bulkhead> "


def message_system():
    return {"system.dts": system_dts(first=KBENCH)}, "kbench: done"


def in_guest(begin, end):
    return lambda: (kernel_path.symbol(begin, GUEST), kernel_path.symbol(end, GUEST))


def until_next(function):
    """From one call of a function of the kernel to the next."""
    return lambda: (kernel_path.symbol(function) + 4, kernel_path.symbol(function))


JOURNEYS = (
    Journey("a guest's device write", guest_system, in_guest("journey_write", "journey_written"), 1, None, 7),
    Journey("an interrupt of a virtual device", guest_system, in_guest("journey_raise", "guest_irq"), 1,
            (("set_irq", "mutex_unlock"),), 8),
    Journey("a passed-through interrupt", guest_system, in_guest("journey_fire", "guest_irq"), 1, None, 6),
    Journey("a message and its reply", message_system, until_next("vector_send"), 100, (("vector_send", "trap_call"),), 5),
)


def executed(journey):
    """What ran between the marks: (order, address, where)."""
    out, (begin, end) = FOLDER / "journey.sites", journey.marks()
    out.unlink(missing_ok=True)
    files, awaited = journey.system()
    archive = make_archive(files, "journey")
    plugin = f"file={FOLDER}/start.so,from={begin:#x},skip={journey.skip},stop={end:#x},out={out}"
    with Board(archive, cpus=1, cpu=kernel_path.COUNTING, icount=True, log="journey", extra=("-plugin", plugin)) as board:
        board.expect(awaited)
        limit = time.monotonic() + 120
        while not (out.exists() and out.read_text().endswith("end\n")):
            if time.monotonic() > limit:
                board.fail(f"{journey.name}: its end is not reached")
            time.sleep(0.2)
        log = board.log_path.read_text(errors="replace")
    records = [line.split() for line in out.read_text().splitlines()[1:-1]]
    return sorted((int(first), int(address, 16), int(where, 16)) for address, where, _, first in records), log, \
        archive.read_bytes()


def located(records, log, archive):
    """(program, address in its ELF file), in the order in which they ran first."""
    base = next(where - (address - KERNEL_BASE + IMAGE_AT) for _, address, where in records if address >= KERNEL_BASE)
    ranges = list(start.texts(log, archive)) if " rom " in log else []  # without a VM only the kernel counts
    for _, address, where in records:
        if address >= KERNEL_BASE:
            yield "kernel", address
        else:
            for first, last, name in ranges:
                if first <= where - base <= last:
                    yield name, where - base - first


def elf_of(program):
    if program == "kernel":
        return kernel_path.KERNEL
    return BUILD / f"vdevs/{PLUGIN}.so.debug" if program == PLUGIN else BUILD / program / f"{program}.debug"


def file_of(line):
    """The path in the tree. A compiler's cache may have the object of another clone."""
    path = pathlib.PurePath(line.rsplit(":", 1)[0]).parts
    return next(("/".join(path[i:]) for i in range(len(path)) if path[i:][0] != ".." and (TOP / "/".join(path[i:])).exists()
                 and not (TOP / "/".join(path[i:])).is_relative_to(BUILD)), line)


def statements_of(places):
    """For each place the functions that it is of, the outermost first, and their files."""
    lines = {}
    for program in {program for program, _ in places}:
        offset = start.code_of((BUILD / f"vdevs/{PLUGIN}.so").read_bytes())[0] if program == PLUGIN else 0
        own = [address for owner, address in places if owner == program]
        text = subprocess.run(["aarch64-linux-gnu-addr2line", "-a", "-i", "-f", "-e", elf_of(program)], check=True,
                              capture_output=True, text=True,
                              input="".join(f"{address + offset:#x}\n" for address in own)).stdout
        for block in re.split(r"^0x", text, flags=re.MULTILINE)[1:]:
            address, *frames = block.splitlines()
            lines[program, int(address, 16) - offset] = list(zip(frames[::2], map(file_of, frames[1::2])))[::-1]
    return [lines[place] for place in places]


def files_of(statements, parts):
    """Files and functions, in the order in which the journey comes to them."""
    found, on, parts = {}, parts is None, list(parts or ())
    for frames in statements:
        names = [name for name, _ in frames]
        if on and parts and parts[0][1] in names:
            on = False
            parts.pop(0)
        on = on or bool(parts) and parts[0][0] in names
        for name, file in frames if on else ():
            if name not in found.setdefault(file, []):
                found[file].append(name)
    if parts and not on:
        sys.exit(f"{parts[0][0]} does not run")
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--headers", action="store_true", help="list headers and generated files, too")
    options = arguments.parse_args()
    good = True
    for journey in JOURNEYS:
        records, log, archive = executed(journey)
        found = files_of(statements_of(list(located(records, log, archive))), journey.parts)
        written = {file: functions for file, functions in found.items()
                   if re.search(r"\.[cS]$", file) and (TOP / file).exists() and file not in FILES_LEFT_OUT
                   and not all(name in FUNCTIONS_LEFT_OUT for name in functions)}
        print(f"{journey.name}: {len(written)} files (at most {journey.most})")
        for file, functions in (found if options.headers else written).items():
            print(f"    {file:40} {', '.join(functions)}")
        good = good and len(written) <= journey.most
    sys.exit(not good)


if __name__ == "__main__":
    main()
