"""Entries that outlive the process: written at the end, on a schedule and on request."""

import pathlib
import signal
import subprocess
import time

import grpc
import pytest
from larder.v1 import admin_pb2, admin_pb2_grpc, cache_pb2 as pb, cache_pb2_grpc
from support.failures import refused
from support.node import Node, binary, environment, free_port, run, wait_until
from support.pages import fetch

FILE = "larder.snapshot"


class Kept:
    """A node with a snapshot directory, and its stubs."""

    def __init__(self, directory, *flags):
        self.node = Node("--snapshot-dir", str(directory), "--log-format", "json", *flags)
        self.channel = grpc.insecure_channel(self.node.target)
        self.cache = cache_pb2_grpc.CacheStub(self.channel)
        self.admin = admin_pb2_grpc.AdminStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.channel.close()
        self.node.stop()

    def kill(self):
        """As a crash ends it; `with` then has nothing left to stop."""
        self.node.process.kill()
        self.node.process.wait()
        self.node.process.returncode = 0

    def get(self, key, **request):
        return self.cache.Get(pb.GetRequest(key=key, **request))

    def set(self, key, value, **request):
        return self.cache.Set(pb.SetRequest(key=key, value=value, **request))

    def snapshot(self):
        return self.admin.Snapshot(admin_pb2.SnapshotRequest())


def test_a_node_that_was_stopped_has_its_entries_again(tmp_path):
    with Kept(tmp_path / "made") as kept:
        version = kept.set("plain", b"value", flags=7).version
        kept.set("short", b"over soon", ttl_ms=1)
        kept.set("long", b"stays", ttl_ms=600_000)
        kept.set("large", bytes(2 << 20))
        kept.cache.Increment(pb.IncrementRequest(key="number", delta=41))
        kept.set("deleted", b"gone")
        kept.cache.Delete(pb.DeleteRequest(key="deleted"))
    with Kept(tmp_path / "made") as kept:
        hit = kept.get("plain").hit
        assert (hit.value, hit.flags, hit.version, hit.ttl_ms) == (b"value", 7, version, 0)
        assert kept.get("short").HasField("miss")
        assert 0 < kept.get("long").hit.ttl_ms < 600_000
        assert kept.get("large").hit.value == bytes(2 << 20)
        assert kept.cache.Increment(pb.IncrementRequest(key="number", delta=1)).value == 42
        assert kept.get("deleted").HasField("miss")
        assert kept.set("plain", b"newer").version > version
        assert '"snapshot restored"' in kept.node.log()
        assert "the snapshot is damaged" not in kept.node.log()


def test_namespaces_are_told_apart(tmp_path):
    file = tmp_path / "larder.yaml"
    file.write_text("namespaces:\n  - name: a\n  - name: b\n")
    with Kept(tmp_path, "--config", str(file)) as kept:
        for namespace in ("", "a", "b"):
            kept.set("key", b"of " + namespace.encode(), namespace=namespace)
    file.write_text("namespaces:\n  - name: b\n")
    with Kept(tmp_path, "--config", str(file)) as kept:
        for namespace in ("", "b"):
            assert kept.get("key", namespace=namespace).hit.value == b"of " + namespace.encode()
        assert "namespaces that are not configured" in kept.node.log()


def test_a_snapshot_on_request_survives_a_kill(tmp_path):
    with Kept(tmp_path) as kept:
        kept.set("key", b"before")
        written = kept.snapshot()
        assert written.path == str(tmp_path / FILE) and written.entries == 1
        assert written.bytes == (tmp_path / FILE).stat().st_size
        kept.set("key", b"after")
        kept.kill()
    with Kept(tmp_path) as kept:
        assert kept.get("key").hit.value == b"before"
        page = fetch(kept.node, "/metrics").text
        assert 'larder_snapshots_total{result="ok"} 0\n' in page


def test_a_snapshot_on_schedule_survives_a_kill(tmp_path):
    with Kept(tmp_path, "--snapshot-interval", "50ms") as kept:
        kept.set("key", b"value")
        begun = time.time()
        wait_until(
            lambda: (tmp_path / FILE).exists() and (tmp_path / FILE).stat().st_mtime > begun + 0.2,
            "a snapshot that was begun after the write")
        kept.kill()
    with Kept(tmp_path) as kept:
        assert kept.get("key").hit.value == b"value"


def test_without_a_schedule_there_is_none(tmp_path):
    with Kept(tmp_path, "--snapshot-interval", "0ms"):
        pass
    assert (tmp_path / FILE).exists()


def fill(kept, value, count=600):
    size = 256 << 10
    for first in range(0, count, 8):
        items = [
            pb.SetRequest(key=f"key/{number}", value=value * size) for number in range(first, first + 8)
        ]
        kept.cache.SetMany(pb.SetManyRequest(items=items))


def test_killed_in_the_middle_of_writing_the_previous_one_is_there(tmp_path):
    new = tmp_path / f"{FILE}.new"
    with Kept(tmp_path) as kept:
        fill(kept, b"1")
        assert kept.snapshot().entries == 600
        fill(kept, b"2")
        kept.admin.Snapshot.future(admin_pb2.SnapshotRequest())
        wait_until(lambda: new.exists() and new.stat().st_size > 1 << 20, "a snapshot half written")
        kept.kill()
    assert new.exists() and new.stat().st_size < (tmp_path / FILE).stat().st_size
    with Kept(tmp_path) as kept:
        for number in range(0, 600, 7):
            assert kept.get(f"key/{number}").hit.value == b"1" * (256 << 10)


def test_a_damaged_file_costs_what_is_damaged_and_is_kept(tmp_path):
    with Kept(tmp_path) as kept:
        fill(kept, b"1", count=64)
    file = tmp_path / FILE
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with Kept(tmp_path) as kept:
        hits = [kept.get(f"key/{number}").HasField("hit") for number in range(64)]
        assert 60 <= sum(hits) < 64
        log = kept.node.log()
        assert "the snapshot is damaged" in log and f'"{tmp_path}/{FILE}.damaged"' in log
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == content
    with Kept(tmp_path) as kept:
        assert sum(kept.get(f"key/{number}").HasField("hit") for number in range(64)) == sum(hits)
        assert "the snapshot is damaged" not in kept.node.log()


def test_what_is_no_snapshot_does_not_keep_the_node_from_starting(tmp_path):
    (tmp_path / FILE).write_bytes(b"Dear diary" * 1000)
    with Kept(tmp_path) as kept:
        assert kept.get("key").HasField("miss")
        assert "the snapshot is damaged" in kept.node.log()


def test_a_node_told_to_stop_while_it_restores_leaves_the_snapshot(tmp_path):
    with Kept(tmp_path, "--memory", "2GiB") as kept:
        fill(kept, b"1", count=2400)
    before = (tmp_path / FILE).stat()
    for delay in (0.05, 0.1, 0.2, 0.3):
        process = Unready(tmp_path)
        time.sleep(delay)
        process.stop()
        # Whether it was still restoring or had begun to serve: nothing is lost.
        assert (tmp_path / FILE).stat().st_size == before.st_size
    with Kept(tmp_path, "--memory", "2GiB") as kept:
        assert '"entries":"2400"' in kept.node.log().replace(" ", "")


class Unready:
    """A node that is not waited for."""

    def __init__(self, directory):
        self.process = subprocess.Popen(
            [binary(), "serve", "--listen", f"127.0.0.1:{free_port()}", "--admin", "off",
             "--memory", "2GiB", "--snapshot-dir", str(directory)],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        # A signal that comes before the process listens to it ends it all the same.
        assert self.process.wait(20) in (0, -signal.SIGTERM)


def test_two_nodes_do_not_share_a_directory(tmp_path):
    with Kept(tmp_path):
        second = run(
            "serve", "--listen", "127.0.0.1:0", "--admin", "off", "--snapshot-dir", str(tmp_path))
        assert second.returncode == 1
        assert f"another process keeps its snapshot in {tmp_path}" in second.stderr


def test_a_node_without_a_directory_says_how_to_get_one(admin):
    refused(
        grpc.StatusCode.FAILED_PRECONDITION, "SNAPSHOT_OFF", admin.Snapshot,
        admin_pb2.SnapshotRequest())


def test_the_command_tells_what_was_written(tmp_path):
    with Kept(tmp_path) as kept:
        kept.set("key", b"value")
        done = run("snapshot", "--target", kept.node.target)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("1 entries, ") and done.stdout.rstrip().endswith(
            str(tmp_path / FILE))


def test_a_directory_that_cannot_be_written_leaves_the_previous_snapshot(tmp_path):
    with Kept(tmp_path) as kept:
        kept.set("key", b"1")
        kept.snapshot()
        # A directory in the place of the file that is written: even root cannot open that.
        (tmp_path / f"{FILE}.new").mkdir()
        with pytest.raises(grpc.RpcError) as raised:
            kept.snapshot()
        assert raised.value.code() == grpc.StatusCode.INTERNAL
        assert "Is a directory" in raised.value.details()
        assert 'larder_snapshots_total{result="failed"} 1\n' in fetch(kept.node, "/metrics").text
        (tmp_path / f"{FILE}.new").rmdir()
    assert pathlib.Path(tmp_path / FILE).exists()


def test_a_million_entries_stop_and_start(tmp_path):
    batch, batches = 10_000, 100
    with Kept(tmp_path) as kept:
        for first in range(0, batch * batches, batch):
            items = [
                pb.SetRequest(key=f"million/{number}", value=b"%d" % number)
                for number in range(first, first + batch)
            ]
            kept.cache.SetMany(pb.SetManyRequest(items=items))
    started = time.monotonic()
    with Kept(tmp_path) as kept:
        print(f"started after {time.monotonic() - started:.2f} s")
        print([line for line in kept.node.log().splitlines() if "snapshot restored" in line])
        status = kept.admin.GetStatus(admin_pb2.GetStatusRequest())
        assert status.namespaces[0].entries == batch * batches
        for first in range(0, batch * batches, batch * 10):
            keys = [f"million/{number}" for number in range(first, first + batch)]
            results = kept.cache.GetMany(pb.GetManyRequest(keys=keys)).results
            assert [result.hit.value for result in results] == [
                b"%d" % number for number in range(first, first + batch)]
