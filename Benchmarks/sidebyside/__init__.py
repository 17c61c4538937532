"""The parts of Benchmarks/run.py: servers, loads, the machine, the report."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a run leaves behind for itself; never committed.
SCRATCH = ROOT / ".build-bench"
# The raw HTTP/2 client of the interop tests, which needs nothing but the standard library.
sys.path.insert(0, str(ROOT / "Tests" / "InteropTests"))

CONNECTIONS = 16
KEY = "bench/key"
VALUE = b"v" * 100


class BenchmarkError(Exception):
    """Something that makes the numbers worthless; the message says what."""
