#!/bin/sh
# The system packages that the tests drive. Missing ones are installed when we may, else named, and it fails:
# a layer that cannot run is a failed test, not a skipped one.
set -eu

missing=""
for program in chromium strace; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    exit 0
fi
echo "The tests need these programs; as root, run:  apt-get install --no-install-recommends$missing" >&2
exit 1
