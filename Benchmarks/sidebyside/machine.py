"""What the machine is, and how much time of it a process took."""

import os
import pathlib
import platform
import re


def cpu_ns(pid):
    """Nanoseconds that the threads of a process ran, as the scheduler counts them."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        # Time running, time waiting, time slices (Documentation/scheduler/sched-stats.rst).
        total += int((task / "schedstat").read_text().split()[0])
    return total


def two_cpus():
    """One for the server and one for the load: the first two that we may use, or None."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) >= 2 else None


def cpu_model():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def slug(name):
    """For a file name: 'Intel(R) Xeon(R) CPU @ 2.20GHz' becomes 'intel-xeon-cpu-2.20ghz'."""
    plain = re.sub(r"\((?:r|tm)\)", "", name.lower())
    return re.sub(r"[^a-z0-9.]+", "-", plain).strip("-")


def describe():
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
    }
