# SPDX-License-Identifier: Apache-2.0
"""What the options of a configuration do to a running guest (guests/probe tells what it finds), several VMs at a time."""

import json
import re
import time

import pytest

from harness import Board, bare_vm, make_archive, refused, system_dts

NOWHERE = "0x50000000"


def archive_files_of(vms, autostart=True, vdev=None):
    """VMs that run guests/probe: name -> its command line, lines of its configuration, properties of its node; `vdev`:
    lines that belong to its pl011."""
    dts = system_dts(vms=[(name, properties) for name, (_, _, properties) in vms.items()])
    room = 'program = "devc-pl011"; memory = <0x120000>;'  # for a dozen consoles
    files = {"system.dts": dts.replace('program = "devc-pl011";', room)}
    if not autostart:
        files["system.dts"] = files["system.dts"].replace("autostart;", "")
    for name, (cmdline, more, _) in vms.items():
        files[f"{name}.qvmconf"] = bare_vm(name, "probe", cmdline, cpus=(), more=more).replace(",16M", ",1M")
        files[f"{name}.qvmconf"] += (vdev or {}).get(name, "") + "\n"
    return files


def archive(*args, **options):
    return make_archive(archive_files_of(*args, **options))


def told(board, name):
    """What the guest has told on its console: word -> value, class of the exception."""
    board.open_console(name)
    board.expect("probe: done")
    found = re.findall(r"probe: (\w+) 0x(\w+) exception 0x(\w+)", board.seen)
    board.leave_console()
    return {word: (int(value, 16), int(exception, 16)) for word, value, exception in found}


def read_env(board, name):
    return json.loads(board.command_output(f"cat /dev/qvm/{name}/env"))


DISTANCE = 1 << 50


def test_the_counter_offset_is_what_is_configured():
    """Started one after the other: the host's counter, one far behind, the host's again; without it, from 0."""
    offset = "set counter-offset"
    vms = {"host1": ("idle=1", f"{offset} 0", ""), "late": ("idle=1", f"{offset} {2**64 - DISTANCE:#x}", ""),
           "host2": ("idle=1", f"{offset} 0", ""), "zero": ("idle=1", "", ""),
           "zero2": ("idle=1", f"{offset} 0xffffffffffffffff", "")}
    with Board(archive(vms, autostart=False), cpus=2) as board:
        board.prompt()
        time.sleep(1)
        seen, took = {}, {}
        for name in vms:
            began = time.monotonic()
            board.command_output(f"vm start {name}")
            seen[name] = told(board, name)
            took[name] = time.monotonic() - began
        counter = {name: values["counter"][0] for name, values in seen.items()}
        hz = seen["zero"]["frequency"][0]
        assert hz < counter["host1"] < counter["late"] - DISTANCE < counter["host2"], counter
        for name in ("zero", "zero2"):
            assert counter[name] < took[name] * hz < counter["host2"], (name, counter, took)
        for name, values in seen.items():
            # Read one after the other, of one clock.
            assert 0 <= values["physical"][0] - counter[name] < took[name] * hz, (name, values)


def cpu_time(board, name):
    vcpu, = read_env(board, name)["vcpus"]
    return vcpu["time_ns"], vcpu["entries"]


def test_a_guest_that_halts_takes_no_time():
    """A guest that waits takes no time, or, if WFI does not leave it, all of its CPU's."""
    vms = {"leaves": ("idle=1", "cpu runmask 1 set exit-on-halt on", ""),
           "stays": ("idle=1", "cpu runmask 2 set exit-on-halt off", "")}
    with Board(archive(vms), cpus=3) as board:
        board.prompt()
        for name in vms:
            told(board, name)
        before = {name: cpu_time(board, name)[0] for name in vms}
        began = board.command_output("pidin info")
        time.sleep(2)
        spent = {name: (cpu_time(board, name)[0] - before[name]) / 1e9 for name in vms}
        ended = board.command_output("pidin info")
        threads = board.command_output("pidin threads")
        idle = [float(re.search(rf"CPU {cpu} idle: +([\d.]+) s", ended).group(1)) -
                float(re.search(rf"CPU {cpu} idle: +([\d.]+) s", began).group(1)) for cpu in (1, 2)]
    assert spent["stays"] > 1 and spent["leaves"] < spent["stays"] / 5, spent
    assert idle[0] > 1 and idle[1] < idle[0] / 5, idle
    states = [re.search(rf"^ *\d+ +\d+ vcpu0 +10r (\w+) +{cpu}  0x0{1 << cpu}", threads, re.M).group(1) for cpu in (1, 2)]
    assert states == ["WFI", "RUNNING"], threads


UNSUPPORTED = {
    # Name: the type, command line, what the guest tells, class of the exception, value with `ignore`.
    "reference": ("reference", f"peek={NOWHERE}", "peek", 0x25, 0xffffffff),
    "exclusive": ("reference", f"exclusive={NOWHERE}", "exclusive", 0x25, 0xffffffff),
    "register": ("register", "register=1", "register", 0, 0xffffffffffffffff),
    "instruction": ("instruction", "vector=1", "vector", 0, 0x12345678),
}
WHAT = {"reference": f"read of 4 bytes at {NOWHERE}", "exclusive": f"read of 4 bytes at {NOWHERE}",
        "register": "read of the system register S3_3_C9_C12_0", "instruction": "instruction with the syndrome 0x[0-9a-f]{8}"}
ACTIONS = ("abort", "fail", "ignore", "")


@pytest.mark.parametrize("cpu, names", [("neoverse-n1", ("reference", "exclusive", "register")), ("max", ("instruction",))])
def test_unsupported_accesses_follow_the_policy(cpu, names):
    """Each type with each action, and without: as docs/guests.md has them. Only the CPU `max` has an instruction to trap."""
    vms = {f"{name}-{action}"[:15]: (f"{UNSUPPORTED[name][1]} idle=1",
                                     f"unsupported {UNSUPPORTED[name][0]} {action}" if action else "", "")
           for name in names for action in ACTIONS}
    with Board(archive(vms), cpus=2, cpu=cpu) as board:
        board.prompt()
        for name in names:
            kind, _, word, exception, ones = UNSUPPORTED[name]
            for action in ACTIONS:
                vm = f"{name}-{action}"[:15]
                if action == "abort":
                    board.output_with("vm list", rf"^{vm} +stopped +1 +error, exit 5 ")
                    continue
                value, seen = told(board, vm)[word]
                if action == "fail" or action == "" and kind != "reference":
                    assert seen == exception, (vm, seen)
                else:
                    assert (value, seen) == (ones, 0), (vm, value, seen)
                assert read_env(board, vm)["vcpus"][0]["unsupported"] == 1, vm
        log = board.command_output("slog2info")
    for name in names:
        kind, what = UNSUPPORTED[name][0], WHAT[name]
        for action in ACTIONS:
            vm, severity = f"{name}-{action}"[:15], "fatal" if action == "abort" else "warn"
            policy = action or ("ignore" if kind == "reference" else "fail")
            lines = re.findall(rf"(\w+) +{vm} +vCPU 0: unsupported (.*?), PC 0x8008[0-9a-f]+; (\w+) (\w+)\b", log)
            assert [(s, t, p) for s, _, t, p in lines] == [(severity, kind, policy)], (vm, lines)
            assert re.fullmatch(what, lines[0][1]), (vm, lines)
            assert bool(re.search(rf"fatal +{vm} +vCPU 0: PC +0+8\w+ ", log)) == (action == "abort"), (vm, log)


def test_only_the_first_is_logged():
    """One line for each type and start, however often it comes; all are counted. The next start begins anew."""
    vms = {"vm": (f"peek={NOWHERE} poke={NOWHERE} register=1 idle=1", "", "")}
    with Board(archive(vms), cpus=2) as board:
        board.prompt()
        told(board, "vm")
        assert read_env(board, "vm")["vcpus"][0]["unsupported"] == 4
        lines = re.findall(r"warn +vm +vCPU 0: (unsupported .*?), PC", board.command_output("slog2info"))
        first = [f"unsupported read of 4 bytes at {NOWHERE}", "unsupported read of the system register S3_3_C9_C12_0"]
        assert lines == first
        board.command_output("slay -s KILL vm")
        board.output_with("vm list", r"^vm +stopped")
        board.command_output("vm start vm")
        log = board.output_with("slog2info", r"(warn +vm +vCPU 0: [^\n]*S3_3_C9_C12_0[^\n]*\n[^~]*){2}")
        assert re.findall(r"warn +vm +vCPU 0: (unsupported .*?), PC", log) == first * 2


LOGGED = {
    # Name: lines of its configuration before and within its vdev, whether SIGUSR1 shows qvm, and the pl011.
    "default": ("", "", True, True),
    "no-info": ("logger fatal,error slog", "", False, False),
    "info": ("logger info slog", "", True, True),
    "none": ("logger info none", "", False, False),
    "split": ("logger error slog logger info,warn stdout", "", True, True),
    "vdev-only": ("logger info none", "log info slog", False, True),
    "not-vdev": ("logger info stderr", "log info none", True, False),
    "other-kind": ("logger info stderr", "log error none", True, True),
    "last-counts": ("", "log info none log info,warning stdout", True, True),
    "silent-vdev": ("", "set debug off", True, False),
}


def test_messages_go_where_they_are_sent():
    """Where what SIGUSR1 asks for goes: `logger`, `log`, and `set debug off`."""
    vms = {name: ("idle=1", more, "") for name, (more, _, _, _) in LOGGED.items()}
    with Board(archive(vms, vdev={name: log for name, (_, log, _, _) in LOGGED.items()}), cpus=2) as board:
        board.prompt()
        for name in vms:
            board.output_with(f"vm status {name}", r"entries +[1-9]")
            board.command_output(f"slay -s USR1 {name}")
        # The vCPU is the last one to report, a moment later.
        for name, (_, _, qvm, _) in LOGGED.items():
            if qvm:
                board.output_with("slog2info", rf"info +{name} +vCPU 0: on, PC")
        log = board.command_output("slog2info")
    for name, (_, _, qvm, pl011) in LOGGED.items():
        lines = re.findall(rf"info +{name} +(.*)", log)
        assert any(re.match(rf"{name}: 1 vCPUs, 1024 KiB", line) for line in lines) == qvm, (name, lines)
        assert any(re.match(r"vCPU 0: on, PC 0x8", line) for line in lines) == qvm, (name, lines)
        assert any(re.match(r"pl011.*: input", line) for line in lines) == pl011, (name, lines)


def test_without_a_log_nothing_is_written_elsewhere():
    """A qvm may not write on the kernel's console, whatever `logger` says; who names the log ring does not begin."""
    def without_ring(vms):
        files = archive_files_of(vms)
        dts = re.sub(r"slogger \{.*?\};", "", files["system.dts"], flags=re.DOTALL)
        return {**files, "system.dts": re.sub(r', "slogger"|connect = "slogger";', "", dts)}

    refused(make_archive(without_ring({"ring": ("idle=1", "logger info slog", "")}), options=["--no-check"]),
            r"\[ring.qvmconf:\d+\] 'logger' of /vms/ring needs the log ring, but no process of the system is one")
    with Board(make_archive(without_ring({"out": ("idle=1", "logger info stdout", "")})), cpus=2) as board:
        board.prompt()
        board.output_with("vm status out", r"entries +[1-9]")
        assert "slay:" not in board.command_output("slay -s USR1 out")
        board.expect_nothing(r"vCPU|pl011", 5)
        board.output_with("vm status out", r"^out: running")
        assert "the log ring does not answer" in board.command_output("slog2info")


def test_a_dry_run_begins_no_guest():
    """All is built and checked, also what only qvm can see; no guest begins. `debug` says what lies where."""
    vms = {"dry": ("idle=1", "dryrun debug rom 0x40000000,4K", ""), "bad": ("idle=1", "dryrun load hello.elf", ""),
           "quiet": ("idle=1", "dryrun logger info none debug", "")}
    with Board(make_archive(archive_files_of(vms), options=["--no-check"]), cpus=2) as board:
        board.prompt()
        board.output_with("vm list", r"^dry +stopped +1 +off, exit 0 ")
        board.output_with("vm list", r"^quiet +stopped +1 +off, exit 0 ")
        board.output_with("vm list", r"^bad +stopped +1 +error, exit 65 ")
        assert re.search(r"entries +0 ", board.command_output("vm status dry"))
        log = board.command_output("slog2info")
    said = re.findall(r"info +dry +(.*?) *\r?$", log, re.M)
    assert said[-1] == "Exiting: dryrun completed", said
    places = dict(line.split(": ") for line in said[:-1])
    assert places["ram"] == "0x80000000-0x800fffff" and places["rom"] == "0x40000000-0x40000fff", said
    assert places["pl011"] == "0x1c090000-0x1c090fff" and places["probe.elf"].startswith("0x8008"), said
    assert not re.search(r"info +quiet", log), log
    assert re.search(r"fatal +bad +\[bad.qvmconf:\d+\] hello.elf: .*overlaps", log), log


def test_rom_stays_and_reserved_memory_is_left():
    """`rom` is what `load` has put there, and no guest changes it; `ram` without a start stays out of what is reserved."""
    more = "reserve loc 0x80100000,0x1001 reserve loc 0x80300000,1K intr 39 ram 2M ram 64K rom 0x40000000,64K " \
           "data load 0x40000000,content"
    vms = {kind: ("peek=0x40000004 poke=0x40000004 idle=1", f"unsupported reference {kind} {more}", "")
           for kind in ("ignore", "fail")}
    vms["abort"] = ("poke=0x40000004 idle=1", f"unsupported reference abort {more}", "")
    vms["ram"] = ("poke=0x80310000 idle=1", more, "")
    content = b"first   the rest"
    with Board(make_archive({**archive_files_of(vms), "content": content}), cpus=2) as board:
        board.prompt()
        old = int.from_bytes(content[4:8], "little")
        for kind, exception in (("ignore", 0), ("fail", 0x25)):
            seen = told(board, kind)
            assert seen["peek"] == (old, 0) and seen["write"][1] == exception and seen["poke"] == (old, 0), seen
        assert told(board, "ram")["poke"] == (0x12345678, 0)
        board.output_with("vm list", r"^abort +stopped +1 +error, exit 5 ")
        memory = read_env(board, "ignore")["memory"]
    # After each reservation that is in the way, by whole pages.
    assert [(one["kind"], one["start"], one["bytes"] >> 10) for one in memory] == [
        ("rom", "0x40000000", 64), ("ram", "0x80000000", 1024), ("ram", "0x80301000", 2048), ("ram", "0x80501000", 64)]


def threads(board, process):
    """The VM's virtual CPUs as `pidin threads` shows them: index -> tid, priority and policy, state, CPU, run mask."""
    found = re.findall(rf"^ *{process} +(\d+) vcpu(\d) +(\d+[rf]) (\w+) +(\d)  0x(\w+)",
                       board.command_output("pidin threads"), re.M)
    return {int(index): (int(tid), prio, state, int(cpu), int(mask, 16)) for tid, index, prio, state, cpu, mask in found}


def test_options_of_cpu_reach_the_scheduler():
    """`sched`, `runmask`, `cluster` and what the node says without them; only the operator changes it, within the node's."""
    cpus = "cpu cpu sched 12f runmask 2 cpu sched 254 cluster low cpu runmask 0,3 sched 9o cpu cluster _cpu-3 cpu runmask 2,1"
    node = 'priority = <11>; max-priority = <254>; runmask = <0xf>;'
    expected = {0: ("11r", 15), 1: ("12f", 4), 2: ("254r", 3), 3: ("9r", 9), 4: ("11r", 8), 5: ("11r", 6)}
    files = archive_files_of({"many": ("idle=1", cpus, ""), "other": ("idle=1", "cpu runmask 3", "")})
    files["system.dts"] = files["system.dts"].replace("vms {", "clusters { low { cpus = <0 1>; }; }; vms {", 1).replace(
        'many.qvmconf"; priority = <10>; max-priority = <20>;', f'many.qvmconf"; {node}')
    with Board(make_archive(files), cpus=4) as board:
        board.prompt()
        for name in ("many", "other"):
            board.output_with(f"vm status {name}", r"entries +[1-9]")
        many = read_env(board, "many")
        seen = threads(board, many["process"])
        assert {index: (prio, mask) for index, (_, prio, _, _, mask) in seen.items()} == expected, seen
        assert all(mask >> cpu & 1 for _, _, _, cpu, mask in seen.values()), seen
        for vcpu in many["vcpus"]:
            prio, mask = expected[vcpu["index"]]
            assert f"{vcpu['priority']}{vcpu['policy'][0]}" == prio, vcpu
            assert (vcpu["runmask"], vcpu["tid"]) == (mask, seen[vcpu["index"]][0]), vcpu
        # What is not named stays; what is beyond the node's is refused.
        process, (tid, *_) = many["process"], seen[4]
        for words, after in (("-P 20", ("20r", 8)), ("-P 7f", ("7f", 8)), ("-P 7", ("7f", 8)), ("-P 30o -R 4", ("30r", 4)),
                             ("-C 1 -C 3", ("30r", 10)), ("-P 254 -R 0x1", ("254r", 1))):
            assert "slay:" not in board.command_output(f"slay {words} -T {tid} many"), words
            _, prio, _, _, mask = threads(board, process)[4]
            assert (prio, mask) == after, words
        for words, why in ((f"-R 16 -T {tid} many", "many: its node in the system description allows less: runmask"),
                           ("-P 21 -R 8 other", "other: its node in the system description allows less: max-priority runmask"),
                           ("-P 10 -T 99 many", "many has no thread 99"), ("-P 10 nobody", "there is no process 'nobody'"),
                           ("-P 10 procmgr", "procmgr is not changed"), ("-P 10 15", "'15' is not running"),
                           ("-P 255 many", "'255' is no priority"), ("-P 0 many", "'0' is no priority"),
                           ("-P 9fr many", "'9fr' is no priority"), ("-R 0 many", "'0' is no run mask"),
                           ("-C 8 many", "'8' is not the number of a CPU"), ("-P 9 -T 0 many", "'0' is not the number of a thread")):
            assert f"slay: {why}" in board.command_output(f"slay {words}"), words
        for words in ("-P 10", "-T 1 many", "-s TERM -P 10 many", "-P 10 many other", "-X 1 many"):
            assert "usage: slay" in board.command_output(f"slay {words}"), words
        assert threads(board, process)[4][1:5:3] == ("254r", 1)
        other = read_env(board, "other")["process"]
        assert {index: (prio, mask) for index, (_, prio, _, _, mask) in threads(board, other).items()} == {0: ("10r", 8)}
        # All threads of a process, with a line in the log for each.
        assert "slay:" not in board.command_output("slay -P 12f -C 3 other")
        seen = re.findall(r"^ *\d+ +(\d+) other +(\w+) ", board.command_output("pidin -p other"), re.M)
        assert len(seen) > 2 and {prio for _, prio in seen} == {"12f"}, seen
        logged = board.output_with("slog2info -b procmgr", rf"other, thread {seen[-1][0]}: priority 12f")
        for tid, _ in seen:
            assert re.search(rf"info +procmgr +other, thread {tid}: priority 12f, run mask 0x8; before: \d+r, 0x\w+; by shell", logged)
        # The next start is that of the configuration again.
        board.command_output("vm stop many")
        board.output_with("vm list", r"^many +stopped")
        board.command_output("vm start many")
        board.output_with("vm status many", r"entries +[1-9]")
        again = threads(board, read_env(board, "many")["process"])
        assert {index: (prio, mask) for index, (_, prio, _, _, mask) in again.items()} == expected, again


def test_each_vm_has_its_own_env():
    """Each is JSON and says what its own configuration has, however much that is."""
    vdevs = "\n".join(f"vdev pl011 loc {0x1c100000 + 0x1000 * i:#x} intr gic:{40 + i} name serial-port.number_{i:02}-{'x' * 9} "
                      f"hostdev >/dev/console/big{i}" for i in range(3))
    big = "\n".join(["cpu " * 8, *(f"rom {0x40000000 + 0x10000 * i:#x},4K" for i in range(7)), vdevs,
                     "vdev gic gicd 0x2c000000 gicr 0x2c100000",
                     *(f"pass loc {0x50000000 + 0x1000 * i:#x},0x1000,rc={0x60000000 + 0x1000 * i:#x}" for i in range(14)),
                     "pass loc 0x9010000,0x1000,rwn pass intr gic:99=34"])
    vms = {"big": ("idle=1", big, 'regions = "frame"; devices = "/pl031@9010000";'), "small": ("idle=1", "", ""),
           "a.name_with-all": ("idle=1", "", "")}
    files = archive_files_of(vms)
    files["system.dts"] = files["system.dts"].replace(
        "vms {", "memory { frame { start = <0x60000000>; bytes = <0x100000>; }; }; vms {", 1)
    with Board(make_archive(files), cpus=2) as board:
        board.prompt()
        for name in vms:
            board.output_with(f"vm status {name}", r"entries +[1-9]")
        assert board.command_output("ls /dev/qvm").split() == list(vms)
        env = {name: read_env(board, name) for name in vms}
    assert [one["system"] for one in env.values()] == list(vms)
    assert len({one["process"] for one in env.values()}) == 3
    big = env["big"]
    assert len(big["vcpus"]) == 8 and [vcpu["state"] for vcpu in big["vcpus"]] == ["on"] + ["off"] * 7
    assert [one["kind"] for one in big["memory"]] == ["rom"] * 7 + ["ram"]
    assert [(one["loc"], one["intr"]) for one in big["vdevs"]] == [
        *((f"{0x1c100000 + 0x1000 * i:#x}", [40 + i]) for i in range(3)), ("0x1c090000", [37])], big["vdevs"]
    assert big["vdevs"][2]["name"] == "serial-port.number_02-xxxxxxxxx"
    assert big["gic"] == {"gicd": "0x2c000000", "gicr": "0x2c100000"}
    assert big["pass"][3] == {"start": "0x50003000", "host": "0x60003000", "bytes": 4096} and len(big["pass"]) == 15
    assert big["pass_intr"] == [{"guest": 99, "host": 34}]
    for name in ("small", "a.name_with-all"):
        assert (env[name]["pass"], env[name]["pass_intr"], len(env[name]["vcpus"])) == ([], [], 1), env[name]


def test_the_longest_name_works_everywhere():
    """The longest name, and one that only the system description gives: the same everywhere."""
    longest = "abcdefghijklmnopqrstuvwxyz-1234"
    files = archive_files_of({longest: ("idle=1", "", ""), "nameless": ("idle=1", "", "")})
    for name in (longest, "nameless"):
        config = files[f"{name}.qvmconf"].replace(f"hostdev /dev/console/{name}", "")
        files[f"{name}.qvmconf"] = config.replace("system nameless\n", "")
    with Board(make_archive(files)) as board:
        board.prompt()
        for name in (longest, "nameless"):
            assert told(board, name)["counter"], name
            assert re.search(rf"^ *{name} +running ", board.command_output("vm list"), re.M)
            assert read_env(board, name)["system"] == name
            assert re.search(rf"^ *\d+ +{name} ", board.command_output("pidin mem"), re.M)
        assert "qvm-guest" not in board.command_output("pidin") + board.command_output("slog2info")
