"""Two nodes behind one channel, and one of them is told to stop in the middle of the load."""

import json
import signal
import threading
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb
from larder.v1 import cache_pb2_grpc
from support.node import Node, wait_until
from support.pages import fetch

CALLERS = 64
SECONDS_BEFORE = 1.0
SECONDS_AFTER = 1.5
RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.01s",
                "maxBackoff": "0.1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


class Load:
    """Callers without pause, each its own thread; what they were answered."""

    def __init__(self, channel):
        self.cache = cache_pb2_grpc.CacheStub(channel)
        self.is_over = threading.Event()
        self.done = [0] * CALLERS
        self.failures = []
        self.threads = [threading.Thread(target=self._call, args=(i,)) for i in range(CALLERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def _call(self, index):
        while not self.is_over.is_set():
            try:
                self.cache.Get(pb.GetRequest(key=f"drain/{index}"), timeout=20)
                self.done[index] += 1
            except grpc.RpcError as error:
                self.failures.append((error.code(), error.details()))


def channel_to(nodes, config):
    addresses = ",".join(node.target for node in nodes)
    options = [
        ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]} | config))
    ]
    return grpc.insecure_channel(f"ipv4:{addresses}", options)


def drain_under_load(config):
    """Returns the failures, and how many calls were answered before and after the SIGTERM."""
    with Node() as staying, Node() as leaving:
        with channel_to([staying, leaving], config) as channel:
            grpc.channel_ready_future(channel).result(timeout=10)
            with Load(channel) as load:
                time.sleep(SECONDS_BEFORE)
                before = sum(load.done)
                leaving.process.send_signal(signal.SIGTERM)
                leaving.process.wait(10)
                between = sum(load.done)
                time.sleep(SECONDS_AFTER)
            assert before > CALLERS, "the load never got going"
            assert sum(load.done) > between, "the node that stays was not called any more"
        assert leaving.process.returncode == 0, leaving.log()
        return load.failures


def test_with_a_retry_policy_no_call_fails():
    assert drain_under_load(RETRIES) == []


def test_without_retries_no_call_fails_that_reached_the_draining_node():
    # A call may have picked a connection that is not there any more; the client then says that it
    # could not connect, and the node never saw it.
    reached = [
        (code, details)
        for code, details in drain_under_load({})
        if code != grpc.StatusCode.UNAVAILABLE or "connect" not in details.lower()
    ]
    assert reached == []


@pytest.mark.parametrize("calls", [1, 100])
def test_calls_under_way_when_the_node_is_told_to_stop_are_answered(calls):
    value = bytes(2 * 1024 * 1024)
    with Node() as node, grpc.insecure_channel(node.target) as channel:
        cache = cache_pb2_grpc.CacheStub(channel)
        cache.Set(pb.SetRequest(key="drain/large", value=value))
        gets = [cache.Get.future(pb.GetRequest(key="drain/large"), timeout=20) for _ in range(calls)]
        begun = 'grpc_server_call_started_total{grpc_method="larder.v1.Cache/Get"} %d\n' % calls
        wait_until(lambda: begun in fetch(node, "/metrics").text, "all calls have come")
        node.process.send_signal(signal.SIGTERM)
        assert all(get.result().hit.value == value for get in gets)
