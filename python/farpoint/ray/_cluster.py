"""The Ray cluster: connecting to it, and what it has."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from farpoint._warnings import warn

#: The oldest Ray whose errors tell an actor that will be started again from one that will not.
OLDEST = (2, 40)
#: Seconds for which an address may leave a connection open.
ANSWERS_WITHIN = 5.0
#: Seconds for which the head of a cluster may be asked whether it is one, at most.
CHECKED_WITHIN = 60.0

try:
    import ray
except ImportError as error:
    raise ImportError("farpoint.ray needs Ray: pip install 'farpoint[ray]'") from error


def check_version(version: str = ray.__version__) -> None:
    """Raise ImportError where this Ray is too old."""
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise ImportError(f"farpoint.ray needs Ray {wanted} or newer, and {version} is installed: pip install -U 'ray[default]'")


def connect(address: str | None, timeout: float = CHECKED_WITHIN) -> None:
    """Connect to the cluster at `address`, host and port or 'auto'; None is that of RAY_ADDRESS, this machine's, or a new one.

    Does nothing where the process is connected already, but warns where that is another cluster.

    Raises ConnectionError where no cluster answers there within `timeout` seconds, a minute at most.
    """
    check_version()
    if ray.is_initialized():
        _warn_of_another(address, ray.get_runtime_context().gcs_address)
        return
    known = os.environ.get("RAY_ADDRESS") or address if address in (None, "auto") else address
    if known not in (None, "auto", "local"):
        _knock(known)
        _check_health(known, min(timeout, CHECKED_WITHIN))
    try:
        ray.init(
            address=address, log_to_driver=False, logging_level="warning", include_dashboard=False if known is None else None
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = known or "this machine"
        raise ConnectionError(f"no Ray cluster at {where}: {_line(error)}: start one with `ray start --head`") from error


def _warn_of_another(address: str | None, connected: str) -> None:
    """Ray has one cluster a process."""
    if address in (None, "auto") or address.startswith("ray://") or _resolved(address) == _resolved(connected):
        return
    warn(
        f"this process is connected to the Ray cluster at {connected}, and the selection runs there: {address} is not "
        "used; ray.shutdown() ends the connection"
    )


def _resolved(address: str) -> tuple[str, str]:
    """The address with its host as a number. This machine has the one that Ray knows it by."""
    host, _, port = address.rpartition(":")
    try:
        found = str(socket.getaddrinfo(host.strip("[]"), None)[0][4][0])
    except OSError:
        return host, port
    return ray.util.get_node_ip_address() if found.startswith("127.") or found == "::1" else found, port


def _knock(address: str) -> None:
    """Ray itself waits much longer, and says less."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        if not port.isdigit():
            raise OSError("an address is a host and a port, such as 10.0.0.1:6379")
        socket.create_connection((host.strip("[]"), int(port)), ANSWERS_WITHIN).close()
    except OSError as error:
        raise ConnectionError(f"no Ray cluster answers at {address}: {_line(error)}") from error


def _check_health(address: str, seconds: float) -> None:
    """Ask the head whether it is one, in another process: Ray's own wait for an answer has no end, and cannot be interrupted.

    A server of Ray Client has no such question; its connection ends by itself.
    """
    if not sys.executable or address.startswith("ray://"):
        return
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    paths = os.pathsep.join(map(os.path.abspath, sys.path))
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"} | {"PYTHONPATH": paths}
    try:
        asked = subprocess.run(command, env=environment, cwd=os.sep, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ConnectionError(
            f"no Ray cluster answers at {address} within {seconds:g} s: what is there is not the head of a cluster, or hangs"
        ) from None
    if asked.returncode:
        why = "".join(asked.stderr.strip().splitlines()[-1:]).rstrip(" :")
        raise ConnectionError(f"no Ray cluster that can be used answers at {address}: {why}")


def nodes() -> list[dict[str, Any]]:
    """The nodes that are alive and can run something."""
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]


def shards(num_gpus_per_shard: float) -> int:
    """As many shards as there are nodes, or as GPUs allow."""
    if num_gpus_per_shard:
        gpus = sum(node["Resources"].get("GPU", 0) for node in nodes())
        return max(1, int(gpus // num_gpus_per_shard))
    return max(1, len(nodes()))


def cpus(num_shards: int) -> int:
    """CPUs a shard, where as many shards are on each node."""
    found = nodes()
    if not found:
        return 1
    on_each = -(-num_shards // len(found))
    return max(1, int(min(node["Resources"]["CPU"] for node in found)) // on_each)


def resources() -> str:
    """What the cluster has, for errors."""
    total = ray.cluster_resources()
    return f"{total.get('CPU', 0):g} CPUs and {total.get('GPU', 0):g} GPUs on {len(nodes())} nodes"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
