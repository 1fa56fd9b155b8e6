"""Owns what the kernel says of processes and of the machine: CPU, memory, load. Never starts or stops anything."""

import os
import platform
import re
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid) -> list[str]:
    """The fields of /proc/PID/stat from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid) -> list[int]:
    """The processes that this one has started and that live."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(_stat(stat.parent.name)[1]) == pid:
                found.append(int(stat.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def cpu(pid) -> float:
    """CPU seconds of one process so far, all its threads."""
    utime, stime = _stat(pid)[11:13]
    return (int(utime) + int(stime)) / TICK


def family_cpu(pid) -> float:
    """CPU seconds of a server so far: itself, its children that live, and those that have ended."""
    cutime, cstime = _stat(pid)[13:15]
    total = cpu(pid) + (int(cutime) + int(cstime)) / TICK
    for child in children(pid):
        try:
            total += cpu(child)
        except OSError:  # it has ended meanwhile, and is counted next time
            continue
    return total


def fine_cpu(pid) -> float:
    """CPU seconds of the threads that live, to the nanosecond: for what rests most of the time."""
    return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def memory(pid) -> dict:
    """Resident memory of a process in MiB: the most it ever had, and now."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = {name: int(value) for name, value in re.findall(r"(VmHWM|VmRSS):\s+(\d+)", status)}
    return {"peak": kib["VmHWM"] / 1024, "now": kib["VmRSS"] / 1024}


def load() -> float:
    """The load average of the last minute: what else the machine does shows in it."""
    return os.getloadavg()[0]


def machine() -> dict:
    """What this machine is."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory_kib = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1])
    return {"processor": model[1] if model else platform.machine(), "cores": os.cpu_count(),
            "memory": f"{memory_kib / 1024 / 1024:.0f} GiB", "kernel": platform.release()}
