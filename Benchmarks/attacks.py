#!/usr/bin/env python3
"""How much a good client suffers while others attack: its p99 at a fixed rate, quiet and attacked.

The node has one core; the good client (`larder bench --rate`) and the attacker share another, the
attacker at low priority, so that what the good client waits for is the node. Each attack is measured
beside the quiet time just before it. Nothing here fails for a number that is too large; `make test`
fails for errors and for memory.
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import re
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INTEROP = HERE.parent / "Tests" / "InteropTests"
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(INTEROP))

from sidebyside import ROOT, SCRATCH, BenchmarkError, machine, report  # noqa: E402
from sidebyside.servers import Larder  # noqa: E402
from support import attacks  # noqa: E402

LIMIT = 5.0
RATE = 2_000
CONNECTIONS = 16


@dataclasses.dataclass
class Measured:
    """Percentiles of the good client's calls, in microseconds."""

    p50: float
    p99: float
    errors: int


def main():
    options = parse(sys.argv[1:])
    cpus = machine.two_cpus()
    if cpus is None:
        raise BenchmarkError("two CPUs are needed: one for the node, one for its clients")
    SCRATCH.mkdir(exist_ok=True)
    Larder.program = str(pathlib.Path(options.larder).resolve())
    node = Larder(cpus[0])
    try:
        store_large_value(node)
        good_client(node, cpus[1], 1)
        rows = [measure(node, cpus[1], name, options) for name in options.attacks]
    finally:
        node.stop()
    text = document(rows, options)
    print(text)
    if not options.only and options.rounds >= 3:
        save(text)


def store_large_value(node):
    command = [Larder.program, "set", attacks.LARGE_KEY, "-", "--target", f"127.0.0.1:{node.port}"]
    subprocess.run(command, input=bytes(3 << 20), check=True, stdout=subprocess.DEVNULL)


def good_client(node, cpu, seconds):
    command = [
        "taskset", "-c", str(cpu), Larder.program, "bench", "--target", f"127.0.0.1:{node.port}",
        "--rate", str(RATE), "--connections", str(CONNECTIONS), "--threads", "1", "--keys", "1000",
        "--warmup", "0", "--duration", f"{seconds}s", "--preload", "--json", "--quiet",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchmarkError(f"the good client failed: {done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    latency = result["total"]["latency_us"]
    errors = sum(result["errors"].values()) + result["unanswered"]
    return Measured(latency["p50"], latency["p99"], errors)


def measure(node, cpu, name, options):
    """Quiet and attacked in turn; medians of the rounds."""
    quiet, attacked, peak = [], [], 0
    for _ in range(options.rounds):
        quiet.append(good_client(node, cpu, options.seconds))
        attacker = subprocess.Popen(
            ["taskset", "-c", str(cpu), sys.executable, "-m", "support.attacks", name,
             str(node.port), str(options.seconds + 1)],
            cwd=INTEROP, stdout=subprocess.PIPE, text=True,
        )
        attacked.append(good_client(node, cpu, options.seconds))
        peak = max(peak, resident_mib(node))
        if attacker.wait() != 0:
            raise BenchmarkError(f"the attack {name} failed")
        result = json.load(attacker.stdout)
    row = {
        "attack": name,
        "quiet": statistics.median(m.p99 for m in quiet),
        "attacked": statistics.median(m.p99 for m in attacked),
        "errors": sum(m.errors for m in attacked),
        "peak_mib": peak,
        "units": result["sent"],
        "ended": result["ended"],
    }
    print(f"{name}: p99 {row['quiet']:.0f} -> {row['attacked']:.0f} us, {result}", file=sys.stderr)
    return row


def resident_mib(node):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) // 1024


def document(rows, options):
    header = ["attack", "p99 quiet us", "p99 attacked us", "ratio", "errors", "peak MiB",
              "units sent", "ended"]
    cells = [
        [row["attack"], f"{row['quiet']:,.0f}", f"{row['attacked']:,.0f}",
         f"{row['attacked'] / row['quiet']:.2f}", str(row["errors"]), str(row["peak_mib"]),
         f"{row['units']:,}", str(row["ended"])]
        for row in rows
    ]
    above = [row["attack"] for row in rows if row["attacked"] > LIMIT * row["quiet"]]
    verdict = f"above {LIMIT}: {', '.join(above)}" if above else f"all within {LIMIT}"
    return (
        f"# A good client under attack, {datetime.date.today().isoformat()}\n\n"
        f"{machine.cpu_model()}; {RATE:,} calls per second on {CONNECTIONS} connections, "
        f"{options.rounds} rounds of {options.seconds} s, medians. Ratio of p99: {verdict}.\n\n"
        + report.table(header, cells) + "\n"
    )


def save(text):
    name = f"{datetime.date.today().isoformat()}-attacks-{machine.slug(machine.cpu_model())}.md"
    path = HERE / "results" / name
    path.write_text(text)
    print(f"written to {path.relative_to(ROOT)}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--larder", default=str(ROOT / ".build/release/larder"),
                        help="the executable to attack (default: the release build)")
    parser.add_argument("--rounds", type=int, default=3, help="of each attack (default: 3)")
    parser.add_argument("--seconds", type=int, default=3, help="of each round (default: 3)")
    parser.add_argument("--only", metavar="NAME", action="append",
                        help="just this attack; may be repeated: " + ", ".join(attacks.ATTACKS))
    options = parser.parse_args(arguments)
    unknown = set(options.only or []) - set(attacks.ATTACKS)
    if unknown:
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    options.attacks = options.only or list(attacks.ATTACKS)
    return options


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"\nbench-attacks: {error}")
    except KeyboardInterrupt:
        sys.exit("\nbench-attacks: interrupted")
