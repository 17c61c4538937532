"""What concurrent clients did and saw, and whether a cache that keeps its promises can have answered so.

Every value is written once in the whole history and names its key, so that a read tells which write it
has seen. A call is acknowledged when its answer has come: `began` and `ended` are of one monotonic clock.
A write whose outcome is unknown may have happened at any time after it began, or never.
"""

import dataclasses
import itertools
import threading
import time

NEVER = float("inf")


@dataclasses.dataclass(frozen=True)
class Call:
    kind: str  # "set", "delete", "get"
    key: str
    began: float
    ended: float  # NEVER where the outcome is unknown
    value: str | None = None  # written, or read; None: a miss, or a delete
    version: int | None = None


class History:
    """Calls of many threads. Values come from `value_for`, which makes each of them once."""

    def __init__(self):
        self.calls = []
        self._lock = threading.Lock()
        self._numbers = itertools.count()

    def value_for(self, key):
        return f"{key}#{next(self._numbers)}"

    def record(self, call):
        with self._lock:
            self.calls.append(call)

    def timed(self, kind, key, body, value=None):
        """Records one call. `body()` makes it, and returns (value, version), or None where the
        outcome is unknown; a call that was surely not done raises, and is not recorded."""
        began = time.monotonic()
        seen = body()
        ended = time.monotonic()
        if seen is None:
            if kind != "get":
                self.record(Call(kind, key, began, NEVER, value))
            return
        self.record(Call(kind, key, began, ended, value or seen[0], seen[1]))


def violations(calls, misses_allowed=False, unsettled=()):
    """What cannot be, as sentences; empty: every answer is one that the promises allow.

    - A value is read under the key that it was written under, and not before it was written.
    - A read does not return a value older than a write that was acknowledged before it began, nor one
      older than what an earlier read has returned. Of two writes the one with the higher version is newer.
    - After an acknowledged delete nothing older than it is returned.
    - Versions of a key are unique, and grow from one acknowledged write to the next that began after it.

    With `misses_allowed` any read may be a miss, as where entries expire or owners change; without it a
    miss must be explained by a delete, or by nobody having written.

    Calls that overlap one of the times (from, to) in `unsettled` say nothing about the order: while keys
    change owners without a handover, two nodes may take themselves for a key's owner for a moment. What
    they have read must still be of the key, written by somebody, and of one version. What was done
    before such a time counts after it.
    """
    found = []
    for key, group in _by_key(calls).items():
        found += _wrong_values(key, group)
        settled = [
            call for call in group
            if call.kind != "get" and call.ended == NEVER
            or not any(call.began <= end and call.ended >= start for start, end in unsettled)]
        found += _wrong_order(key, settled, _versions(group), misses_allowed)
    return found


def settled_reads(calls, unsettled):
    """How many reads `violations` has judged by their order, so that a test sees it was given some."""
    return sum(
        call.kind == "get" and call.value is not None
        and not any(call.began <= end and call.ended >= start for start, end in unsettled)
        for call in calls)


def _by_key(calls):
    groups = {}
    for call in calls:
        groups.setdefault(call.key, []).append(call)
    return groups


def _reads(calls):
    return sorted((call for call in calls if call.kind == "get"), key=lambda call: call.ended)


def _writes_by_value(calls):
    return {call.value: call for call in calls if call.kind == "set"}


def _versions(calls):
    """Of each value: a read may tell that of a write whose own answer was lost."""
    versions = {}
    for call in [call for call in calls if call.kind == "set"] + _reads(calls):
        if call.value is not None and call.version is not None:
            versions.setdefault(call.value, call.version)
    return versions


def _wrong_values(key, calls):
    found = []
    by_value, versions = _writes_by_value(calls), _versions(calls)
    for read in _reads(calls):
        if read.value is None:
            continue
        if read.value not in by_value:
            found.append(f"{key}: read {read.value!r}, which nobody wrote there")
            continue
        if versions[read.value] != read.version:
            found.append(f"{key}: {read.value!r} has versions {versions[read.value]} and {read.version}")
        if by_value[read.value].began > read.ended:
            found.append(f"{key}: read {read.value!r} before it was written")
    known = [version for value, version in versions.items() if value in by_value]
    if len(set(known)) != len(known):
        found.append(f"{key}: two values have one version")
    return found


def _wrong_order(key, calls, versions, misses_allowed):
    found = []
    writes = [call for call in calls if call.kind != "get"]
    reads = _reads(calls)
    acknowledged = sorted(
        (call for call in writes if call.ended != NEVER and call.version is not None),
        key=lambda call: call.ended)
    found += _unordered(key, acknowledged)

    # The newest version that was acknowledged, or read, before a moment.
    ended = [(call.ended, call.version, call) for call in acknowledged]
    ended += [
        (read.ended, versions[read.value], read)
        for read in reads if read.value in versions]
    ended.sort(key=lambda item: item[0])
    for read in reads:
        floor = _newest_before(ended, read.began)
        if read.value is None:
            if not misses_allowed and floor and not _may_be_gone(floor, read, writes):
                found.append(f"{key}: a miss, though {floor[2].value!r} was there before")
            continue
        if floor and versions[read.value] < floor[1]:
            what = "the delete" if floor[2].value is None else repr(floor[2].value)
            found.append(
                f"{key}: read {read.value!r} (version {versions[read.value]}) "
                f"{read.began - floor[0]:.6f} s after {what} (version {floor[1]})")
    return found


def _unordered(key, acknowledged):
    """Writes that began after another was acknowledged, and have no higher version."""
    highest, pending, found = None, list(acknowledged), []
    for call in sorted(acknowledged, key=lambda call: call.began):
        while pending and pending[0].ended < call.began:
            highest = max(highest or 0, pending.pop(0).version)
        if highest is not None and call.version <= highest:
            found.append(f"{key}: version {call.version} was drawn after {highest}")
    return found


def _newest_before(ended, moment):
    newest = None
    for item in ended:
        if item[0] >= moment:
            break
        if newest is None or item[1] > newest[1]:
            newest = item
    return newest


def _may_be_gone(floor, read, writes):
    if floor[2].value is None:
        return True
    return any(
        call.kind == "delete" and call.began < read.ended
        and (call.version is None or call.version > floor[1]) for call in writes)
