"""The pages of `--admin`, and a strict reader of Prometheus' text format.

https://prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4. What the format merely
advises, or what Prometheus repairs in silence, is an error here.
"""

import dataclasses
import http.client
import re

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


@dataclasses.dataclass
class Page:
    """One answer, whole."""

    status: int
    headers: dict
    text: str


def fetch(node, path, method="GET", body=None):
    """Asks a node for one of its pages."""
    connection = http.client.HTTPConnection(node.admin, timeout=60)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Page(answer.status, headers, answer.read().decode())
    finally:
        connection.close()


def scrape(node):
    """The metrics of a node, read as strictly as can be."""
    page = fetch(node, "/metrics")
    assert (page.status, page.headers["content-type"]) == (200, CONTENT_TYPE)
    return Metrics(page.text)


class Metrics:
    """A page /metrics: the kind of each family, and the value of each series."""

    def __init__(self, text):
        self.text = text
        self.kinds = {}
        self.values = {}
        assert text.endswith("\n"), "the last line does not end"
        family = None
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                family = line.split(" ")[2]
                assert re.fullmatch(NAME, family) and family not in self.kinds, line
                assert len(line.split(" ", 3)[3]) > 10, f"helps nobody: {line}"
            elif line.startswith("# TYPE "):
                assert line.split(" ")[2] == family and family not in self.kinds, line
                self.kinds[family] = line.split(" ", 3)[3]
                assert self.kinds[family] in SUFFIXES, line
                is_counter = self.kinds[family] == "counter"
                assert is_counter == family.endswith("_total"), f"misleading name: {line}"
            else:
                self._take(line, family)
        self._check_histograms()

    def value(self, name, **labels):
        """Of one series; 0 for a histogram that has not begun."""
        series = (name, tuple(sorted(labels.items())))
        if name.endswith("_count") and series not in self.values:
            return 0
        return self.values[series]

    def since(self, earlier, name, label):
        """By how much the series of a family grew, by the value of their label; without zeros."""
        grown = {}
        for (found, labels), value in self.values.items():
            if found == name:
                key = tuple(dict(labels)[part] for part in label.split())
                by = value - earlier.value(name, **dict(labels))
                if by:
                    grown[key if len(key) > 1 else key[0]] = by
        return grown

    def _take(self, line, family):
        match = SAMPLE.fullmatch(line)
        assert match, f"no sample: {line!r}"
        name, labels = match[1], re.findall(LABEL, match[2] or "")
        kind = self.kinds[family]
        assert name in [family + suffix for suffix in SUFFIXES[kind]], f"astray: {line}"
        assert len({key for key, _ in labels}) == len(labels), f"a label twice: {line}"
        series = (name, tuple(sorted(labels)))
        assert series not in self.values, f"a series twice: {line}"
        self.values[series] = float(match.groups()[-1])
        assert kind == "gauge" or self.values[series] >= 0, f"negative: {line}"

    def _check_histograms(self):
        """Buckets grow, the last of them is +Inf and equals the count, and there is a sum."""
        buckets = {}
        for (name, labels), value in self.values.items():
            if self.kinds.get(name.removesuffix("_bucket")) == "histogram":
                others = tuple(pair for pair in labels if pair[0] != "le")
                family = name.removesuffix("_bucket")
                bound = float(dict(labels)["le"])
                buckets.setdefault((family, others), []).append((bound, value))
        for (family, labels), found in buckets.items():
            assert found == sorted(found) and found[-1][0] == float("inf"), (family, labels)
            counts = [count for _, count in found]
            assert counts == sorted(counts), (family, labels)
            assert counts[-1] == self.values[family + "_count", labels], (family, labels)
            assert self.values[family + "_sum", labels] >= 0
