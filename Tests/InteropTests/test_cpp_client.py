"""The C++ client (cpp/), run against the same node as the Python tests."""

import subprocess

from support.stubs import ROOT

HERE = ROOT / "Tests" / "InteropTests" / "cpp"


def test_every_check_of_the_cpp_client_holds(node):
    built = subprocess.run(
        ["make", "--no-print-directory", "-C", str(HERE)], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout + built.stderr
    done = subprocess.run(
        [str(ROOT / ".build-cpp" / "interop_client"), node.target],
        capture_output=True,
        text=True,
        timeout=120,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout and "ok" in done.stdout
