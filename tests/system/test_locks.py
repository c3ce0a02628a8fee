# SPDX-License-Identifier: Apache-2.0
"""What one CPU can cost another: how long the kernel lock is held, and how soon all stop when one has to stop them."""

import os
import re
import subprocess
import sys

import pytest

from harness import BUILD, TOP, Board, bare_vm, make_archive, system_dts

sys.path.insert(0, str(TOP / "tools/path"))

import kernel_path  # noqa: E402

LONGEST = TOP / "tools/path/longest.py"
CRITICAL = """
        lookout { program = "operator"; args = "never"; priority = <20>; critical; };
"""


def longest(*arguments):
    return subprocess.run([LONGEST, *arguments], capture_output=True, text=True, timeout=1790,
                          stdin=subprocess.DEVNULL, env=os.environ)


@pytest.mark.limit(1800)
def test_no_hold_of_a_lock_is_too_long():
    """Each call in its worst case, while another CPU wants the lock all the time: 2,000 instructions at most."""
    done = longest("--holds")
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "0 causes above the aim of 2000" in done.stdout
    assert "longest hold of a vcpu lock" in done.stdout


@pytest.mark.limit(1800)
def test_interrupts_are_off_for_a_short_time():
    """What `make longest-path` shows: 5,000 instructions at most, and every call was met."""
    done = longest()
    print(done.stdout)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert 0 < int(re.search(r"^longest_irqs_off (\d+) ", done.stdout, re.M).group(1)) <= 5000


def test_a_long_hold_is_found():
    """The same with a bound that is too small."""
    done = longest("--holds", "--run", "worst", "--limit", "1000")
    assert done.returncode != 0 and "more than 1000" in done.stderr, f"{done.stdout}{done.stderr}"


@pytest.mark.parametrize("cpus", [2, 4, 8])
def test_all_cpus_stop_at_once(cpus):
    """From the order to stop to the first word about it, with a guest on each CPU: instructions of all CPUs together."""
    files = {f"vm{cpu}.qvmconf": bare_vm(f"vm{cpu}", "ticks", "seconds=600", cpus=(f"runmask {cpu}",)) for cpu in range(cpus)}
    files["system.dts"] = system_dts(then=CRITICAL, vms=[f"vm{cpu}" for cpu in range(cpus)])
    out = BUILD / f"path/stop-{cpus}.sites"
    out.unlink(missing_ok=True)
    plugin = (f"file={BUILD}/path/start.so,from={kernel_path.symbol('stop_others'):#x},"
              f"stop={kernel_path.symbol('printk'):#x},out={out}")
    with Board(make_archive(files), cpus=cpus, cpu=kernel_path.COUNTING, icount=True, extra=("-plugin", plugin)) as board:
        board.prompt()
        board.send("slay -s KILL lookout\r")
        board.expect("global design safe state")
        assert "did not stop" not in board.seen, board.seen
        board.expect_end()
    total = int(out.read_text().split()[1])
    print(f"{total} instructions on {cpus} CPUs")
    assert 0 < total <= 10000


def executed(sites, *functions):
    """How often the first instruction of each was executed."""
    counts = dict.fromkeys(functions, 0)
    at = {f"{kernel_path.symbol(name):x}": name for name in functions}
    for line in sites.splitlines()[1:-1]:
        address, _, count, _ = line.split()
        if address in at:
            counts[at[address]] += int(count)
    return counts


def test_nobody_is_called_for_what_does_not_run():
    """A guest sends SGIs to its virtual CPU that waits for a more important guest's physical CPU: that guest is not
    interrupted, whose registers ever that CPU still holds."""
    files = {"sender.qvmconf": bare_vm("sender", "storm", "", cpus=("sched 10 runmask 0", "sched 10 runmask 1")),
             "above.qvmconf": bare_vm("above", "storm", "quiet=1", cpus=("sched 20 runmask 1",))}
    files["system.dts"] = system_dts(vms=["sender", "above"]).replace("autostart; ", "")
    out = BUILD / "path/storm.sites"
    out.unlink(missing_ok=True)
    plugin = (f"file={BUILD}/path/start.so,from={kernel_path.symbol('call_ProcessSignal'):#x},"
              f"stop={kernel_path.symbol('call_ThreadInfo'):#x},out={out}")
    with Board(make_archive(files), cpus=2, cpu=kernel_path.COUNTING, icount=True, extra=("-plugin", plugin)) as board:
        board.prompt()
        board.command_output("vm start sender")
        board.open_console("sender")
        board.expect("storm: begins")
        board.leave_console()
        board.command_output("vm start above")
        board.open_console("above")
        board.expect("storm: begins")
        board.leave_console()
        board.command_output("slay -s USR1 above")
        board.command_output("vm list")
        board.command_output("pidin")
        board.send("shutdown\r")
        board.expect_end()
    counts = executed(out.read_text(), "sgi_exit", "guest_irq", "trap_irq")
    print(counts)
    assert counts["sgi_exit"] > 1000
    assert counts["guest_irq"] + counts["trap_irq"] < counts["sgi_exit"] / 10, counts
