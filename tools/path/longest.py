#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The longest stretch with interrupts off, or the longest hold of the kernel lock while another CPU wants it all the time,
in instructions, over a workload that exercises every kernel call."""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/system"))

import kernel_path
from harness import BUILD, Board, bare_vm, make_archive, system_dts
from test_kernel import program

FOLDER = BUILD / "path"
AIM = 2000
# On the only CPU, where the state of each virtual CPU is, these end in trap_vcpu(), which names them.
STATE_HERE = {"call_VcpuGet", "call_VcpuSet", "call_VcpuPrivate"}
WITHOUT_KERNEL_LOCK = {"call_VcpuInject", "call_VcpuLine"}
HOLD_LIMIT = 2000


def board(name, kind, system, kernel="Image", elf=kernel_path.KERNEL, idle=0):
    """One CPU, on which time is the number of instructions, with the plugin; and idle ones."""
    symbols, report = FOLDER / f"{name}.symbols", FOLDER / f"{name}.{kind}"
    kernel_path.write_symbols(symbols, elf)
    report.unlink(missing_ok=True)
    plugin = f"file={FOLDER}/stretch.so,symbols={symbols},out={report}"
    if kind == "holds":
        plugin += "".join(f",{key}={kernel_path.symbol(symbol, elf):#x}"
                          for key, symbol in (("kernel_lock", "kernel_lock"), ("image_end", "__image_end")))
    archive = make_archive(system, f"{name}-{kind}")
    return report, Board(archive, cpus=1 + idle, cpu=kernel_path.COUNTING, icount=True,
                         log=f"{name}-{kind}", kernel=kernel, extra=("-plugin", plugin))


def switch_off(machine):
    machine.send("shutdown\r")
    machine.expect_end()


def run_worst(kind):
    """One program that makes every call take its longest time (tests/el0/kworst.c). It uses one CPU, but searches for a CPU go over all of them."""
    system = {"system.dts": system_dts(first=program("kworst"))}  # its children's code is in the archive
    report, machine = board("worst", kind, system, "first/kworst.Image", BUILD / "first/kworst.elf",
                            idle=7)
    with machine as b:
        end = b.expect(r"kworst: \d+ passed, (\d+) failed", 1200, "the report of kworst")
        if end.group(1) != "0":
            b.fail("kworst did not get its calls so far as it should")
        b.expect_end()
    return report


def run_programs(kind):
    """The programs that test each call with every kind of argument."""
    names = ("kcalls", "kmessages", "runtime", "kexhaust")
    report, machine = board("programs", kind, {"system.dts": system_dts(first="".join(program(n, "ready;") for n in names))})
    with machine as b:
        b.prompt(1200)
        switch_off(b)
    return report


def run_guests(kind):
    """Guests that measure exits and that attack, started, stopped and killed by the operator."""
    vms = {"hello": "", "hostile": "seed=1 steps=20000 mmu=1"}
    system = {f"{vm}.qvmconf": bare_vm(vm, vm, cmdline, more="unsupported reference ignore")
              for vm, cmdline in vms.items()}
    report, machine = board("guests", kind, {"system.dts": system_dts(vms=vms), **system})
    with machine as b:
        b.prompt()
        b.open_console("hostile")
        b.expect(r"hostile: (done|FAILED)", 1200)
        b.leave_console()
        for command in ("pidin", "vm stop hello", "vm list", "vm start hostile", "vm start hello", "slay -s KILL hello",
                        "slog2info"):
            b.command_output(command, 60)
        switch_off(b)
    return report


RUNS = {"worst": run_worst, "programs": run_programs, "guests": run_guests}


def show(cause):
    went_on = ", from a poll on" if cause.went_on else ""
    functions = sorted(cause.functions.items(), key=lambda f: -f[1])
    through = ", ".join(f"{name} {count}" for name, count in functions[:6])
    rest = sum(count for _, count in functions[6:])
    what = f"call {cause.name[len('call_'):]}" if cause.is_call else cause.name
    print(f"{cause.longest:8}  {what}{went_on} ({cause.run})")
    print(f"          {through}{f', others {rest}' if rest else ''}")


def measure(kind, runs):
    """Of each cause the longest, longest first; how many there were of all; instructions of the start; other locks."""
    worst, count, boot, locks = {}, 0, 0, {}
    for run in runs:
        boot, found, _, causes, others = kernel_path.read_report(RUNS[run](kind), run)
        count += found
        for cause in causes.values():
            if cause.name not in worst or worst[cause.name].longest < cause.longest:
                worst[cause.name] = cause
        for lock, hold in others.items():
            locks[lock] = max(hold, locks.get(lock, hold))
    return sorted(worst.values(), key=lambda c: -c.longest), count, boot, locks


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--holds", action="store_true", help="holds of the kernel lock, instead of interrupts off")
    arguments.add_argument("--limit", type=int, help=f"longest that is accepted (2500; {HOLD_LIMIT} for holds)")
    arguments.add_argument("--top", type=int, default=10, help="how many causes to print (%(default)s)")
    arguments.add_argument("--run", choices=RUNS, action="append", help="only this part of the workload")
    options = arguments.parse_args()
    kind, what = ("holds", "holds of the kernel lock") if options.holds else ("stretches", "stretches with interrupts off")
    limit = options.limit or (HOLD_LIMIT if options.holds else 2500)
    ranked, count, boot, locks = measure(kind, options.run or RUNS)
    print(f"{count} {what}, {len(ranked)} causes; the longest of each:")
    for cause in ranked[:options.top]:
        show(cause)
    longer = [c for c in ranked if c.longest > AIM]
    print(f"{len(longer)} causes above the aim of {AIM}; {boot} instructions before the first process, not counted")
    for lock, (longest, holds, function) in sorted(locks.items()):
        print(f"longest hold of a {lock} lock: {longest}, of {holds}, in {function}")
    print(f"longest_{'hold' if options.holds else 'irqs_off'} {ranked[0].longest} {ranked[0].name}")
    expected = {f"call_{name}" for name in kernel_path.all_calls()} - STATE_HERE
    expected = expected - WITHOUT_KERNEL_LOCK if options.holds else expected | {"trap_vcpu"}
    unseen = expected - {cause.name for cause in ranked}
    if unseen and not options.run:
        raise SystemExit(f"calls that were not exercised: {', '.join(sorted(unseen))}")
    if ranked[0].longest > limit:
        raise SystemExit(f"{ranked[0].name}: {ranked[0].longest} instructions, more than {limit}")


if __name__ == "__main__":
    main()
