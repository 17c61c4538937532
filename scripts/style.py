#!/usr/bin/env python3
"""The house style that swift-format does not know. Prints every breach; exits 1 if there is one.

What is checked: the length of files, unfinished business, crashing shortcuts, claims without
proof, white space, public types without a doc comment, modules that must do without Foundation,
and the order of the modules.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 400
SUFFIXES = {".swift", ".h", ".c", ".cc", ".py", ".sh", ".proto", ".yaml", ".yml", ".md", ".json"}
CODE = SUFFIXES - {".md", ".json"}

# As Package.swift has them: a target imports only what stands above it.
MODULES = [
    "Wire", "HTTP2", "HashRing", "CacheStore", "Snapshot", "GRPC", "GRPCServices", "LarderAPI",
    "Etcd", "Cluster", "Node", "larder",
]
# These stand alone: none of ours, and no Foundation.
ALONE = {"Wire", "HTTP2", "HashRing", "CacheStore"}
WITHOUT_FOUNDATION = ALONE | {"Snapshot", "GRPC"}

IMPORT = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"
)
# Spelt in two halves, lest this file report itself.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b")
FORBIDDEN = [
    (re.compile(r"\btry!"), "`try!` crashes on an error; handle it"),
    (re.compile(r"\bas!"), "`as!` crashes on another type; use `as?` and handle nil"),
]
PUBLIC_TYPE = re.compile(
    r"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:final\s+)?public\s+(?:final\s+|indirect\s+)*"
    r"(?:struct|class|enum|protocol|actor)\s+(\w+)"
)
CLAIM = re.compile(r"@unchecked\s+Sendable|nonisolated\(unsafe\)")


def files():
    """Every text file of ours, without what was built."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if any(part.startswith((".build", ".git", ".swiftpm", "__pycache__")) for part in parts):
            continue
        # Results are records, not sources.
        if parts[:2] == ("Benchmarks", "results"):
            continue
        if path.is_file() and path.suffix in SUFFIXES:
            yield path


def code_of(line):
    """The line without its comment and without what strings hold."""
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]


def is_documented(lines, index):
    """True if a doc comment stands above the line, with nothing but attributes between."""
    for line in reversed(lines[:index]):
        text = line.strip()
        if not text.startswith(("@", "#")):
            return text.startswith("///")
    return False


def text_breaches(path, lines):
    """(line number, message) for what every file obeys."""
    generated = bool(lines) and "generated" in lines[0].lower()
    if path.suffix in CODE and len(lines) > LINES_MAX and not generated:
        yield len(lines), f"{len(lines)} lines; a file has at most {LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab; indent with spaces"
        if line != line.rstrip():
            yield number, "space at the end of the line"
        if UNFINISHED.search(line):
            yield number, "unfinished business; finish it or write an issue"


def swift_breaches(path, lines):
    """(line number, message) for what Swift files obey."""
    parts = path.relative_to(ROOT).parts
    module = parts[1] if parts[0] == "Sources" and parts[1] in MODULES else None
    for number, line in enumerate(lines, 1):
        code = code_of(line)
        for pattern, message in FORBIDDEN:
            if pattern.search(code):
                yield number, message
        above = lines[number - 2].strip() if number > 1 else ""
        if CLAIM.search(code) and not above.startswith("//"):
            yield number, "a claim to the compiler without its proof in a comment on the line above"
        declared = PUBLIC_TYPE.match(line)
        if declared and parts[0] == "Sources" and not is_documented(lines, number - 1):
            yield number, f"{declared.group(1)} is public and has no doc comment"
        imported = IMPORT.match(line)
        if not (imported and module):
            continue
        name = imported.group(1)
        if name.startswith("Foundation") and module in WITHOUT_FOUNDATION:
            yield number, f"{module} does without Foundation"
        if name in MODULES and name != module:
            if module in ALONE:
                yield number, f"{module} imports none of our modules"
            elif MODULES.index(name) > MODULES.index(module):
                yield number, f"{module} stands above {name} and cannot import it"


def main():
    found = 0
    for path in files():
        lines = path.read_text(encoding="utf-8").splitlines()
        breaches = list(text_breaches(path, lines))
        if path.suffix == ".swift":
            breaches += swift_breaches(path, lines)
        for number, message in sorted(breaches):
            print(f"{path.relative_to(ROOT)}:{number}: {message}")
            found += 1
    if found:
        print(f"style: {found} breach{'es' if found > 1 else ''}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
