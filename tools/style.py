#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what docs/style.md asks for, as far as a tool can: tools/style.py [FILE]...

Without files all that git tracks are checked. Each finding is one line, `FILE:LINE: RULE: text`. tools/style.allow says how many
findings of a rule are still there in a folder or a file. More of them are an error, and of fewer it reminds: the list shrinks.
`tools/style.py --count` prints what that list would have to be.
"""
import collections
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
FUNCTION_LINES = 50
FILE_LINES = {"tests": 600}  # what is no product
FILE_LINES_PRODUCT = 500
# What has no words of ours, or shows what is wrong.
NO_PROSE = re.compile(r"tests/negative/(boards.*\.txt|test_style\.py)|docs/style\.md|LICENSE|.*\.(json|cpio|dtb)$")
PROGRAMS = re.compile(r"(kernel|qvm|lib|tools/bulkhead|servers/[^/]+|vdev/[^/]+)/")
# Prefixes of families: what several files provide, and one header or table holds together.
FAMILIES = {
    "kernel/": {"call", "kernel", "vector", "guest", "printk",  # kernel calls; its beginning; entry.S's entries; the field's name
                "object", "safe_state"},  # what handles name; panic.h: the global design safe state
    "lib/proto.c": {"name", "pm", "slog", "slogf"},  # <bulkhead/client.h>: a prefix for each protocol
    "lib/qvmconf/": {"qc", "qvmconf", "vdev"},  # inside, outside, and <vdevoption.h>: values of vdevs' options
    "lib/sys/": {"process", "thread", "word"},  # <bulkhead/process.h>, <bulkhead/thread.h>
    "lib/sysconf/": {"sys"},
    "servers/shell/": {"cmd", "vm"},  # a function for each command; VMs as they are shown
}
# What an architecture provides, and what an interrupt controller does.
SEAMS = {"arch", "irqchip"}
# Whose names are not ours: the C standard's, picolibc's, libsodium's.
NAMES_OF_OTHERS = re.compile(r"lib/(string/.*|sha512\.c|sys/(exit|heap)\.c)")
# Said alone, it does not tell what is acted on.
VERBS = set("""
    add append apply ask assign build change choose claim clear collect compare copy create decode deliver describe destroy
    drain drop emulate evict fetch fill find finish flush forget get give grant hold inject insert join keep leave listen
    load locate lookup look make map measure move notify offer parse perform place prepare print provide put query raise
    reap rebind receive refuse release remove reopen resolve retract save say send set settle show signal store take tell
    touch transfer transform translate transmit understand undo unmap update withdraw write""".split())

C_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_of(text):
    """C without its comments and the insides of its strings; lines and columns stay."""
    return C_TOKEN.sub(lambda m: blank(m.group()) if m.group()[0] == "/" else '"' + blank(m.group()[1:-1]) + '"', text)


def prose_of(path, text):
    """What people read: of C its comments and strings, of everything else all of it."""
    if path.suffix not in (".c", ".h", ".S", ".def"):
        return text
    kept, at = [], 0
    for token in C_TOKEN.finditer(text):
        kept += [blank(text[at:token.start()]), token.group()]
        at = token.end()
    return "".join(kept) + blank(text[at:])


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def words(pattern):
    """As whole words, wherever a line ends between them."""
    return re.compile(rf"\b(?:{pattern.replace(' ', ' +')})\b", re.I)


def word_list():
    """The table of words in docs/style.md: pattern, what to write, phrases in which the word is right."""
    column = r"((?:[^|\\]|\\.)*)"
    table = (TOP / "docs/style.md").read_text().split("| word | write | right in |")[1]
    rows = re.findall(rf"^\| `{column}` \| {column} \|{column}\|$", table, re.M)
    rows = [[text.replace("\\|", "|") for text in row] for row in rows]
    return [(words(word), better.strip(), [words(phrase) for phrase in re.findall("`([^`]+)`", right)])
            for word, better, right in rows]


WORDS = word_list()


def check_words(path, text):
    if NO_PROSE.match(str(path)):
        return
    prose = prose_of(path, text)
    # A sentence may go on in the next line, after a comment's asterisk or a hash.
    flat = re.sub(r"\n[ \t]*(?:\*|#|//)?[ \t]*", lambda m: " " * len(m.group()), prose).replace("\t", " ")
    for word, better, right in WORDS:
        allowed = [m.span() for phrase in right for m in phrase.finditer(flat)]
        for found in word.finditer(flat):
            if not any(start <= found.start() and found.end() <= end for start, end in allowed):
                yield line_of(text, found.start()), "words", f"'{found.group()}': write {better}"


def check_sizeof(_path, text):
    for found in re.finditer(r"\bsizeof\b(?!\()", code_of(text)):
        yield line_of(text, found.start()), "sizeof", "write sizeof(x)"


def statement_before(code, end):
    """The statement up to `end`; a `for` with its semicolons is one."""
    start, depth = max(code.rfind(c, 0, end) for c in "{}") + 1, 0
    for at in range(start, end):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if code[at] == ";" and depth == 0:
            start = at + 1
    return code[start:end]


def check_null(_path, text):
    code = code_of(text)
    for found in re.finditer(r"(?<!\))\s[!=]= NULL\b", code):
        statement = statement_before(code, found.end())
        after = code[found.end():found.end() + 3].lstrip()
        condition = re.match(r"\s*(else )?(if|while|for)\b", statement) or "&&" in statement or "||" in statement
        if condition or not after.startswith((";", ",", ")")):
            yield line_of(text, found.start()), "null", "write p, or !p, for a pointer in a condition"


def check_opening(path, text):
    lines = text.split("\n")
    if "SPDX-License-Identifier: Apache-2.0" not in "".join(lines[:2]):
        yield 1, "licence", "the first line says SPDX-License-Identifier: Apache-2.0"
    second = next((line for line in lines if line.strip() and "SPDX" not in line), "")
    own = path.suffix == ".c" and re.search(rf'^#include ["<]([\w/-]+/)?{re.escape(path.stem)}\.h[">]', text, re.M)
    if path.suffix in (".c", ".h", ".S") and not own and not second.lstrip().startswith(("/*", " *", "//")):
        yield 2, "opening", "a comment after the licence says what the file holds"


def functions_of(code):
    """Name, first and last line of each function: clang-format has its braces in column 0."""
    lines = code.split("\n")
    for end in (i for i, line in enumerate(lines) if line == "}"):
        brace = next((i for i in range(end - 1, -1, -1) if lines[i].startswith(("{", "}"))), None)
        if brace is None or lines[brace] != "{":
            continue
        start = brace
        while start and lines[start - 1].strip() and not lines[start - 1].startswith(("}", "#", "*/")):
            start -= 1
        head = re.search(r"\b(?!__)(\w+)\(", re.sub(r"__attribute__\(\(.*?\)\)", "", " ".join(lines[start:brace])))
        if head:
            yield head.group(1), start + 1, end + 1, bool(re.search(r"\bstatic\b", " ".join(lines[start:brace])))


def check_lengths(path, text):
    if path.suffix in (".c", ".h", ".S"):
        count, most = text.count("\n"), FILE_LINES.get(path.parts[0], FILE_LINES_PRODUCT)
        if count > most:
            yield count, "file-lines", f"{count} lines; split it by concept at {most}"
    for name, start, end, _ in functions_of(code_of(text)) if path.suffix == ".c" else ():
        if end - start + 1 > FUNCTION_LINES:
            yield start, "function-lines", f"{name} has {end - start + 1} lines; at most {FUNCTION_LINES}"


DECLARATION = re.compile(r"^(?!static|typedef|return|#)[\w][\w \*]*\b\**(\w+)\((?:[^;{}]|\n)*\)[^;{}]*;", re.M)


def check_described(path, text):
    """Each function in a header has a comment: before it, or before the group that it belongs to, or at its end."""
    if path.suffix != ".h" or path.parts[0] in ("tests", "guests"):
        return
    plain = C_TOKEN.sub(lambda m: m.group() if m.group()[0] != "/" else re.sub(r"[^\n]", "~", m.group()), text)
    for block in re.finditer(r"(?:[^\n]+\n)+", plain):
        for found in DECLARATION.finditer(block.group()):
            rest = block.group()[found.end():].split("\n")[0]
            if "~" not in block.group()[:found.start()] and "~" not in rest:
                yield line_of(text, block.start() + found.start()), "described", f"{found.group(1)}() has no comment"


def check_verbs(path, text):
    if path.parts[0] in ("tests", "guests", "examples"):
        return
    for name, start, _, _ in functions_of(code_of(text)):
        if name in VERBS:
            yield start, "verbs", f"{name}() does not say what it acts on"


FILE_CHECKS = [(check_words, None), (check_opening, (".c", ".h", ".S", ".sh", ".py", ".mk")), (check_sizeof, (".c", ".h")),
               (check_null, (".c", ".h")), (check_lengths, (".c", ".h", ".S")), (check_described, (".h",)),
               (check_verbs, (".c",))]


def program_of(path):
    found = PROGRAMS.match(str(path))
    return found.group(1) if found else path.parts[0]


def exported(files):
    """Path, line and name of each function that a program exports."""
    for path, text in files:
        if path.suffix == ".c" and PROGRAMS.match(str(path)) and "/arch/host/" not in str(path):
            for name, start, _, static in functions_of(code_of(text)):
                if not static and name != "main":
                    yield path, start, name


def check_names(files):
    """A name that two programs export says the same in both."""
    places = collections.defaultdict(dict)
    for path, line, name in exported(files):
        places[name].setdefault(program_of(path), (path, line))
    for name, where in places.items():
        for program in sorted(where)[1:]:
            yield *where[program], "names", f"{name}() is also a function of {sorted(where)[0]}"


def check_prefixes(files, headers_besides):
    """An exported function begins with its file's name, its header's, or that of a struct of the program, or of a family."""
    objects, headers = collections.defaultdict(set), collections.defaultdict(dict)
    for path, text in [*files, *headers_besides]:
        if path.suffix == ".h":
            program, code = program_of(path), code_of(text)
            objects[program].update(re.findall(r"^(?:struct|union|enum) (\w+)\s*\{", code, re.M))
            headers[program].update((found.group(1), path.stem) for found in DECLARATION.finditer(code))
    for path, line, name in exported(files):
        if NAMES_OF_OTHERS.match(str(path)) or name in headers["include"] or name[0].isupper():
            continue  # a kernel call has a capital
        program = program_of(path)
        right = {path.stem, headers[program].get(name)} | objects[program] | objects["lib"] | objects["include"] | SEAMS
        for place, family in FAMILIES.items():
            right |= family if str(path).startswith(place) else set()
        if not any(name == prefix or name.startswith(f"{prefix}_") for prefix in right):
            yield path, line, "prefix", f"{name}() begins neither with its file's name nor with that of a struct"


def findings(files, headers_besides=()):
    for path, text in files:
        for check, suffixes in FILE_CHECKS:
            if suffixes is None or path.suffix in suffixes:
                for line, rule, what in check(path, text):
                    yield path, line, rule, what
    yield from check_names(files)
    yield from check_prefixes(files, headers_besides)


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, check=True, capture_output=True, text=True).stdout
    return [pathlib.Path(name) for name in listed.split("\0") if name]


def read(paths):
    files = []
    for path in paths:
        try:
            files.append((path, (TOP / path).read_text()))
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            pass  # no text, or not in the working tree
    return files


def key_of(path, rule):
    """What is counted together: a file of its own for what is long, else a folder of the tree."""
    return rule, str(path) if rule == "file-lines" else path.parts[0] if len(path.parts) > 1 else "."


def allowed():
    """(rule, place) -> count."""
    lines = (TOP / "tools/style.allow").read_text().splitlines()
    words = [line.split("#")[0].split() for line in lines]
    return {(rule, place): int(count) for rule, place, count in filter(None, words)}


def main(arguments):
    named = [pathlib.Path(name) for name in arguments if name[0] != "-"]
    headers = read([path for path in tracked() if path.suffix == ".h"]) if named else ()
    found = list(findings(read(named or tracked()), headers))
    counts = collections.Counter(key_of(path, rule) for path, _, rule, _ in found)
    if "--count" in arguments:
        print("\n".join(f"{rule} {place} {count}" for (rule, place), count in sorted(counts.items())))
        return 0
    allow = {} if arguments else allowed()
    for path, line, rule, what in found:
        if counts[key_of(path, rule)] > allow.get(key_of(path, rule), 0):
            print(f"{path}:{line}: {rule}: {what}")
    few = [key for key, count in allow.items() if counts[key] < count]
    for rule, place in few:
        print(f"tools/style.allow: {place} has only {counts[rule, place]} of '{rule}' now: lower its number")
    more = any(count > allow.get(key, 0) for key, count in counts.items())
    return 1 if more else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
