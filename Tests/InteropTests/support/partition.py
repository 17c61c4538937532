"""Nodes of one cluster on a network that can fail: each can be cut off from its peers, and from etcd."""

import contextlib

from support.members import Members
from support.node import free_port
from support.proxy import Proxy, owns_port


class PartitionedMembers(Members):
    """Members that reach each other, and etcd, through proxies only."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        # In the order of the nodes: what leads to each of them, and it to etcd.
        self._to_node, self._to_etcd = [], []
        self._proxies = contextlib.ExitStack()

    def __exit__(self, kind, value, trace):
        # Nodes that stop tell etcd and each other.
        self.heal()
        super().__exit__(kind, value, trace)
        self._proxies.close()

    def add(self, *flags):
        port = free_port()
        to_node = self._proxies.enter_context(Proxy(port))
        to_etcd = self._proxies.enter_context(Proxy(self.etcd.port))
        self._to_node.append(to_node)
        self._to_etcd.append(to_etcd)
        # Its id is where clients of the test find it.
        return super().add(
            "--advertise", to_node.address, "--node-id", f"127.0.0.1:{port}", *flags,
            etcd=to_etcd.address, port=port)

    def cut_from_peers(self, index):
        """Drops all between one node and the others, which go on among themselves."""
        process = self.nodes[index].process
        for at, proxy in enumerate(self._to_node):
            if at == index:
                proxy.cut()
            else:
                proxy.cut(lambda port: owns_port(process, port))

    def cut_between(self, index, other):
        """Drops all between two nodes."""
        for from_, to in ((index, other), (other, index)):
            process = self.nodes[from_].process
            self._to_node[to].cut(lambda port, process=process: owns_port(process, port))

    def reset(self, *indexes):
        """Ends all connections of others to these nodes, also those on which all was dropped."""
        for index in indexes:
            self._to_node[index].reset()

    def cut_from_etcd(self, index):
        self._to_etcd[index].cut()

    def refuse_peers(self, index):
        """Nobody listens where the others look for a node, though it lives."""
        self._to_node[index].refuse()

    def heal(self):
        for proxy in self._to_node + self._to_etcd:
            proxy.heal()
