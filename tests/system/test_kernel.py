# SPDX-License-Identifier: Apache-2.0
"""The kernel's calls, from processes that use them rightly, wrongly, all up, and at random (tests/el0)."""

import re
import time

import pytest

from harness import KBENCH, Board, make_archive, system_dts

CALLS = 1000000


def program(name, properties=""):
    return f"""
        {name} {{ program = "{name}"; priority = <20>; memory = <0x400000>; kernel-memory = <0x200000>;
                  abilities = "log"; {properties} }};
"""


def answers(board):
    """The operator's prompt is there, and procmgr and the kernel tell about every process."""
    board.prompt()
    output = board.command_output("pidin")
    for name in ("procmgr", "devc-pl011", "slogger", "shell"):
        if not re.search(rf"\b{name}\b", output):
            board.fail(f"`pidin` does not show {name}")


@pytest.mark.parametrize("cpus", [1, 4])
def test_programs_of_el0_pass(cpus):
    """One after the other, on the kernel's console, then the servers: `ready` also waits for an end."""
    names = ("kcalls", "kmessages", "runtime", "sha256", "kexhaust")
    archive = make_archive({"system.dts": system_dts(first="".join(program(name, "ready;") for name in names))})
    with Board(archive, cpus=cpus) as board:
        running, text = set(names), ""
        while running:
            # On a busy machine the next one starts before the one before has ended.
            end = board.expect(rf"\b({'|'.join(running)}) ended: exit code (\d+)[\r\n,]", what=f"the end of {running}")
            if end.group(2) != "0":
                board.fail(f"{end.group(1)} did not end with exit code 0")
            running.remove(end.group(1))
            text += board.seen
        for name in names:
            report = re.search(rf"\b{name}: (?:\d+ passed, 0 failed|done)", text)
            if not report or "FAILED" in text:
                board.fail(f"{name} found mistakes, or has not reported")
        answers(board)


def test_random_calls_overwrite_nothing():
    """While one process calls at random, the prompt answers; it ends by itself, having found nothing overwritten."""
    then = program("khostile", f'args = "{CALLS}", "0x5eed";')
    with Board(make_archive({"system.dts": system_dts(then=then)}), cpus=2) as board:
        answers(board)
        end = time.monotonic() + 400
        while re.search(r"\bkhostile\b", board.command_output("pidin")):
            if time.monotonic() > end:
                board.fail("khostile did not end")
            time.sleep(2)
        while not re.search(r"khostile ended", log := board.command_output("slog2info")) and time.monotonic() < end:
            time.sleep(0.5)
        if not re.search(r"khostile ended: exit code 0\b", log):
            board.fail("khostile did not end with exit code 0")


def smash_places():
    """What two processes of tests/el0/smash.c say of themselves; both must end by their stack guard."""
    then = "".join(f'{name} {{ program = "smash"; priority = <20>; abilities = "log"; ready; }};' for name in "ab")
    with Board(make_archive({"system.dts": system_dts(first=then)}), cpus=1) as board:
        for name in "ab":
            board.expect(rf"procmgr: {name} ended: (.*?)[\r\n]")
            if board.qemu.match.group(1) != "stack smashed":
                board.fail("the end of a smashed stack is not called so")
        answers(board)
        # That the process was started may be written into its line.
        alone = re.sub(r"procmgr: [ab] started: [^\r\n]*[\r\n]+", "", board.log_path.read_text(errors="replace"))
        return re.findall(r"smash: code (\w+) stack (\w+) heap (\w+) guard (\w+)[\r\n]", alone)


def test_places_and_guards_differ_between_boots():
    """Code, stack, heap and guard differ between processes and between boots; without a seed the kernel says so."""
    values = [value for boot in (smash_places(), smash_places()) for process in boot for value in process]
    assert len(set(values)) == 16, values


# EC of ESR_EL2 (Arm ARM): a data abort, or an instruction abort, from a lower exception level.
RULES = {**dict.fromkeys(["write-code", "write-constant", "write-relocated"], 0x24),
         **dict.fromkeys(["execute-stack", "execute-heap", "execute-data", "execute-constant"], 0x20)}


def test_nothing_written_is_executed():
    """In a process as it was linked and started: what is not data cannot be written, what is not code not executed."""
    names = dict(zip("abcdefg", RULES))
    then = "".join(f'{name} {{ program = "smash"; args = "{rule}"; priority = <20>; abilities = "log"; ready; }};'
                   for name, rule in names.items())
    with Board(make_archive({"system.dts": system_dts(first=then)}), cpus=1) as board:
        for name, rule in names.items():
            syndrome = int(board.expect(rf"procmgr: {name} ended: fault, syndrome (\w+),", what=rule).group(1), 16)
            # The lowest bits: a permission fault.
            if syndrome >> 26 != RULES[rule] or syndrome & 0x3c != 0xc:
                board.fail(f"{rule} ended by {syndrome:#x}")
        assert "went on" not in board.seen and "nobody knows" not in board.seen
        answers(board)


def test_a_missing_seed_is_reported():
    archive = make_archive({"system.dts": system_dts()})
    with Board(archive, cpus=1, extra=("-machine", "dtb-randomness=off")) as board:
        board.expect(r"No rng-seed or kaslr-seed in /chosen")
        answers(board)


BENCH_ROWS = ("msg_roundtrip_0", "msg_roundtrip_32", "msg_roundtrip_256", "msg_roundtrip_4096",
              "msg_roundtrip_to_32", "msg_roundtrip_to_64", "pulse_wake", "context_switch", "timer_wake", "irq_wake",
              "mem_map", "mem_unmap")


def test_costs_repeat_where_instructions_are_counted():
    """Every row of kbench is measured. Where instructions are counted, each round of a row costs the same."""
    archive = make_archive({"system.dts": system_dts(first=KBENCH)})
    with Board(archive, cpus=1, cpu="neoverse-n1,cntfrq=1000000000", icount=True) as board:
        board.expect(r"kbench: done")
        rows = {name: (int(low), int(median), int(high)) for name, low, median, high in re.findall(
            r"bench: (\w+) min (\d+) median (\d+) p99 \d+ max (\d+)", board.seen)}
        assert set(BENCH_ROWS) <= set(rows), f"missing: {set(BENCH_ROWS) - set(rows)}"
        for name in BENCH_ROWS:
            low, median, high = rows[name]
            assert 20 < low == median <= high < 10000, f"{name}: {rows[name]}"
        answers(board)


def test_dma_is_blocked():
    """A process that drives a PCI device, but owns no memory for its DMA."""
    windows = "mmio = /bits/ 64 <0x4010000000 0x100000 0x10000000 0x100000>; ready;"
    archive = make_archive({"system.dts": system_dts(first=program("edu", windows))})
    with Board(archive, cpus=2, extra=("-device", "edu,dma_mask=0xffffffffffffffff")) as board:
        verdict = board.expect(r"edu: ([^\r\n]*)\r*\n").group(1)
        if verdict != "blocked":
            board.fail(f"DMA of edu: {verdict}")
        answers(board)
