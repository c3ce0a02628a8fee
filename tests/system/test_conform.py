# SPDX-License-Identifier: Apache-2.0
"""What a guest sees is what the bare machine shows: guests/conform runs in a VM and on bare QEMU, and each check that
finds something else, or what the architecture calls wrong, is in the table of docs/guests.md, and no other."""

import fnmatch
import os
import re
import select
import subprocess
import time

import pytest

import boards
from harness import BUILD, TOP, make_archive, system_dts

RAM = "64M"
CPUS = 3         # one does the checks, one helps, one stays off
SILENCE = 90     # seconds without a character: the check hangs
LIMIT = 800      # seconds for one machine
LEAST = 400      # checks
HEADING = "## Differences from the bare machine"
LINE = re.compile(r"conform: (\S+) (.*)$")
STOPPED = re.compile(r"panic on CPU|Bulkhead cannot start|system not started")


# Host counter minus guest counter: none, or one that puts the guest ahead, also beyond what a signed number holds.
OFFSETS = {"neoverse-n1": "0", "cortex-a53": "0xc000000000000000", "max": "0x7000000000000000"}


def vm_conf(cpu, first):
    """A VM with the map of QEMU's `virt` board, as far as the guest knows it. The second UART is there for its INTID: the
    board has as many."""
    return f"""system conform
ram 0x40000000,{RAM}
cpu sched 10
cpu sched 10
cpu sched 10
load conform.elf
cmdline "from={first}"
set counter-offset {OFFSETS[cpu]}
unsupported reference fail
vdev gic
    loc 0x8000000
    gicr 0x80a0000
vdev pl011
    loc 0x9000000
    intr gic:33
    hostdev /dev/console/shell
vdev pl011
    loc 0x9100000
    intr gic:287
    hostdev -
"""


# Time is counted in instructions: what a check sees does not depend on what else this machine does.
def qemu(machine, *more):
    return [*machine, "-accel", "tcg,thread=single", "-icount", "shift=3,sleep=off", "-display", "none", "-monitor",
            "none", "-serial", "stdio", "-no-reboot", *more]


def bulkhead(cpu, first):
    files = {"system.dts": system_dts(vms=["conform"], shell=False), "conform.qvmconf": vm_conf(cpu, first)}
    return qemu(boards.qemu(cpu=cpu, cpus=2), "-kernel", str(BUILD / "Image"), "-initrd",
                str(make_archive(files, f"conform-{cpu}")))


def bare(cpu, first):
    return qemu(boards.bare(boards.qemu(cpu=cpu, cpus=CPUS, ram=RAM)), "-kernel", str(BUILD / "guests/conform.img"),
                "-append", f"from={first}")


def output(command, log, end):
    """What the machine prints until the guest has done, or nothing comes any more."""
    text = b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            while b"conform: done" not in text and time.monotonic() < end:
                if not select.select([process.stdout], [], [], SILENCE)[0]:
                    break
                part = os.read(process.stdout.fileno(), 65536)
                if not part:
                    break
                text += part
        finally:
            process.kill()
    log.write(text)
    return text.decode(errors="replace").replace("\r", "")


def parse(text):
    """Check -> value of each line, and whether the guest was done. The last line may have no value: that one hung."""
    found, done = {}, False
    for line in text.split("\n"):
        if line == "conform: done":
            done = True
        elif match := LINE.match(line):
            assert match[1] not in found, f"two checks are called {match[1]}"
            found[match[1]] = match[2] or "hang"
    return found, done


def run(machine, cpu, order=()):
    """All checks on one machine. One that hangs costs a restart after it; if its id was not printed any more, it is the
    next one in `order`."""
    found, done, end = {}, False, time.monotonic() + LIMIT
    log = BUILD / "logs" / f"conform-{machine.__name__}-{cpu}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "wb") as file:
        while not done:
            assert time.monotonic() < end, f"not done within {LIMIT} s, {len(found)} checks; see {log}"
            text = output(machine(cpu, len(found)), file, end)
            assert not STOPPED.search(text), f"{machine.__name__} has stopped; see {log}"
            more, done = parse(text)
            found.update(more)
            if not done and "hang" not in more.values():
                assert len(found) < len(order), f"{machine.__name__} ends, and no check hangs; see {log}"
                found[order[len(found)]] = "hang"
    return found


def ids(cell):
    """The ids of a cell: several with commas between them, a{b,c}d for abd and acd."""
    for text in re.findall(r"(?:[^\s,{}]|\{[^}]*\})+", cell.replace("`", "")):
        parts = re.match(r"(.*?)\{([^}]*)\}(.*)", text)
        if parts:
            for choice in parts[2].split(","):
                yield from ids(parts[1] + choice.strip() + parts[3])
        else:
            yield text


def table(cpu):
    """The differences that docs/guests.md names for a CPU: check -> what is found in a VM, and on the bare machine; and
    those that are faults still open, as patterns of ids."""
    text = (TOP / "docs/guests.md").read_text(encoding="utf-8")
    section = text.split(HEADING + "\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.split("\n") if line.startswith("| ")]
    listed, still_open = {}, []
    for row in rows[1:]:
        assert len(row) == 4 and row[3], f"docs/guests.md: a difference needs checks, two values and a reason: {row}"
        only = re.match(r"on (.*?): ", row[3])
        if only and f"`{cpu}`" not in only[1]:
            continue
        reason = row[3][only.end() if only else 0:]
        for check in ids(row[0]):
            assert check not in listed, f"docs/guests.md: {check} is listed twice"
            if reason.startswith("open"):
                still_open.append(check)
            else:
                listed[check] = (row[1].strip("`"), row[2].strip("`"))
    return listed, still_open


def differences(vm, host):
    """Check -> (in a VM, on the bare machine), where they differ, or one of them is not what the architecture says."""
    every = {check: (vm.get(check, "absent"), host.get(check, "absent")) for check in [*host, *vm]}
    return {check: pair for check, pair in every.items() if pair[0] != pair[1] or " not " in pair[0]}


def judge(vm, host, listed, still_open):
    """What is wrong, as lines: what is not listed in the form of the table."""
    seen = differences(vm, host)
    said = {check: tuple(re.sub(" (right|not .*)$", "", value) for value in pair) for check, pair in seen.items()}
    wrong, used = [], set()
    for check, pair in seen.items():
        patterns = {pattern for pattern in still_open if fnmatch.fnmatchcase(check, pattern)}
        used |= patterns
        if check not in listed and not patterns:
            wrong.append(f"| `{check}` | `{said[check][0]}` | `{said[check][1]}` | not listed: {pair[0]} / {pair[1]} |")
        elif check in listed and listed[check] != said[check]:
            wrong.append(f"{check}: {said[check]} is found, {listed[check]} is listed")
    wrong += [f"{check}: listed, but does not occur" for check in [*listed, *still_open]
              if check not in seen and check not in used]
    return wrong


def test_the_judge_notices_each_difference():
    """What the comparison itself must notice."""
    same = {"a.b": "0x1 right", "a.c": "0x2"}
    listed = {"a.c": ("0x3", "0x2")}
    assert judge(same, same, {}, []) == []
    assert judge({**same, "a.c": "0x3"}, same, listed, []) == []
    assert judge({**same, "a.c": "0x3"}, same, {}, ["a.*"]) == []
    for vm, host, table_of, still_open in (
            ({**same, "a.c": "0x3"}, same, {}, []),                                  # not listed
            ({**same, "a.c": "0x4"}, same, listed, []),                              # listed with another value
            (same, same, listed, []), (same, same, {}, ["a.*"]),                     # listed, and does not occur
            ({"a.b": "0x1 right"}, same, {}, []), (same, {"a.b": "0x1 right"}, {}, []),  # a check is missing
            ({**same, "a.b": "0x5 not 0x1"}, {**same, "a.b": "0x5 not 0x1"}, {}, [])):   # both wrong in the same way
        assert judge(vm, host, table_of, still_open)
    assert list(ids("`a.{b,c}d`, `e{f, g}.{h,i}`")) == ["a.bd", "a.cd", "ef.h", "ef.i", "eg.h", "eg.i"]


@pytest.mark.parametrize("cpu", OFFSETS)
@pytest.mark.limit(1800)
def test_guest_sees_the_bare_machine(cpu):
    host = run(bare, cpu)
    vm = run(bulkhead, cpu, list(host))
    wrong = judge(vm, host, *table(cpu))
    assert len(vm) >= LEAST, f"only {len(vm)} checks were run"
    assert not wrong, f"{len(vm)} checks, {len(wrong)} differ from docs/guests.md:\n" + "\n".join(wrong)
