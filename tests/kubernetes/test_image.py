"""The images: small, of nothing but what runs, and not as root."""

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

import harness

sys.path.append(str(harness.ROOT / "deploy" / "image"))
import digests  # noqa: E402

LIMIT = 30_000_000
PROGRAMS = {"node": {"windlass-check", "windlass-node", "windlassctl"}, "operator": {"windlass-operator", "kubectl-windlass"}}


def compressed(path):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6) as stream:
        stream.write(path.read_bytes())
    return len(out.getvalue())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PROGRAMS)
def test_an_image_is_programs_and_what_they_load(name, figures):
    path = Path(os.environ["WINDLASS_IMAGES"]) / f"{name}.tar"
    size = compressed(path)
    figures("compressed", f"{size / 1e6:.1f} MB")
    assert size < LIMIT
    files, config = digests.files(path), digests.config(path)
    regular = {n for n, facts in files.items() if facts[0] != "folder"}
    assert {n.rsplit("/", 1)[1] for n in regular if "/bin/" in n} == PROGRAMS[name]
    folders = ("usr/local/bin/", "lib/", "lib64/", "usr/lib/", "licenses/", "etc/") + (("usr/share/zoneinfo/",) if name == "operator" else ())
    assert all(n.startswith(folders) for n in regular), sorted(regular)
    assert ("usr/share/zoneinfo/Europe/Berlin" in regular) == (name == "operator"), "schedules name time zones"
    assert {"etc/passwd", "etc/ssl/certs/ca-certificates.crt", "licenses/windlass"} <= regular
    assert config["User"] == "65532:65532" and config["Entrypoint"] == [f"/usr/local/bin/windlass-{name}"]
    assert {facts[4] for n, facts in files.items() if n in regular} == {0}, "dates are part of a file that is the same"
    if name == "node":
        assert files["data"][1:4] == (oct(0o750), 65532, 65532)


@pytest.mark.timeout(300)
def test_the_containers_of_a_cluster_can_change_nothing_but_their_data(cluster):
    cluster.apply(shards=3, replicasPerShard=0)
    cluster.settle(3, 3)
    pod = next(iter(cluster.pods().values()))
    container = pod["spec"]["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] and container["capabilities"] == {"drop": ["ALL"]}
    address = pod["status"]["podIP"]
    connection = cluster.connect(address)
    connection.execute_command("CONFIG", "SET", "hz", "20")
    assert connection.execute_command("CONFIG", "GET", "dir") in (["dir", "/data"], {"dir": "/data"})
    shell = cluster.kubectl("exec", pod["metadata"]["name"], "--", "sh", "-c", "true", check=False)
    assert shell.returncode != 0, "there is no shell"
