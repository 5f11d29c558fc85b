#!/bin/sh
# Install what the tests of the editor support need: the YAML language server, and the schema of
# SARIF. It goes into .editor/, which git does not know, and needs node and npm; without them it
# says so, ends with 0, and those tests are skipped.
set -eu
cd "$(dirname "$0")/.."

SERVER=yaml-language-server@1.25.0
SARIF=@microsoft/jest-sarif@1.0.0-beta.0

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "node and npm are not here: the tests of the editor support will be skipped"
  exit 0
fi
if [ "$(cat .editor/installed 2>/dev/null)" = "$SERVER $SARIF" ]; then
  exit 0
fi
rm -rf .editor
mkdir .editor
# No package.json and no lock: nothing here depends on where npm fetches from.
npm install --prefix .editor --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
  "$SERVER" "$SARIF"
echo "$SERVER $SARIF" >.editor/installed
