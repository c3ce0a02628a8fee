# SPDX-License-Identifier: Apache-2.0
"""tools/style.py finds each thing that docs/style.md says it finds, and not its neighbours."""
import collections
import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools"))

import style  # noqa: E402

LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
OPENING = LICENCE + "/* What this file holds. */\n"


def function(name, lines, static=""):
    """A function of so many lines, as clang-format lays it out."""
    return f"{static}void {name}(void)\n{{\n" + "\tstep();\n" * (lines - 3) + "}\n"


def rules(*files):
    return [(line, rule) for _, line, rule, _ in style.findings([(pathlib.Path(path), text) for path, text in files])]


BODY = "static void f(struct s *p)\n{{\n\t{}\n}}\n"

VIOLATIONS = {
    "no-licence": ("qvm/a.c", "/* What this file holds. */\n", [(1, "licence")]),
    "no-opening-in-a-header": ("qvm/a.h", LICENCE + "#pragma once\n", [(2, "opening")]),
    "no-opening-without-own-header": ("qvm/a.c", LICENCE + '#include "b.h"\n', [(2, "opening")]),
    "no-opening-in-a-script": ("tools/a.py", "# SPDX-License-Identifier: MIT\n", [(1, "licence")]),
    "sizeof": ("qvm/a.c", OPENING + BODY.format("g(sizeof *p);"), [(5, "sizeof")]),
    "null-if": ("qvm/a.c", OPENING + BODY.format("if (p != NULL)"), [(5, "null")]),
    "null-else-if": ("qvm/a.c", OPENING + BODY.format("} else if (p->next == NULL) {"), [(5, "null")]),
    "null-while": ("qvm/a.c", OPENING + BODY.format("while (p == NULL)"), [(5, "null")]),
    "null-for": ("qvm/a.c", OPENING + BODY.format("for (p = q; p != NULL; p = p->next)"), [(5, "null")]),
    "null-choice": ("qvm/a.c", OPENING + BODY.format("return p != NULL ? 1 : 2;"), [(5, "null")]),
    "null-and": ("qvm/a.c", OPENING + BODY.format("return x && p != NULL;"), [(5, "null")]),
    "null-in-the-second-line": ("qvm/a.c", OPENING + BODY.format("if (x ||\n\t    p == NULL)"), [(6, "null")]),
    "long-function": ("qvm/a.c", OPENING + function("a_do", 51), [(3, "function-lines")]),
    "long-file": ("qvm/a.c", OPENING + "\n" * 499, [(501, "file-lines")]),
    "long-test": ("tests/unit/a.c", OPENING + "\n" * 599, [(601, "file-lines")]),
    "verb-alone": ("qvm/a.c", OPENING + function("find", 5, "static "), [(3, "verbs")]),
    "no-prefix": ("qvm/a.c", OPENING + function("b_do", 5), [(3, "prefix")]),
    "no-prefix-of-the-family": ("lib/qvmconf/a.c", OPENING + function("sys_do", 5), [(3, "prefix")]),
    "not-described": ("qvm/a.h", OPENING + "\nint a_do(int x);\n", [(4, "described")]),
    "not-described-in-two-lines": ("qvm/a.h", OPENING + "\nconst char *a_do(int x,\n\t\t int y);\n", [(4, "described")]),
    "word-in-a-comment": ("qvm/a.c", OPENING + "/* It comes behind that. */\n", [(3, "words")]),
    "word-in-two-lines": ("qvm/a.c", OPENING + "/*\n * All but\n * for one.\n */\n", [(4, "words")]),
    "word-in-a-message": ("qvm/a.c", OPENING + BODY.format('say("%s at the most");'), [(5, "words")]),
    "word-in-a-document": ("docs/a.md", "Who asks waits.\n", [(1, "words")]),
    "word-in-a-script": ("tools/a.sh", "# SPDX-License-Identifier: Apache-2.0\n# How manieth.\n", [(2, "words")]),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_found(name):
    path, text, found = VIOLATIONS[name]
    assert rules((path, text)) == found


@pytest.mark.parametrize("path, text", [
    ("qvm/a.c", LICENCE + '#include "qvm/a.h"\n'),
    ("qvm/a.c", OPENING + BODY.format("g(sizeof(*p), sizeof(struct s)); /* sizeof x */")),
    ("qvm/a.c", OPENING + BODY.format("while ((p = next(p)) != NULL)")),
    ("qvm/a.c", OPENING + BODY.format("return p != NULL;")),
    ("qvm/a.c", OPENING + BODY.format("x = p == NULL;")),
    ("qvm/a.c", OPENING + BODY.format("if (x && !p)")),
    ("qvm/a.c", OPENING + function("a_do", 50)),
    ("qvm/a.c", OPENING + "\n" * 498),
    ("tests/unit/a.c", OPENING + "\n" * 598),
    ("qvm/a.c", OPENING + function("b_do", 5, "static ") + function("arch_do", 5)),
    ("qvm/a.c", OPENING + function("b_do", 5, "__attribute__((noinline)) static ")),
    ("lib/qvmconf/a.c", OPENING + function("qc_do", 5)),
    ("lib/string/a.c", OPENING + function("strdup", 5)),
    ("tests/unit/a.c", OPENING + function("find", 5)),
    ("qvm/a.h", OPENING + "\n/* Does it. */\nint a_do(int x);\nint a_undo(int x);\n"),
    ("qvm/a.h", OPENING + "\nint a_do(int x); /* does it */\n"),
    ("qvm/a.h", OPENING + "\nstatic inline int a_do(int x)\n{\n\treturn x;\n}\n"),
    ("tests/unit/a.h", OPENING + "\nint a_do(int x);\n"),
    ("qvm/a.c", OPENING + BODY.format("behind = p->behind;")),
    ("docs/a.md", "Devices behind the SMMU leave nothing behind.\n"),
])
def test_what_is_right_is_passed(path, text):
    assert not rules((path, text))


@pytest.mark.parametrize("other", ["qvm/a.c", "lib/a.c", "vdev/x/a.c", "servers/x/a.c"])
def test_a_name_of_two_programs_is_found(other):
    kernel, second, hidden = (("kernel/a.c", OPENING + function("a_do", 5)), (other, OPENING + function("a_do", 5)),
                              ("servers/y/a.c", OPENING + function("a_do", 5, "static ")))
    assert rules(kernel, second, hidden) == [(3, "names")]
    assert not rules(kernel, hidden)


def test_a_prefix_may_be_a_struct_of_the_program_or_the_header_that_declares_it():
    source = ("qvm/a.c", OPENING + function("b_do", 5))
    assert not rules(source, ("qvm/c.h", OPENING + "\nstruct b {\n\tint x;\n};\n"))
    assert not rules(source, ("qvm/b.h", OPENING + "\n/* Does it. */\nvoid b_do(void);\n"))
    assert rules(source, ("kernel/c.h", OPENING + "\nstruct b {\n\tint x;\n};\n")) == [(3, "prefix")]


def test_the_list_of_what_is_left_only_shrinks(monkeypatch, capsys):
    """With one finding: it is an error that none is allowed, and there is a reminder if two are."""
    monkeypatch.setattr(style, "tracked", list)
    monkeypatch.setattr(style, "read", lambda _: [(pathlib.Path("qvm/a.c"), VIOLATIONS["sizeof"][1])])
    for count, status, said in ((0, 1, "qvm/a.c:5: sizeof: write sizeof(x)\n"), (1, 0, ""),
                                (2, 0, "tools/style.allow: qvm has only 1 of 'sizeof' now: lower its number\n")):
        monkeypatch.setattr(style, "allowed", lambda count=count: collections.Counter({("sizeof", "qvm"): count}))
        assert (style.main([]), capsys.readouterr().out) == (status, said)


def test_the_word_list_is_read():
    assert len(style.WORDS) >= 14
