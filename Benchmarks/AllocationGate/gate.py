#!/usr/bin/env python3
"""The allocation gate: a local Get costs no malloc of its own.

Counts the malloc calls of 100,000 Gets of a 100-byte value on a real node, and those of the same
requests on a server that only echoes over the same transport. The difference per call must stay
under 0.01; what both have in common is libnghttp2's and NIO's.

usage: gate.py LARDER ECHO_SERVER      (two release builds; h2load and a C compiler are needed)
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time

CALLS = 100_000
WARMUP = 20_000
MALLOCS_PER_CALL_MAX = 0.01
HERE = os.path.dirname(os.path.abspath(__file__))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def frame(message):
    return b"\0" + struct.pack(">I", len(message)) + message


def field(number, value):
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def load(port, method, body, calls):
    """Makes `calls` calls; returns the bytes of their replies, which tell an answer from an error."""
    output = subprocess.run(
        ["h2load", f"-c{min(calls, 4)}", "-m8", f"-n{calls}", "-d", body, "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"http://127.0.0.1:{port}/larder.v1.Cache/{method}"],
        check=True, capture_output=True, text=True).stdout
    if f"{calls} succeeded" not in output:
        sys.exit(f"allocation gate: not every call was answered:\n{output}")
    return int(re.search(r"\((\d+)\) data", output).group(1))


def mallocs(name, command, port, folder, library, reply_bytes, preparation=None):
    """The malloc calls of CALLS Gets on a server that is warm."""
    counter = os.path.join(folder, name)
    environment = dict(os.environ, LD_PRELOAD=library, MALLOC_COUNT_FILE=counter)
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as server:
        try:
            wait_until_listening(port, server)
            if preparation:
                load(port, "Set", preparation, 1)
            body = os.path.join(folder, "get")
            load(port, "Get", body, WARMUP)
            before = read_counter(counter)
            received = load(port, "Get", body, CALLS)
            after = read_counter(counter)
        finally:
            server.terminate()
    if received != CALLS * reply_bytes:
        sys.exit(f"allocation gate: {name} answered {received} bytes for {CALLS} calls, "
                 f"not {reply_bytes} each")
    return after - before


def wait_until_listening(port, server):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("allocation gate: the server did not start")


def read_counter(path):
    with open(path, "rb") as file:
        return struct.unpack("<Q", file.read(8))[0]


def main(larder, echo_server):
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "malloc_count.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-fno-builtin", "-o", library,
                        os.path.join(HERE, "malloc_count.c")], check=True)
        get = field(1, b"key")
        with open(os.path.join(folder, "get"), "wb") as file:
            file.write(frame(get))
        with open(os.path.join(folder, "set"), "wb") as file:
            file.write(frame(field(1, b"key") + field(2, b"x" * 100)))
        port = free_port()
        # A reply to Get: prefix 5, response field 2, value field 102, version 1 + 9 bytes.
        larder_mallocs = mallocs(
            "larder",
            [larder, "serve", "--listen", f"127.0.0.1:{port}", "--loops", "1", "--admin", "off"],
            port, folder, library, 5 + 2 + 102 + 10, os.path.join(folder, "set"))
        port = free_port()
        echo_mallocs = mallocs(
            "echo", [echo_server, str(port)], port, folder, library, 5 + len(get))
    difference = (larder_mallocs - echo_mallocs) / CALLS
    verdict = {"calls": CALLS, "larder_mallocs": larder_mallocs, "echo_mallocs": echo_mallocs,
               "difference_per_call": round(difference, 5), "max": MALLOCS_PER_CALL_MAX}
    print("allocation gate:", json.dumps(verdict))
    if difference >= MALLOCS_PER_CALL_MAX:
        sys.exit("allocation gate: a local Get allocates; the difference per call is above the max")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
