"""A network that can fail: a TCP proxy that is cut for some or for all of those who use it."""

import pathlib
import queue
import selectors
import socket
import threading


class Proxy:
    """A TCP proxy that can be cut: what is sent then gets no further, and nobody is told so, as behind a
    firewall that drops packets. It can refuse connections too, as where nobody listens.
    `with Proxy(port) as proxy:`"""

    PIECE_BYTES = 1 << 16
    TICK_SECONDS = 0.02

    def __init__(self, port):
        self._target = port
        # Whether a connection is held, by the port that it comes from.
        self._is_held = lambda port: False
        self._others = {}
        self._held = set()
        # What other threads want done, and whom to tell when it is.
        self._orders = queue.SimpleQueue()
        self._is_over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._listen(0)
        self._port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self._is_over.set()
        self._thread.join()
        self._refuse()
        self._selector.close()

    def cut(self, is_held=lambda port: True):
        """Holds what comes from and goes to the clients whose ports the condition names."""
        self._order(lambda: self._hold(is_held))

    def refuse(self):
        """Ends all connections, and takes no others."""
        self._order(self._refuse)

    def reset(self):
        """Ends all connections, as a router that restarts; takes new ones."""
        self._order(self._reset)

    def heal(self):
        """What was held back goes on, as TCP sees to it."""
        self._order(self._heal)

    # ---- in the thread of the proxy

    def _order(self, work):
        is_done = threading.Event()
        self._orders.put((work, is_done))
        is_done.wait()

    def _run(self):
        while not self._is_over.is_set():
            while not self._orders.empty():
                work, is_done = self._orders.get()
                work()
                is_done.set()
            if not self._selector.get_map():
                self._is_over.wait(self.TICK_SECONDS)
                continue
            for key, _ in self._selector.select(self.TICK_SECONDS):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj in self._others:
                    self._pass_on(key.fileobj)

    def _listen(self, port):
        self._listener = socket.create_server(("127.0.0.1", port))
        self._selector.register(self._listener, selectors.EVENT_READ)

    def _hold(self, is_held):
        self._is_held = is_held
        for client, server in list(self._others.items()):
            # Each pair stands there twice; its client is the one that we have accepted.
            if client.getsockname()[1] == self._port and is_held(client.getpeername()[1]):
                for end in (client, server):
                    self._selector.unregister(end)
                    self._held.add(end)

    def _reset(self):
        self._close({*self._others, *self._held})
        self._others, self._held = {}, set()

    def _refuse(self):
        self._reset()
        self._close({self._listener} - {None})
        self._listener = None

    def _close(self, ends):
        for end in ends:
            if end in self._selector.get_map():
                self._selector.unregister(end)
            end.close()

    def _heal(self):
        self._is_held = lambda port: False
        if self._listener is None:
            self._listen(self._port)
        held, self._held = self._held, set()
        for end in held:
            if end in self._others:
                self._selector.register(end, selectors.EVENT_READ)
            else:
                self._connect(end)

    def _accept(self):
        client, (_, port) = self._listener.accept()
        if self._is_held(port):
            self._held.add(client)
        else:
            self._connect(client)

    def _connect(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            # Nobody is there, which the client is to see.
            client.close()
            return
        self._others |= {client: server, server: client}
        for end in (client, server):
            # What is small is not to wait for the acknowledgement of what went before, 40 ms as a rule.
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, end):
        other = self._others[end]
        try:
            if piece := end.recv(self.PIECE_BYTES):
                other.sendall(piece)
                return
        except OSError:
            # One of the two has broken it off, which the other is to see.
            pass
        for closed in (end, other):
            del self._others[closed]
            self._selector.unregister(closed)
            closed.close()


def owns_port(process, port):
    """Whether a TCP socket of a process of this machine has the local port, as /proc tells."""
    rows = [row.split() for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}")}
    for descriptor in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            if str(descriptor.readlink()) in sockets:
                return True
        except FileNotFoundError:
            # Closed since it was listed.
            continue
    return False
