# SPDX-License-Identifier: Apache-2.0
"""Scripts of the build that read what a tool prints: right in every locale, and loud when they find nothing."""
import os
import subprocess

import pytest

import run

ENGLISH = {
    "-hW": """
      Type:                              DYN (Position-Independent Executable file)
      Entry point address:               0x120
    """,
    "-lW": """
    Program Headers:
      LOAD           0x000000 0x0000000000000000 0x0000000000000000 0x01ee54 0x01ee54 R E 0x1000
      LOAD           0x01f000 0x000000000001f000 0x000000000001f000 0x008d24 0x0740f8 RW  0x1000
    """,
    "-rW": """
Relocation section '.rela.dyn' at offset 0x100 contains 1 entry:
    Offset             Info             Type               Symbol's Value  Symbol's Name + Addend
0000000000028000  0000000000000403 R_AARCH64_RELATIVE                        9ac8
    """,
}
# As binutils say it in French: the words that the scripts look for are others.
FRENCH = {
    "-hW": """
      Type:                              DYN (fichier exécutable indépendant de la position)
      Adresse du point d'entrée:               0x120
    """,
    "-lW": """
    En-têtes de programme :
      CHARGER        0x000000 0x0000000000000000 0x0000000000000000 0x01ee54 0x01ee54 R E 0x1000
    """,
    "-rW": """
Section de réadressage '.rela.data' à l'adresse de décalage 0x100 contient 1 entrée :
0000000000000000  0000000b00000101 R_AARCH64_ABS64        0000000000000000 there + 0
    """,
}
NO_RELOCATIONS = "\nThere are no relocations in this file.\n"
ABSOLUTE = """
Relocation section '.rela.data' at offset 0x1d48 contains 1 entry:
    Offset             Info             Type               Symbol's Value  Symbol's Name + Addend
0000000000000000  0000000b00000101 R_AARCH64_ABS64        0000000000000000 there + 0
"""
# Each script, and what it must say when readelf prints nothing for one of its questions.
SILENT = {("layout.sh", "-hW"): "names no entry point", ("layout.sh", "-lW"): "names no segment to load",
          ("relative-only.sh", "-hW"): "it is not position-independent",
          ("relative-only.sh", "-rW"): "names neither relocations nor their absence",
          ("no-addresses.sh", "-rW"): "names neither relocations nor their absence"}


def tool(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def readelf(folder, answers, status=0):
    """A readelf that answers so; with `answers` None in English only where the locale is C, else in French."""
    cases = []
    for option in ENGLISH:
        if answers is None:
            text = f'if [ "${{LC_ALL-}}" = C ]; then cat {folder}/english{option}; else cat {folder}/french{option}; fi'
            (folder / f"english{option}").write_text(ENGLISH[option])
            (folder / f"french{option}").write_text(FRENCH[option])
        else:
            text = f"cat {folder}/answer{option}"
            (folder / f"answer{option}").write_text(answers[option])
        cases.append(f"{option}) {text} ;;")
    return tool(folder / "readelf", f"case $1 in\n" + "\n".join(cases) + f"\nesac\nexit {status}")


def script(name, *words, **environment):
    return subprocess.run([run.TOP / "tools" / name, *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


SCRIPTS = sorted({name for name, _ in SILENT})


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("locale", ({"LC_ALL": "fr_FR.UTF-8"}, {"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, {"LC_MESSAGES": "tr_TR"}))
def test_tools_are_parsed_in_any_locale(tmp_path, name, locale):
    done = script(name, readelf(tmp_path, None), "program", **locale)
    assert (done.returncode, done.stderr) == (0, "")
    if name == "layout.sh":
        assert "procmgr_segment_count:\n\t.quad 2\nprocmgr_entry:\n\t.quad 0x120\n" in done.stdout
        assert "\t.quad 0x000000000001f000, 0x01f000, 0x008d24, 0x0740f8, 3\n" in done.stdout


@pytest.mark.parametrize("name, option", SILENT)
def test_an_empty_find_is_refused(tmp_path, name, option):
    for said in ("", FRENCH[option] if (name, option) != ("relative-only.sh", "-hW") else "", "\n"):
        done = script(name, readelf(tmp_path, {**ENGLISH, option: said}), "program")
        assert done.returncode == 1, said
        assert SILENT[name, option] in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_readelf_that_fails_is_reported(tmp_path, name):
    done = script(name, readelf(tmp_path, ENGLISH, status=1), "program")
    assert done.returncode == 1
    assert "failed" in done.stderr and done.stdout == ""
    done = script(name, tmp_path / "nothing-here", "program")
    assert done.returncode == 1 and done.stdout == ""


@pytest.mark.parametrize("entry", ("", "0x", "point", "0x120 0x1"))
def test_a_wrong_entry_point_is_refused(tmp_path, entry):
    header = ENGLISH["-hW"].replace("0x120", entry)
    done = script("layout.sh", readelf(tmp_path, {**ENGLISH, "-hW": header}), "program")
    assert (done.returncode, done.stdout) == (1, "")
    assert "names no entry point" in done.stderr


def test_an_image_with_an_address_is_refused(tmp_path):
    """The second object alone has an address in it; debug information may have them."""
    tool(tmp_path / "readelf", f'case $2 in second) cat <<"TEXT"\n{ABSOLUTE}\nTEXT\n;; *) cat <<"TEXT"\n'
         f'{ABSOLUTE.replace(".rela.data", ".rela.debug_info")}\nTEXT\nesac')
    assert script("no-addresses.sh", tmp_path / "readelf", "first", "third").returncode == 0
    done = script("no-addresses.sh", tmp_path / "readelf", "first", "second", "third")
    assert (done.returncode, done.stderr) == (1, "second: the address of there is in its data\n")
    assert "no object is named" in script("no-addresses.sh", tmp_path / "readelf").stderr
    assert script("no-addresses.sh", readelf(tmp_path, {**ENGLISH, "-rW": NO_RELOCATIONS}), "first").returncode == 0


def make(*words, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return subprocess.run(["make", *words], cwd=run.TOP, env={**clean, **environment}, capture_output=True, text=True,
                          timeout=120)


BRANCH = "0000000000000000 <mmu_on>:\n   0:\tbr\tx0"


@pytest.mark.parametrize("said, status", (
    (BRANCH, 0), ("", 2), ("Déassemblage de la section .text :", 2), (BRANCH + "\n4 <other>:\n   4:\tblr\tx1", 2)))
def test_a_branch_that_may_not_be_is_found(tmp_path, said, status):
    """`make el2-branches`, of a kernel that is not built: what objdump says decides."""
    tool(tmp_path / "x-objdump", f"cat <<'TEXT'\n{said}\nTEXT")
    done = make("-o", "nowhere/kernel/kernel.elf", "BUILD=nowhere", f"CROSS={tmp_path}/x-", "el2-branches")
    assert done.returncode == status, done.stderr
    assert status == 0 or "EL2 may have an indirect branch only in <mmu_on>" in done.stderr


def functions(name, limit, *masks):
    """One function for each mask (None: it has none): a check below that limit, and the mask of an index."""
    return [f"0000000000000000 <{name}{n}>:\n   0:\tcmp\tx0, #{limit}\n   4:\tb.hi\t8 <{name}{n}+0x8>" +
            (f"\n   8:\t{mask}" if mask else "") for n, mask in enumerate(masks)]


OBJECT, SLOT = "and\tx1, x0, #0x1ff", "and\tx1, x0, #0x1f"
OBJECTS, SLOTS = functions("any", "0x1ff", *[OBJECT] * 20), functions("call_ProcessA", "0x1f", *[SLOT] * 10)
SIGNAL = functions("call_ProcessSignal.constprop.", "0x1f", f"{SLOT}\n   c:\tcmp\tx7, #0x1f")


@pytest.mark.parametrize("said, wrong", (
    (OBJECTS + SLOTS, None), (OBJECTS + SLOTS + SIGNAL, None),
    (OBJECTS + SLOTS + functions("serial", "0x1f", None), None),  # no call that takes a slot
    (OBJECTS + SLOTS[1:], ""), (OBJECTS[1:] + SLOTS, ""), ([], ""),
    (OBJECTS + SLOTS + functions("late", "0x1ff", SLOT), "an index is not masked at EL2, in <late0>:\n"),
    *((OBJECTS + SLOTS + functions(name, "0x1f", mask), f"a slot or a region is not masked at EL2, in <{name}0>:\n")
      for name, mask in (("call_MemInfo.isra.", None), ("call_ProcessSignal", None), ("call_SchedGet", OBJECT),
                         ("call_ThreadInfo", "and\tx1, x0, #0x3f"), ("call_ConnectAttach", None), ("map.", None)))))
def test_a_mask_that_is_missing_is_found(tmp_path, said, wrong):
    """`make el2-indices`: one mask is left out, is another's, or too little was found."""
    text = "\n".join(said)
    tool(tmp_path / "x-objdump", f"cat <<'TEXT'\n{text}\nTEXT")
    done = make("-o", "nowhere/kernel/kernel.elf", "BUILD=nowhere", f"CROSS={tmp_path}/x-", "el2-indices")
    assert done.returncode == (0 if wrong is None else 2), done.stderr
    assert done.stderr.startswith(wrong or "") and ("not masked" in done.stderr) == bool(wrong)


WAY = "0000000000000000 <guest_sync>:\n   0:\tmov\tx11, x1\n" + "   4:\tb\t80 <vcpu_return>\n" * 2


@pytest.mark.parametrize("more, status", (
    ("", 0), ("   c:\tadd\tx0, x11, #0x12\n", 0), ("\n90 <other>:\n   c:\tmov\tx12, x0\n", 0), ("   c:\tmov\tx12, x0\n", 2),
    ("   c:\tmov\tx19, x0\n", 2), ("   c:\tldp\tx0, x28, [x1]\n", 2), ("\n90 <other>:\n   c:\tb\t80 <vcpu_return>\n", 2),
    ("   c:\tldp\tx0, x18, [x1]\n", 2), ("   c:\tstr\tx0, [x15]\n", 2), ("   c:\tubfx\tw13, w1, #1, #2\n", 2),
    ("   c:\tbl\t90 <other>\n", 2), (None, 2)))
def test_a_register_that_the_short_way_out_loses_is_found(tmp_path, more, status):
    """`make el2-registers`: guest_sync() uses one of x12 to x28 or calls a function, or another function leads there;
    or there is no such way."""
    text = "" if more is None else WAY + more
    tool(tmp_path / "x-objdump", f"cat <<'TEXT'\n{text}\nTEXT")
    done = make("-o", "nowhere/kernel/kernel.elf", "BUILD=nowhere", f"CROSS={tmp_path}/x-", "el2-registers")
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize("table, wrong", (
    ("call 1 Do\narg int a\nargument int b", ":3: not a valid line: argument int b"),
    ("call one Do", ":1: not a valid line: call one Do"), ("arg int a", ":1: not a valid line: arg int a"),
    ("call 1 Do\ncall 1 Undo", ": two calls have the same number"), ("call 1 Do\ncall 2 Do", ": two calls have the same name"),
    ("call 1 Do\narg int a\nresult int status\nresult int a", ": Do has two arguments or results with the same name"),
    ("call 1 Do\n" + "".join(f"arg int a{n}\n" for n in range(7)), ": Do has more registers than a generated stub passes")))
def test_a_wrong_table_of_calls_is_refused(tmp_path, table, wrong):
    """A table of the kernel's calls that cannot be right."""
    file = tmp_path / "calls.def"
    file.write_text(table + "\n")
    done = subprocess.run([run.TOP / "tools/calls.py", file, tmp_path / "out"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"{file}{wrong}\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("said, status", (
    ("C,kernel/boot/a.c,2,3,2000\nC,kernel/b.c,2,3,10500\nSUM,,4,6,12500", 0),
    ("C,kernel/boot/a.c,2,3,2001\nC,kernel/b.c,2,3,10500", 2), ("C,kernel/b.c,2,3,11501", 2),
    ("C,kernel/b.c,2,3,11500\nC/C++ Header,nowhere/gen/calls/kernel.h,2,3,90000", 0), ("", 2), ("SOMME,,2,3,9000", 2)))
def test_the_line_limit_is_checked(tmp_path, said, status):
    """`make el2-lines`: all of it, and what is there once it runs. Generated lines have no limit."""
    tool(tmp_path / "cloc", f"cat >/dev/null; echo '{said}'")
    done = make("-o", "nowhere/kernel/kernel.elf", "BUILD=nowhere", "el2-lines",
                PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == status, done.stderr
    assert "kernel" in said or "cloc counted nothing" in done.stderr


def test_other_versions_of_a_tool_are_named(tmp_path):
    """Formatting and lint are those of one version: with another that is said, without any tool the check fails."""
    for name in ("clang-format", "clang-tidy"):
        tool(tmp_path / name, 'case $* in --version) echo "Debian LLVM version 19.1.7" ;; *) exit 1 ;; esac')
    path = f"{tmp_path}:{os.environ['PATH']}"
    tool(tmp_path / "cppcheck", 'case $* in --version) echo "Cppcheck 2.17.1" ;; *) exit 1 ;; esac')
    for target, what, pinned, this in (("format-check", "FORMAT  ", "14", "19"), ("tidy", "TIDY    ", "14", "19"),
                                       ("cppcheck", "CPPCHECK", "2.10", "2.17.1")):
        done = make(target, "BUILD=nowhere", PATH=path)
        assert (done.returncode, done.stdout) == (0, f"  {what} skipped: the tree uses version {pinned} (Debian 12), "
                                                     f"and this is {this}\n"), done.stderr
    assert make("format", PATH=path).returncode == 2
    for name, target in (("clang-format", "format-check"), ("cppcheck", "cppcheck")):
        tool(tmp_path / name, "exit 127")
        assert make(target, f"BUILD={tmp_path}/nowhere", PATH=path).returncode == 2


def test_a_bare_machine_gets_help_and_one_sentence(tmp_path):
    """Without a compiler: help, with nothing before it; and one sentence."""
    done = make("CROSS=nothing-here-", "help")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("make              build")
    for target in ("all", "check", "kernel"):
        done = make("CROSS=nothing-here-", "BUILD=nowhere", target)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith("nothing-here-gcc is not installed: tools/packages.sh, or 'make run', installs what is "
                                    "needed.  Stop.\n") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name, what", (("a clone", "blank"), ("it's", "'"), ("a$b", "$"), ("a#b", "#"), ("a:b", ":"), ("a(1)", "( )"),
                                        ("a&b", "&")))
def test_a_path_that_make_misreads_is_refused(tmp_path, name, what):
    folder = tmp_path / name
    folder.mkdir()
    for part in ("Makefile", "mk", "include"):
        (folder / part).symlink_to(run.TOP / part)
    done = make("-C", str(folder), "help")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"does not allow ({what}): move the clone" in done.stderr
    assert name == "a$b" or make(f"BUILD={folder}", "run").returncode == 2
    folder = folder.rename(tmp_path / "ä+b,c=d@e~-_.1")
    assert make("-C", str(folder), "help").returncode == 0


def test_an_example_builds_what_it_needs():
    """`make run`: no test program is built for it, of the guests those that it names, and a wrong name is one sentence."""
    made = make("-n", "BUILD=nowhere", "image", "EXAMPLE=hello").stdout
    assert "-o nowhere/guests" not in made and "nowhere/guests/hello.elf" in made and "-o nowhere/bulkhead\n" in made
    assert not any(word in made for word in ("clang", "nowhere/tests/", "nowhere/guests/probe.elf", "nowhere/first/", "/unit/"))
    made = make("-n", "BUILD=nowhere", "image", "EXAMPLE=two-linux").stdout
    assert "nowhere/guests/" not in made and "nowhere/vdevs/vdev-pl011.so" in made
    done = make("run", "EXAMPLE=nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no examples/nothing: choose EXAMPLE from hello two-linux uboot\n")


def test_every_script_settles_the_locale():
    """Each script settles the locale before its first command, the Makefile for all others."""
    scripts = [path for folder in ("boards", "tools", "tests", ".ci") for path in (run.TOP / folder).rglob("*")
               if path.is_file() and path.read_bytes()[:64].split(b"\n")[0].endswith((b"bash", b"/bin/sh"))]
    assert len(scripts) >= 8
    for path in scripts:
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        assert "export LC_ALL=C" in lines[:2], path
    shown = make("-pn", "BUILD=nowhere", "help", LC_ALL="fr_FR.UTF-8").stdout
    assert "\nLC_ALL := C\n" in shown and "\nexport LC_ALL" in (run.TOP / "Makefile").read_text()
