"""A real `larder serve` process, and `larder` as a command."""

import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time

from support.stubs import ROOT

# What happens at once on a machine that has nothing else to do.
START_SECONDS = 60
# A node that drains takes 2 seconds, whatever its clients leave open.
STOP_SECONDS = 30
COMMAND_SECONDS = 60


def binary():
    """The executable under test: LARDER_BINARY, else the release build of this tree."""
    path = pathlib.Path(os.environ.get("LARDER_BINARY", ROOT / ".build/release/larder")).resolve()
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; run `swift build -c release --product larder`, "
            "or name another one in LARDER_BINARY"
        )
    return str(path)


def environment(**variables):
    """Ours without LARDER_*: a node refuses those that it does not know, LARDER_BINARY too."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("LARDER_")}
    return inherited | variables


def run(*arguments, env=None):
    """Runs `larder` with the arguments to its end; the result has stdout, stderr, returncode."""
    return subprocess.run(
        [binary(), *arguments],
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )


def start(*arguments):
    """Starts `larder` with the arguments; it says through pipes what it has to say."""
    return subprocess.Popen(
        [binary(), *arguments], env=environment(), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


_given_ports = set()


def free_port():
    """A port that nobody listens on, and that was not given before. Below those that the kernel gives to
    whoever connects (32768 and above): one of these may be taken before it is used, or while the server
    that has it restarts."""
    while True:
        port = random.randrange(10_000, 32_768)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


class Node:
    """One node on a free port. `with Node() as node:` starts it, and checks that it stops well."""

    def __init__(self, *flags, env=None, port=None):
        self.port = port or free_port()
        self.is_killed = False
        self.target = f"127.0.0.1:{self.port}"
        self._log = tempfile.NamedTemporaryFile(prefix="larder-", suffix=".log")
        arguments = [binary(), "serve", "--listen", self.target, *flags]
        if "--admin" in flags:
            self.admin = flags[flags.index("--admin") + 1]
        else:
            # Nodes on one machine must not fight for the default port.
            self.admin = f"127.0.0.1:{free_port()}"
            arguments += ["--admin", self.admin]
        self.process = subprocess.Popen(
            arguments,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until_it_accepts(self.process, self.port, "the node", self.log)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()

    def log(self):
        """All that the node wrote so far."""
        return pathlib.Path(self._log.name).read_text(errors="replace")

    def kill(self):
        """Kills the node as a crash of its machine would."""
        self.is_killed = True
        self.process.kill()
        self.process.wait()

    def end(self):
        """Stops a node that a test may have killed or frozen; one that has crashed is a failure."""
        if not self.is_killed:
            self.process.send_signal(signal.SIGCONT)
            self.stop()

    def stop(self, by=signal.SIGTERM):
        """Asks the node to stop; it must do so in time, with exit status 0."""
        status = self.process.poll()
        if status is not None:
            assert status == 0, f"the node had ended by itself with {status}:\n{self.log()}"
            return
        self.process.send_signal(by)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(
                f"{by.name} did not stop the node within {STOP_SECONDS} s:\n{self.log()}"
            ) from None
        assert status == 0, f"{by.name} ended the node with exit status {status}:\n{self.log()}"


def wait_until(condition, what, seconds=START_SECONDS):
    """Asks again and again until `condition()` is true, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    return found


def wait_until_it_accepts(process, port, name, log):
    """Waits for a server that was just started; `log` gives what it wrote."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at its start:\n{log()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    process.kill()
    process.wait()
    raise RuntimeError(f"{name} accepts nothing after {START_SECONDS} s:\n{log()}")
