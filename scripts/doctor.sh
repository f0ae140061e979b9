# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# The checklist: one line per thing, ✓ or ✗, and what to do. Changes nothing.

doctor_bad=0
good() { printf '✓ %s\n' "$*"; }
bad() {
  printf '✗ %s\n' "$*"
  doctor_bad=$((doctor_bad + 1))
}
note() { printf '· %s\n' "$*"; }

doctor_system() {
  local id='' version='' name=''
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    { read -r id; read -r version; read -r name; } < <(. /etc/os-release && printf '%s\n%s\n%s\n' "$ID" "${VERSION_ID:-}" "$PRETTY_NAME")
  fi
  case $id:$version in
    debian:12 | debian:13 | ubuntu:24.04) good "system: $name, kernel $(uname -r)" ;;
    *) if command -v apt-get >/dev/null; then note "system: ${name:-unknown} (Portal is tested on Debian 12 and 13 and on Ubuntu 24.04)"
       else bad "system: ${name:-unknown} has no apt-get; install crun, conmon, libnftables and a static busybox by hand"; fi ;;
  esac
  case $(uname -m) in
    x86_64 | aarch64) good "processor: $(uname -m), $(nproc) online" ;;
    *) bad "processor: $(uname -m); Portal runs on x86_64 and aarch64" ;;
  esac
}

doctor_sdk() {
  if ! find_dotnet; then
    bad ".NET SDK: missing; install it with 'apt-get install dotnet-sdk-10.0' or https://dot.net/v1/dotnet-install.sh --channel 10.0"
    return
  fi
  local version
  version=$(sdk_version)
  if [ -n "$version" ] && version_at_least "$version" "$sdk_floor"; then good ".NET SDK: $version"
  else bad ".NET SDK: ${version:-none that global.json accepts}; install $sdk_floor or a later 10.0"; fi
}

doctor_packages() {
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  if [ -z "$missing" ]; then good "packages: crun, conmon, libnftables1, busybox-static, catatonit, curl, iproute2, ca-certificates"
  else bad "packages: ${missing% } missing; './portal up' installs them, or 'apt-get install ${missing% }'"; fi
  if command -v crun >/dev/null; then
    if version_at_least "$(crun_version)" "$crun_floor"; then good "crun: $(crun_version)"
    else bad "crun: $(crun_version); install $crun_floor or later"; fi
  fi
  if command -v conmon >/dev/null; then
    if version_at_least "$(conmon_version)" "$conmon_floor"; then good "conmon: $(conmon_version)"
    else bad "conmon: $(conmon_version); install $conmon_floor or later"; fi
  fi
}

doctor_cgroups() {
  local strays
  case $(cgroup_version) in
    2) good "cgroups: v2 ($(cat /sys/fs/cgroup/cgroup.controllers))" ;;
    1)
      strays=$(stray_controllers | tr '\n' ' ')
      if [ -z "$strays" ]; then good "cgroups: v1"
      else bad "cgroups: hybrid, with ${strays% } left on the v2 tree, which crun refuses; './portal up' mounts them as v1"; fi
      ;;
    *) bad "cgroups: nothing mounted at /sys/fs/cgroup; './portal up' mounts v2 there" ;;
  esac
  [ "$(id -u)" -eq 0 ] && [ -x /bin/busybox ] && command -v crun >/dev/null || return 0
  if oci_runtime_works "$(command -v crun)"; then good "container: crun runs one"
  elif command -v runc >/dev/null && oci_runtime_works "$(command -v runc)"; then note "container: crun refuses this machine, runc runs one; './portal up' uses it"
  else bad "container: crun cannot run one: $oci_runtime_error"; fi
}

doctor_kernel() {
  if grep -qw overlay /proc/filesystems || modprobe -n overlay 2>/dev/null; then good "overlayfs"
  else bad "overlayfs: the kernel has none; use a kernel with CONFIG_OVERLAY_FS"; fi
  if [ "$(id -u)" -ne 0 ]; then
    note "bridge, veth, nftables, firewall: run doctor as root to check them"
    return
  fi
  if unshare -n sh -c 'ip link add p0 type bridge && ip link add v0 type veth peer name v1' 2>/dev/null; then good "bridge and veth links"
  else bad "bridge and veth links: the kernel refuses them; use a kernel with CONFIG_BRIDGE and CONFIG_VETH"; fi
  if command -v nft >/dev/null; then
    if unshare -n nft 'add table ip t; add chain ip t c { type nat hook postrouting priority 100; }; add rule ip t c masquerade' 2>/dev/null; then good "nftables with NAT"
    else bad "nftables: the kernel refuses NAT rules; use a kernel with CONFIG_NF_TABLES, CONFIG_NFT_NAT and CONFIG_NFT_MASQ"; fi
  elif [ -d /sys/module/nf_tables ] || modprobe -n nf_tables 2>/dev/null; then good "nftables: in the kernel"
  else bad "nftables: the kernel has none; use a kernel with CONFIG_NF_TABLES"; fi
  doctor_forwarding
}

# Names of the bridges of all networks, as the agent signs them, the default one first; those that are not there yet are left out.
own_bridges() {
  local link
  echo "$PORTAL_BRIDGE_NAME"
  for link in /sys/class/net/*; do
    [ -d "$link/bridge" ] && [[ $(cat "$link/ifalias" 2>/dev/null) == "$PORTAL_BRIDGE_NAME network "* ]] && [ "${link##*/}" != "$PORTAL_BRIDGE_NAME" ] && echo "${link##*/}"
  done
  return 0
}

# A forward chain that drops by default keeps containers from the outside, whatever our own chains accept. A bridge that is named in
# its table, itself or by a pattern, is taken as accepted.
doctor_forwarding() {
  local droppers='' rules='' bridge shut=()
  if command -v nft >/dev/null; then
    rules=$(nft list ruleset 2>/dev/null | awk -v own="$PORTAL_BRIDGE_NAME" '$1 == "table" {mine = $3 == own} !mine')
    droppers=$(awk '$1 == "table" {t = $2 " " $3} $1 == "chain" {c = $2} /hook forward/ && /policy drop/ {print t " " c}' <<<"$rules" | head -n 3 | paste -sd, -)
  elif command -v iptables >/dev/null; then
    rules=$(iptables -S FORWARD 2>/dev/null)
    if grep -q -- '-P FORWARD DROP' <<<"$rules"; then droppers="ip filter FORWARD"; fi
  fi
  for bridge in $(own_bridges); do
    [ -n "$droppers" ] && ! grep -qwF -- "$bridge" <<<"$rules" && ! { [[ $bridge == br-* ]] && grep -qF -e 'br-*' -e 'br-+' <<<"$rules"; } && shut+=("$bridge")
  done
  if [ -z "$droppers" ]; then good "firewall: forwarding is not dropped by default"
  elif [ ${#shut[@]} -eq 0 ]; then good "firewall: $droppers drops forwarded packets, and accepts those of the containers' bridges"
  else bad "firewall: $droppers drops forwarded packets, so containers on ${shut[*]} do not reach the outside; accept each there, for instance 'iptables -I FORWARD -i ${shut[0]} -j ACCEPT' and the same with -o (br-+ is all bridges of networks of your own)"; fi
}

doctor_room() {
  local place free
  for place in "$PORTAL_AGENT_DATA_ROOT" "$PORTAL_DATA_ROOT" "$(build_root)"; do
    free=$(($(free_bytes "$place") / 1048576))
    if [ $free -ge 2048 ]; then good "disk: $((free / 1024)) GiB free for $place"
    else bad "disk: $free MiB free for $place; Portal needs 2048 MiB"; fi
  done
  find_portal_port
  if process_id portal >/dev/null; then good "port $PORTAL_HTTPS_PORT: the portal's"
  elif command -v ss >/dev/null && port_taken "$PORTAL_HTTPS_PORT"; then
    bad "port $PORTAL_HTTPS_PORT: taken by $(port_owner "$PORTAL_HTTPS_PORT"); stop that, or set PORTAL_HTTPS_PORT"
  else good "port $PORTAL_HTTPS_PORT: free"; fi
}

doctor_processes() {
  if [ -e "$PORTAL_RUN_ROOT" ] && [ ! -x "$PORTAL_RUN_ROOT" ]; then
    note "agent and portal: run doctor as root to check them"
    return
  fi
  if ! process_id agent >/dev/null; then note "agent: not running; './portal up' starts it"
  elif engine_answers; then good "agent: answers at $socket"
  else bad "agent: does not answer at $socket; see './portal logs agent'"; fi
  if ! process_id portal >/dev/null; then note "portal: not running; './portal up' starts it"
  elif portal_answers; then good "portal: answers at https://localhost:$PORTAL_HTTPS_PORT"
  else bad "portal: does not answer at https://localhost:$PORTAL_HTTPS_PORT; see './portal logs portal'"; fi
}

doctor_boot() {
  if ! has_systemd; then note "start with the machine: no systemd here; run './portal up' after a restart of the machine"
  elif ! has_unit agent && ! has_unit portal; then note "start with the machine: not set up; './portal up' does it"
  elif is_kept; then good "start with the machine: $(unit_name agent), $(unit_name portal)"
  else note "start with the machine: turned off by './portal down'; './portal up' turns it on"; fi
}

portal_doctor() {
  no_arguments doctor "$@"
  doctor_system
  doctor_sdk
  doctor_packages
  doctor_cgroups
  doctor_kernel
  doctor_room
  doctor_processes
  doctor_boot
  case $doctor_bad in
    0) say "All is well." ;;
    1) say "One thing needs attention." && return 1 ;;
    *) say "$doctor_bad things need attention." && return 1 ;;
  esac
}
