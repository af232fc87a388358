#!/bin/sh
# Makes the password of compose.yaml's database, once: deploy/secrets/, which git ignores and only its owner can enter.
set -eu
folder="${1:-$(dirname "$0")/secrets}"
if [ -e "$folder/db_password" ]; then
    echo "$folder/db_password exists already; the database would not know a new one" >&2
    exit 1
fi
mkdir -p "$folder"
chmod 700 "$folder"
password="$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')"
printf '%s' "$password" >"$folder/db_password"
printf 'postgresql://mimika:%s@db/mimika' "$password" >"$folder/database_url"
# Containers get these two files alone and read them as users of their own; on this machine the folder is closed.
chmod 444 "$folder/db_password" "$folder/database_url"
echo "made $folder/db_password and $folder/database_url"
