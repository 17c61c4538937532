"""Nodes of one cluster that are not configured alike where they have to be: people are told."""

from larder.v1 import cache_pb2 as pb
from support.members import SOON, Members
from support.node import wait_until
from support.pages import fetch


def warnings(node, text):
    return [line for line in node.log().splitlines() if text in line and "warning" in line.lower()]


def test_settings_that_differ_are_told_in_the_logs_of_both_sides(etcd, cluster_name):
    with Members(etcd, cluster_name, 2) as members:
        assert [warnings(node, "the same --") for node in members.nodes] == [[], []]
        third = members.add("--lease-ttl", "7s", "--value-max", "1KiB")
        members.wait_for_ring(0, 1, third)
        old, new = [members.nodes[0], members.nodes[1]], members.nodes[third]
        for setting, before, after in [
            ("lease-ttl", "5s", "7s"), ("value-max", "3145728 bytes", "1024 bytes"),
        ]:
            for node in old:
                told = f"{setting} is {before} here, and {after} at {new.target}: "
                wait_until(lambda: warnings(node, told), f"{node.target} tells of {setting}")
                (line,) = warnings(node, told)
                assert f"the same --{setting}" in line
            # One line for both others, in the order of their ids.
            at = ", ".join(sorted(node.target for node in old))
            told = f"{setting} is {after} here, and {before} at {at}: "
            wait_until(lambda: warnings(new, told), f"{new.target} tells of {setting}")
            assert len(warnings(new, f"{setting} is ")) == 1
        # It is put right.
        new.stop()
        members.wait_for_ring(0, 1)
        members.add(at=third, port=new.port)
        members.wait_for_ring(0, 1, third)
        assert warnings(members.nodes[third], "the same --") == []
        assert len(warnings(old[0], "the same --")) == 2


def test_a_namespace_that_a_node_has_not_is_told_where_its_entries_are_lost(
        etcd, cluster_name, tmp_path):
    config = tmp_path / "larder.yaml"
    config.write_text("namespaces: [{name: sessions}]\n")
    with Members(etcd, cluster_name) as members:
        members.add("--config", str(config))
        wait_until(lambda: fetch(members.nodes[0], "/ready").status == 200, "it has joined")
        for number in range(100):
            members.cache(0).Set(
                pb.SetRequest(key=f"k{number}", value=b"v", namespace="sessions"), timeout=SOON)
        members.add()
        members.wait_for_ring(0, 1)
        told = f'{members.id(0)} hands over entries of the namespace \\"sessions\\"'
        wait_until(lambda: warnings(members.nodes[1], told), "the new node tells of it")
        assert "larder namespace create" in warnings(members.nodes[1], told)[0]
