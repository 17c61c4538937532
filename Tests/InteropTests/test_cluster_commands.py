"""`larder cluster ...` as an operator runs it: at a terminal, and against nodes that ask who calls and
are called within TLS."""

import re
import signal

import grpc
from larder.v1 import cache_pb2 as pb
from support.certificates import CLIENT, SERVER, Authority
from support.etcd import Etcd
from support.members import SOON, Members
from support.node import STOP_SECONDS, run, wait_until
from support.pages import scrape
from support.ring import points_of
from support.terminal import CONTROL_C, Terminal

APP, ADMIN, PEER = (f"token-of-{name}-0123456789" for name in ("app", "admin", "peer"))


class Secured:
    """What nodes and operators are given: certificates, and tokens in files that only they can read."""

    def __init__(self, folder):
        self._folder = folder
        self.authority, self.stranger = Authority(folder, "ca"), Authority(folder, "stranger")
        self.node = self.authority.issue("node", usage=(SERVER, CLIENT))
        self.operator = self.authority.issue("operator", dns=["ops.example"], ips=[], usage=CLIENT)
        self.tokens = self._write(
            "tokens.yaml",
            f"- {{name: app, token: {APP}, roles: [read, write]}}\n"
            f"- {{name: ops, token: {ADMIN}, roles: [admin]}}\n"
            f"- {{name: node, token: {PEER}, roles: [peer]}}\n")
        self.app, self.admin, self.peer = (
            self._write(name, token) for name, token in
            (("app", APP), ("admin", ADMIN), ("peer", PEER)))

    def _write(self, name, text):
        path = self._folder / name
        path.write_text(text)
        path.chmod(0o600)
        return str(path)

    @property
    def serve_flags(self):
        return [
            "--tls-cert", self.node.cert, "--tls-key", self.node.key,
            "--tls-ca", self.authority.cert, "--tokens", self.tokens,
            "--peer-token-file", self.peer]

    @property
    def who(self):
        return ["--tls-cert", self.operator.cert, "--tls-key", self.operator.key]


class SecuredMembers(Members):
    """Nodes that let in only who has a certificate and a token."""

    def __init__(self, etcd, name, count, secured, *flags):
        super().__init__(etcd, name, count, *secured.serve_flags, *flags)
        self._secured = secured

    def _open(self, target, options):
        operator = self._secured.operator
        return grpc.secure_channel(target, grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(
                self._secured.authority.pem, operator.key_pem, operator.cert_pem),
            grpc.access_token_call_credentials(ADMIN)), options)


COUNT = 1_500
VALUE = b"v" * 200
BATCH = 250


def fill(cache):
    for start in range(0, COUNT, BATCH):
        items = [
            pb.SetRequest(key=f"commanded/{number}", value=VALUE)
            for number in range(start, start + BATCH)]
        answer = cache.SetMany(pb.SetManyRequest(items=items), timeout=SOON)
        assert all(result.HasField("ok") for result in answer.results), answer


def entries(node):
    values = scrape(node).values
    return sum(int(value) for (name, _), value in values.items() if name == "larder_entries")


def succeeds(done):
    assert done.returncode == 0, done
    return done.stdout


def operator(members):
    """Runs `larder cluster ...`, which succeeds, and returns what it writes."""
    return lambda *arguments: succeeds(run("cluster", *arguments, "--target", members.id(0)))


# ---- at a terminal


def moves(screen):
    """The lines of the screen that show a migration."""
    return [line for line in screen.splitlines() if re.search(r"\[[#.]{20}\]", line)]


def watched(terminal):
    """What the terminal shows; never more than one report, however often it was shown anew."""
    screen = terminal.screen()
    assert screen.count("rate limit") <= 1 and len(moves(screen)) <= 3, screen
    return screen


def test_migrations_are_watched_at_a_terminal_until_control_c(etcd, cluster_name):
    with Members(etcd, cluster_name, 3, "--handover-timeout", "20s") as members:
        larder = operator(members)
        fill(members.cache(0))
        larder("pause")
        larder("rate", "5KiB")
        fourth = members.add()
        members.wait_for_ring(0, 1, 2, fourth)
        # The lines are longer than a terminal is wide.
        watch = ["cluster", "migrations", "--watch", "--target", members.id(0)]
        with Terminal(*watch) as terminal:

            def shown(pattern):
                lines = moves(watched(terminal))
                return [line for line in lines if re.search(pattern, line)]

            paused = r" \d+\.\d %  \[\.{20}\]  0\.0 % .* paused +-$"
            lines = wait_until(
                lambda: len(found := shown(paused)) == 3 and found, "three nodes are to send")
            assert all(len(line) > terminal.columns for line in lines)
            larder("resume")
            under_way = r" \d+\.\d %  \[#+\.+\]  \d+\.\d % .* \d+\.\d KiB/s +\d+s$"
            wait_until(lambda: shown(under_way), "share, rate and time left are to be seen")
            larder("rate", "unlimited")
            wait_until(
                lambda: "nothing is on its way" in watched(terminal)
                and not moves(terminal.screen()), "it ends")
            terminal.type(CONTROL_C)
            # As the system ends a program: a shell shows that as 130.
            assert terminal.process.wait(STOP_SECONDS) == -signal.SIGINT
            assert watched(terminal).startswith("nothing is on its way\n"), "the last report stays"
            # Nothing that a shell would have to make good: no other screen, no hidden cursor.
            assert terminal.has_its_settings and "\x1b[?" not in terminal.raw


def test_what_is_shown_once_is_shown_whole_in_whatever_window(etcd, cluster_name):
    with Members(etcd, cluster_name, 2) as members:
        watch = ["cluster", "migrations", "--target", members.id(0)]
        with Terminal(*watch, "--watch", rows=5) as terminal:
            wait_until(lambda: "... and 2 more lines" in watched(terminal), "there is no room")
        with Terminal(*watch, rows=5) as terminal:
            assert terminal.process.wait(STOP_SECONDS) == 0
            wait_until(
                lambda: terminal.screen() and "... and" not in terminal.raw
                and all(terminal.raw.count(members.id(index)) == 1 for index in (0, 1)),
                "all of it is written")


def test_a_drain_goes_on_when_the_command_that_shows_it_is_interrupted(etcd, cluster_name):
    with Members(etcd, cluster_name, 2, "--handover-timeout", "60s") as members:
        larder = operator(members)
        fill(members.cache(0))
        larder("pause")
        drain = ["cluster", "drain", members.id(1), "--target", members.id(0)]
        with Terminal(*drain, columns=60) as terminal:
            # In one row, which is written again and again, though there is more to be said.
            line = "handing over  [....................]  0.0 %  0 B/s  paused: "
            wait_until(
                lambda: terminal.screen() == f"{line[:59]}\n" and terminal.raw.count(line[:59]) > 2,
                "it is shown how far it is")
            terminal.type(CONTROL_C)
            assert terminal.process.wait(STOP_SECONDS) == -signal.SIGINT
            assert terminal.has_its_settings and "\x1b[?" not in terminal.raw
        assert members.cluster(1).drain.state == "handing_over"
        larder("resume")
        assert larder("drain", members.id(1)) == (
            f"{members.id(1)} is drained: nothing is left on it\n")


# ---- of nodes that ask who calls


COMMANDS = [
    ["migrations"], ["migrations", "--json"], ["pause"], ["resume"], ["rate", "1MiB"], ["cancel"],
    ["plan", "--add", "127.0.0.1:1"], ["weight", "NODE", "2"], ["drain", "NODE"],
]


def test_commands_reach_nodes_that_demand_tls_and_tokens(etcd, cluster_name, tmp_path):
    secured = Secured(tmp_path)
    with SecuredMembers(etcd, cluster_name, 2, secured) as members:

        def larder(command, flags):
            words = [members.id(1) if word == "NODE" else word for word in command]
            return run("cluster", *words, "--target", members.id(0), *flags)

        trusting, who = ["--tls-ca", secured.authority.cert], secured.who
        admin = ["--token-file", secured.admin]
        for flags, status, words in [
            ([], 69, [members.id(0), "it may want TLS"]),
            (admin, 69, ["it may want TLS"]),
            ([*who, *admin], 69, ["does not come from an authority that is trusted here"]),
            (["--tls-ca", secured.stranger.cert, *who, *admin], 69,
             ["does not come from an authority that is trusted here"]),
            ([*trusting, *admin], 69, ["certificate required"]),
            ([*trusting, *who], 70, ["UNAUTHENTICATED", "there is no token"]),
            ([*trusting, *who, "--token-file", secured.app], 70,
             ["the role admin", "app has read, write", "ROLE_MISSING"]),
            ([*trusting, *who, "--token-file", secured.peer], 70, ["ROLE_MISSING"]),
            ([*trusting, *who, "--token-file", "/nonexistent"], 74, ["/nonexistent", "No such file"]),
        ]:
            done = larder(["migrations"], flags)
            assert done.returncode == status and done.stdout == "", done
            assert done.stderr.startswith("larder cluster migrations: ")
            assert all(word in done.stderr for word in words), done
            assert "token-of" not in done.stderr
        for command in COMMANDS:
            done = larder(command, [*trusting, *who])
            assert done.returncode == 70 and "UNAUTHENTICATED" in done.stderr, done
        assert members.ring(0) == {members.id(0), members.id(1)}
        for command in COMMANDS:
            text = succeeds(larder(command, [*trusting, *who, *admin]))
            # All of them are asked, not only the one that tells where the others are.
            assert members.id(1) in text, text
        assert members.ring(0) == {members.id(0)}
        assert members.cluster(1).drain.state == "drained"


# ---- while etcd is away


def test_a_weight_that_etcd_is_not_told_in_time_comes_when_it_is_back(cluster_name):
    with Etcd() as etcd, Members(etcd, cluster_name, 2, "--lease-ttl", "30s") as members:
        etcd.stop()
        done = run("cluster", "weight", members.id(1), "3", "--target", members.id(0))
        assert done.returncode == 70 and done.stdout == "", done
        assert "etcd-call-timeout" in done.stderr and "goes on trying" in done.stderr, done
        etcd.start()

        def points():
            return [
                {member.id: member.points for member in members.cluster(index).members}
                for index in (0, 1)]

        expected = {members.id(0): points_of(1), members.id(1): points_of(3)}
        wait_until(lambda: points() == [expected] * 2, "both have the new weight")
        assert members.record(1)[0]["weight"] == 3


def test_a_drain_that_etcd_is_not_told_in_time_goes_on_when_it_is_back(cluster_name):
    flags = ["--lease-ttl", "30s", "--leave-timeout", "1s"]
    with Etcd() as etcd, Members(etcd, cluster_name, 2, *flags) as members:
        fill(members.cache(0))
        etcd.stop()
        done = run("cluster", "drain", members.id(1), "--target", members.id(0))
        assert done.returncode == 69 and done.stdout == "", done
        assert f"{members.id(1)} is still on the ring: etcd could not be told" in done.stderr, done
        assert "it leaves as soon as etcd takes it" in done.stderr
        assert members.cluster(1).drain.state == "not_left"
        etcd.start()
        # By itself, though nobody waits for it; until somebody does.
        members.wait_for_ring(0, seen_by=[0, 1])
        assert operator(members)("drain", members.id(1)) == (
            f"{members.id(1)} is drained: nothing is left on it\n")
        wait_until(lambda: [entries(node) for node in members.nodes] == [COUNT, 0], "all has moved")
