#!/usr/bin/env bash
# Puts the distribution's PostgreSQL into a tar: server, psql, and the libraries they load. To be unpacked over busybox.
#   scripts/postgres.sh OUTPUT.tar [FOLDER]
# FOLDER is where those of the packages were unpacked that are not installed.
set -euo pipefail
shopt -s nullglob

output=${1:?usage: scripts/postgres.sh OUTPUT.tar [FOLDER]}
folder=${2:-}

servers=("$folder"/usr/lib/postgresql/*/bin/postgres /usr/lib/postgresql/*/bin/postgres)
if [ ${#servers[@]} -eq 0 ]; then
  echo "portal: there is no PostgreSQL here; install it with 'apt-get install postgresql'." >&2
  exit 1
fi
home=${servers[0]%/bin/postgres}
version=${home##*/}
share=${home%/lib/postgresql/*}/share/postgresql/$version

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"
mkdir -p "$root"/usr/{bin,lib} "$root/usr/lib/postgresql/$version"/{bin,lib} "$root"/usr/share/{postgresql,zoneinfo}

for program in initdb postgres psql pg_isready; do
  cp "$home/bin/$program" "$root/usr/lib/postgresql/$version/bin/"
  ln -s "../lib/postgresql/$version/bin/$program" "$root/usr/bin/$program"
done
cp "$home"/lib/{plpgsql,dict_snowball}.so "$root/usr/lib/postgresql/$version/lib/"
cp -r "$share" "$root/usr/share/postgresql/"
rm -rf "$root/usr/share/postgresql/$version/man"

# One line per library: "NAME => PATH (…)", and of the loader "PATH (…)", which has to stay where it is.
libraries=$folder$(dirname "$(ldconfig -p | sed -n 's/.* => \(.*\/libc\.so\.6\)$/\1/p' | head -n 1)")
libraries=$libraries:$folder/usr/lib/$(basename "$libraries")
while read -r name arrow path _; do
  if [ "$path" = not ]; then
    echo "portal: PostgreSQL needs $name, which is not here." >&2
    exit 1
  elif [ "$arrow" = '=>' ]; then
    cp -L "$path" "$root/usr/lib/$name"
  elif [[ $name == /* && $arrow == '(0x'* ]]; then
    mkdir -p "$root$(dirname "$name")"
    cp -L "$name" "$root$name"
  fi
done < <(LD_LIBRARY_PATH=$libraries ldd "$root/usr/lib/postgresql/$version"/{bin/initdb,bin/postgres,bin/psql,bin/pg_isready,lib/plpgsql.so,lib/dict_snowball.so} | sort -u)

tar --create --file "$output" --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
