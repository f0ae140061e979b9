# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Starting, finding and ending the two processes: through systemd where there is one (units.sh), else by a pid file. That holds the pid and the process's start time, so that a number
# which the kernel has given to somebody else in the meantime is never signalled.

pid_file() { echo "$PORTAL_RUN_ROOT/$1.pid"; }

# Field 22 of /proc/PID/stat, counted after the name, which may hold blanks and parentheses.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# process_id agent|portal: prints the pid when that very process lives.
process_id() {
  local pid started
  ! has_unit "$1" || ! unit_process "$1" || return 0
  # Also where there is systemd: the process of an `up` that did not know units yet.
  read -r pid started 2>/dev/null <"$(pid_file "$1")" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] || return 1
  # A zombie has ended; only its parent has not looked yet.
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" != Z ] || return 1
  echo "$pid"
}

prepare_run_root() { install -d -m 0710 -g "$PORTAL_USER" "$PORTAL_RUN_ROOT"; }

# prepare_log NAME: a log for root and the group only, that does not grow for ever.
prepare_log() {
  local log=$PORTAL_LOG_ROOT/$1.log
  install -d -m 0750 -g "$PORTAL_USER" "$PORTAL_LOG_ROOT"
  if [ -e "$log" ] && [ "$(stat -c %s "$log")" -gt 10485760 ]; then mv -f "$log" "$log.1"; fi
  : >>"$log"
  chmod 0640 "$log"
  # As a unit it opens its log itself.
  [ "$1" = agent ] || chown "$PORTAL_USER:$PORTAL_USER" "$log"
}

# launch NAME COMMAND...: in the background, away from this terminal, with its output in NAME.log.
launch() {
  local name=$1 log pid
  log=$PORTAL_LOG_ROOT/$name.log
  shift
  prepare_log "$name"
  setsid "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  disown
  echo "$pid $(start_time "$pid")" >"$(pid_file "$name")"
}

# halt NAME SECONDS: TERM, then KILL.
halt() {
  local name=$1 pid deadline=$((SECONDS + $2))
  if has_unit "$name"; then
    # A unit has more patience than who waits here.
    if ! timeout "$2" systemctl stop "$(unit_name "$name")"; then
      if pid=$(unit_process "$name"); then kill -KILL "$pid" 2>/dev/null || true; fi
      systemctl stop "$(unit_name "$name")"
    fi
  fi
  if pid=$(process_id "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    while process_id "$name" >/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    if process_id "$name" >/dev/null; then kill -KILL "$pid" 2>/dev/null || true; fi
    while process_id "$name" >/dev/null; do sleep 0.1; done
  fi
  rm -f "$(pid_file "$name")"
}

engine_answers() { curl -s --max-time 2 --unix-socket "$socket" -o /dev/null -f http://localhost/_ping; }
# Where the portal that runs listens, whatever this call was told: `up` may have been told otherwise.
find_portal_port() {
  local pid port
  pid=$(process_id portal) || return 0
  port=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^PORTAL_HTTPS_PORT=//p')
  PORTAL_HTTPS_PORT=${port:-$PORTAL_HTTPS_PORT}
}

portal_answers() { curl -sk --max-time 3 -o /dev/null -f "https://localhost:$PORTAL_HTTPS_PORT/health"; }

# still_answers CHECK: what runs may just be starting; it gets half a minute.
still_answers() {
  local deadline=$((SECONDS + 30))
  until "$1"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.5
  done
}

# wait_until NAME CHECK SECONDS: the limits are for the slowest machine; a process that ends is told at once.
wait_until() {
  local name=$1 check=$2 deadline=$((SECONDS + $3)) log=$PORTAL_LOG_ROOT/$1.log
  until "$check"; do
    if ! process_id "$name" >/dev/null; then
      ! has_unit "$name" || systemctl stop "$(unit_name "$name")"
      tail -n 15 "$log" >&2
      fail "The $name ended while starting; the lines above are from $log."
    fi
    if [ $SECONDS -ge $deadline ]; then
      tail -n 15 "$log" >&2
      fail "The $name does not answer after $3 seconds; the lines above are from $log."
    fi
    sleep 0.2
  done
}

# What each process is told. Needs dotnet_root and oci_runtime.
describe_agent() {
  agent_environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DOTNET_ROOT="$dotnet_root")
  local agent_settings
  read_agent_settings
  agent_environment+=("${agent_settings[@]}")
  agent_arguments=(--socket "$socket" --data-root "$PORTAL_AGENT_DATA_ROOT" --run-root "$PORTAL_RUN_ROOT" --socket-group "$PORTAL_USER"
    --bridge-name "$PORTAL_BRIDGE_NAME" --bridge-subnet "$PORTAL_BRIDGE_SUBNET" --cgroup-parent "$PORTAL_CGROUP_PARENT" --oci-runtime "$oci_runtime")
}

describe_portal() {
  portal_environment=(PATH=/usr/local/bin:/usr/bin:/bin HOME="$PORTAL_DATA_ROOT" LANG=C.UTF-8 DOTNET_ROOT="$dotnet_root" ASPNETCORE_ENVIRONMENT=Production
    PORTAL_DATA_ROOT="$PORTAL_DATA_ROOT" PORTAL_HTTPS_PORT="$PORTAL_HTTPS_PORT" PORTAL_AGENT_SOCKET="$socket")
  read_portal_settings
}

# in_portal_environment COMMAND...: with the portal's environment and nothing else of ours. Not by a command line, which everybody can read. In a subshell.
in_portal_environment() {
  local name
  for name in $(compgen -e); do export -n "${name?}"; done
  export "${portal_environment[@]}" "${portal_settings[@]}"
  "$@"
}

start_agent() {
  prepare_run_root
  install -d -m 0710 "$PORTAL_AGENT_DATA_ROOT"
  describe_agent
  remember_agent_settings
  if has_systemd; then start_unit agent
  else launch agent env -i "${agent_environment[@]}" "$PORTAL_PREFIX/agent/portal-agent" "${agent_arguments[@]}"; fi
  wait_until agent engine_answers 60
}

start_portal() {
  install -d -m 0700 -o "$PORTAL_USER" -g "$PORTAL_USER" "$PORTAL_DATA_ROOT"
  describe_portal
  remember_portal_settings
  if has_systemd; then start_unit portal
  else
    (in_portal_environment launch portal setpriv --reuid "$PORTAL_USER" --regid "$PORTAL_USER" --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
      env --chdir="$PORTAL_PREFIX/web" "$PORTAL_PREFIX/web/portal-web")
  fi
  wait_until portal portal_answers 180
}
