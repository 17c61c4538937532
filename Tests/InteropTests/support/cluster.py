"""Several real nodes of one cluster with a fixed ring (`--peers`)."""

import contextlib
import pathlib
import signal

import grpc
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2_grpc
from support.node import Node, free_port, wait_until
from support.pages import scrape
from support.ring import owner_of


# For tests whose nodes are to be silent for a while, and not to be suspected.
PATIENT = [
    "--peer-suspect-after", "60s", "--peer-keepalive-interval", "60s", "--forward-timeout", "60s"]


class Cluster:
    """Nodes that were given the same list of each other. `with Cluster(3) as cluster:`"""

    def __init__(self, count, *flags):
        self.ports = [free_port() for _ in range(count)]
        self.peers = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        self.flags = flags
        self.nodes = []
        self.channels = []
        self._stack = contextlib.ExitStack()

    def start(self, index):
        """Starts a node: for the first time, or in the place of one that has died."""
        node = Node("--peers", self.peers, *self.flags, port=self.ports[index])
        if index < len(self.nodes):
            self.nodes[index] = node
        else:
            self.nodes.append(node)

    def __enter__(self):
        for index in range(len(self.ports)):
            self.start(index)
            # Each by itself: channels to one address would share their connection, and its backoff.
            options = [("grpc.use_local_subchannel_pool", 1)]
            channel = grpc.insecure_channel(self.nodes[index].target, options)
            self.channels.append(self._stack.enter_context(channel))
        return self

    def __exit__(self, kind, value, trace):
        self._stack.close()
        for node in self.nodes:
            node.end()

    def cache(self, index):
        """A client of one node."""
        return cache_pb2_grpc.CacheStub(self.channels[index])

    def status(self, index):
        admin = admin_pb2_grpc.AdminStub(self.channels[index])
        return admin.GetStatus(admin_pb2.GetStatusRequest(), timeout=60)

    def kill(self, index):
        """Kills a node as a crash would."""
        self.nodes[index].kill()

    def pause(self, index):
        """Stops a node's process in its tracks, as a machine that hangs, and waits until it has."""
        process = self.nodes[index].process
        process.send_signal(signal.SIGSTOP)
        threads = pathlib.Path(f"/proc/{process.pid}/task")
        wait_until(
            lambda: all(
                (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"
                for thread in threads.iterdir()),
            "the node stands still")

    def resume(self, index):
        self.nodes[index].process.send_signal(signal.SIGCONT)

    def forwards(self, index, **labels):
        """What one node has asked others for, summed over all that the labels leave open."""
        return sum(
            value for (name, pairs), value in scrape(self.nodes[index]).values.items()
            if name == "larder_forwards_total"
            and all(dict(pairs)[key] == wanted for key, wanted in labels.items()))

    def served(self, index, service):
        """Calls of all methods of one service that a node has served."""
        return sum(
            value for (name, pairs), value in scrape(self.nodes[index]).values.items()
            if name == "grpc_server_call_started_total"
            and dict(pairs)["grpc_method"].startswith(service + "/"))

    def keys_of(self, owner, count, prefix):
        """Keys that one node owns, as a ring computed in Python says."""
        found, number = [], 0
        while len(found) < count:
            key = f"{prefix}/{number}"
            if self.owner(key) == owner:
                found.append(key)
            number += 1
        return found

    def owner(self, key):
        """The node that owns a key, by its index."""
        return owner_of(key, self.peers.split(","))

