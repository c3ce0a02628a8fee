# SPDX-License-Identifier: Apache-2.0
"""The start of the kernel is a part of its own, which is gone when the first process runs."""

import sys

import pytest

from debugger import Debugger, debugger_port
from harness import TOP, Board, make_archive

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
