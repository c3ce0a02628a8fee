# SPDX-License-Identifier: Apache-2.0
"""examples/two-linux: two unmodified Linux guests side by side, their life, and the operator's console."""

import re
import time

import pytest

from harness import PATIENCE, PROMPT, Board, Guest, make_archive

GUESTS = ("linux1", "linux2")
GUEST_CPUS = 2


@pytest.fixture(name="archive")
def fixture_archive():
    return make_archive("two-linux")


def vm_line(board, name):
    """The line of one guest in `vm list`."""
    output = board.command_output("vm list")
    lines = [line for line in output.split("\n") if re.match(rf"\s*{name}\b", line)]
    if len(lines) != 1:
        board.fail(f"`vm list` has {len(lines)} lines for {name}")
    return lines[0]


def wait_for_line(board, name, pattern, timeout=PATIENCE):
    """Asks `vm list` until the guest's line matches."""
    end = time.monotonic() + timeout
    while not re.search(pattern, line := vm_line(board, name)):
        if time.monotonic() > end:
            board.fail(f"{name} did not come to {pattern!r} within {timeout} s: {line!r}")
        time.sleep(0.5)


def interrupt_count(guest, name):
    """Sum over the CPUs of the guest's interrupts that /proc/interrupts names so."""
    lines = guest.run(f"grep {name} /proc/interrupts").split("\n")
    return sum(int(word) for line in lines for word in line.split(":")[1].split()[:GUEST_CPUS])


def end_from_within(board, name, command, cause):
    """Types `command` in a guest's shell and waits until the guest has ended, with that cause."""
    with Guest(board, name):
        board.send(command + "\r")
    wait_for_line(board, name, rf"\bstopped\b.*\b{cause}\b")


def test_both_guests_work(archive):
    with Board(archive) as board:
        board.prompt()
        for name in GUESTS:
            with Guest(board, name) as guest:
                assert guest.number("nproc") == GUEST_CPUS
                assert guest.run("hostname") == name
                assert guest.run("cat /sys/devices/system/cpu/online") == f"0-{GUEST_CPUS - 1}"
                total = int(re.search(r"MemTotal:\s+(\d+) kB", guest.run("cat /proc/meminfo")).group(1))
                assert 64 << 10 < total < 1 << 20, f"MemTotal is {total} kB"
                assert "Linux version 6." in guest.run("cat /proc/version")
                before = interrupt_count(guest, "arch_timer"), interrupt_count(guest, "uart-pl011")
                guest.run("sleep 2")
                after = interrupt_count(guest, "arch_timer"), interrupt_count(guest, "uart-pl011")
                assert after[0] > before[0], f"no timer interrupt in 2 s of {name}: {before} {after}"
                assert after[1] > before[1], f"no UART interrupt for what was typed to {name}: {before} {after}"
                # Interrupts between its own CPUs: each must have run what the other asked for.
                assert guest.run("taskset 1 true && taskset 2 true && echo both") == "both"
                trouble = guest.run("dmesg | grep -E 'BUG|Oops|stall|lockup|Call trace' | head -n 5")
                assert trouble == "", f"{name}'s kernel complains: {trouble}"


def test_a_guest_sleeps_and_has_no_pmu(archive):
    """As docs/guests.md says: `mem` is s2idle, a key wakes it if that is enabled, and perf has no PMU."""
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux1") as guest:
            assert guest.run("cat /sys/power/state") == "freeze mem disk"
            assert guest.run("cat /sys/power/mem_sleep") == "[s2idle]"
            assert guest.run("ls /sys/bus/event_source/devices").split() == [
                "breakpoint", "kprobe", "software", "tracepoint", "uprobe"]
            assert guest.run("ls /sys/class/rtc /sys/class/wakeup").split() == ["/sys/class/rtc:", "/sys/class/wakeup:"]
            assert guest.run("cat /sys/devices/system/cpu/cpuidle/current_driver") == "none"
            wakeup = "/sys/class/tty/ttyAMA0/power/wakeup"
            assert guest.run(f"cat {wakeup}") == "disabled"
            guest.run(f"echo enabled > {wakeup}")
            guest.run("dmesg -n 1")
            board.send("echo mem > /sys/power/state; echo awake.$?\r")
            board.expect(r"awake.\$\?\r*\n")
        # Frozen or about to be: then both virtual CPUs do nothing for a second.
        board.output_with("vm status linux1", r"^  vcpu 0      in WFI.*\n  vcpu 1      in WFI")
        time.sleep(5)
        assert re.search(r"^linux1: running", board.command_output("vm status linux1"), re.M)
        board.send("console linux1\r")
        board.expect("console of linux1; ")
        board.expect_nothing(r"awake\.0", 3)
        board.send("\r")
        board.expect(r"awake\.0\r*\n")
        board.leave_console()
        with Guest(board, "linux1") as guest:
            assert "PM: suspend exit" in guest.run("dmesg | tail -n 5")


def test_guest_time_is_host_time(archive):
    """The guest's clocks run as fast as the host's, as far as whole seconds tell, however long a command takes."""
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux1") as guest:
            def look(command):
                before = time.monotonic()
                return before, guest.number(command), time.monotonic()

            clocks = {"date": "date +%s", "uptime": "cut -d. -f1 /proc/uptime"}
            first = {name: look(command) for name, command in clocks.items()}
            time.sleep(10)
            for name, command in clocks.items():
                (before, start, after), (again, end, last) = first[name], look(command)
                assert again - after - 1 < end - start < last - before + 1, (name, first[name], (again, end, last))


def test_consoles_are_separate(archive):
    """What is typed to one guest does not reach the other, and switching loses neither shell's state."""
    with Board(archive) as board:
        board.prompt()
        for name in GUESTS:
            with Guest(board, name) as guest:
                guest.run(f"secret=of-{name}")
        for name in GUESTS:
            with Guest(board, name) as guest:
                assert guest.run("echo $secret") == f"of-{name}"


def test_guests_switch_off_and_reset(archive):
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux2") as other:
            other.run("touch /tmp/still-the-same-boot")
        end_from_within(board, "linux1", "poweroff", "off, exit 0")
        with Guest(board, "linux2") as other:
            other.run("test -e /tmp/still-the-same-boot")
        board.command_output("vm start linux1")
        end_from_within(board, "linux1", "reboot", "reset")
        with Guest(board, "linux2") as other:
            other.run("test -e /tmp/still-the-same-boot")
        board.command_output("vm start linux1")
        with Guest(board, "linux1") as guest:
            assert guest.run("cat /sys/devices/system/cpu/online") == "0-1"


def test_a_guest_is_stopped_from_the_prompt(archive):
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux1"):
            pass
        board.command_output("vm stop linux1")
        wait_for_line(board, "linux1", r"\bstopped\b.*\bsignal\b")
        with Guest(board, "linux2") as other:
            other.run("true")


def counts(board):
    """What of `pidin info` must not change over a restart: processes, free memory, kernel objects, interrupts."""
    output = board.command_output("pidin info")
    kept = {}
    for word in ("Processes", "Memory", "Objects", "Interrupts"):
        match = re.search(rf"^{word}: +(\d+)", output, re.MULTILINE)
        if not match:
            board.fail(f"`pidin info` does not show {word}")
        kept[word] = int(match.group(1))
    return kept


def restart(archive, times):
    """A restart gives a clean slate: after each the system owns exactly what it owned after the first."""
    with Board(archive) as board:
        board.prompt()
        with Guest(board, "linux2"):
            pass
        first = None
        for turn in range(times + 1):
            with Guest(board, "linux1") as guest:
                guest.run("true")
            end_from_within(board, "linux1", "poweroff", "off, exit 0")
            now = counts(board)
            first = first or now
            assert now == first, f"after restart {turn}: {now}, after the first end: {first}"
            board.command_output("vm start linux1")
        with Guest(board, "linux2") as other:
            other.run("true")


def test_restarts_leave_nothing_behind(archive):
    restart(archive, 3)


@pytest.mark.soak
@pytest.mark.limit(1200)
def test_20_restarts_leave_nothing_behind(archive):
    restart(archive, 20)


@pytest.mark.soak
@pytest.mark.limit(1200)
def test_ten_minutes_of_load_lose_nothing(archive):
    """Both guests compute and print for ten minutes; the prompt answers all the time."""
    with Board(archive) as board:
        board.prompt()
        for name in GUESTS:
            with Guest(board, name) as guest:
                guest.run("(while :; do md5sum /bin/busybox >/dev/null; done) & echo started")
        end = time.monotonic() + 600
        while time.monotonic() < end:
            began = time.monotonic()
            board.command_output("vm list")
            assert time.monotonic() - began < 5, "the prompt took more than 5 s"
            time.sleep(10)
        for name in GUESTS:
            with Guest(board, name) as guest:
                assert "stall" not in guest.run("dmesg | tail -n 50")


def test_an_unknown_command_points_to_help(archive):
    with Board(archive) as board:
        board.prompt()
        assert "vm" in board.command_output("help")
        assert board.command_output("no-such-command").strip() != ""
        board.send("\r")
        board.expect(PROMPT)
