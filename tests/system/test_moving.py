# SPDX-License-Identifier: Apache-2.0
"""Virtual CPUs that are moved between CPUs (tests/el0/mover.c), or share one: no interrupt is lost (guests/ticks)."""

import re
import time

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


def ticks_are_whole(board, seconds, name="ticks", rate=1000):
    """The guest's own verdict, and its words for each virtual CPU: all ticks, and all that the others sent."""
    board.open_console(name)
    if board.expect(r"ticks: (done|FAILED)", seconds + PATIENCE).group(1) != "done":
        board.fail("the guest says FAILED")
    lines = re.findall(r"ticks: cpu \d+ ticks (\d+) lost (\d+) .*? sgi sent (\d+) received (\d+)", board.seen)
    if len(lines) != 2:
        board.fail(f"{len(lines)} virtual CPUs have reported")
    assert all(line[:2] == (str(rate * seconds), "0") for line in lines), f"ticks: {lines}"
    received = [line[3] for line in lines]
    assert [line[2] for line in lines] == received[1:] + received[:1], f"software-generated interrupts: {lines}"
    board.leave_console()


def move_count(board):
    """How often the mover moved each virtual CPU. It ends with its VM."""
    log = board.output_with("slog2info -b mover", r"mover ended: exit code 0\b|mover: (\d+) moves of (\d+) virtual CPUs")
    moves = re.search(r"mover: (\d+) moves of (\d+) virtual CPUs, then error 3\n", log)
    if not moves:
        board.fail("the mover did not do its work")
    return int(moves.group(1)) / int(moves.group(2))


def moved(seconds, how, cpus=4):
    with boot(seconds, MOVER.format(how=how), cpus=cpus) as board:
        board.prompt()
        ticks_are_whole(board, seconds)
        # One each millisecond; a loaded machine may not get to it that often.
        assert move_count(board) > 100 * seconds


@pytest.mark.parametrize("how", ["apart", "together"])
def test_moving_loses_no_interrupt(how):
    moved(10, how)


STRESS_RATE = 200  # ticks a second: two CPUs of the host emulate eight, which spin for locks whose holders wait for the host


def stressed(seconds, cpus):
    """All at once, one host thread for each CPU: virtual CPUs that are moved, each millisecond; some that choose their
    CPUs by themselves, with the physical timer; and a VM that the operator resets all the time. Timers and SGIs wake all
    of them out of WFI. The two that stay lose none, and the one that is reset comes back each time."""
    ticks = f"seconds={seconds} rate={STRESS_RATE} sgis=10"
    files = {"ticks.qvmconf": bare_vm("ticks", "ticks", ticks),
             "free.qvmconf": bare_vm("free", "ticks", f"{ticks} physical=1"),
             "reborn.qvmconf": bare_vm("reborn", "ticks", "seconds=6000 rate=200", cpus=("sched 10", "sched 11"))}
    files["system.dts"] = system_dts(then=MOVER.format(how="apart"), vms=["ticks", "free", "reborn"])
    with Board(make_archive(files), cpus=cpus, single=False) as board:
        board.prompt()
        resets, end = 0, time.monotonic() + seconds
        while time.monotonic() < end or resets < 3:
            resets += "has not begun" not in board.command_output("vm reset reborn")
        for name in ("ticks", "free"):
            ticks_are_whole(board, seconds, name, STRESS_RATE)
        moves = move_count(board)
        print(f"{resets} resets, {moves:.0f} moves of each virtual CPU in {seconds} s on {cpus} CPUs")
        assert moves > 10 * seconds


@pytest.mark.parametrize("cpus", [2, 4, 8])
@pytest.mark.limit(900)
def test_nothing_is_lost_under_stress(cpus):
    stressed(20, cpus)


@pytest.mark.soak
@pytest.mark.parametrize("cpus", [2, 4, 8])
@pytest.mark.limit(1200)
def test_nothing_is_lost_under_minutes_of_stress(cpus):
    stressed(200, cpus)


@pytest.mark.parametrize("cpus, runmask", [(1, 0), (4, 3)])
def test_two_that_share_a_cpu_lose_no_interrupt(cpus, runmask):
    with boot(10, cpu=f"runmask {runmask}", cpus=cpus) as board:
        board.prompt()
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
