"""How each library's program is made ready and run. Run as a program it makes all of
them ready, which the registries must be reached for; tests then find them."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
WORK = Path(os.environ.get("WINDLASS_CLIENTS_FOLDER") or FOLDER.parents[1] / "build/clients")
FIRST_TIME_S = 400  # fetching and building
# Where toolchains that are not Debian's are usually put.
USUAL_PLACES = (Path("/usr/local/go/bin"), Path.home() / ".cargo/bin")


class Missing(Exception):
    """A library cannot be had here; says why."""


def program(name):
    places = [os.environ.get("PATH", ""), *map(str, USUAL_PLACES)]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def prepare(command, folder, env=None):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(env or {})}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=FIRST_TIME_S, check=False)
    if done.returncode != 0:
        raise Missing(f"'{' '.join(map(str, command))}' failed, is its registry reached?\n{done.stdout[-800:]}")


def copy_of(name, work):
    """The sources, where building may leave files; what is there and the same stays as it is."""
    folder = work / name
    for source in (path for path in (FOLDER / name).rglob("*") if path.is_file()):
        copy = folder / source.relative_to(FOLDER / name)
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return folder


def is_newer(built, folder):
    """Whether it was built after the last change of the sources."""
    sources = [path for path in folder.rglob("*") if path.suffix in (".go", ".java", ".rs", ".xml", ".json", ".mod", ".lock", ".toml")
               and not {"node_modules", "target"} & set(path.parts)]
    return built.exists() and all(path.stat().st_mtime <= built.stat().st_mtime for path in sources)


def python_redis(work):
    return ["/usr/bin/python3", FOLDER / "debian/python_redis.py"]


def hiredis(work):
    built = work / "hiredis_client"
    prepare([program("gcc"), "-O1", "-Wall", "-o", built, FOLDER / "debian/hiredis_client.c", "-lhiredis"], work)
    return [built]


def php_redis(work):
    php = program("php")
    prepare([php, "-r", "exit(extension_loaded('redis') ? 0 : 1);"], work)
    return [php, FOLDER / "debian/php_redis.php"]


def ruby_redis(work):
    ruby = program("ruby")
    prepare([ruby, "-e", "require 'redis'"], work)
    return [ruby, FOLDER / "debian/ruby_redis.rb"]


def node(script):
    def ready(work):
        interpreter, npm = program("node"), program("npm")
        folder = copy_of("node", work)
        if not (folder / "node_modules/.package-lock.json").exists():
            prepare([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
        return [interpreter, folder / script]
    return ready


def go_redis(work):
    folder = copy_of("go", work)
    if not is_newer(folder / "client", folder):
        prepare([program("go"), "build", "-o", "client", "."], folder)
    return [folder / "client"]


def java(main):
    def ready(work):
        maven, interpreter = program("mvn"), program("java")
        folder = copy_of("java", work)
        built = folder / "target/classes" / f"{main}.class"
        if not is_newer(built, folder):
            prepare([maven, "-q", "-B", "compile", "dependency:copy-dependencies"], folder)
            built.touch()
        return [interpreter, "-XX:TieredStopAtLevel=1", "-cp", f"{folder}/target/classes:{folder}/target/dependency/*", main]
    return ready


def redis_rs(work):
    folder = copy_of("rust", work)
    built = folder / "target/debug/client"
    if not is_newer(built, folder):
        # The versions are ours, where they come from is cargo's to say.
        prepare([program("cargo"), "generate-lockfile", "--quiet"], folder)
        source = next(line for line in (folder / "Cargo.lock").read_text().splitlines() if line.startswith("source = "))
        (folder / "Cargo.lock").write_text((folder / "Cargo.lock.pinned").read_text().replace('source = "@"', source))
        prepare([program("cargo"), "build", "--quiet", "--locked"], folder)
        built.touch()
    return [built]


# Those from Debian first, then those from registries of their own.
ALL = {
    "python3-redis": python_redis, "hiredis": hiredis, "php-redis": php_redis, "ruby-redis": ruby_redis,
    "ioredis": node("ioredis.js"), "node-redis": node("node_redis.js"), "bullmq": node("bullmq.js"),
    "go-redis": go_redis, "jedis": java("JedisChecks"), "lettuce": java("LettuceChecks"), "redis-rs": redis_rs,
}


def make_ready(name):
    """The command that runs the library's program."""
    WORK.mkdir(parents=True, exist_ok=True)
    return [str(word) for word in ALL[name](WORK)]


def main():
    missing = 0
    for name in ALL:
        began = time.monotonic()
        try:
            make_ready(name)
            print(f"{name}: ready after {time.monotonic() - began:.1f} s", flush=True)
        except (Missing, subprocess.TimeoutExpired) as reason:
            missing += 1
            print(f"{name}: CANNOT BE HAD: {reason}", flush=True)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
