"""Every call and every error by grpcurl (reflection v1alpha) and buf curl (reflection v1), which have
no proto files: what they know of Larder, its own reflection told them."""

import base64
import json
import pathlib
import subprocess
import sys
import time

import pytest

TOOLS = pathlib.Path(sys.executable).parent
MIB = 1024 * 1024


class Grpcurl:
    name = "grpcurl"

    def command(self, node, method):
        return [str(TOOLS / "grpcurl"), "-plaintext", "-max-msg-sz", str(8 * MIB), "-d", "@",
                node.target, method]


class BufCurl:
    name = "buf curl"

    def command(self, node, method):
        return [str(TOOLS / "buf"), "curl", "--protocol", "grpc", "--http2-prior-knowledge",
                "--reflect-protocol", "grpc-v1", "--data", "@-",
                f"http://{node.target}/{method}"]


@pytest.fixture(params=[Grpcurl(), BufCurl()], ids=lambda tool: tool.name.replace(" ", "-"))
def tool(request):
    return request.param


def run(tool, node, call, request, service="larder.v1.Cache"):
    return subprocess.run(
        tool.command(node, f"{service}/{call}"), input=json.dumps(request), text=True,
        capture_output=True, timeout=60)


@pytest.fixture
def ask(tool, node):
    """Makes a call that succeeds; returns its answer."""
    def ask(call, **request):
        done = run(tool, node, call, request)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return ask


def b64(value):
    return base64.b64encode(value).decode()


class TestCalls:
    def test_set_get_touch_and_delete(self, ask, key):
        stored = ask("Set", key=key, value=b64(b"v"), ttlMs="60000", flags=7)
        assert stored["stored"] is True
        hit = ask("Get", key=key)["hit"]
        assert hit["value"] == b64(b"v") and hit["flags"] == 7 and 0 < int(hit["ttlMs"]) <= 60_000
        assert hit["version"] == stored["version"]
        assert ask("Touch", key=key, noExpiry=True)["found"] is True
        assert "ttlMs" not in ask("Get", key=key)["hit"]
        assert ask("Delete", key=key)["deleted"] is True
        assert "miss" in ask("Get", key=key)

    def test_a_condition_that_does_not_hold(self, ask, key):
        first = ask("Set", key=key, value=b64(b"1"), ifAbsent=True)
        second = ask("Set", key=key, value=b64(b"2"), ifAbsent=True)
        assert "stored" not in second and second["version"] == first["version"]

    def test_increment(self, ask, key):
        assert ask("Increment", key=key, delta="5", initial="10")["value"] == "15"
        assert ask("Increment", key=key, delta="-20")["value"] == "-5"

    def test_batches(self, ask, key):
        keys = [f"{key}/{index}" for index in range(3)]
        items = [{"key": name, "value": b64(name.encode())} for name in keys]
        stored = ask("SetMany", items=items)["results"]
        assert [result["ok"]["stored"] for result in stored] == [True] * 3
        got = ask("GetMany", keys=[*keys, "", f"{key}/none"])["results"]
        assert [result["hit"]["value"] for result in got[:3]] == [item["value"] for item in items]
        assert got[3]["error"]["reason"] == "KEY_EMPTY" and "miss" in got[4]
        deleted = ask("DeleteMany", keys=keys)["results"]
        assert [result["ok"]["deleted"] for result in deleted] == [True] * 3

    def test_a_value_of_3_mib(self, ask, key):
        value = b64(bytes(range(256)) * (3 * MIB // 256))
        assert ask("Set", key=key, value=value)["stored"] is True
        assert ask("Get", key=key)["hit"]["value"] == value


LONG_KEY = "k" * (64 * 1024 + 1)
REFUSED = {
    "an empty key": ("Get", {"key": ""}, "invalid_argument", "KEY_EMPTY"),
    "a key over 64 KiB": ("Get", {"key": LONG_KEY}, "invalid_argument", "KEY_TOO_LONG"),
    "a value over 3 MiB": (
        "Set", {"key": "k", "value": b64(b"x" * (3 * MIB + 1))}, "resource_exhausted",
        "VALUE_TOO_LARGE"),
    "a message over 4 MiB": (
        "Set", {"key": "k", "value": b64(b"x" * (4 * MIB))}, "resource_exhausted",
        "MESSAGE_TOO_LARGE"),
    "a TTL of 0": (
        "Set", {"key": "k", "value": "", "ttlMs": "0"}, "invalid_argument", "TTL_INVALID"),
    "a TTL of 300 million years": (
        "Set", {"key": "k", "value": "", "ttlMs": str(2**63)}, "invalid_argument",
        "TTL_TOO_LONG"),
    "an unknown namespace": (
        "Get", {"key": "k", "namespace": "nope"}, "not_found", "NAMESPACE_UNKNOWN"),
    "increment past the range": (
        "Increment", {"key": "curl/max", "initial": str(2**63 - 1), "delta": "1"}, "out_of_range",
        "INCREMENT_OVERFLOW"),
}


class TestErrors:
    @pytest.mark.parametrize("situation", REFUSED)
    def test_refused(self, tool, node, situation):
        call, request, code, reason = REFUSED[situation]
        self.check(run(tool, node, call, request), code, reason)

    def test_increment_of_text(self, tool, node, ask, key):
        ask("Set", key=key, value=b64(b"text"))
        done = run(tool, node, "Increment", {"key": key, "delta": "1"})
        self.check(done, "failed_precondition", "VALUE_NOT_A_NUMBER")

    def check(self, done, code, reason):
        """grpcurl writes InvalidArgument, and shows the details it can resolve by reflection, which
        these are; buf curl writes invalid_argument, and the details in base64 without padding."""
        assert done.returncode != 0
        assert code.replace("_", "") in done.stderr.lower().replace("_", "")
        if done.stderr.startswith("{"):
            values = [detail["value"] for detail in json.loads(done.stderr)["details"]]
            details = b"".join(base64.b64decode(value + "==") for value in values).decode()
        else:
            details = done.stderr
        assert reason in details


class TestUnfinishedCalls:
    def test_a_cancelled_call_ends_and_the_next_one_works(self, tool, node, ask, key):
        watch = subprocess.Popen(
            tool.command(node, "grpc.health.v1.Health/Watch"), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        watch.stdin.write("{}")
        watch.stdin.close()
        assert "{" in watch.stdout.readline()
        # Not SIGINT: a shell that runs tests in the background has everything ignore that.
        watch.terminate()
        assert watch.wait(timeout=10) != 0
        watch.stdout.close()
        assert "miss" in ask("Get", key=key)

    def test_a_call_that_times_out_ends_and_the_next_one_works(self, tool, node, ask, key):
        limit = {"grpcurl": ["-max-time", "0.5"], "buf curl": ["--timeout", "500ms"]}[tool.name]
        command = tool.command(node, "grpc.health.v1.Health/Watch")
        command[-2:-2] = limit if tool.name == "grpcurl" else []
        if tool.name == "buf curl":
            command[2:2] = limit
        began = time.monotonic()
        done = subprocess.run(
            command, input="{}", text=True, capture_output=True, timeout=30)
        assert done.returncode != 0 and 0.4 < time.monotonic() - began < 20
        assert "miss" in ask("Get", key=key)
