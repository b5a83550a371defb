"""Starting and configuring as the test harnesses of the ecosystem do: a file and
options, a file on standard input, a banner with the PID, quoted values; and the log
and its files. Where sensible both kinds of server go through the same."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import harness  # noqa: E402
from harness import KINDS, free_ports, wait_for  # noqa: E402

pytestmark = pytest.mark.skipif(harness.binary("windlass-node") is None or not shutil.which("redis-server"),
                                reason="windlass-node and redis-server are both needed")


class Server:
    """A server started with exactly these words."""

    def __init__(self, kind, folder, *words, stdin="", port=None):
        self.folder, self.port = folder, port
        self.out = folder / "stdout.log"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen([harness.server_binary(kind), *map(str, words)], cwd=folder,
                                            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        self.process.stdin.write(stdin.encode())
        self.process.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def text(self, name=None):
        path = self.folder / name if name else self.out
        return path.read_text(errors="replace") if path.exists() else ""

    def client(self):
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=5)

    def wait_ready(self):
        wait_for(lambda: self.client().ping(), 15, self.text())
        return self

    def config(self, name):
        return self.client().config_get(name)[name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_and_options_and_the_banner_with_the_pid(kind, tmp_path):
    port = free_ports(1)[0]
    (tmp_path / "a.conf").write_text("always-show-logo yes\nport 1\nsave 900 1\nmaxmemory 1mb\n")
    with Server(kind, tmp_path, "a.conf", "--port", port, "--save", "", "--maxmemory", "2mb", "--appendonly", "no",
                port=port) as server:
        server.wait_ready()
        assert re.search(rf"PID: {server.process.pid}\b", server.text())
        assert f"Port: {port}" in server.text()
        assert server.config("maxmemory") == str(2 << 20)
        assert server.config("save") == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_on_standard_input(kind, tmp_path):
    port = free_ports(1)[0]
    with Server(kind, tmp_path, "-", port=port,
                stdin=f"# from a pipe\nport {port}\nsave \"\"\nclient-output-buffer-limit pubsub 64mb 32mb 30\n") as server:
        server.wait_ready()
        assert "pubsub 67108864 33554432 30" in server.config("client-output-buffer-limit")
        assert server.config("save") == ""


VALUES = [
    (["--save", "900 1 300 10"], "save", "900 1 300 10"),
    (["--save", "900", "1", "300", "10"], "save", "900 1 300 10"),
    (["--save", "900 1", "--save", "300 10"], "save", "900 1 300 10"),
    (["--bind", "127.0.0.1", "-::1"], "bind", "127.0.0.1 -::1"),
    (["--oom-score-adj-values", "100", "200", "300"], "oom-score-adj-values", "100 200 300"),
    (["--client-output-buffer-limit", "normal 0 0 0 replica 10 20 30"], "client-output-buffer-limit",
     "normal 0 0 0 slave 10 20 30 pubsub 33554432 8388608 60"),
    (["--loglevel", "verbose", "--proc-title-template", "my {title}"], "loglevel", "verbose"),
    (["--requirepass", "", "--masterauth", "a b"], "masterauth", "a b"),
    (["--dir", "."], "appenddirname", "appendonlydir"),
    (["--save"], "save", ""),
    (["--save", "--maxmemory", "5mb"], "save", ""),
    (["--save", "--maxmemory", "5mb"], "maxmemory", "5242880"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words,name,value", VALUES, ids=[" ".join(row[0]) for row in VALUES])
def test_values_on_the_command_line(kind, words, name, value, tmp_path):
    port = free_ports(1)[0]
    with Server(kind, tmp_path, "--port", port, *words, port=port) as server:
        assert server.wait_ready().config(name) == value


@pytest.mark.parametrize("words", [["--port", "abc"], ["--nonsense", "1"], ["--save", "1"], ["nosuch.conf"], ["--maxmemory"],
                                   ["--loglevel", "shout"], ["--appendonly", "maybe"], ["--dir", "/nonexistent"],
                                   ["--cluster-enabled", "yes", "--replicaof", "127.0.0.1 1"]], ids=" ".join)
def test_what_cannot_start_says_what_redis_says(words, tmp_path):
    said = []
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        with Server(kind, folder, *words) as server:
            code = server.process.wait(15)
            # The reason: the lines behind the heading that names the version, and no times.
            text = server.text().replace(str(folder), "FOLDER").replace(", nothing", "")  # a level newer than 7.0
            lines = [re.sub(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ ", "", line) for line in text.splitlines()]
            said.append((code, [line for line in lines if line and not re.search(r"ERROR \(Redis|oO0O|WARNING|Redis version|^. (Configuration|Conf)", line)]))
    assert said[0] == said[1]
    assert said[0][0] == 1 and said[0][1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signum,save,file_is_left", [
    (signal.SIGTERM, "3600 1", True), (signal.SIGINT, "3600 1", True), (signal.SIGTERM, "", False)])
def test_exit_code_and_file_after_a_signal(kind, signum, save, file_is_left, tmp_path):
    port = free_ports(1)[0]
    with Server(kind, tmp_path, "--port", port, "--save", save, port=port) as server:
        server.wait_ready().client().set("a", 1)
        server.process.send_signal(signum)
        assert server.process.wait(15) == 0
        name = "SIGTERM" if signum == signal.SIGTERM else "SIGINT"
        for words in (f"Received {name} scheduling shutdown...", "User requested shutdown...", "ready to exit, bye bye..."):
            assert words in server.text(), words
        assert (tmp_path / "dump.rdb").exists() == file_is_left
        assert ("DB saved on disk" in server.text()) == file_is_left


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words,file_is_left", [(["SHUTDOWN"], False), (["SHUTDOWN", "SAVE"], True), (["SHUTDOWN", "NOSAVE"], False),
                                               (["SHUTDOWN", "NOW"], False)], ids=str)
def test_shutdown_saves_when_told(kind, words, file_is_left, tmp_path):
    port = free_ports(1)[0]
    with Server(kind, tmp_path, "--port", port, "--save", "", port=port) as server:
        client = server.wait_ready().client()
        client.set("a", 1)
        with pytest.raises(redis.exceptions.ConnectionError):
            client.execute_command(*words)
        assert server.process.wait(15) == 0
        assert (tmp_path / "dump.rdb").exists() == file_is_left


@pytest.mark.parametrize("kind", KINDS)
def test_logfile_loglevel_and_pidfile(kind, tmp_path):
    port = free_ports(1)[0]
    with Server(kind, tmp_path, "--port", port, "--save", "", "--logfile", "my.log", "--loglevel", "warning", "--pidfile", "my.pid",
                "--daemonize", "no", port=port) as server:
        client = server.wait_ready().client()
        wait_for(lambda: (tmp_path / "my.pid").read_text() == f"{server.process.pid}\n")
        assert "Ready to accept connections" not in server.text("my.log")
        assert server.text() == ""
        client.config_set("loglevel", "notice")
        client.execute_command("BGSAVE")
        wait_for(lambda: "Background saving terminated with success" in server.text("my.log"))
        assert re.search(rf"^{server.process.pid}:[MC] \d\d \w+ \d{{4}} [\d:.]+ [*#] ", server.text("my.log"), re.M)
        os.rename(tmp_path / "my.log", tmp_path / "old.log")
        client.execute_command("BGSAVE")  # the file is opened anew: rotating it needs no signal
        wait_for(lambda: "Background saving" in server.text("my.log"))
        server.process.terminate()
        assert server.process.wait(15) == 0
        assert not (tmp_path / "my.pid").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_loading_is_said_with_its_figures(kind, tmp_path):
    port = free_ports(1)[0]
    for keys in (0, 5):
        with Server(kind, tmp_path, "--port", port, "--save", "3600 1", port=port) as server:
            client = server.wait_ready().client()
            assert client.dbsize() == keys
            for index in range(5):
                client.set(f"k{index}", "v")
            server.process.terminate()
            assert server.process.wait(15) == 0
            text = server.text()
    assert re.search(r"\* Loading RDB produced by version [\d.]+", text)
    assert re.search(r"\* RDB age \d+ seconds", text) and "* RDB memory usage when created " in text
    assert "* Done loading RDB, keys loaded: 5, keys expired: 0." in text
    assert re.search(r"\* DB loaded from disk: [\d.]+ seconds", text)


REWRITTEN = """# the first comment
port {port}

# about memory
maxmemory 100mb
timeout 5
save 900 1
# between
appendonly no
# the last comment
"""


@pytest.mark.parametrize("kind", KINDS)
def test_config_rewrite_keeps_comments_order_and_what_was_not_changed(kind, tmp_path):
    port = free_ports(1)[0]
    path = tmp_path / "a.conf"
    path.write_text(REWRITTEN.format(port=port))
    with Server(kind, tmp_path, "a.conf", port=port) as server:
        client = server.wait_ready().client()
        client.config_set("maxmemory", "200mb")
        client.config_set("save", "60 1000 30 2")
        client.config_set("maxclients", 4321)
        assert client.config_rewrite()
    lines = path.read_text().splitlines()
    begin = ["# the first comment", f"port {port}", "", "# about memory", "maxmemory 200mb", "timeout 5"]
    assert lines[:6] == begin
    kept = [line for line in lines if line in ("# between", "appendonly no", "# the last comment")]
    assert kept == ["# between", "appendonly no", "# the last comment"]
    rest = lines[lines.index("# the last comment"):]
    assert "maxclients 4321" in rest
    assert [line for line in lines if line.startswith("save ")] in (["save 60 1000", "save 30 2"], ["save 60 1000 30 2"])
    with Server(kind, tmp_path, "a.conf", port=port) as server:
        server.wait_ready()
        assert server.config("save") == "60 1000 30 2" and server.config("maxclients") == "4321"


def test_what_the_kernel_is_set_to_is_checked(tmp_path):
    named = []
    for kind in KINDS:
        done = subprocess.run([harness.server_binary(kind), "--check-system"], cwd=tmp_path, text=True, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        named.append(re.findall(r"^\[([\w-]+)\]\.\.\.(?:OK|WARNING:|skipped)", done.stdout, re.M))
        assert done.returncode == (1 if "WARNING" in done.stdout else 0)
    assert named[1] and set(named[1]) <= set(named[0]), named


@pytest.mark.parametrize("kind", KINDS)
def test_a_tls_port_without_a_certificate_ends_the_start(kind, tmp_path):
    with Server(kind, tmp_path, "--port", "0", "--tls-port", free_ports(1)[0]) as server:
        assert server.process.wait(15) == 1
        assert "No tls-cert-file configured!" in server.text()


def test_sentinel_mode_is_refused_with_a_reason(tmp_path):
    for words in (["--sentinel"], ["sentinel.conf", "--sentinel"]):
        with Server("windlass-node", tmp_path, *words) as server:
            assert server.process.wait(15) == 1
            assert "--sentinel is not supported" in server.text()


@pytest.mark.parametrize("kind", KINDS)
def test_the_unix_socket_goes_with_the_server(kind, tmp_path):
    port, socket = free_ports(1)[0], tmp_path / "s"
    with Server(kind, tmp_path, "--port", port, "--unixsocket", socket, "--save", "", port=port) as server:
        server.wait_ready()
        assert redis.Redis(unix_socket_path=str(socket)).ping()
        server.process.terminate()
        assert server.process.wait(15) == 0
        assert "Removing the unix socket file." in server.text() and not socket.exists()


@pytest.mark.parametrize("words", [["FOLDER"], ["--include", "FOLDER"]], ids=" ".join)
def test_a_folder_is_no_configuration(words, tmp_path):
    said = subprocess.run([harness.binary("windlass-node"), *[word.replace("FOLDER", str(tmp_path)) for word in words]],
                          capture_output=True, text=True, timeout=10, check=False)
    assert said.returncode == 1 and f"can't open config file '{tmp_path}': Is a directory" in said.stdout + said.stderr


def test_version_and_help_name_the_program():
    node = harness.binary("windlass-node")
    for words in (["-v"], ["--version"], ["--version", "--port", "1"]):
        said = subprocess.run([node, *words], capture_output=True, text=True, timeout=10, check=False)
        assert said.returncode == 0 and re.search(r"v=7\.2\.\d+ sha=\w+:\d malloc=\S+ bits=64 build=\w+", said.stdout), said.stdout


def test_config_rewrite_without_a_file_is_refused(tmp_path):
    said = []
    for kind in KINDS:
        port = free_ports(1)[0]
        with Server(kind, tmp_path, "--port", port, "--save", "", port=port) as server:
            with pytest.raises(redis.exceptions.ResponseError) as caught:
                server.wait_ready().client().config_rewrite()
            said.append(str(caught.value))
    assert said[0] == said[1]
