"""Python stubs, generated from Protos/ each time the tests run, so that they are never stale."""

import pathlib
import shutil
import sys

import grpc
import grpc_tools
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROTOS = ROOT / "Protos"
STUBS = ROOT / ".build-python" / "stubs"
# What a client of Larder sees, and grpc/testing, which only interop-server serves.
FOLDERS = (
    "larder", "google/rpc", "grpc/channelz", "grpc/health", "grpc/reflection", "grpc/testing",
)


def generate():
    """Writes the stubs and makes them importable: larder.v1, google.rpc, grpc.health, ..."""
    shutil.rmtree(STUBS, ignore_errors=True)
    STUBS.mkdir(parents=True)
    files = [
        str(path.relative_to(PROTOS))
        for folder in FOLDERS
        for path in sorted((PROTOS / folder).rglob("*.proto"))
    ]
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    arguments = [f"-I{PROTOS}", f"-I{well_known}", f"--python_out={STUBS}"]
    compile_protos([*arguments, *files])
    # etcd's own files import each other from the folder that they are in together.
    etcd = ["kv.proto", "rpc.proto"]
    compile_protos([f"-I{PROTOS / 'etcd'}", f"--python_out={STUBS}", *etcd])
    sys.path.insert(0, str(STUBS))
    # `grpc` is a regular package, so Python looks for grpc.health inside grpcio only.
    grpc.__path__.append(str(STUBS / "grpc"))


def compile_protos(arguments):
    if protoc.main(["protoc", f"--grpc_python_out={STUBS}", *arguments]) != 0:
        raise RuntimeError(f"protoc refused {arguments}; its reason stands above")
