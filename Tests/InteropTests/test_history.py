"""The checker itself: what it must find, and what it must let pass."""

from support.history import NEVER, Call, violations


def wrote(value, began, ended, version, key="k"):
    return Call("set", key, began, ended, value, version)


def deleted(began, ended, version, key="k"):
    return Call("delete", key, began, ended, None, version)


def read(value, began, ended, version=None, key="k"):
    return Call("get", key, began, ended, value, version)


def test_a_read_of_the_newest_write_passes():
    assert not violations([wrote("a", 0, 1, 10), wrote("b", 2, 3, 11), read("b", 4, 5, 11)])


def test_a_read_beside_a_write_may_return_either_value():
    history = [wrote("a", 0, 1, 10), wrote("b", 2, 5, 11)]
    assert not violations(history + [read("a", 3, 4, 10)])
    assert not violations(history + [read("b", 3, 4, 11)])


def test_an_older_value_than_one_acknowledged_before_is_found():
    history = [wrote("a", 0, 1, 10), wrote("b", 2, 3, 11), read("a", 4, 5, 10)]
    assert "older" not in violations(history)[0] and "version 10" in violations(history)[0]


def test_an_older_value_than_one_read_before_is_found_though_its_write_was_never_acknowledged():
    history = [wrote("a", 0, 1, 10), wrote("b", 2, NEVER, None)]
    assert not violations(history + [read("a", 3, 4, 10), read("b", 5, 6, 11)])
    assert violations(history + [read("b", 3, 4, 11), read("a", 5, 6, 10)])


def test_a_deleted_value_that_comes_back_is_found():
    history = [wrote("a", 0, 1, 10), deleted(2, 3, 11)]
    assert not violations(history + [read(None, 4, 5)])
    assert "delete" in violations(history + [read("a", 4, 5, 10)])[0]


def test_a_value_under_another_key_is_found():
    history = [wrote("a", 0, 1, 10), read("a", 2, 3, 10, key="other")]
    assert violations(history) == ["other: read 'a', which nobody wrote there"]


def test_a_value_read_before_it_was_written_is_found():
    assert violations([read("a", 0, 1, 10), wrote("a", 2, 3, 10)])


def test_a_miss_is_a_violation_only_where_nothing_explains_it():
    lost = [wrote("a", 0, 1, 10), read(None, 2, 3)]
    assert violations(lost) and not violations(lost, misses_allowed=True)
    assert not violations([read(None, 0, 1), wrote("a", 2, 3, 10)])
    assert not violations(lost + [Call("delete", "k", 1.5, NEVER)])


def test_versions_that_do_not_grow_are_found():
    assert violations([wrote("a", 0, 1, 10), wrote("b", 2, 3, 10)])
    assert violations([wrote("a", 0, 1, 10), wrote("b", 2, 3, 9)])
    assert not violations([wrote("a", 0, 3, 10), wrote("b", 1, 2, 9)])


def test_one_value_with_two_versions_is_found():
    assert violations([wrote("a", 0, 1, 10), read("a", 2, 3, 12)])


def test_the_order_of_calls_is_not_judged_while_owners_change_and_again_after_it():
    before = [wrote("a", 0, 1, 10), wrote("b", 2, 3, 11)]
    stale = read("a", 4.5, 5, 10)
    assert violations(before + [stale])
    assert not violations(before + [stale], unsettled=[(4, 6)])
    # Nor is a write that only one of two owners knows a reason to find an older value later.
    lost = before + [wrote("c", 4, 5, 12)]
    assert not violations(lost + [read("b", 7, 8, 11)], unsettled=[(4, 6)])
    # What was settled before counts again afterwards.
    assert violations(lost + [read("a", 7, 8, 10)], unsettled=[(4, 6)])


def test_a_value_of_another_key_is_found_at_any_time():
    other = [wrote("a", 0, 1, 10, key="other"), read("a", 2, 3, 10)]
    assert violations(other, misses_allowed=True, unsettled=[(0, 9)])
