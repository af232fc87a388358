#!/usr/bin/env bash
# Runs deploy/mimika.service under a real systemd that is booted in a root of its own. By hand, as root, after
# deploy/check_dockerfile.sh, whose base and installed program it uses:
#   apt-get install --no-install-recommends systemd-container
#   deploy/check_unit.sh PHOTO
set -euo pipefail
photo="$(realpath "${1:?usage: check_unit.sh PHOTO}")"
cd "$(dirname "$0")/.."
work="${WORK:-/tmp/mimika-image}"
root="$work/systemd"
if [ ! -d "$root" ]; then
    cp -a "$work/debian" "$root"
    cp /etc/resolv.conf "$root/etc/"
    chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends systemd systemd-sysv dbus python3 ca-certificates' >"$work/systemd.log" 2>&1
fi
image="$(buildah from --pull-never mimika)"
trap 'buildah rm "$image" >/dev/null' EXIT
program="$(buildah mount "$image")/opt/mimika"

rm -rf "$work/check" "$root/var/lib/mimika"
install -d "$work/check"
cp deploy/check_server.py "$work/check/"
cp "$photo" "$work/check/photo"
cp deploy/mimika.service "$root/etc/systemd/system/"
chroot "$root" sh -c 'id mimika >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/mimika --shell /usr/sbin/nologin mimika'
cat >"$root/etc/systemd/system/check.service" <<'UNIT'
[Service]
Type=oneshot
StandardOutput=file:/check/report
StandardError=inherit
ExecStart=/bin/sh -e /check/steps
ExecStopPost=/bin/sh -c 'journalctl --boot --unit mimika --no-pager >/check/journal; systemctl poweroff --force'
[Install]
WantedBy=multi-user.target
UNIT
cat >"$work/check/steps" <<'STEPS'
systemctl start mimika
wait_for_it() {
    for _ in $(seq 240); do
        python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8460/healthz')" 2>/dev/null && return
        sleep 0.5
    done
    echo "no answer"
    exit 1
}
wait_for_it
token="$(runuser --user mimika -- /opt/mimika/bin/mimika token create lab --scope read --scope analyze \
    --data-dir /var/lib/mimika 2>/dev/null)"
python3 /check/check_server.py "$token" /check/photo
systemctl kill --signal KILL mimika
sleep 4
wait_for_it
python3 /check/check_server.py "$token" /check/photo
systemctl show mimika --property NRestarts,MemoryCurrent,TasksCurrent,StateDirectoryMode
grep -E 'NoNewPrivs|Seccomp:|CapEff' "/proc/$(systemctl show mimika --property MainPID --value)/status"
systemctl stop mimika
systemctl show mimika --property Result
echo passed
STEPS
systemctl --root="$root" enable check.service >/dev/null 2>&1
timeout 600 systemd-nspawn --quiet --register=no --keep-unit --private-network --directory "$root" \
    --bind-ro "$program:/opt/mimika" --bind "$work/check:/check" --boot >"$work/boot.log" 2>&1 </dev/null || true
cat "$work/check/report"
if grep -i warning "$work/check/journal"; then exit 1; fi
tail -1 "$work/check/report" | grep -qx passed || { tail -30 "$work/check/journal"; exit 1; }
