"""The contestants as processes: how each is started on one core, filled, and asked once by hand."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from sidebyside import KEY, SCRATCH, VALUE, BenchmarkError, machine

STOP_SECONDS = 10
CALL_SECONDS = 5


def varint(number):
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded + bytes([number]))


def field(number, content):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def grpc_message(content):
    """gRPC's prefix, a flag and 32 bits of length, and the message."""
    return b"\x00" + len(content).to_bytes(4, "big") + content


# Field numbers as in Protos/larder/v1/cache.proto: key = 1, value = 2.
REQUESTS = {
    "get": grpc_message(field(1, KEY.encode())),
    "set": grpc_message(field(1, KEY.encode()) + field(2, VALUE)),
}
PATHS = {"get": "/larder.v1.Cache/Get", "set": "/larder.v1.Cache/Set"}


class Server:
    """A process pinned to one core. Subclasses say how it is called and what it must answer."""

    name = ""
    program = ""
    version_flag = "--version"
    start_seconds = 10

    def __init__(self, cpu):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = tempfile.mkdtemp(prefix=f"{self.name}-", dir=SCRATCH)
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        self.cpu = cpu
        # A node refuses LARDER_* variables that it does not know.
        env = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")}
        command = ["taskset", "-c", str(cpu), self.find(), *self.arguments()]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        self._wait_until_it_accepts()

    @classmethod
    def find(cls):
        """The program's path. nghttpd is in /usr/sbin, which not every PATH has."""
        found = shutil.which(cls.program, path=os.environ["PATH"] + ":/usr/sbin")
        if not found:
            raise BenchmarkError(f"{cls.program} is not installed; `make deps` installs it")
        return found

    @classmethod
    def version(cls):
        done = subprocess.run([cls.find(), cls.version_flag], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]

    def arguments(self):
        raise NotImplementedError

    def check(self, operation):
        """Makes one call by hand, looks at every byte; returns the bytes of the answer's body."""
        raise NotImplementedError

    def cpu_ns(self):
        return machine.cpu_ns(self.process.pid)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def _log_text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        log = self._log_text()
        self.stop()
        raise BenchmarkError(f"{self.name} does not start:\n{log}")


class HTTP2Server(Server):
    """What h2load can call."""

    scheme = "http"

    def connection(self):
        from support.http2 import Connection

        return Connection(self.port)

    def call(self, operation):
        from support.http2 import call_headers

        with self.connection() as connection:
            connection.headers(1, call_headers(PATHS[operation]))
            connection.data(1, REQUESTS[operation], end_stream=True)
            reply = connection.reply(1)
        if reply.headers.get(":status") != "200" or reply.trailers.get("grpc-status") != "0":
            raise BenchmarkError(f"{self.name} refuses a {operation}: {reply.blocks}")
        return reply.data


class Larder(HTTP2Server):
    name = "larder"

    @classmethod
    def find(cls):
        if not os.path.exists(cls.program):
            raise BenchmarkError(
                f"{cls.program} does not exist; run `swift build -c release --product larder`"
            )
        return cls.program

    def arguments(self):
        flags = ["serve", "--listen", f"127.0.0.1:{self.port}", "--loops", "1"]
        shown = subprocess.run([self.find(), "serve", "--help"], capture_output=True, text=True)
        if "--admin" in shown.stdout:
            # Port 0: any that is free; 7680 may be another node's.
            flags += ["--admin", "127.0.0.1:0"]
        return flags

    def check(self, operation):
        if operation == "get":
            self.call("set")
        data = self.call(operation)
        # A Get answers with Hit.value (field 1), a Set begins with SetResponse.stored (1) = true.
        is_right = field(1, VALUE) in data if operation == "get" else data[5:7] == b"\x08\x01"
        if not is_right:
            raise BenchmarkError(f"larder answers a {operation} with {data!r}")
        return data


class LarderLocal(Larder):
    """The same, loaded by `larder bench` with many keys: what a forwarded call is held against."""

    name = "larder-local"
    # Reads of one key would be merged where they are forwarded.
    keys = 10_000

    def load_flags(self):
        """What `larder bench` is told beside the size of the load."""
        return ["--target", f"127.0.0.1:{self.port}", "--keys", str(self.keys), "--mix", "get=1"]


class LarderForwarded(LarderLocal):
    """Two nodes, called at the one that does not own the keys; their CPU time together counts."""

    name = "larder-forwarded"

    def __init__(self, cpu):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.owner_port = probe.getsockname()[1]
        self.owner = None
        super().__init__(cpu)
        # Each is at a port of its own, so who owns the key is known only now.
        if not self._owner_of_key().endswith(f":{self.owner_port}"):
            self.port, self.owner_port = self.owner_port, self.port

    def arguments(self):
        peers = ["--peers", f"127.0.0.1:{self.port},127.0.0.1:{self.owner_port}"]
        flags = [*super().arguments(), *peers]
        if self.owner is None:
            address = f"127.0.0.1:{self.owner_port}"
            others = [address if flag == f"127.0.0.1:{self.port}" else flag for flag in flags]
            self.owner = subprocess.Popen(
                ["taskset", "-c", str(self.cpu), self.find(), *others], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        return flags

    def load_flags(self):
        return [*super().load_flags(), "--owner", f"127.0.0.1:{self.owner_port}"]

    def _owner_of_key(self):
        command = [self.find(), "ring", KEY, "--target", f"127.0.0.1:{self.port}"]
        shown = subprocess.run(command, capture_output=True, text=True)
        for line in shown.stdout.splitlines():
            if line.startswith("owner "):
                return line.split()[1]
        raise BenchmarkError(f"no node owns the key:\n{shown.stdout}{shown.stderr}")

    def cpu_ns(self):
        return super().cpu_ns() + machine.cpu_ns(self.owner.pid)

    def stop(self):
        self.owner.terminate()
        try:
            self.owner.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.owner.kill()
            self.owner.wait()
        super().stop()


class LarderTLS(Larder):
    """The same within TLS: what encryption costs."""

    name = "larder-tls"
    scheme = "https"

    def arguments(self):
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-days", "2"],
            cwd=self.folder, capture_output=True, text=True)
        if made.returncode != 0:
            raise BenchmarkError(f"openssl makes no certificate:\n{made.stderr}")
        return super().arguments() + ["--tls-cert", "cert.pem", "--tls-key", "key.pem"]

    def connection(self):
        from support.http2 import Connection

        context = ssl.create_default_context(cafile=os.path.join(self.folder, "cert.pem"))
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", self.port), CALL_SECONDS)
        secured = context.wrap_socket(plain, server_hostname="localhost")
        return Connection(None, connected=secured)


class Nghttpd(HTTP2Server):
    """A static file server in C on the same HTTP/2 library: what framing alone costs."""

    name = "nghttpd"
    program = "nghttpd"
    # As many bytes as the reply of the Get it stands beside; set before it starts.
    reply_bytes = 109

    def arguments(self):
        folder, file = PATHS["get"].strip("/").split("/")
        os.mkdir(os.path.join(self.folder, folder))
        with open(os.path.join(self.folder, folder, file), "wb") as out:
            out.write(b"v" * self.reply_bytes)
        return [
            "--no-tls", "-n", "1", "-a", "127.0.0.1", "-d", self.folder,
            "--trailer", "grpc-status: 0", str(self.port),
        ]

    def check(self, operation):
        data = self.call(operation)
        if data != b"v" * self.reply_bytes:
            raise BenchmarkError(f"nghttpd answers with {data!r}")
        return data


class LineServer(Server):
    """Redis and memcached: a line in, bytes out."""

    def ask(self, line, answer):
        with socket.create_connection(("127.0.0.1", self.port), CALL_SECONDS) as connection:
            connection.sendall(line)
            got = b""
            while len(got) < len(answer):
                piece = connection.recv(65_536)
                if not piece:
                    break
                got += piece
        if got != answer:
            raise BenchmarkError(f"{self.name} answers {line!r} with {got!r}")
        return got


class Redis(LineServer):
    name = "redis"
    program = "redis-server"

    def arguments(self):
        return [
            "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
            "--io-threads", "1",
        ]

    def check(self, operation):
        stored = self.ask(b"SET %s %s\r\n" % (KEY.encode(), VALUE), b"+OK\r\n")
        if operation == "set":
            return stored
        answer = b"$%d\r\n%s\r\n" % (len(VALUE), VALUE)
        return self.ask(b"GET %s\r\n" % KEY.encode(), answer)


class Memcached(LineServer):
    name = "memcached"
    program = "memcached"

    def arguments(self):
        flags = ["-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-t", "1"]
        # It refuses to run as root unless told whom to become.
        return flags + (["-u", "nobody"] if os.getuid() == 0 else [])

    def check(self, operation):
        key = KEY.encode()
        line = b"set %s 0 0 %d\r\n%s\r\n" % (key, len(VALUE), VALUE)
        stored = self.ask(line, b"STORED\r\n")
        if operation == "set":
            return stored
        answer = b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (key, len(VALUE), VALUE)
        return self.ask(b"get %s\r\n" % key, answer)
