"""TLS as an operator runs it: certificates read anew, the commands of `larder`, mistakes at start."""

import shutil
import socket
import ssl
import threading

import pytest
from cryptography.hazmat.primitives import serialization
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support import certificates
from support.certificates import DAY
from support.node import Node, free_port, run
from support.tls import PKI, call, channel, context, eventually, get, handshake, refused, serial, tls


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    return PKI(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def node(pki):
    """Speaks TLS, and asks no client who it is."""
    with Node(*tls(pki.server)) as node:
        yield node


@pytest.fixture(scope="module")
def mutual(pki):
    """Speaks TLS with those who have a certificate of the authority."""
    with Node(*tls(pki.server, "--tls-ca", pki.authority.cert)) as node:
        yield node


class TestReload:
    @pytest.fixture
    def files(self, pki, tmp_path):
        """The node's own copies, that a test can replace."""
        paths = tmp_path / "cert.pem", tmp_path / "key.pem"

        def put(identity):
            # Certificate last: as many tools renew, and the worse order for the node.
            shutil.copy(identity.key, paths[1])
            shutil.copy(identity.cert, paths[0])

        put(pki.server)
        return ["--tls-cert", str(paths[0]), "--tls-key", str(paths[1])], put

    def test_sighup_brings_a_new_certificate_and_keeps_connections(self, pki, files):
        flags, put = files
        renewed = pki.authority.issue("renewed")
        with Node(*flags, "--reload-interval", "1h") as node:
            with channel(node.target, pki.authority.pem) as made, handshake(
                node, context(pki)
            ) as old:
                cache = cache_pb2_grpc.CacheStub(made)
                cache.Set(pb.SetRequest(key="k", value=b"v"), timeout=10)
                put(renewed)
                assert serial(node, pki) == pki.server.serial
                node.process.send_signal(1)
                eventually("the new one", lambda: serial(node, pki) == renewed.serial)
                assert cache.Get(pb.GetRequest(key="k"), timeout=10).hit.value == b"v"
                assert call(old) == 0

    def test_a_changed_file_is_noticed(self, pki, files):
        flags, put = files
        renewed = pki.authority.issue("renewed-file")
        with Node(*flags, "--reload-interval", "50ms") as node:
            assert serial(node, pki) == pki.server.serial
            put(renewed)
            eventually("the new one", lambda: serial(node, pki) == renewed.serial)

    def test_a_bad_file_is_told_and_the_old_certificate_stays(self, pki, files):
        flags, put = files
        with Node(*flags, "--reload-interval", "1h") as node:
            put(pki.expired_server)
            node.process.send_signal(1)
            eventually("the refusal", lambda: "not reloaded" in node.log())
            assert "expired on" in node.log()
            assert serial(node, pki) == pki.server.serial
            put(pki.server)
            node.process.send_signal(1)
            eventually("the good one", lambda: "reloaded: TLS certificate" in node.log())

    def test_the_authorities_of_clients_are_read_anew(self, pki, tmp_path):
        authorities = tmp_path / "ca.pem"
        shutil.copy(pki.authority.cert, authorities)
        flags = tls(pki.server, "--tls-ca", str(authorities), "--reload-interval", "50ms")
        with Node(*flags) as node:
            assert get(node.target, pki.authority.pem, identity=pki.client).HasField("miss")
            shutil.copy(pki.stranger.cert, authorities)
            eventually("the reload", lambda: "reloaded: TLS certificate" in node.log())
            refused(node.target, pki.authority.pem, identity=pki.client)
            get(node.target, pki.authority.pem, identity=pki.stranger_client)

    def test_sighup_does_not_end_a_node_without_tls(self):
        with Node() as node:
            node.process.send_signal(1)
            eventually("the line", lambda: "SIGHUP" in node.log())

    def test_a_certificate_that_ends_soon_is_warned_of(self, pki):
        soon = pki.authority.issue("soon", ends=10 * DAY)
        with Node(*tls(soon)) as node:
            assert "expires soon" in node.log()
        with Node(*tls(pki.server)) as node:
            assert "expires soon" not in node.log() and "TLS certificate read" in node.log()


class TestCommands:
    def larder(self, node, pki, *flags, target=None):
        return run("get", "k", "--target", target or node.target, *flags)

    def test_with_the_authority(self, node, pki):
        ca = ("--tls-ca", pki.authority.cert)
        assert run("set", "k/1", "v", "--target", node.target, *ca).returncode == 0
        done = run("get", "k/1", "--target", node.target, *ca)
        assert done.stdout.strip() == "v", done.stderr

    def test_with_a_certificate(self, mutual, pki):
        done = self.larder(
            mutual, pki, "--tls-ca", pki.authority.cert, "--tls-cert", pki.client.cert,
            "--tls-key", pki.client.key)
        assert done.returncode == 1, done.stderr

    def test_a_load(self, node, pki):
        done = run(
            "bench", "--json", "--quiet", "--duration", "1s", "--keys", "1000", "--preload",
            "--target", node.target, "--tls-ca", pki.authority.cert)
        assert done.returncode == 0 and '"errors"' in done.stdout, done.stderr

    def test_without_a_certificate_that_the_node_wants(self, mutual, pki):
        done = self.larder(mutual, pki, "--tls-ca", pki.authority.cert)
        assert done.returncode == 69 and mutual.target in done.stderr, done.stderr

    def test_the_systems_authorities_do_not_know_ours(self, node, pki):
        done = self.larder(node, pki, "--tls")
        assert done.returncode == 69, done.stderr
        assert "does not come from an authority that is trusted here" in done.stderr

    def test_another_authority(self, node, pki):
        done = self.larder(node, pki, "--tls-ca", pki.stranger.cert)
        assert done.returncode == 69
        assert "does not come from an authority that is trusted here" in done.stderr

    def test_another_name(self, pki):
        with Node(*tls(pki.other_name)) as node:
            ca = ("--tls-ca", pki.authority.cert)
            done = self.larder(node, pki, *ca)
            assert done.returncode == 69 and "not for 127.0.0.1" in done.stderr
            assert self.larder(node, pki, *ca, "--tls-server-name", "other.example").returncode == 1

    def test_a_certificate_for_the_address_is_not_one_for_a_name(self, pki):
        with Node(*tls(pki.address_only)) as node:
            ca = ("--tls-ca", pki.authority.cert)
            assert self.larder(node, pki, *ca).returncode == 1
            done = self.larder(node, pki, *ca, "--tls-server-name", "cache.example")
            assert done.returncode == 69, done.stderr
            assert "is for 127.0.0.1, address-only, not for cache.example" in done.stderr
            done = self.larder(node, pki, *ca, target=f"localhost:{node.port}")
            assert done.returncode == 69 and "not for localhost" in done.stderr, done.stderr

    def test_a_wildcard_is_for_one_label(self, pki):
        with Node(*tls(pki.wildcard)) as node:
            flags = ("--tls-ca", pki.authority.cert, "--tls-server-name")
            assert self.larder(node, pki, *flags, "one.caches.example").returncode == 1
            for name in ["caches.example", "two.one.caches.example"]:
                done = self.larder(node, pki, *flags, name)
                assert done.returncode == 69 and f"not for {name}" in done.stderr, done.stderr

    def call_a_foreign_server(self, pki, identity):
        """One that asks for no protocol (ALPN), and that starts with whatever certificate it has."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(identity.cert, identity.key)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def serve():
                accepted, _ = listener.accept()
                try:
                    with made.wrap_socket(accepted, server_side=True) as connected:
                        connected.recv(1)
                except (ssl.SSLError, ConnectionError):
                    accepted.close()
            thread = threading.Thread(target=serve)
            thread.start()
            target = "127.0.0.1:%d" % listener.getsockname()[1]
            done = self.larder(None, pki, "--tls-ca", pki.authority.cert, target=target)
            thread.join()
        assert done.returncode == 69
        return done.stderr

    def test_a_server_whose_certificate_has_expired(self, pki):
        assert "expired on" in self.call_a_foreign_server(pki, pki.expired_server)

    def test_a_server_that_does_not_agree_on_http_2(self, pki):
        assert "ALPN agreed on no protocol" in self.call_a_foreign_server(pki, pki.server)

    def test_a_node_without_tls(self, pki):
        with Node() as node:
            done = self.larder(node, pki, "--tls-ca", pki.authority.cert)
        assert done.returncode == 69 and "does not speak TLS" in done.stderr, done.stderr

    def test_a_file_that_is_not_there(self, node, pki):
        done = self.larder(node, pki, "--tls-ca", "absent.pem")
        assert done.returncode == 74
        assert "--tls-ca: absent.pem cannot be read: No such file" in done.stderr

    def test_a_certificate_without_its_key(self, node, pki):
        done = self.larder(node, pki, "--tls-cert", pki.client.cert)
        assert done.returncode == 64 and "--tls-key" in done.stderr


class TestRefusalsAtStart:
    def refused(self, *words, flags):
        done = run("serve", "--listen", f"127.0.0.1:{free_port()}", *flags)
        assert done.returncode == 64, done.stderr
        for word in words:
            assert word in done.stderr + done.stdout, done.stderr

    def test_a_certificate_without_its_key(self, pki):
        self.refused("--tls-cert", "tls-key", flags=["--tls-cert", pki.server.cert])

    def test_a_key_without_its_certificate(self, pki):
        self.refused("--tls-key", "tls-cert", flags=["--tls-key", pki.server.key])

    def test_authorities_without_a_certificate(self, pki):
        self.refused("--tls-ca", "tls-cert", flags=["--tls-ca", pki.authority.cert])

    def test_a_plaintext_address_without_tls(self):
        flags = ["--plaintext-listen", "127.0.0.1:1"]
        self.refused("--plaintext-listen", "tls-cert", flags=flags)

    def test_a_file_that_is_not_there(self, pki):
        flags = ["--tls-cert", "absent.pem", "--tls-key", pki.server.key]
        self.refused("tls-cert", "absent.pem", "No such file", flags=flags)

    def test_a_key_of_another_certificate(self, pki):
        flags = ["--tls-cert", pki.server.cert, "--tls-key", pki.client.key]
        self.refused(pki.client.key, "is not the key", pki.server.cert, flags=flags)

    def test_a_certificate_that_has_expired(self, pki):
        self.refused(pki.expired_server.cert, "expired on", flags=tls(pki.expired_server))

    def test_a_certificate_of_tomorrow(self, pki):
        self.refused(
            pki.future_server.cert, "not valid before", flags=tls(pki.future_server))

    def test_a_file_that_is_no_certificate(self, pki):
        flags = ["--tls-cert", pki.server.key, "--tls-key", pki.server.key]
        self.refused(pki.server.key, "BEGIN CERTIFICATE", flags=flags)

    def test_a_file_that_is_no_key(self, pki):
        flags = ["--tls-cert", pki.server.cert, "--tls-key", pki.server.cert]
        self.refused(pki.server.cert, "BEGIN PRIVATE KEY", flags=flags)

    def test_a_key_with_a_passphrase(self, pki, tmp_path):
        key = serialization.load_pem_private_key(pki.server.key_pem, None)
        locked = certificates.write(
            tmp_path / "locked.pem", certificates.private_bytes(key, b"passphrase"))
        flags = ["--tls-cert", pki.server.cert, "--tls-key", locked]
        self.refused(locked, "passphrase", flags=flags)
