# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Control groups. On a pure v2 machine there is nothing to do. On a hybrid one (v1 controllers beside a v2 tree) crun refuses
# to run while a controller is left on the v2 tree, and on a bare one (some container-like hosts) nothing is mounted at all.
# What is mounted here is noted beside the run root (which a teardown empties), so that `down --all` can take it back.

cgroup_root=/sys/fs/cgroup

cgroup_version() {
  case $(stat -f -c %T $cgroup_root 2>/dev/null) in
    cgroup2fs) echo 2 ;;
    *) if grep -q ' - cgroup ' /proc/self/mountinfo; then echo 1; elif grep -q ' - cgroup2 ' /proc/self/mountinfo; then echo 2; fi ;;
  esac
}

# Controllers of a hybrid machine that are, or are about to be, on the v2 tree, one per line. A v1 hierarchy that was unmounted
# lives on for a moment, and then its controller falls to the v2 tree.
stray_controllers() {
  [ "$(cgroup_version)" = 1 ] || return 0
  local unified controller
  unified=$(awk '{for (i = 7; i <= NF; i++) if ($i == "-" && $(i + 1) == "cgroup2") {print $5; exit}}' /proc/self/mountinfo)
  {
    [ -z "$unified" ] || tr ' ' '\n' <"$unified/cgroup.controllers"
    awk '!/^#/ && $2 > 0 && $4 == 1 {print $1}' /proc/cgroups | while read -r controller; do
      grep -qE " - cgroup [^ ]+ ([^ ]*,)?$controller(,|\$)" /proc/self/mountinfo || echo "$controller"
    done
  } | sed '/^$/d' | sort -u
}

prepare_cgroups() {
  local made=$PORTAL_RUN_ROOT.cgroup-mounts controller
  case $(cgroup_version) in
    2) return ;;
    1)
      for controller in $(stray_controllers); do
        step "Mounting the cgroup controller $controller as v1, because crun refuses a controller on the v2 tree of a hybrid machine"
        mkdir -p "$cgroup_root/$controller"
        mount -t cgroup -o "$controller" cgroup "$cgroup_root/$controller" ||
          fail "The cgroup controller $controller cannot be mounted as v1; boot with systemd.unified_cgroup_hierarchy=1 for pure cgroup v2 and run the command again."
        echo "$cgroup_root/$controller" >>"$made"
      done
      ;;
    *)
      step "Mounting cgroup v2, because nothing is mounted at $cgroup_root"
      mkdir -p $cgroup_root
      mount -t cgroup2 cgroup2 $cgroup_root ||
        fail "Control groups cannot be mounted at $cgroup_root; run Portal on a machine, or in a container that is privileged."
      echo "$cgroup_root" >>"$made"
      ;;
  esac
}

release_cgroups() {
  local made=$PORTAL_RUN_ROOT.cgroup-mounts place kept=''
  [ -e "$made" ] || return 0
  while read -r place; do
    # Somebody's groups are below it: it stays until they are gone.
    if [ -z "$(find "$place" -mindepth 1 -maxdepth 1 -type d -print -quit 2>/dev/null)" ] && umount "$place" 2>/dev/null; then
      rmdir "$place" 2>/dev/null || true
    else
      kept=1
    fi
  done <"$made"
  [ -n "$kept" ] || rm -f "$made"
}

# Runs the smallest possible container. oci_runtime_works PATH
oci_runtime_works() {
  local bundle ok=1
  bundle=$(mktemp -d "${TMPDIR:-/tmp}/portal-probe.XXXXXX")
  mkdir -p "$bundle/rootfs/bin"
  cp /bin/busybox "$bundle/rootfs/bin/true"
  (
    cd "$bundle"
    "$1" spec >/dev/null 2>&1
    sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"true"/' config.json
    "$1" --root "$bundle/state" run "portal-probe-$$" >"$bundle/out" 2>&1 </dev/null
  ) && ok=0
  oci_runtime_error=$(tail -n 1 "$bundle/out" 2>/dev/null || true)
  rm -rf "$bundle"
  return $ok
}

# Sets oci_runtime: crun, or runc where crun refuses this machine.
choose_oci_runtime() {
  oci_runtime=$(command -v crun)
  oci_runtime_works "$oci_runtime" && return
  local refusal=$oci_runtime_error runc
  runc=$(command -v runc || true)
  if [ -n "$runc" ] && oci_runtime_works "$runc"; then
    step "Using runc, because crun refuses this machine: $refusal"
    oci_runtime=$runc
    return
  fi
  fail "crun cannot run a container here ($refusal); './portal doctor' shows what the machine lacks, and 'apt-get install runc' may help where only crun refuses."
}
