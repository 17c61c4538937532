"""How a call failed: the status code, and the stable reason that stands beside it."""

import dataclasses

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

DETAILS = "grpc-status-details-bin"
PUSHBACK = "grpc-retry-pushback-ms"


@dataclasses.dataclass
class Failure:
    """What a client that was refused can read."""

    code: grpc.StatusCode
    message: str
    reason: str
    domain: str
    metadata: dict
    # When to try again, where the server says so.
    retry_seconds: float | None
    pushback_ms: int | None


def failure_of(error):
    """Reads google.rpc.ErrorInfo out of the trailers of a failed call."""
    details = [v for k, v in error.trailing_metadata() or () if k == DETAILS]
    assert len(details) == 1, f"{len(details)} {DETAILS} in the trailers of: {error}"
    status = status_pb2.Status.FromString(details[0])
    assert status.code == error.code().value[0], "the details contradict grpc-status"
    assert status.message == error.details(), "the details contradict grpc-message"
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    infos = [detail.Unpack(info) for detail in status.details if detail.Is(info.DESCRIPTOR)]
    retries = [detail.Unpack(retry) for detail in status.details if detail.Is(retry.DESCRIPTOR)]
    assert infos == [True], f"no single ErrorInfo: {status}"
    assert len(retries) <= 1 and len(infos + retries) == len(status.details), status
    pushback = [int(v) for k, v in error.trailing_metadata() if k == PUSHBACK]
    return Failure(
        error.code(),
        error.details(),
        info.reason,
        info.domain,
        dict(info.metadata),
        retry.retry_delay.ToTimedelta().total_seconds() if retries else None,
        pushback[0] if pushback else None,
    )


def refused(code, reason, call, *arguments, **keywords):
    """Makes the call, which must fail with the code and the reason; returns the Failure."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **keywords)
    assert caught.value.code() == code, caught.value
    failure = failure_of(caught.value)
    assert (failure.reason, failure.domain) == (reason, "larder")
    assert failure.message, "people get a message"
    return failure
