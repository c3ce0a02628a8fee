# SPDX-License-Identifier: Apache-2.0
"""The other bare-metal guests, in the place of examples/hello's."""

import pytest

from harness import Board, bare_vm, example, make_archive, system_dts


def hello_replaced_by(guest):
    """examples/hello with another program; its name stays."""
    files = example("hello")
    changed = {name: content.replace(b"hello.elf", guest + b".elf") for name, content in files.items()}
    assert changed != files, "examples/hello names no hello.elf"
    return make_archive(changed)


@pytest.mark.parametrize("cpus", [1, 4])
def test_no_interrupt_is_lost(cpus):
    with Board(hello_replaced_by(b"ticks"), cpus=cpus) as board:
        board.prompt()
        board.open_console("hello")
        if board.expect(r"ticks: (done|FAILED)").group(1) != "done":
            board.fail("the guest says FAILED")


@pytest.mark.parametrize("timer", ["", "physical=1"])
@pytest.mark.parametrize("offset", [1 << 63, 2**64 - (1 << 50)])
def test_a_counter_ahead_of_the_host_wraps(offset, timer):
    """The guest's counter is far ahead of the host's, so that their difference wraps."""
    files = {"system.dts": system_dts(vms=["ahead"]),
             "ahead.qvmconf": bare_vm("ahead", "ticks", f"seconds=1 {timer}", cpus=("sched 10",),
                                      more=f"set counter-offset {offset:#x}")}
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        board.open_console("ahead")
        if board.expect(r"ticks: (done|FAILED)").group(1) != "done":
            board.fail("the guest says FAILED")


@pytest.mark.parametrize("cpus", [1, 2])
def test_a_guest_without_fp_leaves_processes_theirs(cpus):
    """A guest that has FP registers off interrupts processes all the time, which go on using theirs."""
    files = {"system.dts": system_dts(vms=["nofp"]), "nofp.qvmconf": bare_vm("nofp", "ticks", "nofp=1 seconds=3")}
    with Board(make_archive(files), cpus=cpus) as board:
        board.prompt()
        for _ in range(20):
            assert "procmgr" in board.command_output("pidin")
            assert "nofp" in board.command_output("vm list")
        board.open_console("nofp")
        if board.expect(r"ticks: (done|FAILED)").group(1) != "done":
            board.fail("the guest says FAILED")


@pytest.mark.parametrize("cpus", [1, 2])
def test_fp_registers_stay(cpus):
    """The guest's FP registers are its own after each exit, although its VM manager prints in between."""
    files = {"system.dts": system_dts(vms=["fp"]), "fp.qvmconf": bare_vm("fp", "fp", "seconds=6", cpus=("sched 10",))}
    with Board(make_archive(files), cpus=cpus) as board:
        board.prompt()
        for _ in range(20):
            board.command_output("slay -s USR1 fp")
        reports = board.command_output("slog2info").count("vCPU 0: on, PC")
        board.open_console("fp")
        if board.expect(r"fp: (done|FAILED)").group(1) != "done":
            board.fail("the guest has found other values in its FP registers")
        assert reports > 10, f"only {reports} times was the VM manager made to print"


def test_a_hostile_guest_hurts_only_itself():
    """The guest tries everything; afterwards the operator's prompt answers and lists the guest."""
    with Board(hello_replaced_by(b"hostile")) as board:
        board.prompt()
        board.open_console("hello")
        board.expect(r"hostile: seed")
        board.expect(r"hostile: done ")
        if "FAILED" in board.seen:
            board.fail("the guest says FAILED")
        board.leave_console()
        assert "hello" in board.command_output("vm list")
