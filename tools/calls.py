#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Generates everything that is made from abi/calls.def, whose head describes the format:
    tools/calls.py abi/calls.def FOLDER     headers for the kernel, the processes and the tests
    tools/calls.py abi/calls.def --docs     docs/calls.md, on standard output"""

import pathlib
import re
import sys
import textwrap

REGISTERS = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11)  # x8 is the call's number
WORDS = 4  # x4 to x7: the first bytes of a message
NOTE = "/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by tools/calls.py from abi/calls.def. */\n"


class Field:
    """An argument or a result: some bits of one register."""

    def __init__(self, declaration, register, shift=0, bits=0):
        self.declaration, self.register, self.shift, self.bits = declaration, register, shift, bits
        self.name = re.search(r"\(\*(\w+)\)|(\w+|-)$", declaration).group(0).strip("(*)")
        self.type = declaration[: -len(self.name)].strip()
        self.step = self.dropped = self.null = False

    @property
    def is_words(self):
        return self.declaration == "words"

    def mask(self):
        return f"{(1 << self.bits) - 1:#x}"

    def value(self):
        """The value as the call's register holds it: small negative numbers stay negative, addresses are plain numbers."""
        if "*" in self.declaration:
            return f"(uint64_t)(uintptr_t){self.name}"
        if self.type in ("int", "int64_t"):
            return f"(uint64_t)(int64_t){self.name}"
        return f"({self.name} & {self.mask()})" if self.bits else self.name

    def where(self):
        register = "x4-x7" if self.is_words else f"x{self.register}"
        if self.bits:
            return f"{register} bits {self.bits - 1}-0"
        return f"{register} bits 63-{self.shift}" if self.shift else register


class Call:
    def __init__(self, group, number, name, ability="ABLE_NONE"):
        self.group, self.number, self.name, self.ability = group, int(number), name, ability
        self.text, self.args, self.results, self.stub, self.inline = [], [], [], None, None

    def add(self, word, rest):
        fields = self.args if word in ("arg", "step") else self.results
        null, rest = rest.endswith(" or NULL"), rest.removesuffix(" or NULL")
        taken = sorted({n for f in fields for n in (range(WORDS, 8) if f.is_words else (f.register,))})
        register = WORDS if rest == "words" else REGISTERS[REGISTERS.index(taken[-1]) + 1] if taken else 0
        shift = 0
        for declaration in rest.split(" | "):
            declaration, _, bits = declaration.partition(":")
            field = Field(declaration, register, shift, int(bits or 0))
            field.step, field.dropped, field.null = word == "step", word == "extra" or declaration == "-", null
            fields.append(field)
            shift += field.bits

    def result_type(self):
        return self.results[0].type if self.results else "int"

    def pointers(self):
        return [f for f in self.results[1:] if not f.dropped]

    def prototype(self, suffix=""):
        if self.stub:
            kind, parameters = self.stub.split(" ", 1)
            return f"{kind} {self.name}{suffix}{parameters}"
        parameters = [f.declaration for f in self.args] + [f"{f.type} *{f.name}" for f in self.pointers()]
        return f"{self.result_type()} {self.name}{suffix}({', '.join(parameters) or 'void'})"

    def registers(self, value):
        """The value of each argument register, made from the values of its fields."""
        held = {}
        for f in self.args:
            v = value(f)
            held[f.register] = f"{held[f.register]} | (uint64_t){v} << {f.shift}" if f.shift else v
        return held


def parse(path):
    calls, group = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        word, _, rest = line.partition(" ")
        try:
            if line.startswith("\t"):
                calls[-1].text.append(line.strip())
            elif word == "group":
                group = rest
            elif word == "call":
                calls.append(Call(group, *rest.split()))
            elif word in ("arg", "step", "result", "extra"):
                calls[-1].add(word, rest)
            elif word in ("stub", "inline"):
                setattr(calls[-1], word, rest)
            elif word not in ("", "#"):
                raise ValueError
        except (ValueError, IndexError, TypeError, AttributeError):
            sys.exit(f"{path}:{number}: not a valid line: {line}")
    check(path, calls)
    return calls


def check(path, calls):
    for call in calls:
        names = [f.name for f in call.args + call.results[1:] if f.declaration not in ("words", "-")]
        if len(names) != len(set(names)):
            sys.exit(f"{path}: {call.name} has two arguments or results with the same name")
        if not (call.stub or call.inline) and (len(call.registers(Field.value)) > 6 or len(call.results) > 4):
            sys.exit(f"{path}: {call.name} has more registers than a generated stub passes")
    for what in ("number", "name"):
        if len({getattr(call, what) for call in calls}) != len(calls):
            sys.exit(f"{path}: two calls have the same {what}")


def comment(call):
    lines = textwrap.wrap(" ".join(call.text), 116)
    if len(lines) == 1:
        return f"/* {lines[0]} */\n"
    return "/*\n" + "".join(f" * {line}\n" for line in lines) + " */\n"


def numbers(calls):
    """For C and for assembly; in C also the registers of arguments (IN_) and of results (OUT_)."""
    out = NOTE + "#pragma once\n\n" + "".join(f"#define CALL_{call.name} {call.number}\n" for call in calls)
    out += "\n#ifndef __ASSEMBLER__\nenum call_register {\n"
    for call in calls:
        for prefix, fields in (("IN", call.args), ("OUT", call.results)):
            out += "".join(f"\t{prefix}_{call.name}_{f.name} = {f.register},\n" for f in fields if f.declaration != "-")
    return out + "};\n#endif\n"


def has_r(call):
    """A result without a sign is never an error, so only one form exists."""
    return not call.result_type().startswith("uint")


def prototypes(calls):
    out, group = NOTE + "#pragma once\n", None
    for call in calls:
        if call.group != group:
            group = call.group
            out += f"\n/* ---- {group} ---- */\n"
        if not call.inline:
            out += f"\n{comment(call)}{call.prototype()};\n" + (f"{call.prototype('_r')};\n" if has_r(call) else "")
    return out


def stubs(calls):
    out = NOTE
    for call in calls:
        if call.stub or call.inline:
            continue
        kind, names = call.result_type(), [f.name for f in call.args + call.pointers()]
        held = list(call.registers(Field.value).values())
        svc = f"call6(CALL_{call.name}, {', '.join(held + ['any()'] * (6 - len(held)))})"
        body = f"\treturn ({kind}){svc}.x0;\n"
        if call.pointers():
            body = f"\tstruct result r = {svc};\n\n"
            for f in call.pointers():
                body += f"\tif (r.x0 >= 0{f' && {f.name}' if f.null else ''})\n"
                body += f"\t\t*{f.name} = ({f.type})r.x{f.register};\n"
            body += f"\treturn ({kind})r.x0;\n"
        out += f"\n{call.prototype('_r' if has_r(call) else '')}\n{{\n{body}}}\n"
        if has_r(call):
            out += f"\n{call.prototype()}\n{{\n\treturn ({kind})plain_status({call.name}_r({', '.join(names)}));\n}}\n"
    return out


def get(name, value):
    return f"static inline uint64_t {name}(const struct frame *f) {{ return {value}; }}\n"


def put(name, kind, statement):
    return f"static inline void {name}(struct frame *f, {kind} value) {{ {statement}; }}\n"


def kernel(calls):
    """The functions of the calls, and one accessor for each argument and each result but x0."""
    out = NOTE + "#pragma once\n\n#include \"arch.h\"\n\nstruct thread;\n\n"
    out += get("call_number", "f->x[8]") + get("call_result", "f->x[0]")
    out += put("call_set_result", "int64_t", "f->x[0] = (uint64_t)value")
    out += f"static inline uint64_t *call_words(struct frame *f) {{ return &f->x[{WORDS}]; }}\n"
    for call in calls:
        out += f"\nNAMED int64_t call_{call.name}(struct thread *t, struct frame *f);\n"
        for f in call.args + call.results[1:]:
            if f.declaration in ("words", "-"):
                continue
            register = f"f->x[{f.register}]"
            both = "_and_".join(other.name for other in call.args if other.register == f.register)
            if f.bits:
                out += get(f"{call.name}_{both}", register)
            out += get(f"{call.name}_{f.name}", (f"{register} >> {f.shift}" if f.shift else register) +
                       (f" & {f.mask()}" if f.bits else ""))
            if f.step:
                out += put(f"{call.name}_add_{f.name}", "uint64_t", f"{register} += value")
            elif f in call.results:
                out += put(f"{call.name}_set_{f.name}", "uint64_t", f"{register} = value")
    return out


def dispatch(calls):
    out = NOTE + '#pragma once\n\n#include "calls.h"\n#include "process.h"\n'
    out += "\nstatic inline int64_t dispatch(struct thread *t, struct frame *f)\n{\n\tswitch (call_number(f)) {\n"
    for call in calls:
        out += f"\tcase CALL_{call.name}:\n"
        out += f"\t\treturn able(t->process, {call.ability}) ? call_{call.name}(t, f) : -KE_PERM;\n"
    return out + "\tdefault: return -KE_NOSYS;\n\t}\n}\n"


def tests(calls):
    """ARGS_Name(...): the registers x0 to x10 of a call with these arguments. Last come the words of a message, or the values that VcpuRun takes for its action; missing ones are 0."""
    out = NOTE + "#pragma once\n\n#include \"calls/numbers.h\"\n"
    for call in calls:
        named = [f for f in call.args if not f.is_words and not re.fullmatch(r"a\d", f.name)]
        names = [f.name for f in named]
        held = call.registers(lambda f: f"({f.name})")
        if len(named) < len(call.args):
            rest = next(f for f in call.args if f not in named).register
            names.append("...")
            held = {n: v for n, v in held.items() if any(f.register == n for f in named)}
            before = held.pop(rest - 1)
            values = ", ".join(f"[{n}] = {v}" for n, v in held.items()) + f", [{rest - 1}] = {before}, ##__VA_ARGS__"
        else:
            values = ", ".join(held.values()) or "0"
        called = ", ".join(name.replace("...", "##__VA_ARGS__") for name in names)
        out += f"\n#define ARGS_{call.name}({', '.join(names)}) ((const uint64_t[11]){{{values}}})\n"
        out += (f"#define sys_{call.name}({', '.join(['t'] + names)}) "
                f"machine_call(t, true, CALL_{call.name}, ARGS_{call.name}({called}))\n")
    table = ", ".join(f"{{{call.number}, {call.ability}}}" for call in calls)
    return out + f"\n/* Number and ability of each call. */\n#define CALL_TABLE {table}\n"


def docs(calls):
    out = ("# The kernel's calls\n\nMade by `tools/calls.py` from [abi/calls.def](../abi/calls.def), whose head says what "
           "all calls have in common.\n\nEach call but those with an unsigned result has two forms. The plain one returns "
           "a result that is never negative, or -1\nwith `errno` set. The form that ends in `_r` returns the negative "
           "errno instead, and touches neither `errno` nor any\nother thread-local storage.\n")
    group = None
    for call in calls:
        if call.group != group:
            group = call.group
            out += f"\n## {group}\n"
        form = f"struct vcpu_run {call.prototype().split(' ', 1)[1].split(', uint64_t *')[0]})" if call.inline else None
        out += f"\n### {call.name}\n\n```c\n{form or call.prototype()};\n```\n\n"
        out += f"Number {call.number}. Ability: {call.ability.replace('ABLE_NONE', 'none')}."
        for title, fields in (("In", call.args), ("Out", call.results)):
            listed = ", ".join(f"{f.where()} `{f.name}`" for f in fields if f.declaration != "-")
            out += f" {title}: {listed}." if listed else ""
        out += "\n\n" + textwrap.fill(" ".join(call.text).replace("*", "\\*"), 118) + "\n"
    return out


def main():
    source, target = sys.argv[1:]
    calls = parse(pathlib.Path(source))
    if target == "--docs":
        sys.stdout.write(docs(calls))
        return
    for name, make in (("numbers.h", numbers), ("prototypes.h", prototypes), ("stubs.inc", stubs), ("kernel.h", kernel),
                       ("dispatch.h", dispatch), ("tests.h", tests)):
        path = pathlib.Path(target) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(calls))


if __name__ == "__main__":
    main()
