"""What becomes of a cluster whose etcd stops, hangs, forgets or cannot be reached: calls go on."""

import signal
import time

import pytest
from support.etcd import PROGRAMS, Etcd, name_of
from support.members import Members, check_all_ways, get, put
from support.node import wait_until
from support.proxy import Proxy


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_etcd_restarts_and_nothing_but_joining_stops(cluster_name, program):
    with Etcd(program=program) as etcd, Members(etcd, cluster_name, 3) as members:
        epoch = members.cluster(0).epoch
        etcd.stop()
        check_all_ways(members, range(3), "down")
        # Nobody has a lease any more: so nobody can have taken another's place.
        for index in range(3):
            members.wait_for_standing(index, "majority")
        check_all_ways(members, range(3), "down for long")
        etcd.start()
        for index in range(3):
            members.wait_for_standing(index, "leased")
        members.wait_for_ring(0, 1, 2)
        assert int(members.cluster(0).epoch.split(".")[0]) == int(epoch.split(".")[0])
        fourth = members.add()
        members.wait_for_ring(0, 1, 2, fourth)
        check_all_ways(members, [0, 1, 2, fourth], "back")


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
def test_etcd_comes_back_empty_and_the_ring_stays(cluster_name, program):
    with Etcd(program=program) as etcd, Members(etcd, cluster_name, 3) as members:
        key = members.key_of(2, "kept", [0, 1, 2])
        version = put(members.cache(0), key).version
        etcd.stop()
        etcd.wipe()
        etcd.start()
        wait_until(
            lambda: all(members.cluster(index).epoch.startswith("2.") for index in range(3)),
            "the nodes have seen a new history")
        members.wait_for_ring(0, 1, 2)
        for index in range(3):
            members.wait_for_standing(index, "leased")
        hit = get(members.cache(1), key).hit
        assert (hit.value, hit.version) == (b"v", version), "no key has changed hands"
        check_all_ways(members, range(3), "empty")


@pytest.mark.slow
def test_an_etcd_of_three_loses_a_member_and_nobody_notices(cluster_name):
    with Etcd.of_three() as etcds:
        addresses = ",".join(etcd.address for etcd in etcds)
        with Members(etcds[0], cluster_name) as members:
            for _ in range(3):
                # Long enough for etcd to choose another leader on a busy machine.
                members.add("--lease-ttl", "8s", etcd=addresses)
            members.wait_for_ring(0, 1, 2)
            epoch = members.cluster(0).epoch
            for lost in (1, 2):
                etcds[lost].stop()
                # Longer than a lease lasts that nobody keeps alive.
                began = time.monotonic()
                while time.monotonic() - began < 9:
                    check_all_ways(members, range(3), f"without {lost}")
                for index in range(3):
                    cluster = members.cluster(index)
                    assert (cluster.standing, cluster.epoch) == ("leased", epoch)
                etcds[lost].start()
            fourth = members.add(etcd=addresses)
            members.wait_for_ring(0, 1, 2, fourth)


def test_a_node_that_cannot_tell_the_others_stops_after_leave_timeout(etcd, cluster_name):
    # The other one cannot know that its heir is gone, as long as the heir's lease lasts.
    flags = ["--handover-timeout", "1s"]
    with Proxy(etcd.port) as proxy, Members(etcd, cluster_name, 1, *flags) as members:
        members.add("--lease-ttl", "30s", "--leave-timeout", "200ms", etcd=proxy.address)
        members.wait_for_ring(0, 1)
        proxy.cut()
        members.nodes[1].stop()
        log = members.nodes[1].log()
        assert "leave-timeout passed" in log and "cannot revoke a lease" in log


@pytest.mark.slow
def test_an_etcd_that_hangs_is_as_one_that_is_gone(cluster_name):
    with Etcd() as etcd, Members(etcd, cluster_name, 3) as members:
        etcd.process.send_signal(signal.SIGSTOP)
        for index in range(3):
            members.wait_for_standing(index, "majority")
        check_all_ways(members, range(3), "hanging")
        etcd.process.send_signal(signal.SIGCONT)
        for index in range(3):
            members.wait_for_standing(index, "leased")
        members.wait_for_ring(0, 1, 2)
        check_all_ways(members, range(3), "back")


def test_etcd_compacts_and_who_was_away_meanwhile_catches_up(etcd, cluster_name):
    with Proxy(etcd.port) as proxy, Members(etcd, cluster_name, 2) as members:
        members.add("--lease-ttl", "30s", etcd=proxy.address)
        members.wait_for_ring(0, 1, 2)
        proxy.cut()
        fourth = members.add()
        members.wait_for_ring(0, 1, 2, fourth, seen_by=[0, 1, fourth])
        etcd.compact()
        proxy.heal()
        members.wait_for_ring(0, 1, 2, fourth)
        check_all_ways(members, [0, 1, 2, fourth], "compacted")
