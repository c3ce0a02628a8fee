# SPDX-License-Identifier: Apache-2.0
"""Boots the bare machine, Bulkhead and Xen in QEMU, unattended, and collects the rows that are printed.

Nothing is typed and the guest prints when all is measured, so a run repeats to the instruction. One tick of the counter
is one instruction of all CPUs together (-icount shift=0, and a counter of 1 GHz).
"""

import os
import pathlib
import random
import re
import subprocess
import sys
import threading

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/system"))

import boards  # noqa: E402
from harness import BUILD, KBENCH, make_archive, system_dts  # noqa: E402
from rows import Measured, one  # noqa: E402

ROW = re.compile(r"bench: ([\w.@]+) min (\d+) median (\d+) p99 (\d+) max (\d+)(?: at (0x[0-9a-f]+))?")
STOPPED = re.compile(r"panic on CPU|Bulkhead cannot start|system not started")
ENTRY = re.compile(r"bench: entry cntvct (\d+) cntpct (\d+)")
LIMIT = 300  # seconds that a boot may take
LINUX_BYTES = 33 << 20
XEN_MODULE = 0x50000000
GUEST = BUILD / "guests/bench.img"


class Failed(Exception):
    """A system could not be measured."""


def parse_rows(text):
    """Row id -> Measured, of all lines that are rows."""
    return {name: Measured(*map(int, values), at) for name, *values, at in ROW.findall(text)}


def parse_entry(text):
    """What the counters showed at the guest's first instruction: virtual, physical."""
    found = ENTRY.search(text)
    if not found:
        raise Failed("the guest does not say when it was entered")
    return int(found.group(1)), int(found.group(2))


def qemu(cpu, cpus, virtualization=True, ram=None):
    command = boards.qemu(cpu=f"{cpu},cntfrq=1000000000", cpus=cpus, ram=ram)
    return [*(command if virtualization else boards.bare(command)), "-display", "none", "-monitor", "none", "-serial",
            "stdio", "-no-reboot", "-icount", "shift=0,sleep=off"]


def boot(name, command, until, times=1):
    """Runs QEMU until it has printed so many lines that match `until`, and returns its output. The log keeps all of it."""
    log = BUILD / "logs" / f"bench-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    text = ""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace") as process, open(log, "w", encoding="utf-8") as file:
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        try:
            for line in process.stdout:
                text += line
                file.write(line)
                times -= bool(re.search(until, line))
                if times == 0:
                    return text
                if STOPPED.search(line):
                    raise Failed(f"{name}: {line.strip()}; see {log}")
        finally:
            timer.cancel()
            process.kill()
    raise Failed(f"{name}: no `{until}` within {LIMIT} s, or QEMU ended; see {log}")


def vm_conf(name, cmdline, cpus, console, program="bench.img", before=(), devices=(), ram="16M"):
    """Each virtual CPU has a CPU of its own. The guest's counter is the board's: it counts from power-on."""
    lines = [f"system {name}", f"ram 0x80000000,{ram}", *(f"cpu sched 10 runmask {cpu}" for cpu in range(cpus)),
             f"load {program}", f'cmdline "{cmdline}"', "set counter-offset 0", *before, "vdev pl011", "\tloc 0x1c090000",
             "\tintr gic:37", f"\thostdev /dev/console/{console}", *devices, ""]
    return "\n".join(lines)


def bulkhead_system(cpus, idle_vms=0, cmdline=""):
    """The measuring VM, and others that wait for ever. There is no shell: its console, which is shown, is the VM's."""
    idle = [f"idle{i}" for i in range(idle_vms)]
    files = {"system.dts": system_dts(vms=[*idle, "bench"], shell=False),
             "bench.qvmconf": vm_conf("bench", cmdline, min(cpus, 2), "shell")}
    for name in idle:
        files[f"{name}.qvmconf"] = vm_conf(name, "idle=1", min(cpus, 2), name)
    return files


def bulkhead_command(name, files, cpu, cpus, ram=None):
    archive = make_archive(files, f"bench-{name}")
    return [*qemu(cpu, cpus, ram=ram), "-kernel", str(BUILD / "Image"), "-initrd", str(archive)]


def bulkhead(cpu, cpus=2, idle_vms=0):
    """The rows of the guest."""
    name = f"bulkhead-{cpu}-{cpus}cpu-{idle_vms + 1}vm"
    return parse_rows(boot(name, bulkhead_command(name, bulkhead_system(cpus, idle_vms), cpu, cpus), "bench: done"))


def kernel(cpu):
    """The rows of the kernel's calls, measured by two processes."""
    name = f"kernel-{cpu}"
    files = {"system.dts": system_dts(first=KBENCH)}
    return parse_rows(boot(name, bulkhead_command(name, files, cpu, 1), "kbench: done"))


RAISER, SECOND = 0x1C0B0000, 0x1C0C0000
DEVICES = ("vdev raise", f"\tloc {RAISER:#x}", "\tintr gic:40", "vdev pl011", f"\tloc {SECOND:#x}", "\tintr gic:287",
           "\thostdev /dev/console/second")


def patterns(cpu, what, cmdline, vcpus, other=None):
    """The rows of guests/patterns. `other`: boot arguments of another VM with it, on the first CPU."""
    cmdline = f"{cmdline} raiser={RAISER:#x} second={SECOND:#x}"
    files = {"system.dts": system_dts(vms=[*(["other"] if other else []), "bench"], shell=False),
             "vdev-raise.so": (BUILD / "bench/vdev-raise.so").read_bytes(),
             "bench.qvmconf": vm_conf("bench", cmdline, vcpus, "shell", "patterns.elf",
                                      ("unsupported reference ignore",), DEVICES)}
    if other:
        files["other.qvmconf"] = vm_conf("other", other, 1, "other", "patterns.elf")
    name = f"{what}-{cpu}"
    return parse_rows(boot(name, bulkhead_command(name, files, cpu, vcpus), "bench: done"))


def operations(cpu):
    """All operations of the rows."""
    targets = patterns(cpu, "targets", "targets=1", 4, "fp=1")
    one_target, two, three, others = (targets[f"sgi_targets.{n}"].median for n in ("1", "2", "3", "others"))
    further = max(two - one_target, (three - one_target) // 2, (others - one_target) // 2)
    return {**patterns(cpu, "operations", "rows=1", 2, "fp=1"), **targets, "sgi_further": one(further),
            **patterns(cpu, "turns", "turns=2", 1, "turns=1")}


def real(cpu):
    """A few rows in the states that guests are really in."""
    return {**patterns(cpu, "real", "real=1", 4, "fp=1"), **patterns(cpu, "real-vm", "real=1 vm=1", 4, "busy=15")}


def bare(cpu):
    command = [*qemu(cpu, 2, virtualization=False), "-kernel", str(GUEST), "-append", "bare=1"]
    text = boot(f"bare-{cpu}", command, "bench: done")
    return {**parse_rows(text), "boot_first_instruction": one(parse_entry(text)[1])}


def xen_image():
    """What `tools/setup.sh bench` has fetched, or None."""
    path = BUILD / "xen/xen"
    return path if path.exists() else None


def xen_tree(name, command, cmdline, cpus):
    """QEMU's own device tree with a guest that Xen starts without dom0 (Xen, docs/features/dom0less.pandoc)."""
    folder = BUILD / "xen"
    dumped, source, tree = (folder / f"{name}{suffix}" for suffix in ("-board.dtb", ".dts", ".dtb"))
    dump = boards.with_machine(command, lambda machine: f"{machine},dumpdtb={dumped}")
    subprocess.run(dump, check=True, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dumped], check=True, capture_output=True, text=True,
                          timeout=60).stdout
    source.write_text(text + f"""
/ {{ chosen {{
    #address-cells = <2>;
    #size-cells = <2>;
    xen,xen-bootargs = "console=dtuart vwfi=native";
    guest {{
        compatible = "xen,domain";
        #address-cells = <2>;
        #size-cells = <2>;
        cpus = <{cpus}>;
        memory = <0 0x4000>;
        vpl011;
        module@{XEN_MODULE:x} {{
            compatible = "multiboot,kernel", "multiboot,module";
            reg = <0 {XEN_MODULE:#x} 0 {GUEST.stat().st_size}>;
            bootargs = "{cmdline}";
        }};
    }};
}}; }};
""")
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree, source], check=True, timeout=60)
    return tree


def boot_xen(cpu, cpus, cmdline, until):
    name = f"xen-{cpu}-{cpus}cpu"
    command = qemu(cpu, cpus)
    tree = xen_tree(name, command, cmdline, cpus)
    return boot(name, [*command, "-kernel", str(xen_image()), "-dtb", str(tree), "-device",
                       f"loader,file={GUEST},addr={XEN_MODULE:#x},force-raw=on"], until)


def xen(cpu):
    rows = parse_rows(boot_xen(cpu, 2, "xen=1", "bench: done"))
    entered = parse_entry(boot_xen(cpu, 1, "xen=1 reset=1", "bench: entry"))
    return {**rows, "boot_first_instruction": one(entered[1])}


def bulkhead_boot(cpu, vms=1):
    """Instructions from power-on to the first one of the guest that is started last. The counter is read by the second
    instruction that the guest executes."""
    name = f"boot-{cpu}-{vms}vm"
    command = bulkhead_command(name, bulkhead_system(1, vms - 1, "reset=1"), cpu, 1)
    return one(parse_entry(boot(name, command, "bench: entry"))[0])


def linux_sized():
    """guests/bench as large as Debian's kernel. A loader sees no difference: header, length, and nothing that repeats."""
    image = bytearray(GUEST.read_bytes())
    image += random.Random(1).randbytes(LINUX_BYTES - len(image))
    image[16:24] = len(image).to_bytes(8, "little")  # image_size: Linux, Documentation/arch/arm64/booting.rst
    return bytes(image)


def boot_linux_sized(cpu):
    """As bulkhead_boot(), with an Image of Linux's size and 512 MiB."""
    name = f"boot-linux-sized-{cpu}"
    files = {**bulkhead_system(1, 0, "reset=1"), "large.img": linux_sized(),
             "bench.qvmconf": vm_conf("bench", "reset=1", 1, "shell", "large.img", ram="512M")}
    return one(parse_entry(boot(name, bulkhead_command(name, files, cpu, 1), "bench: entry"))[0])


def restart(cpu, ram, board=None):
    """A guest with so much memory resets itself, and procmgr starts it again: from its call to its first instruction.
    `board`: the board's memory. The policy's delay is over long before the memory is clear."""
    name = f"restart-{ram}-{cpu}"
    again = ("bench", 'restart = "always"; restart-delay = <1>;')
    files = {"system.dts": system_dts(vms=[again], shell=False),
             "bench.qvmconf": vm_conf("bench", "reset=1", 1, "shell", ram=ram)}
    text = boot(name, bulkhead_command(name, files, cpu, 1, board), "bench: entry", 2)
    return one(int(ENTRY.findall(text)[1][0]) - int(re.search(r"bench: reset at (\d+)", text).group(1)))


def guest_symbol(name):
    """Its address in guests/bench, where an ELF file lies as it is linked."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", BUILD / "guest-programs/bench/bench.debug"], check=True,
                           capture_output=True, text=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}$", lines, re.MULTILINE).group(1), 16)


def restart_shared(cpu):
    """As restart() with 512 MiB, on two CPUs that are both in the VM's run masks: the instructions of each. The guest
    makes no call but its reset."""
    name = f"restart-shared-{cpu}"
    again = ("bench", 'restart = "always"; restart-delay = <1>;')
    files = {"system.dts": system_dts(vms=[again], shell=False),
             "bench.qvmconf": vm_conf("bench", "reset=1", 2, "shell", "bench.elf", ram="512M")}
    out = BUILD / "path/each"
    out.unlink(missing_ok=True)
    plugin = (f"file={BUILD}/path/each.so,from={guest_symbol('hvc'):#x},to={guest_symbol('_start'):#x},out={out}")
    boot(name, [*bulkhead_command(name, files, cpu, 2), "-plugin", plugin], "bench: entry", 2)
    return [int(line) for line in out.read_text().split()[:-1]]


def versions():
    """What the counts depend on besides the tree."""
    compiler = subprocess.run([os.environ.get("XCC", "aarch64-linux-gnu-gcc"), "--version"], check=True,
                              capture_output=True, text=True).stdout.splitlines()[0]
    emulator = subprocess.run(["qemu-system-aarch64", "--version"], check=True, capture_output=True,
                              text=True).stdout.splitlines()[0]
    return {"compiler": compiler, "qemu": emulator, "machine": boards.machine(boards.qemu())}
