#!/usr/bin/env bash
# Builds the root file system of busybox:latest from the distribution's busybox-static, as a tar that is the same every time.
#   scripts/busybox.sh OUTPUT.tar [PATH-OF-BUSYBOX]
set -euo pipefail

output=${1:?usage: scripts/busybox.sh OUTPUT.tar [PATH-OF-BUSYBOX]}
busybox=${2:-/bin/busybox}
if [ ! -x "$busybox" ]; then
  echo "portal: $busybox is missing; install it with 'apt-get install busybox-static'." >&2
  exit 1
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"
mkdir -p "$root"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,usr/sbin,sbin,var/spool/mail,var/www,var/log,var/tmp}
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 700 "$root/root"

cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
# The one path that scripts spell out in their first line.
ln -s ../../bin/env "$root/usr/bin/env"

cat >"$root/etc/passwd" <<'TEXT'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
TEXT
cat >"$root/etc/group" <<'TEXT'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
tty:x:5:
mail:x:8:
www-data:x:33:
operator:x:37:
users:x:100:
nogroup:x:65534:
TEXT
printf 'root:*:::::::\nnobody:*:::::::\n' >"$root/etc/shadow"
chmod 600 "$root/etc/shadow"

tar --create --file "$output" --directory "$root" --format=ustar --sort=name \
  --mtime=@0 --owner=0 --group=0 --numeric-owner .
