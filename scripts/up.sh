# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# up, down, status, logs.

# Who listens on a TCP port, for people; empty when nobody does or nobody may tell.
port_owner() { ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2)/p' | head -n 1; }
port_taken() { [ -n "$(ss -Hltn "sport = :$1" 2>/dev/null)" ]; }

need_port() {
  process_id portal >/dev/null && return
  port_taken "$PORTAL_HTTPS_PORT" || return 0
  local owner
  owner=$(port_owner "$PORTAL_HTTPS_PORT")
  fail "Port $PORTAL_HTTPS_PORT is taken${owner:+ by $owner}; stop that, or choose another port with 'PORTAL_HTTPS_PORT=9443 ./portal up'."
}

ensure_user() {
  getent group "$PORTAL_USER" >/dev/null || groupadd --system "$PORTAL_USER"
  getent passwd "$PORTAL_USER" >/dev/null ||
    useradd --system --gid "$PORTAL_USER" --home-dir "$PORTAL_DATA_ROOT" --no-create-home --shell /usr/sbin/nologin "$PORTAL_USER"
}

# The first image, from the distribution's busybox: no registry needed.
ensure_busybox() {
  local status tar answer
  status=$(curl -s --unix-socket "$socket" -o /dev/null -w '%{http_code}' http://localhost/images/busybox:latest/json)
  [ "$status" = 404 ] || return 0
  step "Building busybox:latest from the distribution's busybox-static"
  tar=$(mktemp)
  "$repo/scripts/busybox.sh" "$tar"
  answer=$(curl -sS --unix-socket "$socket" -X POST -H 'Content-Type: application/x-tar' --data-binary "@$tar" \
    'http://localhost/images/create?fromSrc=-&repo=busybox&tag=latest&changes=CMD%20%5B%22sh%22%5D' 2>&1) || true
  rm -f "$tar"
  case $answer in
    *'"status"'*sha256:*) ;;
    *) fail "The agent did not take the first image (${answer:-no answer}); './portal logs agent' may say why." ;;
  esac
}

# SHA-256 of the certificate that the portal really serves, as browsers show it.
certificate_fingerprint() {
  curl -sk --max-time 3 -o /dev/null -w '%{certs}' "https://localhost:$PORTAL_HTTPS_PORT/health" |
    awk '/-----BEGIN CERTIFICATE/ {on = 1; next} /-----END CERTIFICATE/ {exit} on' |
    base64 -d | sha256sum | cut -c1-64 | tr a-f A-F | sed 's/../&:/g; s/:$//'
}

print_access() {
  local address
  address=$(ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
  say ""
  say "  Portal        https://localhost:$PORTAL_HTTPS_PORT${address:+   https://$address:$PORTAL_HTTPS_PORT}"
  say "  Certificate   SHA-256 $(certificate_fingerprint)"
  if [ -e "$PORTAL_DATA_ROOT/setup-secret" ]; then
    say "  Setup secret  $(tr -d '\n' <"$PORTAL_DATA_ROOT/setup-secret")   (once, to create the administrator)"
  fi
  say "  docker CLI    docker -H unix://$socket run --rm -it busybox sh"
  say_boot
  say ""
}

portal_up() {
  no_arguments up "$@"
  need_root up
  need_sdk
  command -v ss >/dev/null || apt_install iproute2
  need_port
  need_disk "$PORTAL_AGENT_DATA_ROOT" "$(build_root)"

  local wanted fresh='' built='' agent_was='' portal_was='' staged
  wanted=$(source_hash)
  [ "$(installed_hash)" = "$wanted" ] && [ -x "$PORTAL_PREFIX/agent/portal-agent" ] && [ -x "$PORTAL_PREFIX/web/portal-web" ] && fresh=1
  process_id agent >/dev/null && agent_was=1
  process_id portal >/dev/null && portal_was=1

  if [ "$fresh$agent_was$portal_was" = 111 ] && is_kept && ! agent_settings_changed && ! portal_settings_changed && engine_answers && portal_answers; then
    ensure_busybox
    say "Portal is already running and up to date; nothing was changed."
    print_access
    return
  fi

  install_packages
  check_floors
  ensure_user
  prepare_run_root
  prepare_cgroups
  choose_oci_runtime

  if [ -z "$fresh" ]; then
    if [ -n "$(installed_hash)" ]; then step "Building, because the source has changed since the installed build"
    else step "Building (the first time takes a few minutes)"; fi
    staged=$(build_root)/install
    publish "$staged" || fail "The build failed; the lines above say why."
    built=1
  fi
  place_runtime "$PORTAL_PREFIX/dotnet"
  if [ -n "$built" ]; then
    [ -z "$portal_was" ] || { step "Stopping the old portal" && halt portal 15; portal_was=; }
    [ -z "$agent_was" ] || { step "Stopping the old agent; containers keep running" && halt agent 15; agent_was=; }
    install_programs "$staged"
    echo "$wanted" >"$PORTAL_PREFIX/source.sha256"
  fi

  if [ -n "$agent_was" ] && ! still_answers engine_answers; then
    step "Stopping an agent that does not answer" && halt agent 15
    agent_was=
  fi
  if [ -n "$agent_was" ] && agent_settings_changed; then
    (read_agent_settings) || exit 1
    step "Stopping the agent to give it its new settings; containers keep running"
    halt agent 15
    agent_was=
  fi
  # They run, but were stopped since, or started before this machine had systemd's units of them.
  if [ -n "$agent_was" ] && ! is_kept; then halt agent 15 && agent_was=; fi
  if [ -n "$portal_was" ] && ! is_kept; then halt portal 15 && portal_was=; fi
  if [ -z "$agent_was" ]; then
    step "Starting the agent"
    start_agent
  fi
  ensure_busybox
  if [ -n "$portal_was" ] && ! still_answers portal_answers; then
    step "Stopping a portal that does not answer" && halt portal 15
    portal_was=
  fi
  if [ -n "$portal_was" ] && portal_settings_changed; then
    (read_portal_settings) || exit 1
    step "Stopping the portal to give it its new settings"
    halt portal 15
    portal_was=
  fi
  if [ -z "$portal_was" ]; then
    step "Starting the portal as user $PORTAL_USER"
    start_portal
  fi
  say "Portal is running."
  print_access
}

# Everything mounted below our roots, deepest first.
unmount_roots() {
  local place
  awk '{print $5}' /proc/self/mountinfo | sort -r | while read -r place; do
    case $(printf '%b' "$place") in
      "$PORTAL_AGENT_DATA_ROOT"/* | "$PORTAL_RUN_ROOT"/*) umount -l "$(printf '%b' "$place")" 2>/dev/null || true ;;
    esac
  done
}

portal_down() {
  local all=''
  case ${1:-} in
    --all) all=1 && shift ;;
  esac
  no_arguments down "$@"
  need_root down
  local was=''
  if process_id portal >/dev/null || process_id agent >/dev/null; then was=1; fi
  process_id portal >/dev/null && step "Stopping the portal"
  halt portal 15
  process_id agent >/dev/null && step "Stopping the agent"
  halt agent 15
  if [ -z "$all" ]; then
    disable_units
    if [ -n "$was" ]; then say "Portal is stopped, until the next './portal up', which also finds the containers again: they keep running. './portal down --all' ends them too."
    else say "Portal was not running; nothing was changed."; fi
    return
  fi
  if [ -x "$PORTAL_PREFIX/agent/portal-agent" ]; then
    find_dotnet || fail "The .NET runtime is missing, and the agent that takes its containers down needs it; install it and run the command again."
    local dotnet_root
    dotnet_root=$(sdk_directory)
    [ ! -x "$PORTAL_PREFIX/dotnet/dotnet" ] || dotnet_root=$PORTAL_PREFIX/dotnet
    step "Ending containers, links, rules and mounts"
    oci_runtime=$(command -v crun || command -v runc || echo /usr/bin/crun)
    DOTNET_ROOT=$dotnet_root timeout 120 "$PORTAL_PREFIX/agent/portal-agent" teardown --data-root "$PORTAL_AGENT_DATA_ROOT" --run-root "$PORTAL_RUN_ROOT" \
      --bridge-name "$PORTAL_BRIDGE_NAME" --bridge-subnet "$PORTAL_BRIDGE_SUBNET" --cgroup-parent "$PORTAL_CGROUP_PARENT" \
      --oci-runtime "$oci_runtime" >>"$PORTAL_LOG_ROOT/agent.log" 2>&1 ||
      fail "The agent could not take everything down; $PORTAL_LOG_ROOT/agent.log says what is left."
  fi
  remove_units
  unmount_roots
  release_cgroups
  rm -rf "$PORTAL_RUN_ROOT"
  say "Portal is stopped, and no container, mount, link or rule of it is left. Images and volumes stay in $PORTAL_AGENT_DATA_ROOT."
}

describe_process() {
  local name=$1 answers=$2 pid
  if ! pid=$(process_id "$name"); then
    say "$name: not running"
    return 1
  fi
  local state="answers"
  "$answers" || state="does not answer; see './portal logs $name'"
  say "$name: running since $(ps -o lstart= -p "$pid" | tr -s ' '), pid $pid, user $(ps -o user= -p "$pid"), $(($(ps -o rss= -p "$pid") / 1024)) MiB, $state"
  [ "$state" = answers ]
}

portal_status() {
  no_arguments status "$@"
  [ -x "$PORTAL_RUN_ROOT" ] || [ ! -e "$PORTAL_RUN_ROOT" ] || need_root status
  local bad=0
  describe_process agent engine_answers || bad=1
  find_portal_port
  describe_process portal portal_answers || bad=1
  if engine_answers; then
    curl -s --unix-socket "$socket" http://localhost/info |
      sed -n 's/.*"Containers":\([0-9]*\).*"ContainersRunning":\([0-9]*\).*/containers: \1, of these \2 running/p'
  fi
  [ $bad -eq 0 ] || return 1
  print_access
}

portal_logs() {
  local which=() follow='' argument
  for argument in "$@"; do
    case $argument in
      agent | portal) which+=("$PORTAL_LOG_ROOT/$argument.log") ;;
      -f | --follow) follow=-F ;;
      *) fail "'./portal logs' takes 'agent' or 'portal' and '-f', not '$argument'." ;;
    esac
  done
  [ ${#which[@]} -gt 0 ] || which=("$PORTAL_LOG_ROOT/agent.log" "$PORTAL_LOG_ROOT/portal.log")
  for argument in "${which[@]}"; do
    if [ ! -r "$argument" ]; then
      if [ -d "$PORTAL_LOG_ROOT" ] && [ "$(id -u)" -ne 0 ]; then need_root logs; fi
      fail "There is no log at $argument yet; './portal up' starts one."
    fi
  done
  # shellcheck disable=SC2086
  exec tail -n 100 $follow "${which[@]}"
}
