"""Several real nodes of one cluster that a real etcd keeps."""

import contextlib
import json
import signal

import grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.node import Node, free_port, wait_until
from support.ring import owner_of

SOON = 30
# Longer than any pause of etcd or of the machine, that no lease ends that is not to.
LEASE_SECONDS = 5
# So that a test need not wait long for a lease to end, or for a member of etcd to be given up.
SHORT = [
    "--lease-ttl", f"{LEASE_SECONDS}s", "--mass-loss-hold", "20s", "--etcd-audit-interval", "1s",
    "--etcd-call-timeout", "1s", "--etcd-attempt-timeout", "500ms",
    "--etcd-progress-interval", "500ms", "--etcd-progress-timeout", "500ms",
]


class Members:
    """Nodes of one cluster. `with Members(etcd, "name", 3) as members:`"""

    def __init__(self, etcd, name, count=0, *flags):
        self.etcd, self.name, self.flags = etcd, name, flags
        self.prefix = f"/larder/{name}/"
        self.nodes = []
        self._count = count
        self._channels = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        try:
            for _ in range(self._count):
                self.add()
            if self._count:
                self.wait_for_ring(*range(self._count))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        self._stack.close()
        if kind:
            # What has failed is to be seen, and not that a node takes long to stop after it.
            for node in self.nodes:
                print(f"{node.target}:\n{node.log()[-4000:]}")
                node.kill()
            return
        # All at once: nobody is left to hand anything over to.
        for node in self.nodes:
            node.process.send_signal(signal.SIGCONT)
            node.process.send_signal(signal.SIGTERM)
        for node in self.nodes:
            node.end()

    def add(self, *flags, at=None, etcd=None, port=None, env=None):
        """Starts one more node, or one in the place of another; returns its index."""
        node = Node(
            "--etcd", etcd or self.etcd.address, "--cluster", self.name, *SHORT, *self.flags,
            *flags, port=port or free_port(), env=env)
        if at is None:
            self.nodes.append(node)
            at = len(self.nodes) - 1
        else:
            self.nodes[at] = node
        # Each by itself: channels to one address would share their connection, and its backoff.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 100)]
        self._channels[at] = self._stack.enter_context(self._open(node.target, options))
        return at

    def _open(self, target, options):
        return grpc.insecure_channel(target, options)

    def id(self, index):
        return self.nodes[index].target

    def cache(self, index):
        return cache_pb2_grpc.CacheStub(self._channels[index])

    def channel(self, index):
        return self._channels[index]

    def cluster(self, index):
        """The cluster as one node sees it."""
        admin = admin_pb2_grpc.AdminStub(self._channels[index])
        return admin.GetStatus(
            admin_pb2.GetStatusRequest(), timeout=SOON, wait_for_ready=True).cluster

    def ring(self, index):
        """The ids of those that one node has on its ring."""
        return {member.id for member in self.cluster(index).members if member.points}

    def wait_for_ring(self, *indexes, seen_by=None):
        """Waits until these nodes, and no others, are on the rings of all of them, by one epoch."""
        expected = {self.id(index) for index in indexes}

        def agree():
            views = [self.cluster(index) for index in seen_by or indexes]
            rings = [{member.id for member in view.members if member.points} for view in views]
            return all(ring == expected for ring in rings) and (
                len({view.epoch for view in views}) == 1)

        wait_until(agree, f"the ring has the nodes {indexes}")

    def wait_for_standing(self, index, standing):
        wait_until(
            lambda: self.cluster(index).standing == standing, f"node {index} is {standing}")

    def key_of(self, owner, prefix, among):
        """A key that one node owns by the ring of `among`, as it is computed in Python."""
        ids = [self.id(index) for index in among]
        return next(
            key for key in (f"{prefix}/{number}" for number in range(10_000))
            if owner_of(key, ids) == among.index(owner))

    def record(self, index):
        """What stands in etcd for a node: its record, and the lease."""
        found = self._found(index)
        return (json.loads(found.value), found.lease) if found else (None, 0)

    def made(self, index):
        """The revision at which a node's record was put where none was; None: there is none."""
        found = self._found(index)
        return found.create_revision if found else None

    def revoke(self, index):
        """Ends the lease under which a node is registered, as an operator may."""
        self.etcd.revoke(self.record(index)[1])

    def delete_record(self, index):
        """Deletes what stands in etcd for a node, as an operator may; its lease goes on."""
        self.etcd.delete(self._key(index))

    def _found(self, index):
        key = self._key(index)
        return self.etcd.keys(key).get(key)

    def _key(self, index):
        return f"{self.prefix}nodes/{self.id(index)}"

    def kill(self, index):
        """Kills a node as a crash would."""
        self.nodes[index].kill()


def get(cache, key):
    return cache.Get(pb.GetRequest(key=key), timeout=SOON)


def put(cache, key, value=b"v"):
    return cache.Set(pb.SetRequest(key=key, value=value), timeout=SOON)


def check_all_ways(members, indexes, prefix):
    """A key of each node, set at each node, is read at each node."""
    for owner in indexes:
        key = members.key_of(owner, prefix, list(indexes))
        for at in indexes:
            stored = put(members.cache(at), key, b"from %d" % at)
            for other in indexes:
                hit = get(members.cache(other), key).hit
                assert (hit.value, hit.version) == (b"from %d" % at, stored.version)
                assert not hit.stale
