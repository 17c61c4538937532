"""Every call of larder.v1.Cache on one key, and every field of it; batches have their own file."""

import time

import pytest
from larder.v1 import cache_pb2 as pb

KEY_BYTES_MAX = 64 * 1024
UINT32_MAX = 2**32 - 1
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


def hit(cache, key):
    """The entry under the key, which must be there."""
    response = cache.Get(pb.GetRequest(key=key))
    assert response.WhichOneof("result") == "hit", f"no entry under {key!r}"
    return response.hit


def is_miss(cache, key):
    return cache.Get(pb.GetRequest(key=key)).WhichOneof("result") == "miss"


def put(cache, key, value=b"value", **fields):
    return cache.Set(pb.SetRequest(key=key, value=value, **fields))


def wait_for_a_miss(cache, key, seconds=3):
    """True once the key has expired."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_miss(cache, key):
            return True
        time.sleep(0.01)
    return False


class TestGet:
    def test_an_absent_key_is_a_miss_and_no_error(self, cache, key):
        assert is_miss(cache, key)

    def test_a_hit_carries_every_field(self, cache, key):
        stored = put(cache, key, b"hello", flags=7)
        got = hit(cache, key)
        assert got.value == b"hello"
        assert got.version == stored.version > 0
        assert got.flags == 7
        assert got.ttl_ms == 0
        assert got.source == pb.SOURCE_OWNER
        assert got.stale is False

    @pytest.mark.parametrize(
        "value",
        [b"", bytes(range(256)), b"\xff" * 1000, b"x" * 16 * 1024, b"x" * (16 * 1024 + 1)],
        ids=["empty", "all-bytes", "no-utf8", "inline-max", "one-past-inline-max"],
    )
    def test_a_value_comes_back_as_it_went(self, cache, key, value):
        put(cache, key, value)
        assert hit(cache, key).value == value

    @pytest.mark.parametrize("name", ["k", "ключ/鍵/🔑", "a\x00b", "x" * KEY_BYTES_MAX],
                             ids=["one-byte", "unicode", "nul", "64-KiB"])
    def test_a_key_within_the_limits_is_taken(self, cache, name):
        put(cache, name, b"found")
        assert hit(cache, name).value == b"found"

    def test_the_empty_namespace_is_the_default_one(self, cache, key):
        put(cache, key, b"here", namespace="")
        assert cache.Get(pb.GetRequest(key=key, namespace="")).hit.value == b"here"


class TestSet:
    def test_a_second_set_replaces_the_whole_entry(self, cache, key):
        put(cache, key, b"one", flags=1, ttl_ms=HOUR_MS)
        put(cache, key, b"two")
        got = hit(cache, key)
        assert (got.value, got.flags, got.ttl_ms) == (b"two", 0, 0)

    def test_versions_grow_with_every_write(self, cache, key):
        versions = [put(cache, key).version for _ in range(100)]
        assert versions == sorted(set(versions))
        deleted = cache.Delete(pb.DeleteRequest(key=key)).version
        assert versions[-1] < deleted < put(cache, key).version

    def test_flags_keep_all_32_bits(self, cache, key):
        put(cache, key, flags=UINT32_MAX)
        assert hit(cache, key).flags == UINT32_MAX

    def test_durability_all_is_met_by_the_only_node(self, cache, key):
        assert put(cache, key, durability=pb.DURABILITY_ALL).stored


class TestConditions:
    def test_if_absent_stores_once(self, cache, key):
        first = put(cache, key, b"one", if_absent=True)
        second = put(cache, key, b"two", if_absent=True)
        assert first.stored and not second.stored
        assert second.version == first.version
        assert hit(cache, key).value == b"one"

    def test_if_present_stores_only_over_an_entry(self, cache, key):
        refused = put(cache, key, if_present=True)
        assert (refused.stored, refused.version) == (False, 0)
        assert is_miss(cache, key)
        put(cache, key, b"one")
        assert put(cache, key, b"two", if_present=True).stored
        assert hit(cache, key).value == b"two"

    def test_if_version_stores_over_that_version_alone(self, cache, key):
        first = put(cache, key, b"one")
        second = put(cache, key, b"two", if_version=first.version)
        assert second.stored and second.version > first.version
        late = put(cache, key, b"late", if_version=first.version)
        assert (late.stored, late.version) == (False, second.version)
        assert hit(cache, key).value == b"two"

    def test_if_version_does_not_hold_where_nothing_is(self, cache, key):
        response = put(cache, key, if_version=1)
        assert (response.stored, response.version) == (False, 0)

    @pytest.mark.parametrize("condition", ["if_absent", "if_present"])
    def test_false_means_no_condition(self, cache, key, condition):
        assert put(cache, key, b"one", **{condition: False}).stored
        assert put(cache, key, b"two", **{condition: False}).stored
        assert hit(cache, key).value == b"two"

    def test_an_expired_entry_counts_as_absent(self, cache, key):
        put(cache, key, b"one", ttl_ms=1)
        assert wait_for_a_miss(cache, key)
        assert not put(cache, key, b"two", if_present=True).stored
        assert put(cache, key, b"two", if_absent=True).stored


class TestExpiry:
    def test_an_entry_is_gone_when_its_time_is_over(self, cache, key):
        put(cache, key, ttl_ms=100)
        assert 0 < hit(cache, key).ttl_ms <= 100
        assert wait_for_a_miss(cache, key)

    def test_the_time_left_is_reported_and_shrinks(self, cache, key):
        put(cache, key, ttl_ms=HOUR_MS)
        before = hit(cache, key).ttl_ms
        time.sleep(0.02)
        assert HOUR_MS - 60_000 < hit(cache, key).ttl_ms < before <= HOUR_MS

    def test_a_year_is_no_absurd_time(self, cache, key):
        put(cache, key, ttl_ms=YEAR_MS)
        assert YEAR_MS - 60_000 < hit(cache, key).ttl_ms <= YEAR_MS

    def test_no_expiry_takes_the_expiry_away(self, cache, key):
        put(cache, key, ttl_ms=HOUR_MS)
        put(cache, key, no_expiry=True)
        assert hit(cache, key).ttl_ms == 0


class TestDelete:
    def test_a_delete_has_a_version_of_its_own(self, cache, key):
        stored = put(cache, key)
        response = cache.Delete(pb.DeleteRequest(key=key))
        assert response.deleted and response.version > stored.version
        assert is_miss(cache, key)

    def test_an_absent_key_is_not_deleted(self, cache, key):
        response = cache.Delete(pb.DeleteRequest(key=key))
        assert (response.deleted, response.version) == (False, 0)

    def test_if_version_deletes_that_version_alone(self, cache, key):
        stored = put(cache, key)
        wrong = cache.Delete(pb.DeleteRequest(key=key, if_version=stored.version + 1))
        assert (wrong.deleted, wrong.version) == (False, stored.version)
        assert hit(cache, key).value == b"value"
        assert cache.Delete(pb.DeleteRequest(key=key, if_version=stored.version)).deleted
        assert is_miss(cache, key)


class TestIncrement:
    def test_an_absent_entry_starts_at_the_initial_value(self, cache, key):
        response = cache.Increment(pb.IncrementRequest(key=key, delta=5, initial=100))
        assert response.value == 105 and response.version > 0
        got = hit(cache, key)
        assert (got.value, got.version) == (b"105", response.version)

    def test_a_present_entry_ignores_the_initial_value(self, cache, key):
        put(cache, key, b"41")
        request = pb.IncrementRequest(key=key, delta=1, initial=1000)
        assert cache.Increment(request).value == 42
        assert cache.Increment(request).value == 43

    def test_a_negative_delta_subtracts(self, cache, key):
        assert cache.Increment(pb.IncrementRequest(key=key, delta=-3)).value == -3
        assert hit(cache, key).value == b"-3"

    @pytest.mark.parametrize("limit", [INT64_MIN, INT64_MAX])
    def test_the_limits_of_64_bits_are_reached(self, cache, key, limit):
        step = -1 if limit < 0 else 1
        request = pb.IncrementRequest(key=key, delta=step, initial=limit - step)
        assert cache.Increment(request).value == limit
        assert hit(cache, key).value == str(limit).encode()

    def test_a_created_entry_takes_the_expiry_and_a_present_one_keeps_its_own(self, cache, key):
        cache.Increment(pb.IncrementRequest(key=key, delta=1, ttl_ms=HOUR_MS))
        assert HOUR_MS - 60_000 < hit(cache, key).ttl_ms <= HOUR_MS
        cache.Increment(pb.IncrementRequest(key=key, delta=1, no_expiry=True))
        assert HOUR_MS - 60_000 < hit(cache, key).ttl_ms <= HOUR_MS

    def test_flags_of_a_present_entry_stay(self, cache, key):
        put(cache, key, b"1", flags=9)
        cache.Increment(pb.IncrementRequest(key=key, delta=1))
        assert hit(cache, key).flags == 9


class TestTouch:
    def test_touch_changes_the_expiry_and_nothing_else(self, cache, key):
        stored = put(cache, key, b"kept", flags=3)
        response = cache.Touch(pb.TouchRequest(key=key, ttl_ms=HOUR_MS))
        assert (response.found, response.version) == (True, stored.version)
        got = hit(cache, key)
        assert (got.value, got.flags, got.version) == (b"kept", 3, stored.version)
        assert HOUR_MS - 60_000 < got.ttl_ms <= HOUR_MS

    def test_no_expiry_keeps_an_entry_alive(self, cache, key):
        put(cache, key, ttl_ms=HOUR_MS)
        assert cache.Touch(pb.TouchRequest(key=key, no_expiry=True)).found
        assert hit(cache, key).ttl_ms == 0

    def test_an_unset_expiry_is_the_default_of_the_namespace(self, cache, key):
        put(cache, key, ttl_ms=HOUR_MS)
        cache.Touch(pb.TouchRequest(key=key))
        assert hit(cache, key).ttl_ms == 0

    def test_an_absent_key_is_not_found(self, cache, key):
        response = cache.Touch(pb.TouchRequest(key=key, ttl_ms=HOUR_MS))
        assert (response.found, response.version) == (False, 0)
