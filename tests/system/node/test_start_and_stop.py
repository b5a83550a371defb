"""Starting, refusing to start, and ending: what harnesses and supervisors look for."""
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import free_ports, wait_for  # noqa: E402

NODE = harness.binary("windlass-node")
pytestmark = pytest.mark.skipif(NODE is None, reason="windlass-node is not built")


class Started:
    """windlass-node with these arguments, in its own folder."""

    def __init__(self, folder, *arguments, stdin=None, env=None):
        self.log = folder / "out.log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([NODE, *map(str, arguments)], cwd=folder, stdout=out,
                                            stderr=subprocess.STDOUT, stdin=subprocess.PIPE)
        if stdin is not None:
            self.process.stdin.write(stdin.encode())
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_line(self, words, timeout=15):
        wait_for(lambda: words in self.text(), timeout, words)


def fails(folder, *arguments, stdin=None):
    with Started(folder, *arguments, stdin=stdin) as node:
        code = node.process.wait(15)
        return code, node.text()


def test_the_lines_of_a_start_and_a_sigterm(tmp_path):
    port = free_ports(1)[0]
    with Started(tmp_path, "--port", port, "--save", "", "--always-show-logo", "yes", "--pidfile", "my.pid") as node:
        node.wait_line("Ready to accept connections")
        text = node.text()
        assert "Redis is starting" in text
        assert f"PID: {node.process.pid}" in text
        assert "Server initialized" in text
        assert (tmp_path / "my.pid").read_text().strip() == str(node.process.pid)
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(15) == 0
        assert "Received SIGTERM scheduling shutdown..." in node.text()
        assert "User requested shutdown..." in node.text()
        assert "ready to exit, bye bye" in node.text()
        assert not (tmp_path / "my.pid").exists()


def test_log_lines_have_pid_role_date_and_level(tmp_path):
    with Started(tmp_path, "--port", free_ports(1)[0], "--save", "") as node:
        node.wait_line("Ready to accept connections")
        line = [row for row in node.text().splitlines() if "Ready to accept" in row][0]
        pid_role, day, month, year, clock, level = line.split()[:6]
        assert pid_role == f"{node.process.pid}:M"
        time.strptime(f"{day} {month} {year} {clock.split('.')[0]}", "%d %b %Y %H:%M:%S")
        assert len(clock.split(".")[1]) == 3 and level in "*#"


def test_a_busy_port_ends_the_start(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, text = fails(tmp_path, "--port", taken.getsockname()[1], "--bind", "127.0.0.1")
    assert code == 1
    assert "Failed listening on port" in text


@pytest.mark.parametrize("line, reason", [
    ("port abc", "argument couldn't be parsed into an integer"),
    ("nonsense 1", "Bad directive or wrong number of arguments"),
    ("appendonly maybe", "argument must be 'yes' or 'no'"),
    ("save 1", "Invalid save parameters"),
])
def test_a_wrong_file_is_refused_naming_the_line(tmp_path, line, reason):
    (tmp_path / "bad.conf").write_text(f"# first\n{line}\n")
    code, text = fails(tmp_path, "bad.conf")
    assert code == 1
    assert "*** FATAL CONFIG FILE ERROR" in text
    assert "Reading the configuration file, at line 2" in text
    assert f">>> '{line}'" in text
    assert reason in text


def test_the_command_line_wins_over_the_file_and_stdin_is_read(tmp_path):
    first, second = free_ports(2)
    (tmp_path / "a.conf").write_text(f"port {first}\ntimeout 5\nsave 900 1\n")
    with Started(tmp_path, "a.conf", "--port", second, "--save", "", "-", stdin="maxclients 77\n") as node:
        node.wait_line("Ready to accept connections")
        client = redis.Redis(port=second)
        assert client.config_get("timeout")["timeout"] == "5"
        assert client.config_get("maxclients")["maxclients"] == "77"
        assert client.config_get("save")["save"] == ""


def test_repeated_options_accumulate_where_they_may(tmp_path):
    port = free_ports(1)[0]
    with Started(tmp_path, "--port", port, "--save", "10", "1", "--save", "20 2") as node:
        node.wait_line("Ready to accept connections")
        assert redis.Redis(port=port).config_get("save")["save"] == "10 1 20 2"


def test_version_help_and_unix_socket(tmp_path):
    version = subprocess.run([NODE, "--version"], capture_output=True, text=True, timeout=10)
    assert version.returncode == 0 and "v=7.2" in version.stdout
    assert subprocess.run([NODE, "--help"], capture_output=True, timeout=10).returncode == 1
    with Started(tmp_path, "--port", "0", "--unixsocket", "s.sock", "--unixsocketperm", "700", "--save", "") as node:
        node.wait_line("Ready to accept connections unix")
        client = redis.Redis(unix_socket_path=str(tmp_path / "s.sock"))
        assert client.ping()
        assert " flags=U " in str(client.execute_command("CLIENT", "INFO"))
        assert os.stat(tmp_path / "s.sock").st_mode & 0o777 == 0o700


def test_daemonize_leaves_the_terminal(tmp_path):
    port = free_ports(1)[0]
    run = subprocess.run([NODE, "--port", str(port), "--daemonize", "yes", "--save", "", "--pidfile", "d.pid",
                          "--logfile", "d.log"], cwd=tmp_path, timeout=15)
    assert run.returncode == 0
    client = redis.Redis(port=port)
    wait_for(client.ping, 15)
    pid = int((tmp_path / "d.pid").read_text())
    assert client.info("server")["process_id"] == pid
    with pytest.raises(redis.exceptions.ConnectionError):
        client.execute_command("SHUTDOWN", "NOSAVE")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), 10)


def test_debug_restart_comes_back_as_the_same_process(tmp_path):
    port = free_ports(1)[0]
    with Started(tmp_path, "--port", port, "--save", "", "--enable-debug-command", "yes") as node:
        node.wait_line("Ready to accept connections")
        client = redis.Redis(port=port)
        before = client.info("server")["run_id"]
        client.execute_command("DEBUG", "RESTART", "0")
        wait_for(lambda: redis.Redis(port=port).info("server")["run_id"] != before, 15)
        assert node.process.poll() is None
