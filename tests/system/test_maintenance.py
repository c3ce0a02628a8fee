# SPDX-License-Identifier: Apache-2.0
"""TLBI and IC of a guest that reach its own VM's CPUs only (`set broadcast-maintenance off`), by guests/tlb."""

import re

import pytest

from harness import Board, bare_vm, make_archive, system_dts

OFF = "set broadcast-maintenance off"
CPUS = ["cortex-a53", "neoverse-n1", "max"]  # without and with FEAT_EVT
LOCAL = {"vae1", "vmalle1"}
TLBI = {"vae1is", "vale1is", "vaae1is", "aside1is", "vmalle1is"}
MAX_HAS = {"vae1os", "rvae1is"}
CODE = {"iallu", "ivau", "ialluis"}
TURNS = 100


def forms(option, cpu, log):
    """What the guest has counted: form -> how often the first and the second virtual CPU saw what was there before."""
    files = {"system.dts": system_dts(vms=["tlb"]),
             "tlb.qvmconf": bare_vm("tlb", "tlb", f"turns={TURNS}", cpus=("runmask 1", "runmask 2"), more=option)}
    with Board(make_archive(files, log), cpus=3, cpu=cpu, icount=True) as board:
        board.prompt(120)
        board.open_console("tlb")
        board.expect(r"tlb: done\b", 150)
        found = re.findall(r"tlb: (\w+) turns (\d+) stale (\d+) other (\d+)\r", board.seen)
    assert {turns for _, turns, _, _ in found} == {str(TURNS)}
    return {form: (int(own), int(other)) for form, _, own, other in found}


@pytest.mark.parametrize("cpu", CPUS)
def test_maintenance_reaches_the_vm(cpu):
    found = forms(OFF, cpu, f"tlb-{cpu}")
    print(cpu, found)
    assert set(found) == {"nothing"} | LOCAL | TLBI | CODE | (MAX_HAS if cpu == "max" else set())
    # The test sees what is not maintained; and what is local is so for the others.
    assert min(found["nothing"]) > TURNS / 4, found
    for form in LOCAL:
        assert found[form][0] == 0 and found[form][1] > TURNS / 4, found
    assert {form: counts for form, counts in found.items() if form not in LOCAL | {"nothing"} and counts != (0, 0)} == {}


def test_maintenance_reaches_all():
    """Without the option local forms are broadcast, since virtual CPUs move."""
    found = forms("", "neoverse-n1", "tlb-all")
    assert min(found.pop("nothing")) > TURNS / 4
    assert {form: counts for form, counts in found.items() if counts != (0, 0)} == {}


MOVER = """
        mover { program = "mover"; args = "tlb", "apart"; priority = <24>; abilities = "xsched", "log";
                connect = "slogger"; };
"""


@pytest.mark.parametrize("option", ["", OFF])
def test_maintenance_follows_moves(option):
    """Local maintenance of virtual CPUs that are moved to another CPU each millisecond."""
    turns = 20000
    files = {"system.dts": system_dts(then=MOVER, vms=["tlb"]),
             "tlb.qvmconf": bare_vm("tlb", "tlb", f"local=1 turns={turns}", more=option)}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt(120)
        board.open_console("tlb")
        found = {}
        while len(found) < 2:
            count, stale, cpu = board.expect(r"tlb: vae1 turns (\d+) stale (\d+) other (\d)\r", 150).groups()
            found[cpu] = (int(count), int(stale))
        board.leave_console()
    assert found == {"0": (turns, 0), "1": (turns, 0)}


COUNTING = "{},cntfrq=1000000000"
MS = 1000
EACH, AT_ONCE = 100, 1001  # operations for each millisecond, and in advance: kernel/object/maintain.c


@pytest.mark.parametrize("cpu", CPUS)
def test_maintenance_is_limited(cpu):
    """Both virtual CPUs do nothing else: each has its own allowance. How often they get so far depends on the emulator, in
    which one CPU waits for another one's turn."""
    files = {"system.dts": system_dts(vms=["tlb"]),
             "tlb.qvmconf": bare_vm("tlb", "tlb", f"storm={MS}", cpus=("runmask 1", "runmask 2"), more=OFF)}
    with Board(make_archive(files), cpus=3, cpu=COUNTING.format(cpu), icount=True) as board:
        board.prompt(120)
        board.open_console("tlb")
        found = [tuple(map(int, board.expect(r"tlb: operations (\d+) ms (\d+)\r", 170).groups())) for _ in range(2)]
        board.leave_console()
        assert "tlb" in board.command_output("vm list", 60)  # others have time
    print(found)
    for count, ms in found:
        assert ms >= MS
        assert 0 < count <= EACH * ms + AT_ONCE
