import random, time
import pytest
from larder.v1 import cache_pb2 as pb
from support.members import SOON, Members
from test_cluster_handover import call_through_changes, change_the_ring


@pytest.mark.parametrize("n", range(100))
def test_sum(cluster_name, etcd, n):
    with Members(etcd, cluster_name, 2) as members:
        keys = [f"sum/{number}" for number in range(40)]
        def add(cache, number):
            key = random.choice(keys)
            began = time.time()
            answer = cache.Increment(pb.IncrementRequest(key=key, delta=1), timeout=SOON)
            return key, answer.value, answer.version, began, time.time(), number
        sums = call_through_changes(members, lambda: change_the_ring(members, 5), add)
        for key in keys:
            seen = [r[1] for r in sums if r[0] == key]
            if sorted(seen) != list(range(1, len(seen) + 1)):
                with open(f"/tmp/q/sum.{n}.txt", "w") as out:
                    for r in sorted((r for r in sums if r[0] == key), key=lambda r: r[3]):
                        print(r, file=out)
                    for i, node in enumerate(members.nodes):
                        print("=== node", i, node.log() if node else None, file=out)
                assert False, key
