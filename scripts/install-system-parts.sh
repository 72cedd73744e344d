#!/bin/sh
# Installs the system parts that the tests need and this machine lacks: a Redis server, Chromium, OpenSSL.
set -eu
missing=''
command -v redis-server >/dev/null || missing="$missing redis-server"
command -v openssl >/dev/null || missing="$missing openssl"
[ -n "${CHROME:-}" ] || [ -x /usr/bin/chromium ] || missing="$missing chromium"
[ -n "$missing" ] || exit 0
mend="apt-get update && apt-get install -y$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need:$missing. Install them (on Debian, as root: $mend), then run npm test again." >&2
  exit 1
fi
echo "Installing$missing for the tests"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq $missing >/dev/null; }; then
  echo "The tests need:$missing, and installing failed. Run: $mend" >&2
  exit 1
fi
