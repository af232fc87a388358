#!/usr/bin/env bash
# Builds the Dockerfile and runs the image where no engine is installed and no image can be pulled. By hand, as root:
#   apt-get install --no-install-recommends debootstrap buildah podman crun
#   deploy/check_dockerfile.sh PHOTO
# The base image is made by debootstrap, every step is run by buildah in a plain chroot, and the server is started as
# compose.yaml starts it: read-only, without capabilities, as its own user. Needs about 4 GB; nothing stays but WORK.
set -euo pipefail
photo="$(realpath "${1:?usage: check_dockerfile.sh PHOTO}")"
cd "$(dirname "$0")/.."
work="${WORK:-/tmp/mimika-image}"
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
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

say "building"
secrets=()
for pip in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do [ ! -f "$pip" ] || secrets=(--secret "id=pip,src=$pip"); done
install -m 600 /dev/null "$work/npmrc"
[ ! -f "$HOME/.npmrc" ] || cat "$HOME/.npmrc" >>"$work/npmrc"
echo "cafile=/etc/ssl/certs/ca-certificates.crt" >>"$work/npmrc"
secrets+=(--secret "id=npm,src=$work/npmrc")
trap 'rm -f "$work/npmrc"' EXIT
buildah bud --pull-never --format docker "${secrets[@]}" --tag mimika . >"$work/build.log" 2>&1 ||
    { tail -30 "$work/build.log"; exit 1; }
say "$(buildah images --format '{{.Name}}:{{.Tag}} {{.Size}}' | grep -E 'mimika|slim' | tr '\n' ' ')"
