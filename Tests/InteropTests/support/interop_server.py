"""A real `interop-server` process: grpc.testing.TestService on the transport of a node."""

import os
import pathlib
import subprocess

from support.node import free_port, wait_until_it_accepts
from support.stubs import ROOT


def binary():
    """The executable under test: INTEROP_SERVER_BINARY, else the release build of this tree."""
    default = ROOT / ".build/release/interop-server"
    path = pathlib.Path(os.environ.get("INTEROP_SERVER_BINARY", default)).resolve()
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist; run `scripts/release.sh interop-server`, "
            "or name another one in INTEROP_SERVER_BINARY"
        )
    return str(path)


class InteropServer:
    """One server on a free port, from `with` to its end."""

    def __init__(self):
        self.port = free_port()
        self.target = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [binary(), str(self.port)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        wait_until_it_accepts(self.process, self.port, "interop-server", lambda: "")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status = self.process.poll()
        self.process.kill()
        self.process.wait()
        assert status is None, f"interop-server had ended by itself with {status}"
