"""Where a table was made: processor, cores, versions, date."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = ("tensorflow", "keras", "openvino", "lime", "numpy", "scipy", "scikit-image", "scikit-learn", "pillow")


def describe() -> dict[str, object]:
    """Return JSON-ready facts about this machine and what is installed on it."""
    flags = _cpuinfo("flags").split()
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "bf16_in_hardware": any(flag in flags for flag in ("avx512_bf16", "amx_bf16")),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        "versions": {"python": platform.python_version()} | _versions(),
    }


def in_words(machine: dict[str, object]) -> str:
    """Return the facts as the lines that stand above a table."""
    versions = ", ".join(f"{name} {version}" for name, version in dict(machine["versions"]).items())
    bf16 = "bf16 in hardware" if machine["bf16_in_hardware"] else "no bf16 in hardware"
    lines = [
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores, {bf16}, {machine['system']}",
        versions,
    ]
    load = machine["load_before"]
    if load and load[0] > 1:
        lines.append(f"Other processes were running (load {load[0]:.1f} at the start): times are upper bounds.")
    return "\n".join(lines)


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == field), "")
