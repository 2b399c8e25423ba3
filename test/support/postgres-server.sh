#!/usr/bin/env bash
# Puts PostgreSQL with pgvector into a cache directory and prints the directory of its binaries.
#
#   test/support/postgres-server.sh 15            builds unless it was built before; 17 and 18 likewise
#   test/support/postgres-server.sh 18 --fresh    builds again
#
# 15: Debian 12 packages PostgreSQL 15, but no pgvector: that is compiled from the source package of the next release,
# against a private copy of the server (PostgreSQL finds its files relative to its binaries, so a copy works).
# 17, 18: later Debian releases package both, linked with libraries that are newer than this machine's, libc included.
# Their binaries are unpacked together with those libraries, and pointed at them and at the loader that came along.
#
# Nothing outside the cache directory is written, no package is installed and no root is needed; apt works on lists and
# caches of its own. Mirrors come from the machine's apt configuration. Where this cannot work it says why and fails.
#
# Cache: $XDG_CACHE_HOME/vector-rollback, else ~/.cache/vector-rollback. For root without XDG_CACHE_HOME it is
# /var/cache/vector-rollback, because the server refuses to run as root and no other user may look into /root.
set -euo pipefail

postgres=${1:-15}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "postgres-server: $*" >&2; }
cannot() { say "$*"; exit 1; }

if [ -n "${XDG_CACHE_HOME:-}" ]; then cache=$XDG_CACHE_HOME/vector-rollback
elif [ "$(id -u)" = 0 ]; then cache=/var/cache/vector-rollback
else cache=$HOME/.cache/vector-rollback; fi

machine=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
case $postgres in
  15)
    [ "$machine" = bookworm ] ||
      cannot "this machine is not Debian 12 (bookworm); start Docker or set TEST_DATABASE_URL instead"
    release=trixie # its pgvector is 0.8.0
    how=compile_pgvector
    needs=(apt-get dpkg gcc make tar flock setpriv)
    ;;
  17 | 18)
    case $postgres in 17) release=trixie ;; 18) release=forky ;; esac
    how=unpack_release
    needs=(apt-get dpkg flock setpriv)
    ;;
  *) cannot "\"$postgres\" is not a version that can be put together here: 15, 17 or 18" ;;
esac
for tool in "${needs[@]}"; do
  command -v "$tool" >/dev/null || cannot "\"$tool\" is missing; install build-essential"
done
root=$cache/postgres-$postgres-pgvector-$release
bin=$root/usr/lib/postgresql/$postgres/bin
installed=/usr/lib/postgresql/$postgres

private_apt() {
  local work=$1
  shift
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Acquire::Languages=none \
    -o APT::Sandbox::User= -o Debug::NoLocking=true -o Acquire::Retries=3 "$@"
}

# The machine's own Debian entries, as lines for sources.list. Sets `mirror`, that of its main component, and `signed`.
machine_sources() {
  local uri suite component
  signed='' mirror=''
  [ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
  while IFS='|' read -r uri suite component; do
    echo "deb $signed$uri $suite $component"
    if [ "$suite" = "$machine" ] && [ "$component" = main ]; then mirror=$uri; fi
  done < <(apt-get indextargets --no-release-info --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
    grep "|$machine" | sort -u)
  [ -n "$mirror" ] || cannot "apt on this machine has no source for ${machine:-an unnamed release} main"
}

# PostgreSQL, the libraries it needs that are not installed, and its headers: $1 is the working directory.
fetch_server() {
  local work=$1 version
  mkdir -p "$root/usr/lib/postgresql" "$root/usr/share/postgresql"
  if [ -x "$installed/bin/postgres" ]; then
    cp -a "$installed" "$root/usr/lib/postgresql/"
    rm -rf "$root/usr/lib/postgresql/$postgres/lib/bitcode"
    cp -aL "/usr/share/postgresql/$postgres" "$root/usr/share/postgresql/"
    version=$(dpkg-query -W -f '${Version}' "postgresql-$postgres")
    # Minor versions share an ABI, so the headers of another one do when the exact version left the mirror.
    private_apt "$work" download "postgresql-server-dev-$postgres=$version" 2>/dev/null ||
      private_apt "$work" download "postgresql-server-dev-$postgres"
  else
    private_apt "$work" install --download-only --yes --no-install-recommends "postgresql-$postgres" >&2
    mv "$work"/cache/archives/*.deb .
    rm -f ./libllvm*.deb # 100 MB for a JIT compiler that the tests turn off
    private_apt "$work" download "postgresql-server-dev-$postgres"
  fi
  local deb
  for deb in ./*.deb; do dpkg -x "$deb" unpacked; done
  local tree
  for tree in unpacked/*/; do cp -an "$tree" "$root/"; done
}

# OPTFLAGS= drops -march=native: the cache may be shared by machines; pgvector chooses its kernels at run time.
build_pgvector() {
  mkdir pgvector &&
    tar -xf pgvector_*.orig.tar.* -C pgvector --strip-components=1 &&
    make -s -C pgvector -j"$(nproc)" PG_CONFIG="$bin/pg_config" with_llvm=no OPTFLAGS= all install
}

compile_pgvector() {
  local work=$1
  machine_sources >"$work/sources.list"
  echo "deb-src $signed$mirror $release main" >>"$work/sources.list"
  private_apt "$work" update >&2 || cannot "the apt mirrors of this machine cannot be reached"
  private_apt "$work" source --download-only pgvector >&2 || cannot "no source package pgvector in $release"
  fetch_server "$work" >&2
  build_pgvector >"$work/make.log" 2>&1 || {
    tail -30 "$work/make.log" >&2
    cannot "pgvector did not compile"
  }
}

unpack_release() {
  local work=$1
  machine_sources >/dev/null
  echo "deb $signed$mirror $release main" >"$work/sources.list"
  # As if nothing were installed: whatever the server needs comes along, down to libc.
  : >"$work/status"
  private_apt "$work" update >&2 || cannot "the apt mirror of this machine has no $release, or cannot be reached"
  private_apt "$work" -o Dir::State::Status="$work/status" install --download-only --yes --no-install-recommends \
    "postgresql-$postgres" "postgresql-$postgres-pgvector" patchelf >&2 ||
    cannot "$release has no postgresql-$postgres with pgvector any more"
  local deb
  rm -f "$work"/cache/archives/{libperl,libllvm,libsystemd-shared}*.deb
  for deb in "$work"/cache/archives/{lib,zlib,postgresql-"$postgres",postgresql-client-"$postgres",patchelf}*.deb; do
    dpkg -x "$deb" "$root"
  done
  rm -rf "$root/usr/lib/postgresql/$postgres/lib/bitcode"
  local libraries loader file
  # Not under their usual name: a search path with this libc in it would break the machine's own programs.
  mv "$root"/usr/lib/*-linux-gnu* "$root/libraries"
  libraries=$root/libraries
  loader=$(echo "$libraries"/ld-linux*.so.*)
  # DT_RPATH, not DT_RUNPATH: it also holds for what the libraries need in turn, and for extensions loaded later.
  for file in "$bin"/*; do
    "$loader" --library-path "$libraries" "$root/usr/bin/patchelf" \
      --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$file"
  done
  "$bin/postgres" --version >&2
}

build() (
  local work=$root.work
  rm -rf "$root" "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$root"
  cd "$work/debs"
  "$how" "$work"
  chmod -R go+rX "$root"
  rm -rf "$work"
  touch "$root/complete"
)

mkdir -p "$cache"
exec 9>"$cache/lock-$postgres"
flock 9
[ "${2:-}" != --fresh ] || rm -f "$root/complete"
if [ ! -e "$root/complete" ]; then
  say "putting PostgreSQL $postgres with pgvector into $cache (once, under a minute)"
  build
fi
echo "$bin"
