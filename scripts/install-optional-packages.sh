#!/bin/sh
# Completes the optional packages that the tests need: npm passes over those that its own Node is too old for, and runs on this project's here.
set -eu
[ -d node_modules/@azure/identity ] && exit 0
echo "Installing the optional packages for the tests"
if ! npm install --no-save --no-audit --no-fund --loglevel=error; then
  echo "The tests need the optional packages, and installing them failed. Run: npm exec -- npm install --no-save" >&2
  exit 1
fi
