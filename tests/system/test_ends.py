# SPDX-License-Identifier: Apache-2.0
"""Somebody else's end, reset and start cost a guest nothing: bounds in instructions, and what the operator sees."""

import re
import subprocess

import pytest

from harness import BUILD, Board, bare_vm, make_archive, system_dts

# The counter counts instructions (-icount shift=0) on any CPU model.
COUNTING = "neoverse-n1,cntfrq=1000000000"
RESTARTS = 'restart = "always"; restart-limit = <1000>; restart-delay = <1>;'
BOUND = 20000  # instructions from deadline to vector while another guest resets, on one CPU
BOUND_APART = 1000  # and how many more on its own CPU than while nobody resets
NEVER = 1000000


# Ticks between deadlines of a guest that none of what it waits for can slip by: one falls into whatever is that much longer.
DENSE = 25000


def beside_victim(name, files, victim="", periods=600, spin=0, period=1000000, **others):
    """A guest with a deadline each millisecond beside others. All else, the servers too, is less important."""
    files["victim.qvmconf"] = bare_vm("victim", "periodic", f"ms={periods} period={period} spin={spin}", cpus=("sched 50",))
    others["vms"] = [*others.get("vms", ()), ("victim", victim)]
    files["system.dts"] = re.sub(r'("victim.qvmconf"; priority) = <10>; max-priority = <20>', r"\1 = <50>", system_dts(**others))
    return make_archive(files, name)


def resetting(name, ram, reset_ms=5, victim="", periods=600, spin=0, initrd=b"", period=1000000):
    """The other has that much RAM, resets and is started again."""
    load = "initrd load big.img" if initrd else ""
    culprit = bare_vm("culprit", "periodic", f"reset={reset_ms}", more=load).replace("80000000,16M", f"80000000,{ram}")
    files = {"culprit.qvmconf": culprit, **({"big.img": initrd} if initrd else {})}
    return beside_victim(name, files, victim, periods, spin, period, vms=[("culprit", RESTARTS)])


def victims_report(board):
    """How often the deadline came, the most instructions from it to the vector, and deadlines that were
    missed altogether."""
    board.send("console victim\r")
    found = board.expect(r"periodic: periods (\d+) latest (\d+) mean \d+ over (\d+) hz 1000000000\b", 240)
    board.leave_console()
    return tuple(map(int, found.groups()))


def measured(board):
    """The same, and how often the other guest was started."""
    board.prompt(200)
    report = victims_report(board)
    starts = re.search(r"^culprit +\w+ +(\d+)", board.command_output("vm list"), re.M)
    return (*report, int(starts.group(1)))


def progress_of_an_end(board, ram):
    """While its memory, RAM (MiB) and qvm's own, is cleared, the operator sees how far that is, and nothing of a guest."""
    status = board.output_with("vm status culprit", r"^culprit: ending\n  progress    [1-9]", 240)
    done, total, percent = map(int, re.match(r"\s*culprit: ending\n  progress    (\d+) of (\d+) MiB cleared, (\d+) %\n",
                                             status).groups())
    assert ram <= total < ram + 64 and done <= total, status
    # Both are rounded down.
    assert 100 * done // (total + 1) <= percent <= min(100 * (done + 1) // total, 100), status
    assert not re.search(r"^  (process|vcpu \d|unsupported) ", status, re.M), status


@pytest.mark.parametrize("ram, starts", [("64M", 8), ("1G", 6), ("3G", 3)])
def test_a_reset_delays_nobody_on_one_cpu(ram, starts):
    """That it takes no longer with more RAM is shown by the same bound."""
    with Board(resetting(f"ends-one-{ram}", ram), cpus=1, ram="5G", cpu=COUNTING, icount=True) as board:
        periods, latest, missed, restarts = measured(board)
        assert (periods, missed) == (600, 0) and restarts >= starts, (periods, missed, restarts)
        assert latest <= BOUND
        if ram == "3G":
            progress_of_an_end(board, 3 << 10)


CROWD = """
        crowd { program = "crowd"; args = "%s"; priority = <10>; max-priority = <15>; memory = <0x200000>;
                kernel-memory = <0x200000>; abilities = "log"; connect = "slogger"; ready; %s };
"""


@pytest.mark.limit(300)
def test_loading_delays_nobody():
    """64 MiB are loaded anew at each start of the other guest; `vm status` says how far that is."""
    archive = resetting("ends-load", "160M", initrd=bytes(64 << 20), periods=20000, period=DENSE)
    with Board(archive, cpus=1, cpu=COUNTING, icount=True) as board:
        periods, latest, missed, restarts = measured(board)
        print(periods, latest, missed, restarts)
        assert (periods, missed) == (20000, 0) and restarts >= 3, (periods, missed, restarts)
        assert latest <= BOUND
        status = board.output_with("vm status culprit", r"big\.img to be loaded: ", 120)
    assert re.search(r"^culprit: starting$", status, re.M), status
    done, percent = map(int, re.search(r"^ +waits for +\[culprit\.qvmconf:\d+\] big\.img to be loaded: (\d+) of 64 MiB, (\d+) %$",
                                       status, re.M).groups())
    assert done < 64 and percent == done * 100 // 64, status


# Its program is the first process of an Image; its children's code is in the archive.
KWORST = """
        kworst { program = "kworst"; priority = <20>; memory = <0x400000>; };
"""


def test_the_end_of_many_threads_delays_nobody():
    """A process with as many threads as there may be, in all states, ends and is started again."""
    archive = beside_victim("ends-crowd", {}, periods=20000, period=DENSE, then=CROWD % ("5", RESTARTS))
    with Board(archive, cpus=1, cpu=COUNTING, icount=True) as board:
        board.prompt(200)
        periods, latest, missed = victims_report(board)
        print(periods, latest, missed)
        assert (periods, missed) == (20000, 0)
        assert latest <= BOUND
        board.output_with("slog2info", r"crowd started: slot \d+, start ([5-9]|\d\d)$", 120)


@pytest.mark.parametrize("cpus", [1, 2])
def test_killing_many_threads_delays_nobody(cpus):
    """The operator kills it. With two CPUs its threads run on both, and the guest's clock counts the turns of both: that
    has no bound here, as whoever waits for a lock lets the emulator give the other one its turn."""
    archive = beside_victim(f"ends-kill-{cpus}", {}, "runmask = <1>;", 200000, period=DENSE, then=CROWD % ("stay", ""))
    with Board(archive, cpus=cpus, cpu=COUNTING, icount=True) as board:
        board.prompt(200)
        threads = re.findall(r"^ *\d+ +\d+ +crowd\b.*$", board.command_output("pidin", 120), re.M)
        board.command_output("slay -s KILL crowd", 60)
        periods, latest, missed = victims_report(board)
        print(periods, latest, missed, len(threads), threads)
        assert periods == 200000 and len(threads) > 100
        assert cpus != 1 or latest <= BOUND
        board.output_with("slog2info", r"crowd ended: killed$", 120)


def symbols(program):
    lines = subprocess.run(["aarch64-linux-gnu-nm", program], capture_output=True, text=True, check=True).stdout
    return {name: int(address, 16) for address, name in re.findall(r"^([0-9a-f]+) \w (\w+)$", lines, re.M)}


SKIPPED = 50  # periods before what late.c counts: all is warm then


def counted(archive, log, cpus=2):
    """On CPU 1, which the periodic guest has for itself: what tools/path/late.c counts, and how often the other started.
    Each CPU has a thread of the host, since QEMU tells a plugin which CPU it is only so; time does not count here."""
    at = symbols(BUILD / "guest-programs/periodic/periodic.debug")
    out = BUILD / "logs" / f"{log}.late"
    out.unlink(missing_ok=True)
    plugin = (f"{BUILD}/path/late.so,from={at['image_start']:#x},to={at['image_end']:#x},skip={SKIPPED},"
              f"vector={at['vectors'] + 0x280:#x},cpu=1,out={out}")  # Arm ARM D1.4.1: IRQ at the current level
    with Board(archive, cpus=cpus, ram="5G", cpu=COUNTING, single=False, extra=("-plugin", plugin)) as board:
        periods, _, _, restarts = measured(board)
        board.send("shutdown\r")
        board.expect_end()
    vectors, longest, left = map(int, re.fullmatch(r"vectors (\d+) longest (\d+) left (\d+)\n", out.read_text()).groups())
    assert vectors >= periods - SKIPPED - 1 and periods >= 1000, (vectors, periods)
    return longest, left, vectors, restarts


ALONE = "runmask = <2>; exclusive-cpus;"


def counted_resets(reset_ms, spin):
    name = f"ends-{reset_ms}-{spin}"
    return counted(resetting(name, "128M", reset_ms, ALONE, 8000, spin), name)


@pytest.mark.parametrize("spin", [0, 1])
def test_a_reset_does_not_reach_another_cpu(spin):
    idle, idle_left, idle_vectors, idle_starts = counted_resets(NEVER, spin)
    longest, left, vectors, starts = counted_resets(5, spin)
    print(spin, idle, idle_left, idle_vectors, longest, left, vectors, starts)
    assert idle_starts == 1 and starts >= 3, (idle_starts, starts)
    assert longest <= idle + BOUND_APART
    # No thread, interrupt or request of others came: for each vector the guest was left once.
    assert (idle_left, left) == (idle_vectors, vectors)


FLUSHES = r"periodic: flushes (\d+) at (\d+)\r"


@pytest.mark.parametrize("ram", ["64M", "1G"])
def test_set_and_way_delays_nobody_on_one_cpu(ram):
    """A guest that does cache maintenance by set and way without end, for which all its RAM is cleaned each time."""
    more = "set counter-offset 0"  # one time for both
    files = {"victim.qvmconf": bare_vm("victim", "periodic", "ms=1000", cpus=("sched 50",), more=more),
             "culprit.qvmconf": bare_vm("culprit", "periodic", "flush=1", cpus=("sched 10",), more=more).replace("16M", ram)}
    dts = system_dts(vms=["culprit", "victim"])
    files["system.dts"] = re.sub(r'("victim.qvmconf"; priority) = <10>; max-priority = <20>(.*?)autostart; ',
                                 r"\1 = <50>\2", dts, flags=re.S)
    with Board(make_archive(files, f"ends-setway-{ram}"), cpus=1, ram="5G", cpu=COUNTING, icount=True) as board:
        board.prompt(200)
        board.open_console("culprit")
        before, since = map(int, board.expect(FLUSHES, 120).groups())
        board.leave_console()
        board.command_output("vm start victim")
        board.open_console("victim")
        periods, latest, missed, until = map(int, board.expect(
            r"periodic: periods (\d+) latest (\d+) mean \d+ over (\d+) hz 1000000000 at (\d+)\r", 240).groups())
        board.leave_console()
        board.open_console("culprit")
        at = 0
        while at < until:
            count, at = map(int, board.expect(FLUSHES, 120).groups())
    print(periods, latest, missed, (at - since) // max(count - before, 1))
    assert (periods, missed) == (1000, 0)
    assert latest <= BOUND
    # All the while: a flush takes about as long as one alone, which is less than 8 instructions for each line.
    assert at - since > 1000 * 1000000
    assert (at - since) // (count - before) < 8 * ({"64M": 64, "1G": 1024}[ram] << 20) // 64


def test_a_stop_is_short():
    """ProcessStop of a process with 120 threads, 81 interrupts and all else that it can have: until it returns, and again
    when its threads have gone."""
    archive = make_archive({"system.dts": system_dts(first=KWORST)})
    with Board(archive, cpus=1, cpu=COUNTING, icount=True, kernel="first/kworst.Image") as board:
        stop = int(board.expect(r"kworst: longest ProcessStop (\d+) instructions", 300).group(1))
        assert board.expect(r"kworst: \d+ passed, (\d+) failed", 60).group(1) == "0"
    print(stop)
    assert 1000 < stop <= BOUND


OFF = "set broadcast-maintenance off"


def test_maintenance_does_not_reach_another_cpu():
    """Two virtual CPUs of a guest do broadcast TLBI without end, on the CPUs on both sides of the victim's."""
    files = {"victim.qvmconf": bare_vm("victim", "periodic", "ms=4000", cpus=("sched 50",)),
             "culprit.qvmconf": bare_vm("culprit", "tlb", "storm=100", ("runmask 0", "runmask 2"), OFF)}
    files["system.dts"] = re.sub(r'("victim.qvmconf"; priority) = <10>; max-priority = <20>', r"\1 = <50>",
                                 system_dts(vms=["culprit", ("victim", ALONE)]))
    longest, left, vectors, starts = counted(make_archive(files, "ends-tlbi"), "ends-tlbi", 3)
    print(longest, left, vectors, starts)
    assert starts == 1 and vectors >= 1000
    assert left == vectors
