"""How each library's program is made ready and run."""

import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FIRST_TIME_S = 400  # fetching and building


class Missing(Exception):
    """A library cannot be had here; says why."""


def program(name):
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def prepare(command, folder, env=None):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(env or {})}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=FIRST_TIME_S, check=False)
    if done.returncode != 0:
        raise Missing(f"'{' '.join(map(str, command))}' failed, is its registry reached?\n{done.stdout[-800:]}")


def copy_of(name, work):
    """The sources where building may leave files."""
    folder = work / name
    if not folder.exists():
        shutil.copytree(FOLDER / name, folder)
    return folder


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
        if not (folder / "node_modules").exists():
            prepare([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
        return [interpreter, folder / script]
    return ready


def go_redis(work):
    folder = copy_of("go", work)
    prepare([program("go"), "build", "-o", "client", "."], folder)
    return [folder / "client"]


def java(main):
    def ready(work):
        maven, interpreter = program("mvn"), program("java")
        folder = copy_of("java", work)
        if not (folder / "target/classes/Lettuce.class").exists():
            prepare([maven, "-q", "-B", "compile", "dependency:copy-dependencies"], folder)
        return [interpreter, "-cp", f"{folder}/target/classes:{folder}/target/dependency/*", main]
    return ready


def redis_rs(work):
    folder = copy_of("rust", work)
    prepare([program("cargo"), "build", "--quiet", "--locked"], folder)
    return [folder / "target/debug/client"]


# Those from Debian, and those that need their registries.
DEBIAN = {"python3-redis": python_redis, "hiredis": hiredis, "php-redis": php_redis, "ruby-redis": ruby_redis}
REGISTRIES = {
    "ioredis": node("ioredis.js"), "node-redis": node("node_redis.js"), "bullmq": node("bullmq.js"),
    "go-redis": go_redis, "jedis": java("JedisChecks"), "lettuce": java("Lettuce"), "redis-rs": redis_rs,
}
