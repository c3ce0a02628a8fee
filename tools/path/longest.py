#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The longest stretch with interrupts off, in instructions, over a workload that exercises every kernel call."""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/system"))

import kernel_path
from harness import BUILD, Board, bare_vm, make_archive, system_dts
from test_kernel import program

FOLDER = BUILD / "path"
COUNTING = "neoverse-n1,cntfrq=1000000000"


def board(run, archive, **more):
    """One CPU, on which time is the number of instructions, with the plugin."""
    report = FOLDER / f"{run}.stretches"
    report.unlink(missing_ok=True)
    plugin = f"file={FOLDER}/stretch.so,symbols={FOLDER}/symbols,out={report}"
    return report, Board(archive, cpus=1, cpu=COUNTING, icount=True, log=f"longest-{run}", extra=("-plugin", plugin),
                         **more)


def archive(run, **system):
    return make_archive(system, f"longest-{run}")


def run_hello(name):
    report, machine = board(name, make_archive("hello", f"longest-{name}"))
    with machine as b:
        b.prompt()
        b.open_console("hello")
        b.expect("hello: virtual CPU 1 is up", 60)
        b.leave_console()
        b.command_output("pidin")
        b.command_output("vm start hello")
        b.send("shutdown\r")
        b.expect_end(60)
    return report


def run_worst(name):
    """One program that brings every call into the situation in which it takes longest."""
    properties = f'memory = <0x1000000>; kernel-memory = <0x400000>; max-priority = <101>; abilities = {ABILITIES}; ready;'
    system = system_dts(first=f'kworst {{ program = "kworst"; priority = <50>; {properties} }};')
    report, machine = board(name, make_archive({"system.dts": system}, f"longest-{name}"))
    with machine as b:
        end = b.expect(r"kworst: \d+ passed, (\d+) failed", 200, "the report of kworst")
        if end.group(1) != "0":
            b.fail("kworst did not get its calls so far as it should")
        b.expect_end(60)
    return report


ABILITIES = '"log", "public", "process", "xsched", "system", "vcpu"'
RUNS = {"worst": run_worst, "hello": run_hello}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--limit", type=int, default=5000, help="longest stretch that is accepted (%(default)s)")
    arguments.add_argument("--top", type=int, default=10, help="how many to print (%(default)s)")
    arguments.add_argument("--run", choices=RUNS, action="append", help="only this part of the workload")
    options = arguments.parse_args()
    kernel_path.write_symbols(FOLDER / "symbols")
    worst, stretches = {}, 0
    for run in options.run or RUNS:
        boot, count, _, causes = kernel_path.read_report(RUNS[run](run), run)
        stretches += count
        print(f"{run}: {count} stretches, boot {boot}")
        for cause in causes.values():
            if cause.name not in worst or worst[cause.name].longest < cause.longest:
                worst[cause.name] = cause
    ranked = sorted(worst.values(), key=lambda c: -c.longest)
    for cause in ranked[:options.top]:
        functions = sorted(cause.functions.items(), key=lambda f: -f[1])
        print(f"{cause.longest:8} {cause.name}{' (after a poll)' if cause.went_on else ''} [{cause.run}]")
        print("         " + ", ".join(f"{name} {count}" for name, count in functions[:8]))
    unseen = [name for name in kernel_path.all_calls() if f"call_{name}" not in worst]
    if unseen and not options.run:
        raise SystemExit(f"not exercised: {', '.join(unseen)}")
    if ranked[0].longest > options.limit:
        raise SystemExit(f"{ranked[0].name}: {ranked[0].longest} instructions, more than {options.limit}")


if __name__ == "__main__":
    main()
