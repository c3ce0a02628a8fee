# SPDX-License-Identifier: Apache-2.0
"""Virtual devices that are loaded: examples/vdev-template as its README says, and what becomes of bad ones."""
import os
import re
import subprocess
import time

import pytest

from harness import BUILD, PROMPT, TOP, Board, archive_files, bare_vm, make_archive, refused, system_dts

TEMPLATE = TOP / "examples/vdev-template"


def settled(board):
    """`vm list` when all VMs have ended, and no memory is being cleared any more."""
    return board.output_with("vm list", r"\A(?![\s\S]* (?:starting|running|ending) )")


def shell(script, home, **more):
    done = subprocess.run(["bash", "-eu", "-c", script], cwd=TOP, capture_output=True, text=True, timeout=500,
                          stdin=subprocess.DEVNULL,
                          env={**os.environ, "HOME": str(home), "BUILD": str(BUILD), "MAKEFLAGS": "", **more})
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_readme_leads_to_a_vdev(tmp_path):
    """From nothing to a guest that uses it, by the README's own commands."""
    text = (TEMPLATE / "README.md").read_text()
    commands = re.findall(r"```sh\n(.*?)```", text, re.S)
    expected = re.findall(r"^    (counter: .*)$", text, re.M)
    assert len(commands) == 3 and len(expected) == 4
    for command in commands:
        shell(command, tmp_path)
    with Board(tmp_path / "counter/counter.cpio", cpus=1) as board:
        board.prompt()
        board.open_console("counter")
        for line in expected:
            board.expect(line + "\r")
        board.leave_console()
        board.command_output("vm start counter")
        board.output_with("vm list", r"^counter +stopped +2 +off, exit 0")
        assert "counter: ends at 3" in board.command_output("slog2info")


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """The headers, and a guest."""
    home = tmp_path_factory.mktemp("sdk")
    shell(f'make install-sdk DESTDIR="$HOME/sdk"; cp -r {TEMPLATE} "$HOME/plain"; make -C "$HOME/plain" SDK="$HOME/sdk"',
          home)
    return home


def variant(sdk, name, *changes):
    """vdev-NAME.so: the template with some text replaced."""
    source = "#include <errno.h>\n" + (TEMPLATE / "counter.c").read_text()
    source = source.replace('"options.def"', f'"{TEMPLATE}/options.def"')
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    (sdk / f"{name}.c").write_text(source)
    shell(f'printf \'include %s/include/qvm/vdev.mk\\nall:\\n\\t$(VDEV_CC) $(VDEV_CFLAGS) -O2 -I%s/include '
          f'$(VDEV_LDFLAGS) %s -o %s\\n\' "$HOME/sdk" "$HOME/sdk" "$HOME/{name}.c" "$HOME/vdev-{name}.so" '
          f'| make -f -', sdk)
    return (sdk / f"vdev-{name}.so").read_bytes()


def config(vm, vdevs):
    lines = [f"system {vm}", "ram 0x80000000,16M", "load counter-guest.elf", "vdev pl011", "loc 0x1c090000",
             "intr gic:37", f"hostdev /dev/console/{vm}"]
    for i, (vdev, *options) in enumerate(vdevs):
        lines += [f"vdev {vdev}", f"loc {0x1c0a0000 + 0x10000 * i:#x}", f"intr gic:{38 + i}", *options]
    return "\n".join(lines) + "\n"


LOAD = "vdev_register_factory(&factory, QVM_VDEV_ABI);"
TICK = "\tc->count++;\n"
VARIANTS = {
    "silent": [(LOAD, '__asm__ volatile("");')],
    "twice": [(LOAD, LOAD + LOAD)],
    "misnamed": [(".control = control,", '.control = control, .name = "other",')],
    "safety": [(".safety = VDEV_SAFETY_BUILT", ".safety = VDEV_SAFETY_SELECTED")],
    "sized": [(".acc_sizes = 1u << 4", ".acc_sizes = 1u << 3")],
    "error": [("if (vopnd->location != COUNT", "if (c->count >= 1) return VRS_ERRNO + EIO;\n"
               "\tif (vopnd->location != COUNT")],
    "custom": [(TICK, TICK + "\tguest_terminate((guest_termination_cause_t)40);\n")],
    "constant": [(TICK, TICK + '\tstatic const char *const text[] = {"text"};\n'
                  "\t*(const char *volatile *)&text[0] = 0;\n")],
    "code": [(TICK, TICK + "\t*(volatile uint32_t *)(uintptr_t)&timer = 0;\n")],
}


def test_bad_devices_end_only_their_vm(sdk):
    """Each VM has one of them. It ends as documented, says why, and hurts nobody."""
    vdev = {name: variant(sdk, name, *changes) for name, changes in VARIANTS.items()}
    vms = {name: [(name, "period 50")] for name in VARIANTS}
    vms["good"] = [("counter", "name one", "period 200"), ("counter", "name two", "period 70")]
    system = {f"vdev-{name}.so": content for name, content in vdev.items()}
    system["vdev-counter.so"] = (sdk / "plain/system/vdev-counter.so").read_bytes()
    system["counter-guest.elf"] = (sdk / "plain/system/counter-guest.elf").read_bytes()
    system.update({f"{vm}.qvmconf": config(vm, vdevs) for vm, vdevs in vms.items()})
    system["system.dts"] = system_dts(vms=list(vms))
    with Board(make_archive(system), cpus=1) as board:
        board.prompt()
        board.output_with("vm list", r"^good +stopped +1 +off, exit 0")
        listed = settled(board)
        log = board.command_output("slog2info")
    for name, end in {**dict.fromkeys(["silent", "twice", "misnamed", "safety", "sized"],
                                      "error, exit 65"), "error": "error, exit 6", "custom": "error, exit 40"}.items():
        assert re.search(rf"^{name} +stopped +1 +{end} ", listed, re.M), (name, listed)
    for name in ("constant", "code"):
        assert re.search(rf"{name} ended: fault, syndrome 9", log), log
    for text in ("[silent.qvmconf:8] vdev-silent.so: it has registered no vdev",
                 "[twice.qvmconf:8] vdev-twice.so: it has registered more than one vdev",
                 "[misnamed.qvmconf:8] vdev-misnamed.so: the vdev that it has registered has another name than the file",
                 "[safety.qvmconf:8] vdev-safety.so: its factory and its note differ in what they say about safety",
                 "a vdev is not registered: its factory names access sizes that do not exist",
                 "vdev error: a read: I/O error"):
        assert text in log, (text, log)
    one, two = (int(re.search(rf"{name}: ends at (\d+)", log).group(1)) for name in ("one", "two"))
    assert 3 <= one < two


def test_a_vdev_leaves_the_guests_fp_registers(sdk):
    """A vdev that logs makes qvm use FP registers between two entries into the guest. The guest's own stay as they are."""
    loud = variant(sdk, "loud", ("\tmutex_lock(&vdp->v_mtx);\n\tvalue =", '\tvdev_logf(QL_QVM_DEBUG, vdp, "read %u", cookie);\n'
                                 "\tmutex_lock(&vdp->v_mtx);\n\tvalue ="))
    system = {"vdev-loud.so": loud, "system.dts": system_dts(vms=["loud"]),
              "loud.qvmconf": bare_vm("loud", "fp", "device=0x1c0a0000 seconds=3", cpus=("sched 10",),
                                      more="vdev loud\n\tloc 0x1c0a0000\n\tintr gic:38")}
    with Board(make_archive(system), cpus=1) as board:
        board.prompt()
        board.open_console("loud")
        end = board.expect(r"fp: (done,|FAILED after) (\d+) rounds")
        if end.group(1) != "done,":
            board.fail("the guest has found other values in its FP registers")
    assert int(end.group(2)) > 100, f"only {end.group(2)} rounds"


BUTTON = [("VFF_INTR_NONPCI", "VFF_BUTTON | VFF_INTR_NONPCI"),
          ("case VDEV_CTRL_STATUS:", "case VDEV_CTRL_BUTTON: c->count = 3; vdev_logf(QL_QVM_INFO, vdp, \"pressed\"); return 0;\n"
           "\tcase VDEV_CTRL_STATUS:")]


def test_the_power_button_switches_a_guest_off(sdk):
    """A guest that is told switches itself off; one that ignores it ends with the second signal, or when time is up."""
    system = {"vdev-button.so": variant(sdk, "button", *BUTTON), "system.dts": system_dts(vms=["willing", "stubborn"]),
              "counter-guest.elf": (sdk / "plain/system/counter-guest.elf").read_bytes()}
    for vm in ("willing", "stubborn"):
        system[f"{vm}.qvmconf"] = config(vm, [("button", "period 60000")])
    system["stubborn.qvmconf"] = system["stubborn.qvmconf"].replace("counter-guest.elf", "probe.elf cmdline idle=1")
    with Board(make_archive(system), cpus=2) as board:
        def begun(vm):
            board.output_with(f"vm status {vm}", r"entries +[1-9]")

        def presses(vm):
            return len(re.findall(rf"info +{vm} +.*pressed", board.command_output("slog2info")))

        board.prompt()
        for signal in ("TERM", "INT"):
            begun("willing")
            board.command_output(f"slay -s {signal} willing")
            board.output_with("vm list", r"^willing +stopped +\d +off, exit 0 ")
            board.command_output("vm start willing")
        begun("stubborn")
        board.command_output("slay -s INT stubborn")
        board.output_with("slog2info", r"info +stubborn +.*pressed")
        time.sleep(1)
        assert re.search(r"^stubborn +running", board.command_output("vm list"), re.M)
        board.command_output("vm stop stubborn")
        board.output_with("vm list", r"^stubborn +stopped +1 +signal, exit 0 ")
        assert (presses("willing"), presses("stubborn")) == (2, 1)
        # Who cuts the power presses no button. The next life knows nothing of the first one's.
        for signal, end in (("QUIT", "signal, exit 3"), ("KILL", "killed")):
            board.command_output("vm start stubborn")
            begun("stubborn")
            board.command_output(f"slay -s {signal} stubborn")
            board.output_with("vm list", rf"^stubborn +stopped +\d +{end} ")
        assert presses("stubborn") == 1
        board.command_output("vm start stubborn")
        begun("stubborn")
        began = time.monotonic()
        board.send("shutdown\r")
        board.expect_end()
        assert time.monotonic() - began > 4, "nobody waited for the guest that had its button pressed"


# Says what it is told, and refuses a value that its description allows.
TELLER = [("\tc->period_ns = vdev", "\tif (vdev_number(text) == 60000)\n\t\treturn EINVAL;\n\tc->period_ns = vdev"),
          ("switch ((unsigned)ctrl) {", 'vdev_logf(QL_QVM_INFO, vdp, "told %x", (unsigned)ctrl);\n'
           "\tif (ctrl == VDEV_CTRL_GUEST_STARTING && vdp->v_name[0] == 'x') return EIO;\n\tswitch ((unsigned)ctrl) {")]
MADE = "a0 a100 a1 b0 b100 b1 a8 b8 b6 a6"
LIVES = {
    "whole": (["name a", "period 70"], ["name b", "period 90"], MADE + " a2 b2 a9 b9 b3 a3", "off, exit 0"),
    # GUEST_CONFIGURED is not sent: threads and timers would begin.
    "dry": (["name a", "period 70"], ["name b", "period 90", "dryrun"], MADE + " b3 a3", "off, exit 0"),
    "refused": (["name a", "period 70"], ["name b", "period 60000"], "a0 a100 a1 b0 b100 b3 a3", "error, exit 65"),
    "unborn": (["name a", "period 70"], ["name xb", "period 90"],
               MADE.replace("b", "xb") + " a2 xb2 a9 xb9 xb3 a3", "error, exit 6"),
}


def test_control_codes_come_in_order(sdk):
    """Two instances of one file are told the documented codes in the documented order, also if the VM cannot start."""
    system = {"vdev-teller.so": variant(sdk, "teller", *TELLER),
              "counter-guest.elf": (sdk / "plain/system/counter-guest.elf").read_bytes(),
              "system.dts": system_dts(vms=list(LIVES))}
    for vm, (first, second, _, _) in LIVES.items():
        text = config(vm, [("teller", *first), ("teller", *second)])
        # The names tell in the log whose it is.
        system[f"{vm}.qvmconf"] = re.sub(r"name (\w+)", rf"name \1.{vm}", text)
    with Board(make_archive(system), cpus=1) as board:
        board.prompt()
        board.output_with("vm list", r"^whole +stopped +1 +off, exit 0")
        listed = settled(board)
        log = board.command_output("slog2info")
    assert "vdev teller: 'period 60000': Invalid argument" in log, log
    for vm, (_, _, told, end) in LIVES.items():
        assert re.search(rf"^{vm} +stopped +1 +{end} ", listed, re.M), (vm, listed)
        assert " ".join(a + b for a, b in re.findall(rf"(\w+)\.{vm}: told (\w+)", log)) == told, (vm, log)


def test_a_damaged_vdev_stops_the_system():
    """What the host tool would not let pass, procmgr does not either: nothing starts."""
    archive = make_archive("hello")
    content = bytearray(archive.read_bytes())
    at = content.index(b"vdev-pl011.so\0")
    elf = content.index(b"\x7fELF", at)
    content[elf + 18] = 62  # e_machine: x86-64
    archive.write_bytes(content)
    with Board(archive, cpus=1) as board:
        board.expect(re.escape("[hello.qvmconf:11] vdev pl011: vdev-pl011.so: "))
        board.expect("system not started: 1 mistake")


@pytest.mark.parametrize("safety", ["none", "required"])
def test_a_changed_vdev_is_named(sdk, safety):
    """A type that only its file knows: what is wrong is said of the file, not that there were no such type."""
    files = {file.name: file.read_bytes() for file in (sdk / "plain/system").iterdir()}
    files["counter.qvmconf"] = files["counter.qvmconf"].replace(b"vdev counter",
                                                                f"safety {safety} vdev counter".encode())
    archive = make_archive(files)
    content = bytearray(archive.read_bytes())
    start, size = archive_files(content)["vdev-counter.so"]
    content[start + size - 1] ^= 1
    archive.write_bytes(content)
    said = re.escape("[counter.qvmconf:12] vdev counter: vdev-counter.so: differs from the one that was signed")
    if safety == "none":
        refused(archive, said)
        return
    with Board(archive, cpus=1) as board:
        board.expect(said)
        board.expect("'safety required' is not met")
        board.expect("global design safe state")
        board.expect_nothing(rf"{PROMPT}|started: slot|panic", 3, may_end=True)
