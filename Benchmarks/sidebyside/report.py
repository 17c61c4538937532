"""The tables, and the bars that Larder is held to."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Bar:
    """Server CPU time of one case over that of another, and the ratio it shall not pass."""

    case: str
    beside: str
    limit: float


@dataclasses.dataclass(frozen=True)
class LatencyBar:
    """By how many microseconds the median of one case may be above that of another."""

    case: str
    beside: str
    limit_us: float


LATENCY_BARS = [LatencyBar("larder-forwarded-get-1x1", "larder-local-get-1x1", 200)]

BARS = [
    Bar("larder-get-16x32", "nghttpd-get-16x32", 0.85),
    Bar("larder-get-16x1", "nghttpd-get-16x1", 1.10),
    Bar("larder-get-16x1", "redis-get-16x1", 1.25),
    Bar("larder-tls-get-16x32", "larder-get-16x32", 2.00),
    Bar("larder-forwarded-get-16x32", "larder-local-get-16x32", 2.80),
    Bar("larder-set-16x32", "larder-get-16x32", 1.30),
    Bar("larder-set-16x1", "larder-get-16x1", 1.30),
]


@dataclasses.dataclass
class Result:
    """All rounds of one case."""

    name: str
    cpu_us: list = dataclasses.field(default_factory=list)
    calls_per_second: list = dataclasses.field(default_factory=list)
    latencies: list = dataclasses.field(default_factory=list)

    def median_cpu_us(self):
        return statistics.median(self.cpu_us)

    def latency(self, name):
        known = [latency[name] for latency in self.latencies if name in latency]
        return statistics.median(known) if known else None


def table(header, rows):
    """Markdown, aligned so that it reads well in a terminal too; numbers to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells):
        first, *rest = cells
        padded = [first.ljust(widths[0])] + [c.rjust(w) for c, w in zip(rest, widths[1:])]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def cases_table(results):
    rows = []
    for result in results:
        rows.append([
            result.name,
            f"{result.median_cpu_us():.2f}",
            f"{min(result.cpu_us):.2f}-{max(result.cpu_us):.2f}",
            f"{statistics.median(result.calls_per_second):,.0f}",
            *("" if (us := result.latency(name)) is None else f"{us:,.0f}"
              for name in ("p50", "p99", "p99.9")),
        ])
    header = ["case", "server CPU us/call", "min-max", "calls/s", "p50 us", "p99 us", "p99.9 us"]
    return table(header, rows)


def ratios(results):
    """The bars whose two cases were both measured, with their ratios."""
    by_name = {result.name: result.median_cpu_us() for result in results}
    return [
        (bar, by_name[bar.case] / by_name[bar.beside])
        for bar in BARS
        if bar.case in by_name and bar.beside in by_name
    ]


def bars_table(found):
    rows = [
        [f"{bar.case} / {bar.beside}", f"{ratio:.2f}", f"<= {bar.limit:.2f}",
         "ok" if ratio <= bar.limit else "MISSED"]
        for bar, ratio in found
    ]
    return table(["ratio of server CPU time", "measured", "bar", ""], rows)


def latency_table(results):
    """The latency bars whose two cases were both measured; empty: none."""
    by_name = {result.name: result.latency("p50") for result in results}
    rows = []
    for bar in LATENCY_BARS:
        if by_name.get(bar.case) is None or by_name.get(bar.beside) is None:
            continue
        added = by_name[bar.case] - by_name[bar.beside]
        rows.append([
            f"{bar.case} - {bar.beside}", f"{added:,.0f} us", f"<= {bar.limit_us:,.0f} us",
            "ok" if added <= bar.limit_us else "MISSED",
        ])
    return table(["latency added at p50", "measured", "bar", ""], rows) if rows else ""


def document(results, about):
    """The whole report in Markdown."""
    machine, versions = about["machine"], about["versions"]
    lines = [
        f"# Side by side, {about['date']}",
        "",
        f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, load average "
        f"{machine['load_average']} at the start. Servers on core {about['server_cpu']}, load on "
        f"core {about['load_cpu']}, taking turns; medians of rounds of {about['seconds']} s, "
        f"{about['rounds']} in number.",
        "",
        "16x32: 16 connections, each with 32 calls under way. One key, values of 100 bytes; "
        "larder-local and larder-forwarded: 10,000 keys, asked for by `larder bench`. "
        "Server CPU time is what the scheduler counted for the server's threads, user and system. "
        "Redis' latencies are those of a whole pipeline; those over HTTP/2 come from a run apart.",
        "",
        cases_table(results),
        "",
    ]
    found = ratios(results)
    if found:
        lines += [bars_table(found), ""]
    if latencies := latency_table(results):
        lines += [latencies, ""]
    lines += [f"- {name}: {version}" for name, version in versions.items()]
    return "\n".join(lines) + "\n"
