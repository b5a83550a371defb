#!/usr/bin/env python3
"""Lists every file of an image that `docker save` wrote: digest, mode, owner, date, name.

usage: digests.py IMAGE.tar
"""
import hashlib
import json
import sys
import tarfile


def files(path):
    """name → (digest or link, mode, uid, gid, mtime), later layers over earlier ones."""
    found = {}
    with tarfile.open(path) as image:
        manifest = json.load(image.extractfile("manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=image.extractfile(layer)) as archive:
                for entry in archive:
                    if entry.isfile():
                        what = hashlib.sha256(archive.extractfile(entry).read()).hexdigest()
                    else:
                        what = f"-> {entry.linkname}" if entry.linkname else "folder"
                    found[entry.name.rstrip("/")] = (what, oct(entry.mode), entry.uid, entry.gid, int(entry.mtime) if entry.isfile() else 0)
    return found


def config(path):
    with tarfile.open(path) as image:
        manifest = json.load(image.extractfile("manifest.json"))[0]
        return json.load(image.extractfile(manifest["Config"]))["config"]


if __name__ == "__main__":
    for name, facts in sorted(files(sys.argv[1]).items()):
        print(*facts, name)
