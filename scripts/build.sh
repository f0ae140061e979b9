# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Release builds, and their installation below PORTAL_PREFIX.

# A clone that belongs to somebody else stays free of root's files: the build then goes to the cache.
build_root() {
  if [ -n "${PORTAL_ARTIFACTS:-}" ]; then echo "${PORTAL_ARTIFACTS%/}"
  elif [ -O "$repo" ]; then echo "$repo/artifacts"
  else echo "$PORTAL_CACHE_ROOT/build"; fi
}

# What the installed programs were built from: one hash over all sources.
source_hash() {
  (
    cd "$repo" || exit
    find src Directory.Build.props Directory.Packages.props global.json -type f -not -path '*/bin/*' -not -path '*/obj/*' -print0 |
      sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
  )
}

installed_hash() { cat "$PORTAL_PREFIX/source.sha256" 2>/dev/null || true; }

# Runs dotnet quietly; on failure shows what it said.
dotnet_quietly() {
  local log
  log=$(mktemp)
  if ! dotnet "$@" >"$log" 2>&1; then
    { grep -E '(error|warning) [A-Z]+[0-9]+' "$log" | sort -u | head -n 20 || true; } >&2
    [ -s "$log" ] && ! grep -qE '(error|warning) [A-Z]+[0-9]+' "$log" && tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# Bytes free where PATH is or would be.
free_bytes() {
  local place=$1
  until [ -d "$place" ]; do place=$(dirname "$place"); done
  df --output=avail -B1 "$place" | tail -n 1 | tr -d ' '
}

need_disk() {
  local place
  for place in "$@"; do
    [ "$(free_bytes "$place")" -ge 2147483648 ] ||
      fail "Only $(($(free_bytes "$place") / 1048576)) MiB are free where $place lives, and Portal needs 2 GiB; free some space there or move it (see './portal help')."
  done
}

# publish OUTPUT: both programs, Release, for the runtime of the SDK.
publish() {
  local output=$1
  PORTAL_ARTIFACTS=$(build_root)/
  export PORTAL_ARTIFACTS
  rm -rf "$output"
  dotnet_quietly restore "$repo/src/Portal.Agent" -v q || return 1
  # The native form of the agent is ./portal pack's business; this one starts on any machine with the runtime.
  dotnet_quietly publish "$repo/src/Portal.Agent" -c Release --no-restore -p:PublishAot=false -o "$output/agent" -v q || return 1
  publish_web "$output/web"
}

publish_web() {
  PORTAL_ARTIFACTS=$(build_root)/
  export PORTAL_ARTIFACTS
  rm -rf "$1"
  dotnet_quietly publish "$repo/src/Portal.Web" -c Release -o "$1" -v q
}

# copy_runtime SDK DIRECTORY: the runtime of an SDK alone, readable by everybody.
copy_runtime() {
  local framework version
  rm -rf "$2"
  mkdir -p "$2/shared"
  cp -a "$1/dotnet" "$1/host" "$2/"
  for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
    version=$(find "$1/shared/$framework" -mindepth 1 -maxdepth 1 -name '10.*' -printf '%f\n' | sort -V | tail -n 1)
    mkdir -p "$2/shared/$framework"
    cp -a "$1/shared/$framework/$version" "$2/shared/$framework/"
  done
  chmod -R u=rwX,go=rX "$2"
}

sdk_directory() { dirname "$(readlink -f "$(command -v dotnet)")"; }

# The unprivileged user may not be able to read an SDK below somebody's home; then it gets a copy of the runtime.
# place_runtime DIRECTORY: sets dotnet_root to where both programs find theirs.
place_runtime() {
  dotnet_root=$(sdk_directory)
  if setpriv --reuid "$PORTAL_USER" --regid "$PORTAL_USER" --clear-groups test -x "$dotnet_root/dotnet" 2>/dev/null; then
    rm -rf "$1"
    return
  fi
  step "Copying the .NET runtime to $1, because the user $PORTAL_USER cannot read $dotnet_root"
  copy_runtime "$dotnet_root" "$1"
  chown -R root:root "$1"
  dotnet_root=$1
}

# Puts a fresh build in place of the installed one; nothing runs from it at that moment.
install_programs() {
  local staged=$1
  install -d -m 0755 "$PORTAL_PREFIX"
  rm -rf "$PORTAL_PREFIX/agent" "$PORTAL_PREFIX/web" "$PORTAL_PREFIX/source.sha256"
  cp -r "$staged/agent" "$staged/web" "$PORTAL_PREFIX/"
  chown -R root:root "$PORTAL_PREFIX/agent" "$PORTAL_PREFIX/web"
  chmod -R u=rwX,go=rX "$PORTAL_PREFIX/agent" "$PORTAL_PREFIX/web"
}
