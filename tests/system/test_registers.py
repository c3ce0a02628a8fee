# SPDX-License-Identifier: Apache-2.0
"""guests/registers in two VMs on one CPU: no register carries anything from one to the other."""

import re

import pytest

from harness import Board, bare_vm, make_archive, system_dts

# Registers that hold a pattern, of those in guests/registers/registers.def; breakpoints and watchpoints are most of them.
PATTERNS = {"cortex-a53": 63, "neoverse-n1": 67, "max": 69}
# What the kernel names before it uses it: registers that EL3 can keep from EL2, as far as the CPU has them.
OPENED = {"cortex-a53": "pmcr_el0", "neoverse-n1": "pmcr_el0",
          "max": "pmcr_el0 HCRX_EL2 HFGRTR_EL2 CNTPOFF_EL2 SCXTNUM_EL2"}


def first_look(board, name):
    """What the registers hold when a VM starts, and how many then hold its pattern."""
    board.open_console(name)
    held = board.expect(r"registers: holds (\d+) patterns, tried (\d+)\r", 300)
    first = dict(re.findall(r"registers: first (\S+ \S+) = (0x[0-9a-f]+)", board.seen))
    complaints = re.findall(r"registers: FAILED: ([^\r\n]*)", board.seen)
    assert not complaints, complaints
    assert int(held.group(2)) == 0x8000
    board.leave_console()
    return first, int(held.group(1))


def end(board, name):
    board.open_console(name)
    board.send("x")
    result = board.expect(r"registers: (done|FAILED)([^\r\n]*)\r")
    assert result.group(1) == "done", result.group(0)
    board.leave_console()
    board.output_with("vm list", rf"^{name} +stopped +\d+ +off, exit 0")


@pytest.mark.parametrize("cpu", PATTERNS)
@pytest.mark.limit(300)
def test_no_register_crosses_between_vms(cpu):
    """`one` holds its pattern while `two` starts, and the other way round: neither sees the other's, nor loses its own,
    and a start finds what the very first one has found."""
    files = {"system.dts": system_dts(vms=["one", "two"]).replace("autostart; ", "")}
    for i, name in enumerate(("one", "two")):
        files[f"{name}.qvmconf"] = bare_vm(name, "registers", f"vm={i}", cpus=("sched 10",))
    with Board(make_archive(files), cpus=1, cpu=cpu) as board:
        opened = board.expect(r"Registers that firmware must open to EL2: ([^\r\n]*)\r").group(1)
        assert opened == OPENED[cpu]
        board.prompt()
        board.command_output("vm start one")
        at_first, patterns = first_look(board, "one")
        assert patterns == PATTERNS[cpu]
        for starts, ends in (("two", "one"), ("one", "two")):
            board.command_output(f"vm start {starts}")
            now, _ = first_look(board, starts)
            assert {name: (value, at_first.get(name)) for name, value in now.items()
                    if value != at_first.get(name)} == {}
            assert len(now) == len(at_first)
            end(board, ends)
        end(board, "one")


def test_set_and_way_cleans_once_for_each_sequence():
    """The first operation by set and way of a sequence cleans all RAM by address, and the others are covered by it."""
    lines = (16 << 20) // 64
    files = {"system.dts": system_dts(vms=["setway"]),
             "setway.qvmconf": bare_vm("setway", "probe", "setway=1", cpus=("sched 10",))}
    with Board(make_archive(files), cpus=1, cpu="neoverse-n1,cntfrq=1000000000", icount=True) as board:
        board.prompt()
        board.open_console("setway")
        board.expect("probe: done")
        found = {name: (int(count), int(first), int(others)) for name, count, first, others in re.findall(
            r"probe: ([a-z ]+) operations (\d+) first (\d+) others (\d+)", board.seen)}
        board.leave_console()
        log = board.command_output("slog2info")
    assert list(found) == ["all", "again", "inner", "inner again", "at last"]
    assert found["all"][0] == found["again"][0] == found["at last"][0] > found["inner"][0] > 1
    for name, (count, first, others) in found.items():
        assert lines < first < 8 * lines, (name, found)
        assert others < 500 * (count - 1), (name, found)
    assert log.count("cache maintenance by set and way") == 1
