"""Clients that read, write and delete a few keys at all nodes at once, and record what they see."""

import concurrent.futures
import random
import threading
import time

import grpc
from larder.v1 import cache_pb2 as pb
from support.failures import DETAILS, failure_of
from support.history import History

CALL_SECONDS = 20


# A client that was refused does not ask again at once.
PAUSE_SECONDS = 0.005


def run(
        caches, keys, seconds=0, threads=12, seed=1, meanwhile=lambda: None, history=None, kept=()):
    """Threads on `caches`, taken in turn, until `meanwhile` has returned, and the seconds are over.
    Every other call reads one of the keys `kept`, if there are any, which nobody writes. Returns the
    History, a new one or what was added to `history`."""
    history, is_over = history or History(), threading.Event()
    ends_at = time.monotonic() + seconds
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        futures = [
            pool.submit(_client, history, caches[index % len(caches)], keys, kept, is_over,
                        random.Random(seed * 1_000 + index))
            for index in range(threads)]
        try:
            meanwhile()
            is_over.wait(max(0, ends_at - time.monotonic()))
        finally:
            is_over.set()
        for future in futures:
            future.result()
    return history


def _client(history, cache, keys, kept, is_over, chance):
    while not is_over.is_set():
        if kept and chance.random() < 0.5:
            key, kind = chance.choice(kept), "get"
        else:
            key = chance.choice(keys)
            kind = chance.choices(["get", "set", "delete"], [70, 25, 5])[0]
        try:
            if kind == "get":
                history.timed("get", key, lambda: _get(cache, key))
            elif kind == "set":
                value = history.value_for(key)
                history.timed("set", key, lambda: _set(cache, key, value), value)
            else:
                history.timed("delete", key, lambda: _delete(cache, key))
        except NotDone:
            is_over.wait(PAUSE_SECONDS)


class NotDone(Exception):
    """The call was surely not done, or its answer promises nothing."""


# Reasons of a node beside UNAVAILABLE that leave open whether a write was done.
UNKNOWN_OUTCOMES = {"OUTCOME_UNKNOWN"}


def _get(cache, key):
    answer = _call(cache.Get, pb.GetRequest(key=key))
    if answer is None or answer.hit.stale:
        raise NotDone
    return (answer.hit.value.decode(), answer.hit.version) if answer.HasField("hit") else (None, None)


def _set(cache, key, value):
    answer = _call(cache.Set, pb.SetRequest(key=key, value=value.encode()))
    return answer and (value, answer.version)


def _delete(cache, key):
    answer = _call(cache.Delete, pb.DeleteRequest(key=key))
    # Where nothing was deleted the version is of no write.
    return answer and (None, answer.version if answer.deleted else None)


def _call(method, request):
    """The answer; None: nobody knows whether it was done."""
    try:
        return method(request, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        code = error.code()
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return None
        if code != grpc.StatusCode.UNAVAILABLE:
            raise
        # Without a reason it is the channel that has failed, whatever the node has done.
        if DETAILS not in dict(error.trailing_metadata() or ()):
            time.sleep(PAUSE_SECONDS)
            return None
        if failure_of(error).reason in UNKNOWN_OUTCOMES:
            return None
        raise NotDone from error
