#!/usr/bin/env bash
# Puts PostgreSQL 15 with pgvector into a cache directory and prints the directory of its binaries.
#
#   test/support/postgres-server.sh            builds unless it was built before
#   test/support/postgres-server.sh --fresh    builds again
#
# Debian 12 packages PostgreSQL 15, but no pgvector: that is compiled from the source package of the next release,
# against a private copy of the server (PostgreSQL finds its files relative to its binaries, so a copy works). Nothing
# outside the cache directory is written, no package is installed and no root is needed; apt works on lists and caches
# of its own. Mirrors come from the machine's apt configuration. Where this cannot work it says why and fails.
#
# Cache: $XDG_CACHE_HOME/vector-rollback, else ~/.cache/vector-rollback. For root without XDG_CACHE_HOME it is
# /var/cache/vector-rollback, because the server refuses to run as root and no other user may look into /root.
set -euo pipefail

postgres=15
release=bookworm
pgvector_release=trixie # its pgvector is 0.8.0
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
installed=/usr/lib/postgresql/$postgres

say() { echo "postgres-server: $*" >&2; }
cannot() { say "$*"; exit 1; }

if [ -n "${XDG_CACHE_HOME:-}" ]; then cache=$XDG_CACHE_HOME/vector-rollback
elif [ "$(id -u)" = 0 ]; then cache=/var/cache/vector-rollback
else cache=$HOME/.cache/vector-rollback; fi
root=$cache/postgres-$postgres-pgvector-$pgvector_release
bin=$root/usr/lib/postgresql/$postgres/bin

[ "$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")" = "$release" ] ||
  cannot "this machine is not Debian 12 ($release); start Docker or set TEST_DATABASE_URL instead"
for tool in apt-get dpkg gcc make tar flock setpriv; do
  command -v "$tool" >/dev/null || cannot "\"$tool\" is missing; install build-essential"
done

private_apt() {
  local work=$1
  shift
  apt-get -qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o Acquire::Languages=none \
    -o APT::Sandbox::User= -o Debug::NoLocking=true -o Acquire::Retries=3 "$@"
}

# The machine's own Debian entries, and the source entry that has pgvector, on the same mirror.
write_sources() {
  local signed='' uri suite component mirror=''
  [ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
  while IFS='|' read -r uri suite component; do
    echo "deb $signed$uri $suite $component"
    if [ "$suite" = "$release" ] && [ "$component" = main ]; then mirror=$uri; fi
  done < <(apt-get indextargets --no-release-info --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)' 'Created-By: Packages' |
    grep "|$release" | sort -u)
  [ -n "$mirror" ] || return 1
  echo "deb-src $signed$mirror $pgvector_release main"
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

build() (
  local work=$root.work
  rm -rf "$root" "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$root"
  write_sources >"$work/sources.list" || cannot "apt on this machine has no source for $release main"
  cd "$work/debs"
  private_apt "$work" update >&2 || cannot "the apt mirrors of this machine cannot be reached"
  private_apt "$work" source --download-only pgvector >&2 || cannot "no source package pgvector in $pgvector_release"
  fetch_server "$work" >&2
  build_pgvector >"$work/make.log" 2>&1 || {
    tail -30 "$work/make.log" >&2
    cannot "pgvector did not compile"
  }
  chmod -R go+rX "$root"
  rm -rf "$work"
  touch "$root/complete"
)

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ "${1:-}" != --fresh ] || rm -f "$root/complete"
if [ ! -e "$root/complete" ]; then
  say "building PostgreSQL $postgres with pgvector in $cache (once, under a minute)"
  build
fi
echo "$bin"
