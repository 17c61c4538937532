"""A cluster with a fixed ring: any node answers for any key, and says what is wrong when one is gone."""

import concurrent.futures
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.cluster import Cluster
from support.failures import DETAILS, failure_of, refused
from support.node import Node, free_port, run, wait_until
from support.ring import owner_of

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED
FAILED_PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
NODES = range(3)
PEER = "larder.v1.Peer"
SOON = 30


@pytest.fixture(scope="module")
def cluster():
    with Cluster(3) as cluster:
        yield cluster


@pytest.fixture
def keys(cluster, key):
    """One key of each node."""
    return [cluster.keys_of(owner, 1, f"{key}/{owner}")[0] for owner in NODES]


def get(cache, key, **options):
    return cache.Get(pb.GetRequest(key=key), **options)


# ---- every call


def test_a_key_set_at_one_node_is_read_and_deleted_at_each_other_one(cluster, keys):
    for at in NODES:
        for key in keys:
            stored = cluster.cache(at).Set(pb.SetRequest(key=key, value=b"from %d" % at, flags=7))
            assert stored.stored
            for other in NODES:
                hit = get(cluster.cache(other), key).hit
                assert (hit.value, hit.flags) == (b"from %d" % at, 7)
                assert hit.version == stored.version
    for key in keys:
        assert cluster.cache(1).Delete(pb.DeleteRequest(key=key)).deleted
        assert all(get(cluster.cache(at), key).HasField("miss") for at in NODES)


def test_each_key_lies_on_its_owner_alone(cluster, key):
    before = [cluster.status(at).namespaces[0].entries for at in NODES]
    names = [f"{key}/{number}" for number in range(60)]
    for number, name in enumerate(names):
        cluster.cache(number % 3).Set(pb.SetRequest(key=name, value=b"v"))
    grown = [cluster.status(at).namespaces[0].entries - before[at] for at in NODES]
    assert grown == [sum(cluster.owner(name) == at for name in names) for at in NODES]


def test_increment_and_touch_find_the_owner_from_every_node(cluster, keys):
    for name in keys:
        for at in NODES:
            answer = cluster.cache(at).Increment(pb.IncrementRequest(key=name, delta=5))
            assert answer.value == 5 * (at + 1)
            touched = cluster.cache(at).Touch(pb.TouchRequest(key=name, ttl_ms=60_000))
            assert touched.found
        assert 0 < get(cluster.cache(0), name).hit.ttl_ms <= 60_000


def test_values_of_every_size_come_back_whole(cluster, keys):
    for size in (0, 1, 16_384, 16_385, 300_000, 3 << 20):
        value = bytes(number & 0xFF for number in range(251)) * (size // 251 + 1)
        value = value[:size]
        for at, name in enumerate(keys):
            cluster.cache((at + 1) % 3).Set(pb.SetRequest(key=name, value=value))
            assert get(cluster.cache((at + 2) % 3), name).hit.value == value


def test_a_call_is_forwarded_once_at_most(cluster, key):
    names = [f"{key}/{number}" for number in range(30)]
    forwards = sum(cluster.forwards(at) for at in NODES)
    served = sum(cluster.served(at, PEER) for at in NODES)
    expected = 0
    for at in NODES:
        for name in names:
            get(cluster.cache(at), name)
            expected += cluster.owner(name) != at
    assert sum(cluster.forwards(at) for at in NODES) - forwards == expected
    assert sum(cluster.served(at, PEER) for at in NODES) - served == expected


def test_an_error_of_the_owner_passes_on_with_its_details(cluster, keys):
    for name in keys:
        cluster.cache(0).Set(pb.SetRequest(key=name, value=b"no number"))
        for at in NODES:
            failure = refused(
                FAILED_PRECONDITION, "VALUE_NOT_A_NUMBER", cluster.cache(at).Increment,
                pb.IncrementRequest(key=name, delta=1))
            assert failure.metadata == {"field": "value"}
            failure = refused(
                grpc.StatusCode.INVALID_ARGUMENT, "TTL_INVALID", cluster.cache(at).Touch,
                pb.TouchRequest(key=name, ttl_ms=0))
            assert failure.metadata == {"field": "ttl_ms"}


# ---- batches


def test_a_batch_is_split_among_owners_and_answered_in_order(cluster, key):
    names = [f"{key}/{number}" for number in range(200)]
    items = [pb.SetRequest(key=name, value=name.encode()) for name in names]
    stored = cluster.cache(0).SetMany(pb.SetManyRequest(items=items))
    assert all(result.ok.stored for result in stored.results) and len(stored.results) == 200
    asked = names + ["absent"] + names[:3]
    for at in NODES:
        before = cluster.forwards(at, method="GetMany")
        results = cluster.cache(at).GetMany(pb.GetManyRequest(keys=asked)).results
        values = [result.hit.value.decode() if result.HasField("hit") else None for result in results]
        assert values == names + [None] + names[:3]
        assert cluster.forwards(at, method="GetMany") - before == 2
    deleted = cluster.cache(2).DeleteMany(pb.DeleteManyRequest(keys=names + ["absent"])).results
    assert [result.ok.deleted for result in deleted] == [True] * 200 + [False]


def test_one_bad_key_of_a_split_batch_fails_alone(cluster, keys):
    cluster.cache(0).Set(pb.SetRequest(key=keys[1], value=b"v"))
    asked = [keys[0], "", keys[1], "k" * 65_537, keys[2]]
    results = cluster.cache(0).GetMany(pb.GetManyRequest(keys=asked)).results
    kinds = [result.WhichOneof("result") for result in results]
    assert kinds == ["miss", "error", "hit", "error", "miss"]
    assert [results[1].error.reason, results[3].error.reason] == ["KEY_EMPTY", "KEY_TOO_LONG"]


def test_a_split_batch_whose_reply_is_full_defers_the_rest(cluster, key):
    names = [f"{key}/{number}" for number in range(12)]
    value = b"v" * (1 << 20)
    for name in names:
        cluster.cache(0).Set(pb.SetRequest(key=name, value=value))
    wanted, rounds = names, 0
    while wanted:
        results = cluster.cache(1).GetMany(pb.GetManyRequest(keys=wanted)).results
        kinds = [result.WhichOneof("result") for result in results]
        assert set(kinds) <= {"hit", "deferred"} and kinds[0] == "hit", kinds
        assert all(r.hit.value == value for r in results if r.HasField("hit"))
        wanted = [name for name, kind in zip(wanted, kinds) if kind == "deferred"]
        rounds += 1
    assert 4 <= rounds <= 12


# ---- deadlines, cancellation


@pytest.fixture
def broken():
    """A cluster that a test may break. Its clients hear of a late owner before their own clocks say."""
    with Cluster(3, "--forward-margin", "1s", "--peer-suspect-after", "60s") as cluster:
        yield cluster


def test_a_silent_owner_costs_no_more_than_the_deadline(broken):
    name, other = broken.keys_of(2, 1, "silent")[0], broken.keys_of(1, 1, "other")[0]
    get(broken.cache(0), name)
    broken.pause(2)

    def ask():
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            get(broken.cache(0), name, timeout=2)
        assert caught.value.code() == DEADLINE_EXCEEDED and 1 < time.monotonic() - began
        # The client may have seen the end of the time first.
        return DETAILS in dict(caught.value.trailing_metadata() or ()) and failure_of(caught.value)

    failure = wait_until(ask, "the node says that its owner is late")
    assert failure.reason == "OWNER_SILENT" and broken.nodes[2].target in failure.message
    # Others are not held up by it.
    for _ in range(20):
        get(broken.cache(0), other, timeout=SOON)
    broken.resume(2)
    wait_until(lambda: get_or_none(broken.cache(0), name), "the owner answers again")


def test_a_cancelled_call_is_cancelled_at_the_owner(broken):
    name = broken.keys_of(2, 1, "cancelled")[0]
    get(broken.cache(0), name)
    broken.pause(2)
    call = broken.cache(0).Get.future(pb.GetRequest(key=name), timeout=20)
    wait_until(lambda: open_calls(broken, 0) == 1, "the call is on its way")
    call.cancel()
    wait_until(lambda: open_calls(broken, 0) == 0, "the forward has ended as well")
    assert broken.forwards(0, result="cancelled") == 1
    broken.resume(2)
    wait_until(lambda: get_or_none(broken.cache(0), name), "the owner answers again")


def open_calls(cluster, at):
    return sum(member.open_calls for member in cluster.status(at).cluster.members)


def get_or_none(cache, name):
    try:
        return get(cache, name, timeout=5)
    except grpc.RpcError:
        return None


# ---- a node that dies


def test_a_killed_node_fails_its_keys_at_once_and_comes_back(broken):
    mine = [broken.keys_of(owner, 3, f"crash{owner}") for owner in NODES]
    for names in mine:
        for name in names:
            broken.cache(0).Set(pb.SetRequest(key=name, value=b"v"))
    broken.kill(2)
    for at in (0, 1):
        cache = broken.cache(at)
        with pytest.raises(grpc.RpcError) as first:
            get(cache, mine[2][0], timeout=SOON)
        assert first.value.code() == UNAVAILABLE
        began = time.monotonic()
        for _ in range(20):
            failure = refused(
                UNAVAILABLE, "OWNER_UNREACHABLE", get, cache, mine[2][1], timeout=SOON)
            refused(
                UNAVAILABLE, "OWNER_UNREACHABLE", cache.Set,
                pb.SetRequest(key=mine[2][1], value=b"w"), timeout=SOON)
            # Nothing was done: it may be tried again.
            assert failure.pushback_ms >= 0 and broken.nodes[2].target in failure.message
        assert time.monotonic() - began < SOON
        for name in mine[0] + mine[1]:
            assert get(cache, name, timeout=SOON).hit.value == b"v"
        asked = [mine[0][0], mine[2][0], mine[1][0], mine[2][1]]
        results = cache.GetMany(pb.GetManyRequest(keys=asked), timeout=SOON).results
        kinds = [result.WhichOneof("result") for result in results]
        assert kinds == ["hit", "error", "hit", "error"]
        assert results[1].error.code == UNAVAILABLE.value[0]
        assert results[1].error.reason == "OWNER_UNREACHABLE"
    states = {member.id: member.state for member in broken.status(0).cluster.members}
    assert states[broken.nodes[2].target] == "unreachable"
    broken.start(2)
    for at in (0, 1):
        wait_until(lambda: get_or_none(broken.cache(at), mine[2][0]), "the node is back")
        assert get(broken.cache(at), mine[2][0]).HasField("miss")


def test_a_write_that_was_cut_off_says_that_its_outcome_is_unknown(broken):
    name = broken.keys_of(2, 1, "cut")[0]
    get(broken.cache(0), name)
    broken.pause(2)
    write = broken.cache(0).Set.future(pb.SetRequest(key=name, value=b"v"), timeout=20)
    read = broken.cache(0).Get.future(pb.GetRequest(key=name), timeout=20)
    wait_until(lambda: open_calls(broken, 0) == 2, "both calls are on their way")
    broken.kill(2)
    assert refused(UNAVAILABLE, "OUTCOME_UNKNOWN", write.result).pushback_ms == -1
    assert refused(UNAVAILABLE, "OWNER_LOST", read.result).pushback_ms == 0


def test_a_node_that_stops_in_peace_fails_no_call_of_others(broken):
    """Calls are in flight all the time; those that the node no longer takes were not executed."""
    names = broken.keys_of(1, 50, "peace")
    stop = False

    def load():
        codes = set()
        while not stop:
            for name in names:
                try:
                    get(broken.cache(0), name, timeout=SOON)
                except grpc.RpcError as error:
                    codes.add(error.code())
        return codes

    broken.kill(2)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        loads = [pool.submit(load) for _ in range(4)]
        time.sleep(0.5)
        stop = True
        assert [codes.result() for codes in loads] == [set()] * 4


# ---- wrong configurations


def test_nodes_with_different_lists_say_so_and_call_no_further():
    ports = [free_port() for _ in NODES]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    with Node("--peers", ",".join(addresses), port=ports[0]) as first, \
            Node("--peers", ",".join(addresses[:2]), port=ports[1]) as second, \
            Node("--peers", ",".join(addresses[1:]), port=ports[2]) as third:
        lists = {first: addresses, second: addresses[:2], third: addresses[1:]}
        for node, addresses in lists.items():
            with grpc.insecure_channel(node.target) as channel:
                cache = cache_pb2_grpc.CacheStub(channel)
                own = addresses.index(node.target)
                began = time.monotonic()
                for number in range(40):
                    name = f"k{number}"
                    if owner_of(name, addresses) == own:
                        assert get(cache, name, timeout=SOON).HasField("miss")
                        continue
                    # Also where the other node, by its own list, owns the key: a third may not think so.
                    failure = refused(
                        FAILED_PRECONDITION, "RINGS_DIFFER", get, cache, name, timeout=SOON)
                    assert "--peers" in failure.message
                assert time.monotonic() - began < SOON


@pytest.mark.parametrize("spelling", ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]"])
def test_a_node_knows_itself_however_it_is_spelled(spelling):
    ports = [free_port(), free_port()]
    peers = f"127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"
    advertise = f"{spelling}:{ports[0]}"
    with Node("--peers", peers, "--advertise", advertise, port=ports[0]) as node, \
            Node("--peers", peers, port=ports[1]), grpc.insecure_channel(node.target) as channel:
        cache = cache_pb2_grpc.CacheStub(channel)
        began = time.monotonic()
        for number in range(40):
            cache.Set(pb.SetRequest(key=f"k{number}", value=b"v"), timeout=SOON)
            assert get(cache, f"k{number}", timeout=SOON).hit.value == b"v"
        assert time.monotonic() - began < SOON


def test_a_list_without_the_node_itself_or_with_it_twice_is_refused():
    port, other = free_port(), free_port()
    listen = f"127.0.0.1:{port}"
    for peers, problem in [
        (f"127.0.0.1:{other}", "is not in the list"),
        (f"127.0.0.1:{port},localhost:{port}", "are the same node"),
    ]:
        result = run("serve", "--listen", listen, "--admin", "off", "--peers", peers)
        assert result.returncode == 64 and problem in result.stderr, result.stderr
    result = run("serve", "--listen", listen, "--peers", f"{listen},{listen}")
    assert result.returncode == 64 and "has an address twice" in result.stderr


# ---- who may call


def test_peers_need_their_role_and_clients_hear_no_more_than_that_the_owner_is_out_of_reach(tmp_path):
    tokens, good, bad = (tmp_path / name for name in ("tokens.yaml", "good", "bad"))
    tokens.write_text(
        "- {name: app, token: token-of-app-0123456789, roles: [read, write]}\n"
        "- {name: node, token: token-of-node-0123456789, roles: [peer]}\n")
    good.write_text("token-of-node-0123456789\n")
    bad.write_text("token-of-app-0123456789\n")
    for file in (tokens, good, bad):
        file.chmod(0o600)
    ports = [free_port(), free_port()]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    flags = ["--peers", ",".join(addresses), "--tokens", str(tokens), "--peer-token-file"]
    with Node(*flags, str(good), port=ports[0]) as first, \
            Node(*flags, str(bad), port=ports[1]) as second:
        name = ["", ""]
        for number in range(100):
            name[owner_of(f"k{number}", addresses)] = f"k{number}"
        metadata = (("authorization", "Bearer token-of-app-0123456789"),)
        with grpc.insecure_channel(first.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            assert get(cache, name[1], metadata=metadata).HasField("miss")
            peer = channel.unary_unary(
                f"/{PEER}/Get", pb.GetRequest.SerializeToString, pb.GetResponse.FromString)
            refused(
                grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", peer,
                pb.GetRequest(key=name[0]), metadata=metadata)
        with grpc.insecure_channel(second.target) as channel:
            cache = cache_pb2_grpc.CacheStub(channel)
            failure = refused(
                UNAVAILABLE, "PEER_REFUSED", get, cache, name[0], metadata=metadata)
            assert "--peer-token-file" in failure.message and "token-of" not in failure.message


def test_a_forward_is_never_forwarded_again(cluster, keys):
    """Whoever calls larder.v1.Peer at a node that does not own the key hears who does."""
    peer = cluster.channels[0].unary_unary(
        f"/{PEER}/Get", pb.GetRequest.SerializeToString, pb.GetResponse.FromString)
    before = cluster.forwards(0)
    failure = refused(FAILED_PRECONDITION, "WRONG_OWNER", peer, pb.GetRequest(key=keys[1]))
    assert failure.metadata == {"owner": cluster.nodes[1].target, "epoch": "0.0"}
    assert peer(pb.GetRequest(key=keys[0])).HasField("miss")
    assert cluster.forwards(0) == before


# ---- what an operator sees


def test_the_status_shows_the_ring_and_what_was_forwarded(cluster, keys):
    get(cluster.cache(0), keys[1])
    status = cluster.status(0).cluster
    assert status.epoch == "0.0" and len(status.members) == 3
    assert abs(sum(member.share_millionths for member in status.members) - 1_000_000) <= 3
    states = {member.id: (member.is_self, member.state) for member in status.members}
    assert states[cluster.nodes[0].target] == (True, "self")
    assert states[cluster.nodes[1].target] == (False, "ready")
    assert any(f.method == "Get" and f.result == "ok" and f.count for f in status.forwards)
