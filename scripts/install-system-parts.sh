#!/bin/sh
# Installs the system parts that the tests need and this machine lacks: servers of Redis, PostgreSQL, MariaDB, etcd and memcached, Chromium, OpenSSL.
set -eu
missing=''
command -v redis-server >/dev/null || missing="$missing redis-server"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
[ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server"
command -v etcd >/dev/null || missing="$missing etcd-server"
command -v memcached >/dev/null || missing="$missing memcached"
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
# Debian starts the servers that it installs, unless this says no; the tests start their own.
no=/usr/sbin/policy-rc.d
if [ ! -e "$no" ]; then
  trap 'rm -f "$no"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$no"
  chmod +x "$no"
fi
if ! { apt-get update -qq && apt-get install -y -qq $missing >/dev/null; }; then
  echo "The tests need:$missing, and installing failed. Run: $mend" >&2
  exit 1
fi
