"""The image that holds a pod's namespaces: a static program that waits, made here
because no registry is reached."""

import hashlib
import io
import json
import subprocess
import tarfile

NAME = "localhost/pause:1"
SOURCE = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"


def _add(archive, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


def build(path):
    """Writes the image in the format of `docker save`."""
    program = path.with_suffix(".program")
    subprocess.run(["gcc", "-x", "c", "-", "-static", "-Os", "-s", "-o", str(program)], input=SOURCE, text=True,
                   check=True, timeout=60)
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        _add(archive, "pause", program.read_bytes(), 0o755)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/pause"]},
                         "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    manifest = [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, "layer.tar", layer.getvalue())
        _add(archive, "config.json", config)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path
