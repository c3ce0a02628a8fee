# SPDX-License-Identifier: Apache-2.0
"""What the whole system costs: sizes, starts, restarts. A function returns pairs of what and its value as text."""

import re
import subprocess
import time

import machines
from harness import BUILD, TOP, Board, make_archive, system_dts
from rows import FIRST_CPU, one

VMS = 8
GUEST_RAM = 16384  # KiB


def sizes():
    archive = BUILD / "images" / f"bench-boot-{FIRST_CPU}-1vm.cpio"
    return [("kernel and procmgr, the Image", f"{(BUILD / 'Image').stat().st_size:,} bytes"),
            ("boot archive of boot_first_instruction", f"{archive.stat().st_size:,} bytes")]


def starts(first):
    """`first`: when the guest is entered that is alone."""
    last = machines.bulkhead_boot(FIRST_CPU, VMS).median
    return [(f"power-on to the first instruction of the last of {VMS} VMs", f"{last:,} instructions"),
            ("one VM's start, of those", f"{(last - first) // (VMS - 1):,} instructions")]


def restarts_and_memory():
    """A guest that resets itself; then the operator starts it again. The counter stands still while all CPUs wait and no
    timer runs, so what is counted is the end of the VM, the typed command, and the start."""
    files = {"system.dts": system_dts(vms=["idle", "bench"]),
             "idle.qvmconf": machines.vm_conf("idle", "idle=1", 1, "idle"),
             "bench.qvmconf": machines.vm_conf("bench", "reset=1", 1, "bench")}
    with Board(make_archive(files, "bench-restart"), cpus=1, icount=True, cpu=f"{FIRST_CPU},cntfrq=1000000000",
               log="bench-restart") as board:
        board.prompt()
        # What is typed before the reset is not counted, so a try too early changes nothing.
        end = time.monotonic() + 120
        while "cannot" in board.command_output("vm start bench") and time.monotonic() < end:
            time.sleep(1)
        memory = board.command_output("pidin mem")
        board.open_console("bench")
        reset = int(board.expect(r"bench: reset at (\d+)\s").group(1))
        entry = int(board.expect(r"bench: entry cntvct (\d+)\s").group(1))
    found = re.search(r"\bidle\s+(\d+)K\s+(\d+)K of\s+(\d+)K", memory)
    assert found, f"`pidin mem` does not show the VM: {memory}"
    whole, used, kernel = map(int, found.groups())
    return [("a VM with 16 MiB, from its reset to its first instruction again", f"{entry - reset:,} instructions"),
            ("memory of a VM beside its RAM: of qvm", f"{whole - GUEST_RAM} KiB"),
            ("memory of a VM beside its RAM: for the kernel's objects", f"{kernel} KiB, of which {used} are used")]


LINUX = {"quiet": "console=ttyAMA0 quiet", "verbose": "console=ttyAMA0 earlycon=pl011,0x1c090000 loglevel=8"}


def linux(kind):
    """Instructions of Debian's kernel with one virtual CPU and 256 MiB, from its first instruction to that of its first process. The
    guest's counter starts with the VM."""
    conf = "\n".join(["system linux", "ram 0x80000000,256M", "cpu sched 10", "load Image", "initrd load init.cpio",
                      f'cmdline "{LINUX[kind]}"', "vdev pl011", "\tloc 0x1c090000", "\tintr gic:37",
                      "\thostdev /dev/console/shell", ""])
    files = {"system.dts": system_dts(vms=["linux"], shell=False), "linux.qvmconf": conf,
             "init.cpio": (BUILD / "bench/init.cpio").read_bytes()}
    name = f"linux-{kind}"
    text = machines.boot(name, machines.bulkhead_command(name, files, FIRST_CPU, 1), "bench: init")
    counter = int(re.search(r"bench: init cntvct (\d+)", text).group(1))
    return counter


def linux_rows(say):
    """What a verbose boot costs more than a quiet one. None, if there is no kernel."""
    if not (BUILD / "guests/Image").exists():
        say("bench: there is no Linux to measure: `tools/setup.sh guests` could not fetch it")
        return {}
    quiet, verbose = linux("quiet"), linux("verbose")
    say(f"bench: Linux from its first instruction to its first process: {quiet:,} quiet, {verbose:,} verbose")
    return {"linux_verbose": one(verbose - quiet)}


def restart_rows(small):
    """`small`: the row of a VM with 512 MiB."""
    large = machines.restart(FIRST_CPU, "4G", "6G").median
    shared = machines.restart_shared(FIRST_CPU)
    return {"restart_4G": one(large), "restart_MiB": one((large - small.median) // (4096 - 512)),
            "restart_busier": one(100 * max(shared) // small.median)}


def run_longest(say, *arguments):
    """What `make longest-path` prints; nothing if that does not measure. It is judged here and not there."""
    done = subprocess.run([TOP / "tools/path/longest.py", "--limit", str(10**9), "--top", "1", *arguments],
                          capture_output=True, text=True, timeout=1800, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        say(f"bench: no longest path is measured: {(done.stderr.strip().splitlines() or ['no row'])[-1]:.200}")
        return ""
    return done.stdout


def longest(say):
    rows = {}
    text = run_longest(say) + run_longest(say, "--holds")
    for name, value, where in re.findall(r"^(longest_irqs_off|longest_hold) (\d+) (\w+)$", text, re.MULTILINE):
        say(f"bench: {name} is in {where}")
        rows[name] = one(int(value))
    others = [int(value) for value in re.findall(r"^longest hold of a \S+ lock: (\d+)", text, re.MULTILINE)]
    return {**rows, **({"longest_hold_other": one(max(others))} if others else {})}


def report(say, first):
    say()
    for what, value in [*sizes(), *starts(first), *restarts_and_memory()]:
        say(f"{what:68} {value}")
