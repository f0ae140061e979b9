# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# What must be on the machine: the .NET SDK (brought by the user) and distribution packages (brought by apt).

crun_floor=1.8
conmon_floor=2.1.2
sdk_floor=10.0.100

# Finds the SDK even where sudo's short PATH hides it, and puts it on PATH.
find_dotnet() {
  local home='' candidate
  [ -z "${SUDO_USER:-}" ] || home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
  if ! command -v dotnet >/dev/null; then
    for candidate in "${DOTNET_ROOT:-}" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet /opt/dotnet "$HOME/.dotnet" ${home:+"$home/.dotnet"}; do
      if [ -n "$candidate" ] && [ -x "$candidate/dotnet" ]; then
        PATH=$candidate:$PATH
        break
      fi
    done
  fi
  command -v dotnet >/dev/null || return 1
  # Programs that are built here find the runtime by this, wherever the SDK is.
  DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
  export DOTNET_ROOT
}

sdk_version() { (cd "$repo" && dotnet --version 2>/dev/null) || true; }

need_sdk() {
  local how="install it with 'apt-get install dotnet-sdk-10.0' (after adding Microsoft's package source where the distribution has none) or with https://dot.net/v1/dotnet-install.sh --channel 10.0"
  find_dotnet || fail "The .NET SDK $sdk_floor or later is missing; $how."
  local version
  version=$(sdk_version)
  [ -n "$version" ] || fail "No .NET SDK here satisfies global.json, which asks for $sdk_floor or a later 10.0; $how."
  version_at_least "$version" "$sdk_floor" || fail "The .NET SDK is $version, but Portal needs $sdk_floor or later; $how."
}

has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Packages that `up` needs and that are not there, one per line. What counts is the tool, not who installed it.
missing_packages() {
  command -v crun >/dev/null || echo crun
  command -v conmon >/dev/null || echo conmon
  command -v curl >/dev/null || echo curl
  command -v ip >/dev/null || echo iproute2
  [ -x /usr/bin/catatonit ] || echo catatonit
  has_package libnftables1 || echo libnftables1
  has_package busybox-static || echo busybox-static
  has_package ca-certificates || echo ca-certificates
}

apt_fresh=
apt_install() {
  command -v apt-get >/dev/null || fail "This machine has no apt-get; install $* by hand and run the command again."
  step "Installing $*"
  local log
  log=$(mktemp)
  if ! { [ -n "$apt_fresh" ] || apt-get update -q >"$log" 2>&1; } ||
    ! DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y -q --no-install-recommends "$@" >>"$log" 2>&1; then
    grep -E '^(E|W):' "$log" | tail -n 5 >&2 || true
    rm -f "$log"
    fail "apt-get could not install $*; see the lines above, then run the command again."
  fi
  apt_fresh=1
  rm -f "$log"
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] && return
  apt_install "${missing[@]}"
}

crun_version() { crun --version 2>/dev/null | sed -n '1s/^crun version \([0-9.]*\).*/\1/p'; }
conmon_version() { conmon --version 2>/dev/null | sed -n '1s/^conmon version \([0-9.]*\).*/\1/p'; }

check_floors() {
  version_at_least "$(crun_version)" "$crun_floor" ||
    fail "crun $(crun_version) is too old: Portal needs $crun_floor or later, so install a newer crun (Debian 12 and Ubuntu 24.04 have one) and run the command again."
  version_at_least "$(conmon_version)" "$conmon_floor" ||
    fail "conmon $(conmon_version) is too old: Portal needs $conmon_floor or later, so install a newer conmon (Debian 12 and Ubuntu 24.04 have one) and run the command again."
}

# Takes programs out of packages without installing these: no dockerd starts by itself, nothing of the system changes.
# borrow_packages PACKAGE...: afterwards their programs are on PATH.
borrow_packages() {
  local place=$PORTAL_CACHE_ROOT/borrowed package
  mkdir -p "$place/debs"
  for package in "$@"; do
    [ -e "$place/$package.done" ] && continue
    step "Fetching $package"
    [ -n "$apt_fresh" ] || apt-get update -q >/dev/null 2>&1 || fail "apt-get update failed; check the network and /etc/apt, then run the command again."
    apt_fresh=1
    (
      cd "$place/debs"
      rm -f "${package}"_*.deb
      # apt's own unprivileged user cannot write here, which is fine: root fetches.
      apt-get download -q -o APT::Sandbox::User=root "$package" >/dev/null 2>&1 && dpkg-deb -x "${package}"_*.deb "$place"
    ) || fail "apt-get could not fetch the package $package; install it by hand and run the command again."
    touch "$place/$package.done"
  done
  PATH=$PATH:$place/usr/bin:$place/usr/sbin
}
