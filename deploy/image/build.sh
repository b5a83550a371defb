#!/usr/bin/env bash
# Builds the images windlass/node:dev and windlass/operator:dev, and saves them.
#
# The programs are those of build/release/bin if they are there, else the Dockerfile
# compiles them. Without a Docker Engine that answers, Debian's is started for the
# time of the build, with files and socket of its own; where no registry is
# reached, the base image comes from debootstrap.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
  cat <<'TEXT'
usage: deploy/image/build.sh [--output FOLDER] [--tag TAG] [--from-source] [--no-cache] [--check]
  --output FOLDER  where node.tar and operator.tar go, as `docker save` writes them
                   (default: build/image)
  --tag TAG        default: dev
  --from-source    compile in the image, whatever is in build/release
  --no-cache       use nothing that was made before
  --check          build a second time, with nothing cached, and compare every file
TEXT
}

output=build/image tag=dev from_source= fresh= check=
while [ $# -gt 0 ]; do
  case "$1" in
    --output) output=$2; shift ;;
    --tag) tag=$2; shift ;;
    --from-source) from_source=1 ;;
    --no-cache) fresh=1 ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) echo "build.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

readonly programs=(windlass-node windlass-check windlass-operator windlassctl kubectl-windlass)
readonly suite=bookworm base=debian:bookworm-slim
cache=${XDG_CACHE_HOME:-$HOME/.cache}/windlass
say() { echo "images: $*" >&2; }
fail() { say "$*"; exit 1; }
mkdir -p "$output" build/image

# Sets `how` (the value of PROGRAMS) and, for programs that are there, the context's copies.
choose_programs() {
  local program
  how=built
  [ -z "$from_source" ] || return 0
  for program in "${programs[@]}"; do [ -x "build/release/bin/$program" ] || return 0; done
  mkdir -p build/image/programs
  for program in "${programs[@]}"; do strip -o "build/image/programs/$program" "build/release/bin/$program"; done
  how=handed-in
}

# What the images are made from: the same again needs no work.
fingerprint() {
  { echo "$how $tag"
    sha256sum Dockerfile .dockerignore LICENSE deploy/image/*.sh tests/install-deps.sh
    if [ "$how" = handed-in ]; then sha256sum build/image/programs/*
    else git ls-files -z node operator CMakeLists.txt CMakePresets.json | xargs -0 sha256sum; fi
  } | sha256sum | cut -d' ' -f1
}

start_engine() {
  docker=(docker)
  if timeout 20 docker info >/dev/null 2>&1; then return; fi
  if [ ! -x /usr/sbin/dockerd ]; then tests/install-deps.sh image >&2; fi
  [ "$(id -u)" -eq 0 ] || fail "no Docker Engine answers, and only root can start one"
  engine=$(mktemp -d /tmp/wlimg.XXXXXX)
  say "starting Debian's Docker Engine"
  # No bridge and no rules: the machine's network stays as it is.
  /usr/sbin/dockerd --host "unix://$engine/docker.sock" --data-root "$engine/data" --exec-root "$engine/exec" \
    --pidfile "$engine/pid" --bridge none --iptables=false --ip-forward=false --ip-masq=false > "$engine/log" 2>&1 &
  engine_pid=$!
  docker=(/usr/bin/docker --host "unix://$engine/docker.sock")
  local turn
  for turn in $(seq 120); do
    "${docker[@]}" info >/dev/null 2>&1 && return
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$engine/log" >&2
  fail "Debian's Docker Engine did not start"
}

stop_engine() {
  [ -n "${engine:-}" ] || return 0
  kill "$engine_pid" 2>/dev/null && wait "$engine_pid" 2>/dev/null || true
  umount "$engine"/exec/netns/* 2>/dev/null || true
  rm -rf --one-file-system "$engine"
}

# Debian's archives of this machine, so that a mirror it prefers is used here too.
mirror() {
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -nE "s#^deb (\[[^]]*\] )?([^ ]+) $suite main.*#\2#p"
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -nE 's#^URIs: *([^ ]+/debian)/? *$#\1#p'
  } | grep -v security | head -n 1
}

make_base() {
  local from=$cache/debian-$suite.tar root archive
  if [ ! -s "$from" ] || [ -n "$(find "$from" -mtime +7)" ]; then
    [ -x /usr/sbin/debootstrap ] || tests/install-deps.sh image >&2
    say "making a base image with debootstrap"
    mkdir -p "$cache"
    root=$(mktemp -d /tmp/wlbase.XXXXXX)
    archive=$(mirror)
    [ -n "$archive" ] || fail "no archive for $suite is named in /etc/apt/sources.list or sources.list.d: add one"
    /usr/sbin/debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$archive" > "$root.log" 2>&1 || {
      tail -n 20 "$root.log" >&2
      fail "debootstrap failed"
    }
    printf 'deb %s %s main\ndeb %s %s-updates main\ndeb %s-security %s-security main\n' \
      "$archive" $suite "$archive" $suite "${archive%/}" $suite > "$root/etc/apt/sources.list"
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar -C "$root" --numeric-owner -cf "$from.part" .
    mv "$from.part" "$from"
    rm -rf --one-file-system "$root" "$root.log"
  fi
  "${docker[@]}" import "$from" "$base" >/dev/null
}

find_base() {
  if "${docker[@]}" image inspect "$base" >/dev/null 2>&1; then return; fi
  if timeout 20 "${docker[@]}" pull -q "$base" >/dev/null 2>&1; then return; fi
  make_base
}

choose_programs
wanted=$(fingerprint)
if [ -z "$fresh" ] && [ "$(cat "$output/fingerprint" 2>/dev/null)" = "$wanted" ] && [ -s "$output/node.tar" ] && [ -s "$output/operator.tar" ]; then
  say "nothing has changed"
  exit 0
fi
rm -f "$output/fingerprint"
trap stop_engine EXIT
start_engine
find_base
# build_image TARGET FILE [OPTIONS]
build_image() {
  DOCKER_BUILDKIT=1 "${docker[@]}" build --network host --progress plain "${@:3}" --build-arg "BASE=$base" \
    --build-arg "PROGRAMS=$how" --target "$1" --tag "windlass/$1:$tag" . >&2
  "${docker[@]}" save "windlass/$1:$tag" -o "$2"
}

for target in node operator; do
  say "building windlass/$target:$tag ($how)"
  build_image "$target" "$output/$target.tar" ${fresh:+--no-cache}
  say "$target: $(gzip -c "$output/$target.tar" | wc -c | awk '{printf "%.1f MB", $1 / 1e6}') compressed"
done
if [ -n "$check" ]; then
  fresh=--no-cache
  for target in node operator; do
    # The stages that both have in common are made anew once.
    build_image "$target" "$output/again.tar" $fresh
    fresh=
    diff <(deploy/image/digests.py "$output/$target.tar") <(deploy/image/digests.py "$output/again.tar") >&2 ||
      fail "$target: a second build has other files"
    say "$target: a second build has the same $(deploy/image/digests.py "$output/again.tar" | wc -l) files"
    # The first build is what is kept; the tag goes back to it.
    "${docker[@]}" load -q -i "$output/$target.tar" >/dev/null
  done
  rm -f "$output/again.tar"
fi
echo "$wanted" > "$output/fingerprint"
