"""A cluster whose ring changes while clients work, and what must be true afterwards."""

import time

from larder.v1 import cache_pb2 as pb
from support.history import NEVER, Call, History, violations
from support.members import SOON
from support.node import wait_until
from support.pages import scrape
from support.ring import owner_of, points_of
from support.workload import run

KEPT = [f"kept/{number}" for number in range(600)]
HOT = [f"hot/{number}" for number in range(40)]
PADDING = "." * 2_000
# A node that gives up a third of what it has sends 130 kB, which takes it seconds.
SLOWLY = ["--migration-rate", "40KiB"]
BATCH = 100
# Of reads of what is there: a node that does not say in time what it holds makes a miss.
MISSES_MAX = 0.01
THREADS = 6
# Clients go on for so long once nothing moves any more.
AFTERMATH_SECONDS = 0.5
# What nobody comes for is kept for 45 seconds.
SETTLE_SECONDS = 90


class Live:
    """A client of whatever node is in a place now: another may have come in its stead."""

    def __init__(self, members, index):
        self._members, self._index = members, index

    def __getattr__(self, method):
        return getattr(self._members.cache(self._index), method)


class Changes:
    """The rings that a cluster has had, and who died: what may be lost, and what must not."""

    def __init__(self, members, *indexes):
        self.members = members
        self.history = History()
        self._rings, self._gone, self._misses_allowed = [], set(), False
        # Of the members that have another than 1.
        self._weights = {}
        self._taken_off = set()
        self._unsettled_since, self._unsettled = NEVER, []
        self.becomes(*indexes)
        self._fill()

    def becomes(self, *indexes):
        """The ring is to have these members next."""
        self.indexes = indexes
        self._rings.append(
            {self.members.id(index): self._weights.get(index, 1) for index in indexes})

    def weighs(self, index, weight):
        """One of the members is to have another weight next."""
        self._weights[index] = weight
        self.becomes(*self.indexes)

    def loses(self, index):
        """What a member holds is gone, though it may come back."""
        self._gone.add(self.members.id(index))

    def may_miss(self):
        """A read of what is on its way may be a miss for now, as who has it cannot be asked."""
        self._misses_allowed = True

    def is_taken_off(self, index, by):
        """A member's record goes from etcd, though it lives and has a lease by its own account: until it
        hears of it, two nodes may take themselves for a key's owner. Then it puts the record back, or
        ends, if that is what it was about to do."""
        process, before = self.members.nodes[index].process, self.members.made(index)
        assert before, "there is a record"
        self.loses(index)
        self._taken_off.add(index)
        self._unsettled_since = time.monotonic()
        by()
        wait_until(
            lambda: self.members.made(index) not in (None, before) or process.poll() is not None,
            f"node {index} is back")

    def was_taken_off(self, index):
        return index in self._taken_off

    def wait_for_middle(self, *heirs):
        """Until some of what is to come to each of these nodes is there. At the rate `SLOWLY` the rest
        takes seconds."""

        def has_some(heir):
            return self._metric(heir, "larder_handover_bytes_total", direction="inbound") > 0

        for heir in heirs:
            wait_until(lambda heir=heir: has_some(heir), "the first batch is there")

    def run(self, change, clients):
        """Has clients of some nodes work until the change is over, and judges what they have seen."""

        def and_after():
            change()
            self.members.wait_for_ring(*self.indexes)
            wait_until(self._have_weights, "all have the members' weights")
            self._unsettled = [(self._unsettled_since, time.monotonic())]
            wait_until(lambda: not self._migrations(), "nothing is under way any more")
            time.sleep(AFTERMATH_SECONDS)

        run([Live(self.members, index) for index in clients], HOT, threads=THREADS,
            meanwhile=and_after, history=self.history, kept=KEPT)
        self._check_answers()
        self._check_entries()

    # ---- what must be true

    def _may_be_lost(self, key):
        return any(self._owner(key, ring) in self._gone for ring in self._rings)

    @staticmethod
    def _owner(key, ring):
        return list(ring)[owner_of(key, list(ring), list(ring.values()))]

    def _check_answers(self):
        lost = {key for key in KEPT + HOT if self._may_be_lost(key)}
        calls = self.history.calls
        safe = [call for call in calls if call.key not in lost]
        wrong = violations(calls, misses_allowed=True, unsettled=self._unsettled)
        assert not wrong, "\n".join(text.replace(PADDING, "") for text in wrong[:10])
        reads = sum(call.kind == "get" for call in safe)
        assert reads > 100, "clients have read something"
        misses = len(violations(safe, unsettled=self._unsettled))
        assert self._misses_allowed or misses <= reads * MISSES_MAX, (
            f"{misses} of {reads} reads have missed what was there")

    def _check_entries(self):
        wait_until(
            lambda: not self._lost(), "all entries are there that nobody has taken with it")
        wait_until(
            lambda: self._entries() == len(self._there(KEPT)) + len(self._there(HOT)),
            "the nodes have no entries but those that are found, each once", SETTLE_SECONDS)

    def _lost(self):
        there = set(self._there(KEPT))
        return [key for key in KEPT if key not in there and not self._may_be_lost(key)]

    def _there(self, keys):
        """Those of the keys that every node finds."""

        def ask(index):
            request = pb.GetManyRequest(keys=keys)
            results = self.members.cache(index).GetMany(request, timeout=SOON).results
            if any(result.HasField("error") for result in results):
                return None
            return [result.HasField("hit") for result in results]

        views = [
            wait_until(lambda index=index: ask(index), f"node {index} answers for all keys")
            for index in self.indexes]
        return [key for key, *hits in zip(keys, *views) if all(hits)]

    def _have_weights(self):
        expected = {id: points_of(weight) for id, weight in self._rings[-1].items()}
        views = [self.members.cluster(index).members for index in self.indexes]
        return all(
            {member.id: member.points for member in view if member.points} == expected
            for view in views)

    def _migrations(self):
        return sum(self._metric(index, "larder_handover_migrations") for index in self.indexes)

    def _entries(self):
        """On all nodes that run, be they members or not."""
        return sum(
            self._metric(index, "larder_entries") for index, node in enumerate(self.members.nodes)
            if node.process.poll() is None)

    def _metric(self, index, name, **labels):
        values = scrape(self.members.nodes[index]).values
        return sum(
            value for (found, pairs), value in values.items()
            if found == name and labels.items() <= dict(pairs).items())

    def _fill(self):
        for start in range(0, len(KEPT), BATCH):
            keys = KEPT[start:start + BATCH]
            values = [self.history.value_for(key) + PADDING for key in keys]
            items = [
                pb.SetRequest(key=key, value=value.encode()) for key, value in zip(keys, values)]
            began = time.monotonic()
            answer = self.members.cache(0).SetMany(pb.SetManyRequest(items=items), timeout=SOON)
            ended = time.monotonic()
            for key, value, result in zip(keys, values, answer.results):
                assert result.HasField("ok"), result
                self.history.record(Call("set", key, began, ended, value, result.ok.version))
