"""Real nodes whose machines' clocks differ: by minutes, which does no harm, and by more than may be."""

import pathlib
import subprocess
import time

import pytest
from larder.v1 import cache_pb2 as pb
from support.members import LEASE_SECONDS, SHORT, SOON, Members, check_all_ways, get, put
from support.node import binary, environment, free_port, wait_until
from support.pages import fetch

MINUTES = 60
HOURS = 3_600


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """Gives the environment of a node whose clock is off by as many seconds."""
    library = tmp_path_factory.mktemp("shift") / "shift_clock.so"
    source = pathlib.Path(__file__).parent / "support/shift_clock.c"
    subprocess.run(
        ["cc", "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    return lambda seconds: {"LD_PRELOAD": str(library), "SHIFT_CLOCK_SECONDS": str(seconds)}


def seconds_of(version):
    return (version >> 16) / 1_000


def test_clocks_that_are_minutes_apart_do_no_harm(etcd, cluster_name, shifted):
    shifts = [0, 5 * MINUTES, -5 * MINUTES]
    with Members(etcd, cluster_name) as members:
        for shift in shifts:
            members.add(env=shifted(shift))
        members.wait_for_ring(0, 1, 2)
        key = members.key_of(1, "skew", range(3))
        ahead = put(members.cache(0), key).version
        assert 4 * MINUTES < seconds_of(ahead) - time.time() < 6 * MINUTES, "the clock is ahead"
        check_all_ways(members, range(3), "skew")
        # Each owner's versions grow, whichever node is asked, and expiry goes by time that has passed.
        for owner in range(3):
            key = members.key_of(owner, "grows", range(3))
            versions = [put(members.cache(at % 3), key).version for at in range(9)]
            assert versions == sorted(set(versions))
            members.cache(0).Set(
                pb.SetRequest(key=key, value=b"v", ttl_ms=600_000), timeout=SOON)
            for at in range(3):
                assert 0 < get(members.cache(at), key).hit.ttl_ms <= 600_000
        # Who takes the keys of the node over that was ahead gives out versions above its own.
        key = members.key_of(1, "skew", range(3))
        last = put(members.cache(0), key).version
        members.kill(1)
        members.wait_for_ring(0, 2)
        assert put(members.cache(2), key).version > last
        check_all_ways(members, [0, 2], "without")
        # One that is behind all of them joins, and its versions are above theirs.
        behind = members.add(env=shifted(-20 * MINUTES))
        members.wait_for_ring(0, 2, behind)
        check_all_ways(members, [0, 2, behind], "behind")


def test_a_node_whose_clock_is_hours_ahead_takes_no_part(members, shifted):
    result = subprocess.run(
        [
            binary(), "serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off",
            "--etcd", members.etcd.address, "--cluster", members.name, *SHORT,
        ],
        env=environment(**shifted(2 * HOURS)), capture_output=True, text=True,
        timeout=10 * LEASE_SECONDS + 60)
    assert result.returncode == 1
    assert "far ahead of the cluster's; waiting for that" in result.stdout + result.stderr
    assert "set this machine's clock" in result.stderr and "clock-skew-max" in result.stderr
    # Nobody has followed it, and others may start.
    key = members.key_of(0, "sane", range(3))
    assert abs(seconds_of(put(members.cache(1), key).version) - time.time()) < 1 * MINUTES
    fourth = members.add()
    members.wait_for_ring(0, 1, 2, fourth)
    check_all_ways(members, [0, 1, 2, fourth], "sane")


def test_a_node_whose_clock_is_hours_behind_takes_no_part(members, shifted):
    """For it, the cluster's clock is that far ahead."""
    result = subprocess.run(
        [
            binary(), "serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off",
            "--etcd", members.etcd.address, "--cluster", members.name, *SHORT,
        ],
        env=environment(**shifted(-2 * HOURS)), capture_output=True, text=True,
        timeout=10 * LEASE_SECONDS + 60)
    assert result.returncode == 1
    assert "ahead of this machine's clock" in result.stderr and "clock-skew-max" in result.stderr
    wait_until(lambda: fetch(members.nodes[0], "/ready").status == 200, "the others go on")
    check_all_ways(members, range(3), "on time")


def test_a_node_that_starts_raises_the_clock_before_its_first_version(etcd, cluster_name):
    """It may be its last one too: who takes its keys over begins where etcd says."""
    clock = f"/larder/{cluster_name}/clock"
    with Members(etcd, cluster_name) as members:
        for _ in range(3):
            # As other nodes leave it behind that are ahead.
            start = (int(time.time()) + 5 * MINUTES) * 1_000
            etcd.put(clock, str(start))
            index = members.add()
            members.wait_for_ring(index)
            floor = int(etcd.keys(clock)[clock].value)
            version = put(members.cache(index), "first").version
            assert start <= version >> 16 < floor
            members.kill(index)
            members.etcd.revoke(members.record(index)[1])


def test_a_node_that_takes_keys_over_raises_the_clock_before_it_writes(etcd, cluster_name):
    clock = f"/larder/{cluster_name}/clock"
    with Members(etcd, cluster_name, 2) as members:
        key = members.key_of(1, "lost", [0, 1])
        start = (int(time.time()) + 5 * MINUTES) * 1_000
        etcd.put(clock, str(start))
        lease = members.record(1)[1]
        members.kill(1)
        etcd.revoke(lease)
        members.wait_for_ring(0)
        version = put(members.cache(0), key).version
        assert start <= version >> 16 < int(etcd.keys(clock)[clock].value)
