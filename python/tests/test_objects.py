"""Pools in an object store: a real S3 server, s3s-fs, which scripts/s3-server builds."""

import functools
import http.server
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import farpoint

SERVER = pathlib.Path(__file__).parents[2] / "target/s3-server/bin/s3s-fs"
KEYS = {"AWS_ACCESS_KEY_ID": "farpoint", "AWS_SECRET_ACCESS_KEY": "of-the-tests"}


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(port, process):
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the server does not start")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The folder of the bucket `pools`; the environment names the server."""
    if not SERVER.exists():
        assert "FARPOINT_REQUIRE_S3" not in os.environ, "no S3 server: scripts/s3-server"
        pytest.skip("no S3 server: scripts/s3-server builds one")
    root = tmp_path_factory.mktemp("store")
    (root / "pools").mkdir()
    port = free_port()
    keys = ["--access-key", KEYS["AWS_ACCESS_KEY_ID"], "--secret-key", KEYS["AWS_SECRET_ACCESS_KEY"]]
    process = subprocess.Popen(
        [SERVER, "--host", "127.0.0.1", "--port", str(port), *keys, root],
        env={"RUST_LOG": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                patch.delenv(name)
            # Profiles of whoever runs the tests.
            for name in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"]:
                patch.setenv(name, os.devnull)
            patch.setenv("NO_PROXY", "127.0.0.1")
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            patch.setenv("AWS_ALLOW_HTTP", "true")
            for name, value in KEYS.items():
                patch.setenv(name, value)
            yield root / "pools"
    finally:
        process.kill()
        process.wait()


def test_an_object_is_the_array(store, pool):
    np.save(store / "pool.npy", pool)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = farpoint.open("s3://pools/pool.npy")
    assert (opened.shape, opened.dtype, opened.path) == (pool.shape, "f32", "s3://pools/pool.npy")
    ours, theirs = farpoint.select(opened, 25), farpoint.select(pool, 25)
    np.testing.assert_array_equal(ours.centers, theirs.centers)
    np.testing.assert_array_equal(ours.radii, theirs.radii)


def test_shards_are_in_order_of_numbers(store, pool):
    (store / "many").mkdir()
    for shard, rows in enumerate(np.array_split(pool, 12)):
        np.save(store / f"many/part-{shard}.npy", rows)
    with pytest.warns(UserWarning, match=r"part-9.npy comes before s3://pools/many/part-10.npy"):
        opened = farpoint.open("s3://pools/many/*.npy")
    np.testing.assert_array_equal(farpoint.select(opened, 25).centers, farpoint.select(pool, 25).centers)


def test_errors_are_those_of_files(store, pool, monkeypatch):
    with pytest.raises(FileNotFoundError, match="s3://pools/none.npy: there is no such object"):
        farpoint.open("s3://pools/none.npy")
    with pytest.raises(ValueError, match="snapshot_download"):
        farpoint.open("hf://datasets/some/where")
    np.save(store / "secret.npy", pool)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(PermissionError, match="s3://pools/secret.npy: the store refuses it: 403"):
        farpoint.open("s3://pools/secret.npy")


def test_a_web_server_without_ranges_is_refused(tmp_path, pool):
    np.save(tmp_path / "pool.npy", pool)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(OSError, match=r"/pool.npy: the server sends no parts of files"):
            farpoint.open(f"http://127.0.0.1:{server.server_port}/pool.npy")
        server.shutdown()


def opened_in_child(address, rows):
    os._exit(0 if len(farpoint.open(address)) == rows else 1)


def test_a_process_may_fork_after_a_pool_was_opened(store, pool):
    np.save(store / "fork.npy", pool)
    kept = farpoint.open("s3://pools/fork.npy")
    child = multiprocessing.get_context("fork").Process(target=opened_in_child, args=("s3://pools/fork.npy", len(kept)))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def test_ctrl_c_ends_a_wait(monkeypatch):
    """By a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        code = "import farpoint; print('waiting', flush=True); farpoint.open('s3://pools/pool.npy')"
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **KEYS, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true", "NO_PROXY": "127.0.0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        timer = threading.Timer(60, process.kill)
        timer.start()
        assert process.stdout.readline() == "waiting\n"
        silent.accept()
        since = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        timer.cancel()
    assert "KeyboardInterrupt" in err and time.monotonic() - since < 5, err
