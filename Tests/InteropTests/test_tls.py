"""TLS as clients in other languages speak it, and as those who are up to no good do."""

import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

import grpc
import pytest
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.http2 import PREFACE
from support.node import Node, free_port
from support.tls import (
    PKI, UNAVAILABLE, call, call_works, channel, context, eventually, get, handshake, refused, tls
)

GRPCURL = str(pathlib.Path(sys.executable).parent / "grpcurl")


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


class TestCalls:
    def test_values_of_all_sizes_come_through(self, node, pki, key):
        with channel(node.target, pki.authority.pem) as made:
            cache = cache_pb2_grpc.CacheStub(made)
            for size in (0, 100, 16 << 10, 100_000, 3 << 20):
                value = os.urandom(size)
                cache.Set(pb.SetRequest(key=key, value=value), timeout=10)
                waiting = [cache.Get.future(pb.GetRequest(key=key), timeout=20) for _ in range(8)]
                assert all(call.result().hit.value == value for call in waiting)

    def test_a_client_with_a_certificate_of_the_authority_is_let_in(self, mutual, pki):
        assert get(mutual.target, pki.authority.pem, identity=pki.client).HasField("miss")

    def test_grpcurl_with_the_authority(self, node, pki):
        done = subprocess.run(
            [GRPCURL, "-cacert", pki.authority.cert, node.target, "list"],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "larder.v1.Cache" in done.stdout, done.stderr

    def test_grpcurl_with_a_certificate(self, mutual, pki):
        done = subprocess.run(
            [GRPCURL, "-cacert", pki.authority.cert, "-cert", pki.client.cert,
             "-key", pki.client.key, mutual.target, "list"],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "larder.v1.Cache" in done.stdout, done.stderr

    def test_a_node_with_tls_connections_stops_in_time(self, pki):
        with Node(*tls(pki.server)) as node, channel(node.target, pki.authority.pem) as made:
            cache_pb2_grpc.CacheStub(made).Get(pb.GetRequest(key="k"), timeout=10)
            with handshake(node, context(pki)), socket.create_connection(("127.0.0.1", node.port)):
                node.stop()


class TestClientsThatDoNotTrustTheNode:
    def test_another_authority(self, node, pki):
        refused(node.target, pki.stranger.pem)

    def test_another_name(self, pki):
        with Node(*tls(pki.other_name)) as node:
            refused(node.target, pki.authority.pem)
            assert get(node.target, pki.authority.pem, name="other.example").HasField("miss")

    def test_plaintext(self, node):
        with pytest.raises(grpc.RpcError) as caught, grpc.insecure_channel(node.target) as made:
            cache_pb2_grpc.CacheStub(made).Get(pb.GetRequest(key="k"), timeout=10)
        assert caught.value.code() == UNAVAILABLE


class TestClientsThatTheNodeDoesNotTrust:
    def test_no_certificate(self, mutual, pki):
        refused(mutual.target, pki.authority.pem)

    def test_a_certificate_of_another_authority(self, mutual, pki):
        refused(mutual.target, pki.authority.pem, identity=pki.stranger_client)

    def test_an_expired_certificate(self, mutual, pki):
        refused(mutual.target, pki.authority.pem, identity=pki.expired_client)

    def test_a_certificate_that_is_for_servers(self, mutual, pki):
        refused(mutual.target, pki.authority.pem, identity=pki.server)

    def test_the_log_tells_why_and_others_are_served(self, pki):
        mutual = tls(pki.server, "--tls-ca", pki.authority.cert, "--log-level", "debug")
        with Node(*mutual) as node:
            refused(node.target, pki.authority.pem, identity=pki.expired_client)
            assert get(node.target, pki.authority.pem, identity=pki.client).HasField("miss")
            assert "TLS handshake failed" in node.log() and "expired on" in node.log()

    def test_without_a_certificate_where_it_is_only_requested(self, pki):
        request = tls(pki.server, "--tls-ca", pki.authority.cert, "--tls-client-auth", "request")
        with Node(*request) as node:
            assert get(node.target, pki.authority.pem).HasField("miss")
            assert get(node.target, pki.authority.pem, identity=pki.client).HasField("miss")
            refused(node.target, pki.authority.pem, identity=pki.stranger_client)


class TestVersionsAndProtocols:
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_a_client_of_one_version(self, node, pki, version):
        made = context(pki)
        made.minimum_version = made.maximum_version = version
        with handshake(node, made) as connected:
            assert connected.version() == {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name]
            assert connected.selected_alpn_protocol() == "h2"
            assert call(connected) == 0

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_a_session_is_resumed(self, mutual, pki, version):
        made = context(pki, pki.client)
        made.minimum_version = made.maximum_version = version
        with handshake(mutual, made) as connected:
            assert call(connected) == 0
            session = connected.session
        with handshake(mutual, made, session) as connected:
            assert connected.session_reused and call(connected) == 0

    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_tls_1_1_is_refused(self, node, pki):
        made = context(pki)
        # Without this OpenSSL itself refuses to offer it.
        made.set_ciphers("DEFAULT@SECLEVEL=0")
        made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError, match="(?i)protocol version"):
            handshake(node, made)

    def test_tls_1_2_is_refused_where_1_3_is_the_oldest(self, pki):
        with Node(*tls(pki.server, "--tls-min-version", "1.3")) as node:
            made = context(pki)
            with handshake(node, made) as connected:
                assert call(connected) == 0
            made.maximum_version = ssl.TLSVersion.TLSv1_2
            with pytest.raises(ssl.SSLError, match="(?i)protocol version"):
                handshake(node, made)

    def test_cbc_suites_are_refused(self, node, pki):
        """RFC 9113, section 9.2.2."""
        made = context(pki)
        made.maximum_version = ssl.TLSVersion.TLSv1_2
        made.set_ciphers("ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384")
        with pytest.raises(ssl.SSLError, match="(?i)handshake failure"):
            handshake(node, made)

    @pytest.mark.parametrize("alpn", [(), ("http/1.1",)], ids=["nothing", "http-1.1"])
    def test_a_client_that_does_not_ask_for_http_2_is_closed(self, node, pki, alpn):
        with handshake(node, context(pki, alpn=alpn)) as connected:
            assert connected.recv(1) == b""

    def test_http_2_is_chosen_among_others(self, node, pki):
        with handshake(node, context(pki, alpn=("http/1.1", "h2"))) as connected:
            assert call(connected) == 0


class TestPeersThatBreakHTTP2:
    @pytest.mark.parametrize("good", [b"", PREFACE], ids=["at-once", "after-the-preface"])
    def test_they_are_closed_and_others_are_served(self, node, pki, good):
        with handshake(node, context(pki)) as connected:
            connected.sendall(good + b"\xff" * 100_000)
            try:
                # Goes on while the node waits for our goodbye.
                for _ in range(20):
                    connected.sendall(b"\xff" * 10_000)
                    time.sleep(0.01)
                while connected.recv(1024):
                    pass
            except (ssl.SSLError, ConnectionError):
                pass
        assert call_works(node, pki)


class TestHandshakeTimeout:
    CLIENT_HELLO_BEGUN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"

    @pytest.mark.parametrize("sent", [b"", CLIENT_HELLO_BEGUN], ids=["nothing", "a-part"])
    def test_a_peer_that_stalls_is_closed_and_others_are_served(self, pki, sent):
        flags = ["--handshake-timeout", "2s", "--log-level", "debug"]
        with Node(*tls(pki.server, *flags)) as node:
            began = time.monotonic()
            with socket.create_connection(("127.0.0.1", node.port), timeout=10) as stalled:
                stalled.sendall(sent)
                assert get(node.target, pki.authority.pem).HasField("miss")
                try:
                    while stalled.recv(1024):
                        pass
                except ConnectionResetError:
                    pass
                assert time.monotonic() - began >= 2
            assert "handshake-timeout passed" in node.log()

    def test_a_connection_lives_longer_than_its_handshake_may(self, pki):
        with Node(*tls(pki.server, "--handshake-timeout", "2s")) as node:
            with handshake(node, context(pki)) as connected:
                time.sleep(2.5)
                assert call(connected) == 0

    def test_stalled_peers_count_as_connections(self, pki):
        with Node(*tls(pki.server, "--connections-max", "2")) as node:
            stalled = []

            def is_full():
                # Some are refused while the node has not seen the end of those before.
                stalled.append(socket.create_connection(("127.0.0.1", node.port)))
                return not call_works(node, pki)

            eventually("they are counted", is_full)
            for connection in stalled:
                connection.close()
            eventually("they are forgotten", lambda: call_works(node, pki))


class TestPlaintextBeside:
    def test_each_address_speaks_its_own(self, pki):
        plaintext = f"127.0.0.1:{free_port()}"
        with Node(*tls(pki.server, "--plaintext-listen", plaintext)) as node:
            with grpc.insecure_channel(plaintext) as made:
                stub = cache_pb2_grpc.CacheStub(made)
                assert stub.Set(pb.SetRequest(key="k", value=b"v"), timeout=10).stored
            assert get(node.target, pki.authority.pem).hit.value == b"v"
            refused(plaintext, pki.authority.pem)
