"""The load generators, each pinned to the core that no server uses."""

import dataclasses
import json
import pathlib
import re
import subprocess

from sidebyside import CONNECTIONS, KEY, ROOT, SCRATCH, VALUE, BenchmarkError
from sidebyside.servers import PATHS, REQUESTS

PERCENTILES = {"p50": 50.0, "p99": 99.0, "p99.9": 99.9}
# In memory, for h2load writes a line a call.
LATENCY_LOG = pathlib.Path("/dev/shm/larder-bench-h2load.log")


@dataclasses.dataclass
class Load:
    """What a load generator saw."""

    calls: int
    seconds: float
    # Microseconds by percentile; empty where the tool does not tell.
    latency: dict


def output_of(command, cpu):
    done = subprocess.run(["taskset", "-c", str(cpu), *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchmarkError(f"{command[0]} failed: {done.stdout}{done.stderr}")
    return done.stdout


def search(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise BenchmarkError(f"no {what} in the output:\n{text}")
    return found.group(1)


def h2load(server, operation, depth, seconds, cpu, reply, with_latency=False):
    """Calls over HTTP/2. `reply`: the body that a call by hand had just now.

    h2load counts a gRPC error as a success, so the bytes that came must be as many as calls
    times the length of that reply. It tells percentiles only by way of a log of every call;
    writing it takes time from the load, so it is asked for apart from what is measured.
    """
    body = SCRATCH / f"{operation}.body"
    body.write_bytes(REQUESTS[operation])
    command = [
        "h2load", "-c", str(CONNECTIONS), "-m", str(depth), "-t", "1",
        "-D", f"{int(seconds * 1000)}ms", "-d", str(body), "-H", "content-type: application/grpc", "-H", "te: trailers",
        f"{server.scheme}://127.0.0.1:{server.port}{PATHS[operation]}",
    ]
    if with_latency:
        LATENCY_LOG.unlink(missing_ok=True)
        command.insert(1, f"--log-file={LATENCY_LOG}")
    text = output_of(command, cpu)
    calls = int(search(r"^requests: .*?(\d+) done", text, "number of requests"))
    good = int(search(r"^status codes: (\d+) 2xx", text, "status codes"))
    received = int(search(r"\((\d+)\) data$", text, "bytes received"))
    # What was under way at the end may have come in part, or whole but uncounted.
    most = (calls + CONNECTIONS * depth) * len(reply)
    if calls == 0 or good < calls or not calls * len(reply) <= received <= most:
        raise BenchmarkError(
            f"{server.name} {operation}: {calls} calls, {good} of them with HTTP 200, brought "
            f"{received} bytes; a right answer has {len(reply)}"
        )
    latency = {}
    if with_latency:
        latency = percentiles_of_log(LATENCY_LOG)
        LATENCY_LOG.unlink()
    return Load(calls, seconds, latency)


def larder_bench(server, depth, connections, seconds, cpu, preload=False):
    """Gets of many keys by our own generator, which checks each answer."""
    result = json.loads(output_of(
        [server.program, "bench", "--quiet", "--json", *server.load_flags(), "--threads", "1",
         "--connections", str(connections), "--streams", str(depth), "--warmup", "0",
         "--duration", f"{int(seconds * 1000)}ms", *(["--preload"] if preload else [])],
        cpu,
    ))
    total = result["total"]
    if total["misses"] or total["hits"] != total["calls"]:
        raise BenchmarkError(f"{server.name}: not every Get was a hit: {total}")
    latency = {name: total["latency_us"][name] for name in PERCENTILES}
    return Load(total["calls"], seconds, latency)


def percentiles_of_log(path):
    """From h2load's log, whose columns are start, HTTP status and microseconds of each call."""
    with open(path, "rb") as log:
        times = sorted(int(line.rsplit(b"\t", 1)[1]) for line in log)
    return {name: times[int(len(times) * part / 100)] for name, part in PERCENTILES.items()}


def redis_benchmark(server, operation, depth, seconds, cpu, calls_a_second):
    """Calls to Redis. It takes a number of calls, not of seconds; a run before told the rate.

    Its latencies are those of a whole pipeline, and the percentiles the next ones that it prints
    above those asked for.
    """
    command = {"get": ["GET", KEY], "set": ["SET", KEY, VALUE.decode()]}[operation]
    calls = max(1000, int(calls_a_second * seconds))
    text = output_of(
        ["redis-benchmark", "-h", "127.0.0.1", "-p", str(server.port), "-c", str(CONNECTIONS),
         "-P", str(depth), "-n", str(calls), "--precision", "3", *command],
        cpu,
    )
    # It keeps its progress on one line, apart by carriage returns.
    text = text.replace("\r", "\n")
    took = float(search(r"requests completed in ([\d.]+) seconds", text, "duration"))
    steps = [
        (float(part), float(ms) * 1000)
        for part, ms in re.findall(r"^([\d.]+)% <= ([\d.]+) milliseconds", text, re.MULTILINE)
    ]
    latency = {
        name: round(next(us for part, us in steps if part >= wanted))
        for name, wanted in PERCENTILES.items()
        if any(part >= wanted for part, _ in steps)
    }
    return Load(calls, took, latency)


def memcached_load(server, operation, depth, seconds, cpu):
    """Calls to memcached by our own generator, which checks each answer."""
    program = SCRATCH / "memcached_load"
    return Load(**_latency_apart(json.loads(output_of(
        [str(program), str(server.port), str(CONNECTIONS), str(depth), str(int(seconds * 1000)),
         operation, KEY, str(len(VALUE))],
        cpu,
    ))))


def _latency_apart(result):
    latency = {name: result.pop(name) for name in PERCENTILES}
    return result | {"latency": latency}


def build_memcached_load():
    source = ROOT / "Benchmarks" / "memcached_load.c"
    program = SCRATCH / "memcached_load"
    if program.exists() and program.stat().st_mtime >= source.stat().st_mtime:
        return
    done = subprocess.run(
        ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source)],
        capture_output=True, text=True,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"cc does not compile {source.name}:\n{done.stderr}")
