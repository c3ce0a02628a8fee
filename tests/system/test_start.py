# SPDX-License-Identifier: Apache-2.0
"""The start: the kernel's part is gone when the first process runs, and what takes long says how far it is."""

import random
import re
import sys

import pytest

from debugger import Debugger, debugger_port
from harness import TOP, Board, bare_vm, make_archive, refused, system_dts

sys.path.insert(0, str(TOP / "tools/path"))

import kernel_path  # noqa: E402

# Code of the start: the image's first instruction, a part of the core and of the architecture; and its constants.
START = ("_start", "process_start_first", "control_init", "__boot_text_end")


@pytest.mark.parametrize("cpu, cpus", [("cortex-a53", 1), ("neoverse-n1", 4), ("max", 2)])
def test_no_cpu_has_the_start_mapped_when_the_first_process_runs(cpu, cpus):
    """QEMU reads memory by the tables that the CPU uses at EL2 at that moment."""
    start = [kernel_path.symbol(name) for name in START]
    path, options = debugger_port(f"start-{cpu}")
    with Board(make_archive("hello"), cpu=cpu, cpus=cpus, extra=(*options, "-S"), single=True) as board:
        debugger = Debugger(path)
        debugger.stops_at(kernel_path.symbol("process_start_first"))
        assert all(debugger.reads(at) for at in start)
        left, leave = set(), kernel_path.symbol("kernel_leave")
        while len(left) < cpus:
            cpu = debugger.stops_at(leave)
            assert debugger.reads(leave)
            assert not any(debugger.reads(at) for at in start)
            left.add(cpu)
            debugger.steps(cpu)
        debugger.ask("c", answers=False)
        board.prompt()


@pytest.mark.parametrize("cpus", [1, 3])
def test_stacks_of_cpus_that_are_missing_are_free_memory(cpus):
    """They are at the end of the image, and no part of it when it runs: procmgr may plan with them."""
    stacks, area = kernel_path.symbol("cpu_stacks"), 0x8000
    path, options = debugger_port(f"stacks-{cpus}")
    with Board(make_archive("hello"), cpus=cpus, extra=(*options, "-S"), single=True) as board:
        debugger = Debugger(path)
        debugger.stops_at(kernel_path.symbol("process_start_first"))
        assert [bool(debugger.reads(stacks + (i + 1) * area - 8)) for i in range(8)] == [i < cpus for i in range(8)]
        debugger.ask("c", answers=False)
        board.prompt()


def test_what_the_kernel_keeps_for_missing_cpus_is_free_memory():
    """Stack, run queues and timer heaps of each, and the translation tables that the board does not need."""
    total = {}
    for cpus in (1, 2, 8):
        with Board(make_archive("hello"), cpus=cpus, single=True) as board:
            board.prompt()
            total[cpus] = int(re.search(r"free of (\d+)K", board.command_output("pidin info")).group(1))
    struct = (kernel_path.symbol("pool") - kernel_path.symbol("cpus")) // 8 >> 10
    assert 6 * (struct + 32) <= total[2] - total[8] <= 6 * (struct + 32) + 8, total
    assert struct + 32 <= total[1] - total[2] <= struct + 32 + 8, total


def large(damaged=False):
    """A VM with 500 MiB and two files of 12 MiB. Where a file is damaged, it is the last one."""
    conf = bare_vm("large", "probe", "idle=1", cpus=("",), more="load 0x84000000,one.bin\ninitrd load two.bin")
    files = {"large.qvmconf": conf.replace("80000000,16M", "80000000,500M"), "system.dts": system_dts(vms=["large"]),
             "one.bin": random.Random(1).randbytes(12 << 20), "two.bin": random.Random(2).randbytes(12 << 20)}
    archive = make_archive(files)
    if damaged:
        data = bytearray(archive.read_bytes())
        data[data.index(files["two.bin"][-64:])] ^= 1
        archive.write_bytes(data)
    return archive


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_long_start_says_how_far_it_is(cpus):
    """128 ns an instruction: hashing takes five seconds, clearing memory more than one."""
    with Board(large(), cpus=cpus, cpu="neoverse-n1", icount=True, extra=("-icount", "shift=7,sleep=off")) as board:
        board.expect(r"procmgr: checking files against MANIFEST: \d+ of 24 MiB", 120)
        if cpus == 1:
            found = board.expect(r"large is being started: (\d+) of (\d+) MiB cleared", 120)
            assert 0 < int(found.group(1)) < int(found.group(2)) < 510
        board.prompt(240)
        board.open_console("large")
        board.expect("probe: done", 120)


def test_a_short_start_says_nothing():
    with Board(make_archive("hello"), cpu="neoverse-n1", icount=True) as board:
        board.prompt()
        assert not re.search("checking files|being started", board.seen)


def test_a_large_file_that_differs_stops_the_system():
    """Others check other files meanwhile, and memory is being cleared."""
    refused(large(damaged=True), "two.bin differs from the one that was signed")
