"""Every command of the README and of the pages on installing and operating, in order, as printed."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time

import pytest

import harness
from redis_cluster import RedisCluster

sys.path.append(str(harness.ROOT / "docs"))
import fields as page_fields  # noqa: E402

RELEASED = "0.1.0"


def blocks(page):
    text = (harness.ROOT / "docs" / page).read_text()
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


@pytest.fixture
def shell(kubernetes, installed, tmp_path):
    """Runs a block as a person would, in a namespace of the test's own."""
    for worker in kubernetes.workers.values():
        for name in ("node", "operator"):
            image = f"docker.io/windlass/{name}"
            worker.ctr("images", "tag", "--force", f"{image}:dev", f"{image}:{RELEASED}")
    for name, program in (("kubectl", os.environ["KUBECTL"]), ("helm", os.environ["HELM"])):
        (tmp_path / name).symlink_to(program)
    cluster = RedisCluster(kubernetes, installed, "docs")
    # kubectl takes the namespace from the context, as after `kubectl config set-context`.
    config = tmp_path / "kubeconfig"
    config.write_bytes(kubernetes.kubeconfig.read_bytes())
    env = {**os.environ, "KUBECONFIG": str(config), "PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    subprocess.run([os.environ["KUBECTL"], "config", "set-context", "--current", "--namespace=docs"], env=env, check=True, timeout=20)

    def run(block):
        uninstalls = re.search(r"^(helm uninstall|kubectl delete -f deploy/operator)", block, re.M)
        with installed.taken_away() if uninstalls else contextlib.nullcontext():
            return run_block(block)

    def run_block(block):
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=env, cwd=harness.ROOT, capture_output=True,
                                text=True, timeout=400, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, f"{block}\n{result.stdout}{result.stderr}"
        return result.stdout

    yield run
    installed.install("--take-ownership")
    cluster.delete()


@pytest.mark.timeout(300)
def test_every_example_of_a_field_is_taken_as_it_stands(kubernetes, installed, figures):
    ways = list(page_fields.leaves(page_fields.spec_schema()))
    examples = [{"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "metadata": {"name": f"example-{n}"},
                 "spec": page_fields.example_of(way)} for n, way in enumerate(ways)]
    together = json.dumps({"apiVersion": "v1", "kind": "List", "items": examples})
    taken = kubernetes.kubectl("apply", "--dry-run=server", "-f", "-", input=together).stdout
    assert taken.count("created (server dry run)") == len(examples) > 25, taken
    figures("examples", len(examples))
    told = kubernetes.kubectl("explain", "rediscluster.spec.autoscaling.scaleOut.maxStep").stdout
    assert "Shards added at once" in told, told


@pytest.mark.timeout(900)
def test_the_pages_commands_work_as_printed(shell, figures):
    count, slowest = 0, (0, "")
    for page, least in (("../README.md", 1), ("install.md", 6), ("operations.md", 6)):
        found = blocks(page)
        assert len(found) >= least, page
        for block in found:
            began = time.monotonic()
            shell(block)
            slowest = max(slowest, (time.monotonic() - began, block))
            print(f"{time.monotonic() - began:.1f} s: {block}", flush=True)
            count += len([line for line in block.splitlines() if re.match(r"(kubectl|helm|deploy)", line)])
    figures("commands", count)
    figures("slowest block", f"{slowest[0]:.1f} s")
