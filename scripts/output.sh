# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# What the script says to people: one step per line on stdout, one sentence on stderr when it cannot go on.

say() { printf '%s\n' "$*"; }
step() { printf '→ %s\n' "$*"; }

fail() {
  printf 'portal: %s\n' "$*" >&2
  exit 1
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "'./portal $1' needs root: run it again as root, for instance with 'sudo ./portal $1'."
}

no_arguments() {
  local command=$1
  shift
  [ $# -eq 0 ] || fail "'./portal $command' does not know '$1'; ./portal help lists what there is."
}

# version_at_least HAVE WANT: compares dotted versions.
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
