"""GetMany, SetMany and DeleteMany: answers in order, one bad item alone, full replies."""

import grpc
from larder.v1 import cache_pb2 as pb

MIB = 1024 * 1024
BATCH_REPLY_BYTES_MAX = 7 * MIB // 2
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]


def kinds(response):
    return [result.WhichOneof("result") for result in response.results]


def test_an_empty_batch_has_an_empty_answer(cache):
    assert not cache.GetMany(pb.GetManyRequest()).results
    assert not cache.SetMany(pb.SetManyRequest()).results
    assert not cache.DeleteMany(pb.DeleteManyRequest()).results


def test_answers_come_in_the_order_of_the_keys(cache, key):
    names = [f"{key}/{number}" for number in range(100)]
    items = [pb.SetRequest(key=name, value=name.encode(), flags=9) for name in names]
    stored = cache.SetMany(pb.SetManyRequest(items=items))
    assert kinds(stored) == ["ok"] * 100
    assert all(result.ok.stored for result in stored.results)

    asked = list(reversed(names)) + [f"{key}/absent", names[0]]
    got = cache.GetMany(pb.GetManyRequest(keys=asked))
    assert kinds(got) == ["hit"] * 100 + ["miss", "hit"]
    for name, result in zip(asked, got.results):
        if result.WhichOneof("result") == "hit":
            assert (result.hit.value, result.hit.flags) == (name.encode(), 9)
    versions = [result.ok.version for result in stored.results]
    assert [result.hit.version for result in got.results[:100]] == versions[::-1]

    deleted = cache.DeleteMany(pb.DeleteManyRequest(keys=[names[1], f"{key}/absent", names[0]]))
    assert [result.ok.deleted for result in deleted.results] == [True, False, True]
    assert kinds(cache.GetMany(pb.GetManyRequest(keys=names[:3]))) == ["miss", "miss", "hit"]


def test_items_of_one_batch_take_effect_in_order(cache, key):
    items = [pb.SetRequest(key=key, value=b"one"), pb.SetRequest(key=key, value=b"two")]
    first, second = cache.SetMany(pb.SetManyRequest(items=items)).results
    assert first.ok.version < second.ok.version
    assert cache.Get(pb.GetRequest(key=key)).hit.value == b"two"


def test_each_item_has_its_own_condition_and_expiry(cache, key):
    items = [
        pb.SetRequest(key=key, value=b"one", if_absent=True, ttl_ms=60_000),
        pb.SetRequest(key=key, value=b"two", if_absent=True),
        pb.SetRequest(key=f"{key}/absent", value=b"three", if_present=True),
    ]
    results = cache.SetMany(pb.SetManyRequest(items=items)).results
    assert [result.ok.stored for result in results] == [True, False, False]
    assert results[1].ok.version == results[0].ok.version
    assert results[2].ok.version == 0
    hit = cache.Get(pb.GetRequest(key=key)).hit
    assert hit.value == b"one" and 0 < hit.ttl_ms <= 60_000


def bad_alone(response, code, reason):
    """The second of three items failed so, and the others did not."""
    before, bad, after = response.results
    assert before.WhichOneof("result") != "error" and after.WhichOneof("result") != "error"
    assert (bad.error.code, bad.error.reason) == (code, reason)
    assert bad.error.message


def test_one_bad_key_fails_alone(cache, key):
    keys = [f"{key}/a", "", f"{key}/b"]
    items = [pb.SetRequest(key=name, value=b"v") for name in keys]
    bad_alone(cache.SetMany(pb.SetManyRequest(items=items)), INVALID_ARGUMENT, "KEY_EMPTY")
    got = cache.GetMany(pb.GetManyRequest(keys=keys))
    assert kinds(got) == ["hit", "error", "hit"]
    bad_alone(got, INVALID_ARGUMENT, "KEY_EMPTY")
    deleted = cache.DeleteMany(pb.DeleteManyRequest(keys=keys))
    bad_alone(deleted, INVALID_ARGUMENT, "KEY_EMPTY")
    assert deleted.results[0].ok.deleted and deleted.results[2].ok.deleted


def test_one_bad_expiry_fails_alone(cache, key):
    items = [
        pb.SetRequest(key=f"{key}/a", value=b"v"),
        pb.SetRequest(key=f"{key}/bad", value=b"v", ttl_ms=0),
        pb.SetRequest(key=f"{key}/b", value=b"v"),
    ]
    bad_alone(cache.SetMany(pb.SetManyRequest(items=items)), INVALID_ARGUMENT, "TTL_INVALID")


def test_one_value_over_the_limit_fails_alone(cache, key):
    items = [
        pb.SetRequest(key=f"{key}/a", value=b"v"),
        pb.SetRequest(key=f"{key}/bad", value=b"v" * (3 * MIB + 1)),
        pb.SetRequest(key=f"{key}/b", value=b"v"),
    ]
    code = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    bad_alone(cache.SetMany(pb.SetManyRequest(items=items)), code, "VALUE_TOO_LARGE")


def test_keys_that_do_not_fit_the_reply_are_deferred_and_can_be_asked_again(cache, key):
    values = {f"{key}/{number}": bytes([number]) * MIB for number in range(8)}
    for name, value in values.items():
        cache.Set(pb.SetRequest(key=name, value=value))

    waiting, got, rounds = list(values), {}, []
    while waiting:
        response = cache.GetMany(pb.GetManyRequest(keys=waiting))
        assert len(response.results) == len(waiting)
        assert response.ByteSize() <= BATCH_REPLY_BYTES_MAX
        rounds.append(kinds(response))
        hits = [n for n, r in zip(waiting, response.results) if r.WhichOneof("result") == "hit"]
        assert hits, "a round brings at least one value, else asking again never ends"
        got |= {n: r.hit.value for n, r in zip(waiting, response.results) if n in hits}
        waiting = [n for n in waiting if n not in hits]

    assert got == values
    assert rounds[0] == ["hit"] * 3 + ["deferred"] * 5
    cache.DeleteMany(pb.DeleteManyRequest(keys=list(values)))


def test_refused_keys_too_count_for_the_size_of_the_reply(cache, key):
    halves = [BATCH_REPLY_BYTES_MAX // 2, BATCH_REPLY_BYTES_MAX // 2 - 100]
    names = [f"{key}/{number}" for number in range(2)]
    for name, size in zip(names, halves):
        cache.Set(pb.SetRequest(key=name, value=bytes(size)))
    response = cache.GetMany(pb.GetManyRequest(keys=names + [""] * 9_998))
    assert kinds(response)[:2] == ["hit", "hit"] and len(response.results) == 10_000
    assert kinds(response)[-1] == "deferred"
    # Each deferred key takes 4 bytes.
    assert response.ByteSize() <= BATCH_REPLY_BYTES_MAX + 4 * 10_000
    cache.DeleteMany(pb.DeleteManyRequest(keys=names))


def test_a_batch_of_items_in_namespaces_of_long_names_is_answered(cache, key):
    items = [pb.SetRequest(key="k", namespace="x" * 400)] * 9_999 + [pb.SetRequest(key=key)]
    results = cache.SetMany(pb.SetManyRequest(items=items)).results
    assert [result.error.reason for result in results[:-1]] == ["NAMESPACE_UNKNOWN"] * 9_999
    assert results[-1].ok.stored
