#!/usr/bin/env python3
"""What a migration costs the node that sends and the node that takes, unthrottled.

Two processes of one event loop each, over loopback. Time of the wall depends on how many cores there are;
the time that each process has computed does not.

usage: handover.py [ENTRIES]      (a release build of handover-driver is needed)
"""

import json
import pathlib
import statistics
import subprocess
import sys

DRIVER = pathlib.Path(__file__).resolve().parent.parent / ".build" / "release" / "handover-driver"
ROUNDS = 5
TIMEOUT_SECONDS = 300


def migrate(entries):
    """One migration: what each side says of it."""
    with subprocess.Popen([DRIVER, "serve", str(entries)], stdout=subprocess.PIPE, text=True) as loser:
        try:
            port = loser.stdout.readline().split()[1]
            heir = subprocess.run(
                [DRIVER, "take", port], stdout=subprocess.PIPE, text=True, check=True,
                timeout=TIMEOUT_SECONDS)
            said = [json.loads(loser.stdout.readline()), json.loads(heir.stdout)]
        finally:
            loser.kill()
    for side in said:
        assert side["entries"] == entries, f"of {entries} entries {side['entries']} were moved"
    return said


def main():
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = [migrate(entries) for _ in range(ROUNDS)]
    print(f"{entries:,} entries of 100 bytes, medians of {ROUNDS}")
    print("| side  | entries/s | entries/s per core | MB/s per core |")
    print("| ----- | --------: | -----------------: | ------------: |")
    for side, name in enumerate(["sends", "takes"]):
        figures = [
            statistics.median(round_[side][key] for round_ in rounds)
            for key in ("entries_per_second", "entries_per_core_second", "megabytes_per_core_second")
        ]
        print(f"| {name} | {figures[0]:9,.0f} | {figures[1]:18,.0f} | {figures[2]:13,.0f} |")


if __name__ == "__main__":
    main()
