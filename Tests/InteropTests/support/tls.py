"""Everybody's certificates, and calls within TLS by gRPC and by hand."""

import socket
import ssl
import time

import grpc
import pytest
from cryptography import x509
from larder.v1 import cache_pb2 as pb, cache_pb2_grpc
from support.certificates import CLIENT, DAY, Authority
from support.http2 import Connection, call_headers, message

GET = "/larder.v1.Cache/Get"
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class PKI:
    """Everybody's certificates."""

    def __init__(self, folder):
        self.folder = folder
        self.authority, self.stranger = Authority(folder, "ca"), Authority(folder, "stranger")
        issue = self.authority.issue
        self.server = issue("server")
        self.other_name = issue("other-name", dns=["other.example"], ips=[])
        self.address_only = issue("address-only", dns=[])
        self.wildcard = issue("wildcard", dns=["*.caches.example"])
        self.client = issue(
            "client", dns=["app.example"], ips=[], uris=["spiffe://example/app"], usage=CLIENT)
        self.expired_client = issue("expired-client", usage=CLIENT, begins=-3 * DAY, ends=-DAY)
        self.expired_server = issue("expired-server", begins=-3 * DAY, ends=-DAY)
        self.future_server = issue("future-server", begins=DAY)
        self.stranger_client = self.stranger.issue("stranger-client", usage=CLIENT)


def tls(identity, *more):
    return ["--tls-cert", identity.cert, "--tls-key", identity.key, *more]


def channel(target, roots, identity=None, name=None):
    credentials = grpc.ssl_channel_credentials(
        roots, identity and identity.key_pem, identity and identity.cert_pem)
    options = [("grpc.ssl_target_name_override", name)] if name else []
    return grpc.secure_channel(target, credentials, options)


def get(target, roots, **how):
    with channel(target, roots, **how) as made:
        return cache_pb2_grpc.CacheStub(made).Get(pb.GetRequest(key="k"), timeout=10)


def refused(target, roots, **how):
    with pytest.raises(grpc.RpcError) as caught:
        get(target, roots, **how)
    assert caught.value.code() == UNAVAILABLE, caught.value


def context(pki, identity=None, alpn=("h2",)):
    made = ssl.create_default_context(cafile=pki.authority.cert)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if identity:
        made.load_cert_chain(identity.cert, identity.key)
    return made


def handshake(node, made, session=None):
    raw = socket.create_connection(("127.0.0.1", node.port), timeout=5)
    try:
        return made.wrap_socket(raw, server_hostname="localhost", session=session)
    except BaseException:
        raw.close()
        raise


def call(connected):
    """A Get on a new raw connection, the first one; returns its grpc-status."""
    connection = Connection(None, connected=connected)
    connection.headers(1, call_headers(GET, **{":scheme": "https"}))
    connection.data(1, message(pb.GetRequest(key="k").SerializeToString()), end_stream=True)
    return connection.reply(1).grpc_status


def serial(node, pki):
    """Of the certificate that a new connection is shown."""
    with handshake(node, context(pki)) as connected:
        return x509.load_der_x509_certificate(connected.getpeercert(True)).serial_number


def eventually(what, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        time.sleep(0.02)


def call_works(node, pki):
    try:
        with handshake(node, context(pki)) as connected:
            return call(connected) == 0
    except (ssl.SSLError, OSError):
        return False
