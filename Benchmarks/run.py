#!/usr/bin/env python3
"""Measures Larder beside nghttpd, Redis and memcached, in one run on one machine.

The number that counts is the server's CPU time per call: unlike throughput it says the same
whatever the load generator can do. Each server runs one loop or thread on one core, the load
generators on another. The contestants take turns, so that a machine that changes its mind (clock,
neighbours) changes it for all; medians over the rounds are compared. Nothing here fails for a
number that is too large; it fails for answers that are wrong.
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from sidebyside import CONNECTIONS, ROOT, SCRATCH, BenchmarkError  # noqa: E402
from sidebyside import loads, machine, report  # noqa: E402
from sidebyside.servers import (  # noqa: E402
    Larder, LarderForwarded, LarderLocal, LarderTLS, Memcached, Nghttpd, Redis,
)

DEPTHS = (1, 32)
SERVERS = (Larder, LarderLocal, LarderForwarded, LarderTLS, Nghttpd, Redis, Memcached)
# Before the first round; also tells how many calls redis-benchmark is to make.
WARM_UP_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class Case:
    server: type
    operation: str
    depth: int
    connections: int = CONNECTIONS

    @property
    def name(self):
        return f"{self.server.name}-{self.operation}-{self.connections}x{self.depth}"


ALL_CASES = [
    Case(server, operation, depth)
    for depth in DEPTHS
    for operation in ("get", "set")
    for server in SERVERS
    # nghttpd stores nothing; of TLS and forwarding it is asked what they cost, which one operation tells.
    if not (server in (Nghttpd, LarderTLS, LarderLocal, LarderForwarded) and operation == "set")
] + [Case(server, "get", 1, connections=1) for server in (LarderLocal, LarderForwarded)]


class Runner:
    """The servers that the chosen cases need, and what was measured so far."""

    def __init__(self, cases, server_cpu, load_cpu):
        self.cases = cases
        self.load_cpu = load_cpu
        self.servers = {}
        self.results = {case: report.Result(case.name) for case in cases}
        self._redis_rates = {}
        wanted = {case.server for case in cases}
        try:
            for server in SERVERS:  # Larder first: nghttpd's file is as long as its reply
                if server in wanted:
                    self.servers[server] = server(server_cpu)
                if server is Larder and server in wanted:
                    Nghttpd.reply_bytes = len(self.servers[Larder].check("get"))
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for server in self.servers.values():
            server.stop()

    def warm_up(self):
        for case in self.cases:
            # A guess until the run is over, low enough to be short.
            self._redis_rates[case] = 20_000
            reply = self.servers[case.server].check(case.operation)
            load = self._load(case, WARM_UP_SECONDS, reply, is_first=True)
            # redis-benchmark prints 0.00 seconds for what took less than ten milliseconds.
            self._redis_rates[case] = load.calls / max(load.seconds, 0.01)

    def measure(self, case, seconds):
        """One measurement; returns microseconds of server CPU time a call."""
        server, result = self.servers[case.server], self.results[case]
        reply = server.check(case.operation)
        before = server.cpu_ns()
        load = self._load(case, seconds, reply)
        cpu_us = (server.cpu_ns() - before) / 1000 / load.calls
        result.cpu_us.append(cpu_us)
        result.calls_per_second.append(load.calls / load.seconds)
        if load.latency:
            result.latencies.append(load.latency)
        return cpu_us

    def measure_latency(self, case, seconds):
        """For HTTP/2 apart, since h2load slows down where it has to note each call."""
        server = self.servers[case.server]
        if case.server not in (Larder, LarderTLS, Nghttpd):
            return
        reply = server.check(case.operation)
        load = loads.h2load(
            server, case.operation, case.depth, seconds, self.load_cpu, reply, with_latency=True
        )
        self.results[case].latencies.append(load.latency)

    def _load(self, case, seconds, reply, is_first=False):
        server = self.servers[case.server]
        if isinstance(server, LarderLocal):
            return loads.larder_bench(
                server, case.depth, case.connections, seconds, self.load_cpu, preload=is_first)
        plain = (server, case.operation, case.depth, seconds, self.load_cpu)
        if case.server is Redis:
            return loads.redis_benchmark(*plain, self._redis_rates[case])
        if case.server is Memcached:
            return loads.memcached_load(*plain)
        return loads.h2load(*plain, reply)


def progress(text):
    """One line that changes on a terminal, a line each time elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def run(runner, rounds, seconds):
    progress("warming up")
    runner.warm_up()
    for number in range(1, rounds + 1):
        # Every other round backwards, lest one contestant always follow the same one.
        for case in runner.cases if number % 2 else runner.cases[::-1]:
            progress(f"round {number} of {rounds}: {case.name}")
            cpu_us = runner.measure(case, seconds)
            progress(f"round {number} of {rounds}: {case.name}: {cpu_us:.2f} us/call")
    for case in runner.cases:
        progress(f"latencies: {case.name}")
        runner.measure_latency(case, seconds)
    progress("")


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        epilog="Cases: " + ", ".join(case.name for case in ALL_CASES),
    )
    parser.add_argument("--quick", action="store_true", help="1 s a measurement in place of 3")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME",
        help="cases with NAME in their name, such as larder, get or 16x32; may be repeated",
    )
    parser.add_argument(
        "--larder", default=str(ROOT / ".build/release/larder"), metavar="PATH",
        help="the executable to measure; default: the release build of this tree",
    )
    options = parser.parse_args(arguments)
    options.cases = [
        case for case in ALL_CASES
        if not options.only or any(name in case.name for name in options.only)
    ]
    if not options.cases:
        parser.error(f"no case has any of {options.only} in its name")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    options.seconds = 1 if options.quick else 3
    return options


def save(text, results, about, is_complete):
    """Complete runs become part of the repository's records; others are scratch."""
    folder = ROOT / "Benchmarks" / "results" if is_complete else SCRATCH
    folder.mkdir(exist_ok=True)
    path = folder / f"{about['date']}-{machine.slug(about['machine']['cpu'])}"
    markdown, data = f"{path}.md", f"{path}.json"
    pathlib.Path(markdown).write_text(text)
    bars = [
        dataclasses.asdict(bar) | {"ratio": round(ratio, 3)}
        for bar, ratio in report.ratios(results)
    ]
    content = about | {"results": [dataclasses.asdict(r) for r in results], "bars": bars}
    pathlib.Path(data).write_text(json.dumps(content, indent=2) + "\n")
    print(f"written to {markdown} and {data}")


def main():
    options = parse(sys.argv[1:])
    cpus = machine.two_cpus()
    if cpus is None:
        raise BenchmarkError("two CPUs are needed: one for the server, one for the load")
    SCRATCH.mkdir(exist_ok=True)
    Larder.program = str(pathlib.Path(options.larder).resolve())
    servers = {case.server for case in options.cases}
    if Memcached in servers:
        loads.build_memcached_load()
    about = {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "versions": {s.name: s.version() for s in SERVERS if s in servers},
        "server_cpu": cpus[0],
        "load_cpu": cpus[1],
        "rounds": options.rounds,
        "seconds": options.seconds,
    }
    if about["machine"]["load_average"] > 0.5:
        print(f"note: others use this machine too (load average "
              f"{about['machine']['load_average']}); expect numbers that scatter")
    runner = Runner(options.cases, *cpus)
    try:
        run(runner, options.rounds, options.seconds)
    finally:
        runner.stop()
    results = list(runner.results.values())
    text = report.document(results, about)
    print(text)
    save(text, results, about, is_complete=not options.quick and not options.only)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as error:
        sys.exit(f"\nbench: {error}")
    except KeyboardInterrupt:
        sys.exit("\nbench: interrupted")
