"""What is promised of every key, checked over the recorded calls of concurrent clients."""

import contextlib
import time

import pytest
from support.cluster import Cluster
from support.history import settled_reads, violations
from support.members import Members
from support.workload import run

SECONDS = 4
PEER = "larder.v1.Peer"
# How long after a change that all nodes see a call may still meet what was before.
SETTLING_SECONDS = 1


def test_no_read_is_older_than_what_was_acknowledged_and_no_call_is_passed_on_twice(key):
    with Cluster(3) as cluster:
        # Few keys, so that reads meet writes, and each other on their way to the owner.
        keys = [f"{key}/{number}" for number in range(4)]
        caches = [cluster.cache(at) for at in range(3)]
        history = run(caches, keys, SECONDS)
        assert violations(history.calls) == []
        kinds = {kind: sum(call.kind == kind for call in history.calls) for kind in ("get", "set")}
        assert min(kinds.values()) > 200, kinds
        forwards = sum(cluster.forwards(at) for at in range(3))
        # Reads of several keys that meet on their way share a call.
        assert forwards >= sum(cluster.served(at, PEER) for at in range(3)) > 200


@pytest.mark.slow
def test_nothing_old_comes_back_while_nodes_join_leave_and_are_killed(etcd, cluster_name):
    with Members(etcd, cluster_name, 3) as members:
        unsettled = []

        @contextlib.contextmanager
        def change():
            began = time.monotonic()
            yield
            unsettled.append((began, time.monotonic() + SETTLING_SECONDS))
            # Load, with nothing in the way.
            time.sleep(SETTLING_SECONDS + 1.5)

        def changes():
            time.sleep(1)
            with change():
                fourth = members.add()
                members.wait_for_ring(0, 1, 2, fourth)
            with change():
                members.nodes[fourth].stop()
                members.wait_for_ring(0, 1, 2)
            with change():
                members.kill(2)
                members.wait_for_ring(0, 1)
            with change():
                members.add(at=2, port=members.nodes[2].port)
                members.wait_for_ring(0, 1, 2)

        # Of each owner there are some, so that each change moves some.
        keys = [f"{cluster_name}/{number}" for number in range(24)]
        caches = [members.cache(at) for at in range(3)]
        history = run(caches, keys, meanwhile=changes)
        assert violations(history.calls, misses_allowed=True, unsettled=unsettled) == []
        assert settled_reads(history.calls, unsettled) > 500
        written = {call.key for call in history.calls if call.kind == "set"}
        assert written == set(keys)
