"""Attacks, one after the other, while a well-behaved client works: it must see no error, and the
node's memory must stay within what its limits state.
"""

import contextlib
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from larder.v1 import cache_pb2_grpc
from support import attacks
from support.node import Node

SECONDS = 2.0
MIB = 1024 * 1024
# Short, so that a peer that stalls is ended while a test looks on; and buffers small enough to be
# filled. The time limits are a quarter of an attack, so that each is seen to be kept.
STALL_SECONDS = 0.5
BUFFERS_BYTES = 64 * MIB
FLAGS = [
    "--memory", "64MiB",
    "--buffers-max", "64MiB",
    "--request-buffer-max", "32MiB",
    "--connections-per-address-max", "200",
    "--preface-timeout", "500ms",
    "--header-timeout", "500ms",
    "--body-timeout", "500ms",
    "--write-timeout", "500ms",
    "--idle-timeout", "500ms",
]
# What connections and streams cost beside buffered messages: windows of libnghttp2, header lists,
# records; and what the allocator keeps for itself.
OVERHEAD_BYTES = 64 * MIB

# What the node must have ended: everything but what it bears, or answers call by call.
BORNE = {"refused-calls", "huge-messages", "too-many-streams", "header-count-bomb"}
# How the node says why, where the peer still listens: ENHANCE_YOUR_CALM.
SETTINGS_TIMEOUT = 0x4  # RFC 9113, section 7
CALM = 11
TOLD = {
    "rapid-reset", "made-reset", "malformed-headers", "ping-flood", "settings-flood",
    "priority-flood", "unknown-flood", "window-flood", "empty-data-flood", "settings-entries",
}


@pytest.fixture(scope="module")
def attacked():
    with Node(*FLAGS) as node:
        yield node


class GoodClient(threading.Thread):
    """Calls without pause, and keeps every answer that is not what it should be."""

    def __init__(self, target):
        super().__init__()
        self.channel = grpc.insecure_channel(target)
        self.cache = cache_pb2_grpc.CacheStub(self.channel)
        self.cache.Set(pb.SetRequest(key=attacks.LARGE_KEY, value=bytes(3 * MIB)), timeout=20)
        self.cache.Set(pb.SetRequest(key="attacks/small", value=b"small"), timeout=20)
        self.is_over = threading.Event()
        self.answered = 0
        self.wrong = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.is_over.set()
        self.join()
        self.channel.close()

    def run(self):
        while not self.is_over.wait(0.002):
            try:
                answer = self.cache.Get(pb.GetRequest(key="attacks/small"), timeout=20)
                if answer.hit.value != b"small":
                    self.wrong.append(answer)
                self.answered += 1
            except grpc.RpcError as error:
                self.wrong.append(error)


def resident_bytes(node):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024


def attack(name, port, seconds=SECONDS):
    return subprocess.Popen(
        [sys.executable, "-m", "support.attacks", name, str(port), str(seconds)],
        cwd=pathlib.Path(__file__).parent, stdout=subprocess.PIPE, text=True,
    )


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_under_attack_the_good_client_sees_no_error_and_memory_is_bounded(attacked, name):
    with GoodClient(attacked.target) as good:
        before = peak = resident_bytes(attacked)
        attacker = attack(name, attacked.port)
        while attacker.poll() is None:
            peak = max(peak, resident_bytes(attacked))
            time.sleep(0.02)
        assert attacker.returncode == 0
        result = json.load(attacker.stdout)
    print(f"{name}: {result}, memory {before // MIB} -> {peak // MIB} MiB")
    assert good.wrong == []
    assert good.answered > 20
    assert result["sent"] > 0, "the attack did not take place"
    assert peak - before <= BUFFERS_BYTES + OVERHEAD_BYTES
    if name not in BORNE:
        assert result["ended"] > 0, "nobody was ended"
    # One that the machine has kept from acknowledging its settings is ended for that.
    others = set(result["goaways"]) - {str(SETTINGS_TIMEOUT)}
    if name in TOLD and (others or not result["goaways"]):
        assert str(CALM) in others, result


STALLS = {
    "nothing at all": attacks.silent,
    "preface": attacks.half_preface,
    "frame header": attacks.half_frame_header,
    "header block": attacks.half_header_block,
    "body": attacks.half_body,
    "read of a stream": attacks.shut_window,
    "read of the socket": attacks.reads_nothing,
    "no call": attacks.idle,
}


@pytest.mark.parametrize("where", STALLS)
def test_a_peer_that_stalls_is_ended_within_its_configured_time(attacked, where):
    with GoodClient(attacked.target) as good:
        with contextlib.closing(STALLS[where](attacked.port)) as peer:
            began = time.monotonic()
            reads = where != "read of the socket"
            while not is_ended(peer, reads):
                # An idle one is asked with a PING first whether a call is on its way; and the
                # machine may have other things to do.
                assert time.monotonic() - began < STALL_SECONDS + 3, "it is still there"
                time.sleep(0.01)
            took = time.monotonic() - began
    assert good.wrong == []
    assert took > STALL_SECONDS / 2, "ended before its time"


def is_ended(peer, reads):
    """Whether the server has closed the connection, or ended every call on it."""
    if reads:
        return peer.is_ended() or peer.is_over()
    # Without reading: does the kernel still have the server's end of it?
    port = peer.socket.getsockname()[1]
    established = "01"
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state = line.split()[:4]
        if remote.endswith(f":{port:04X}") and state == established:
            return False
    return True
