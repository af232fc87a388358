#!/usr/bin/env bash
# Builds the Dockerfile and runs the image where no engine is installed and no image can be pulled. By hand, as root:
#   apt-get install --no-install-recommends debootstrap buildah podman runc
#   deploy/check_dockerfile.sh PHOTO
# The base image is made by debootstrap, every step is run by buildah in a plain chroot, and the server is started as
# compose.yaml starts it: read-only, without capabilities, as its own user. Needs about 4 GB; WORK and both images stay.
set -euo pipefail
photo="$(realpath "${1:?usage: check_dockerfile.sh PHOTO}")"
cd "$(dirname "$0")/.."
work="${WORK:-/tmp/mimika-image}"
export BUILDAH_ISOLATION=chroot
base=docker.io/library/debian:bookworm-slim
mkdir -p "$work"
say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    say "making $base"
    root="$work/debian"
    [ -d "$root/usr" ] || debootstrap --variant=minbase bookworm "$root" >"$work/debootstrap.log"
    # What Debian leaves out of its slim image, and the sources it has there.
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/usr/share/{doc,man,info,locale}/*
    printf 'deb http://deb.debian.org/debian %s main\n' bookworm bookworm-updates >"$root/etc/apt/sources.list"
    echo 'deb http://deb.debian.org/debian-security bookworm-security main' >>"$root/etc/apt/sources.list"
    # Authorities that this machine trusts beside the public ones: downloads may go through them.
    mkdir -p "$root/usr/local/share/ca-certificates"
    find /usr/local/share/ca-certificates -name '*.crt' -exec cp -t "$root/usr/local/share/ca-certificates" {} +
    container="$(buildah from scratch)"
    buildah copy --quiet "$container" "$root" / >/dev/null
    buildah config --cmd bash "$container"
    buildah commit --quiet --rm "$container" "$base" >/dev/null
fi

# What is committed, not what lies around.
commit="$(git rev-parse --short HEAD)"
rm -rf "$work/source"
mkdir "$work/source"
git archive HEAD | tar --extract --directory "$work/source"
say "building $commit"
secrets=()
for pip in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do [ ! -f "$pip" ] || secrets=(--secret "id=pip,src=$pip"); done
install -m 600 /dev/null "$work/npmrc"
[ ! -f "$HOME/.npmrc" ] || cat "$HOME/.npmrc" >>"$work/npmrc"
echo "cafile=/etc/ssl/certs/ca-certificates.crt" >>"$work/npmrc"
secrets+=(--secret "id=npm,src=$work/npmrc")
trap 'rm -f "$work/npmrc"' EXIT
buildah bud --layers --pull-never --format docker "${secrets[@]}" --tag mimika "$work/source" >"$work/build.log" 2>&1 ||
    { tail -30 "$work/build.log"; exit 1; }
say "$(buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' | grep -E 'mimika|slim' | tr '\n' ' ')"

# As compose.yaml starts it, but without any network at all: nothing is downloaded when it runs.
say "running"
as_composed=(--runtime runc --network none --read-only --tmpfs /tmp:size=256m --cap-drop ALL
    --security-opt no-new-privileges --ulimit nofile=4096:4096 --ulimit nproc=4096:4096
    --volume mimika-check:/data --volume "$photo:/photo:ro")
finish() {
    podman rm --force --time 15 mimika-check >/dev/null 2>&1 || true
    podman volume rm --force mimika-check >/dev/null 2>&1 || true
    rm -f "$work/npmrc"
}
trap finish EXIT
token="$(podman run --rm "${as_composed[@]}" mimika token create check --scope read --scope analyze --scope admin |
    grep -oE 'mk_[A-Za-z0-9_-]{43}')"
podman run --detach --name mimika-check "${as_composed[@]}" mimika >/dev/null
for _ in $(seq 120); do podman healthcheck run mimika-check >/dev/null 2>&1 && break; sleep 0.5; done
podman healthcheck run mimika-check
say "healthy"
podman exec --interactive mimika-check python - "$token" /photo <deploy/check_server.py
podman top mimika-check user comm | sort | uniq -c
say "done"
