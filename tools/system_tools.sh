#!/bin/sh
# Install what the tests of the HTML pages and of the system's faults need: Debian's Chromium and
# strace. Where they are missing and cannot be installed it says so, ends with 0, and those tests
# are skipped.
set -eu

missing=""
for command in chromium strace; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "not here, and not mine to install:$missing"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 - a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null
