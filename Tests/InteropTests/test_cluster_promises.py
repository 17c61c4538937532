"""What is promised of every key, checked over the recorded calls of concurrent clients."""

from support.cluster import Cluster
from support.history import violations
from support.workload import run

SECONDS = 4
PEER = "larder.v1.Peer"


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
