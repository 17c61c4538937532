"""Who may use which namespace, where several nodes have a part in the answer."""

import grpc
from larder.v1 import cache_pb2 as pb
from larder.v1 import cache_pb2_grpc
from support.node import Node, free_port


def test_an_item_of_a_batch_is_held_to_the_namespaces_of_its_caller_whoever_owns_its_key(tmp_path):
    tokens, token = tmp_path / "tokens.yaml", tmp_path / "token"
    tokens.write_text(
        "- {name: app, token: token-of-app-0123456789, roles: [read, write], namespaces: [own]}\n"
        "- {name: all, token: token-of-all-0123456789, roles: [read]}\n"
        "- {name: node, token: token-of-node-0123456789, roles: [peer]}\n")
    token.write_text("token-of-node-0123456789\n")
    for file in (tokens, token):
        file.chmod(0o600)
    config = tmp_path / "larder.yaml"
    config.write_text("namespaces: [{name: own}, {name: other}]\n")
    ports = [free_port(), free_port()]
    addresses = [f"127.0.0.1:{port}" for port in ports]
    flags = ["--peers", ",".join(addresses), "--tokens", str(tokens),
             "--peer-token-file", str(token), "--config", str(config)]
    with Node(*flags, port=ports[0]) as first, Node(*flags, port=ports[1]), \
            grpc.insecure_channel(first.target) as channel:
        cache = cache_pb2_grpc.CacheStub(channel)
        # Enough of them that either node owns some.
        items = [
            pb.SetRequest(key=f"k{number}", value=b"v", namespace=namespace)
            for number in range(40) for namespace in ("own", "other")
        ]
        results = cache.SetMany(
            pb.SetManyRequest(namespace="own", items=items), timeout=10,
            metadata=(("authorization", "Bearer token-of-app-0123456789"),)).results
        for item, result in zip(items, results, strict=True):
            reason = "" if item.namespace == "own" else "NAMESPACE_DENIED"
            assert result.error.reason == reason, (item, result)
        found = cache.GetMany(
            pb.GetManyRequest(namespace="other", keys=[f"k{number}" for number in range(40)]),
            timeout=10, metadata=(("authorization", "Bearer token-of-all-0123456789"),)).results
        assert all(result.HasField("miss") for result in found)
