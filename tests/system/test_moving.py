# SPDX-License-Identifier: Apache-2.0
"""Virtual CPUs that are moved between CPUs (tests/el0/mover.c), or share one: no interrupt is lost (guests/ticks)."""

import re

import pytest

from harness import PATIENCE, Board, bare_vm, make_archive, system_dts

MOVER = """
        mover {{ program = "mover"; args = "ticks", "{how}"; priority = <24>; abilities = "xsched", "log";
                 connect = "slogger"; }};
"""


def boot(seconds, then="", cpu="sched 10", **board_options):
    archive = make_archive({"system.dts": system_dts(then=then, vms=["ticks"]),
                            "ticks.qvmconf": bare_vm("ticks", "ticks", f"seconds={seconds}", cpus=(cpu, cpu))})
    return Board(archive, **board_options)


def ticks_are_whole(board, seconds):
    """The guest's own verdict, and its words for each virtual CPU: all ticks, and all that the others sent."""
    board.prompt()
    board.open_console("ticks")
    if board.expect(r"ticks: (done|FAILED)", seconds + PATIENCE).group(1) != "done":
        board.fail("the guest says FAILED")
    lines = re.findall(r"ticks: cpu (\d) ticks (\d+) lost (\d+) .*? sgi sent (\d+) received (\d+)", board.seen)
    if len(lines) != 2:
        board.fail(f"{len(lines)} virtual CPUs have reported")
    (_, ticks0, lost0, sent0, got0), (_, ticks1, lost1, sent1, got1) = lines
    assert (ticks0, lost0, ticks1, lost1) == (str(1000 * seconds), "0") * 2, f"ticks: {lines}"
    assert (sent0, sent1) == (got1, got0), f"software-generated interrupts: {lines}"
    board.leave_console()


def moved(seconds, how, cpus=4):
    with boot(seconds, MOVER.format(how=how), cpus=cpus) as board:
        ticks_are_whole(board, seconds)
        log = board.output_with("slog2info", r"mover ended: exit code 0\b")
        moves = re.search(r"mover: (\d+) moves of 2 virtual CPUs", log)
        if not moves:
            board.fail("the mover did not do its work")
        # Two each millisecond; a loaded machine may not get to it that often.
        assert int(moves.group(1)) > 200 * seconds, f"only {moves.group(1)} moves in {seconds} s"


@pytest.mark.parametrize("seconds, how", [(60, "apart"), (10, "together")])
def test_moving_loses_no_interrupt(seconds, how):
    moved(seconds, how)


@pytest.mark.soak
@pytest.mark.parametrize("cpus", [2, 4])
@pytest.mark.parametrize("how", ["apart", "together"])
def test_moving_for_minutes_loses_no_interrupt(how, cpus):
    """On two CPUs, where the host has them, these run at the same time: it must then have nothing else to do."""
    moved(180, how, cpus)


@pytest.mark.parametrize("cpus, runmask", [(1, 0), (4, 3)])
def test_two_that_share_a_cpu_lose_no_interrupt(cpus, runmask):
    with boot(10, cpu=f"runmask {runmask}", cpus=cpus) as board:
        ticks_are_whole(board, 10)


WAKES = 20000
PERIOD = 100000  # instructions
SLIDE = 37       # so that one guest's eviction meets each phase of the other's timer again and again
REST = 500       # ms: they begin when both are loaded, and print when both have done
AHEAD = 1 << 63  # a counter ahead of the host's, at whose timer the kernel looks each millisecond (docs/guests.md)


@pytest.mark.parametrize("offsets, bound", [((2**64 - 1, 0), 10000), ((AHEAD, AHEAD + (1 << 40)), 1010000)])
@pytest.mark.limit(400)
def test_no_wake_of_a_timer_is_lost(offsets, bound):
    """Two guests on one CPU wait by WFI for their timers, each of which evicts the other: all wakes come, and none more
    than so many instructions late."""
    names = ("even", "odd")
    files = {f"{name}.qvmconf": bare_vm(name, "periodic", f"ms={WAKES} period={PERIOD + i * SLIDE} rest={REST}",
                                        cpus=("sched 50",), more=f"set counter-offset {offsets[i]:#x}")
             for i, name in enumerate(names)}
    dts = system_dts(vms=names)
    files["system.dts"] = dts.replace("priority = <10>; max-priority = <20>", "priority = <50>")
    assert files["system.dts"].count("<50>") == 2
    with Board(make_archive(files, f"timers-{bound}"), cpus=1, cpu="neoverse-n1,cntfrq=1000000000", icount=True) as board:
        board.prompt(200)
        found = {}
        for name in names:
            board.open_console(name)
            found[name] = tuple(map(int, board.expect(
                r"periodic: periods (\d+) latest (\d+) mean (\d+) over (\d+) hz 1000000000 ", 240).groups()))
            board.leave_console()
    print(found)
    for wakes, latest, _, _ in found.values():
        assert wakes >= WAKES and latest <= bound, found
