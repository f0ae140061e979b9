# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Starting, finding and ending the two processes. A pid file holds the pid and the process's start time, so that a number
# which the kernel has given to somebody else in the meantime is never signalled.

pid_file() { echo "$PORTAL_RUN_ROOT/$1.pid"; }

# Field 22 of /proc/PID/stat, counted after the name, which may hold blanks and parentheses.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# process_id agent|portal: prints the pid when that very process lives.
process_id() {
  local pid started
  read -r pid started 2>/dev/null <"$(pid_file "$1")" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] || return 1
  # A zombie has ended; only its parent has not looked yet.
  [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" != Z ] || return 1
  echo "$pid"
}

# launch NAME COMMAND...: in the background, away from this terminal, with its output in NAME.log.
launch() {
  local name=$1 log pid
  log=$PORTAL_LOG_ROOT/$name.log
  shift
  install -d -m 0750 -g "$PORTAL_USER" "$PORTAL_LOG_ROOT"
  if [ -e "$log" ] && [ "$(stat -c %s "$log")" -gt 10485760 ]; then mv -f "$log" "$log.1"; fi
  : >>"$log"
  chmod 0640 "$log"
  setsid "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  disown
  echo "$pid $(start_time "$pid")" >"$(pid_file "$name")"
}

# halt NAME SECONDS: TERM, then KILL.
halt() {
  local name=$1 pid deadline=$((SECONDS + $2))
  if pid=$(process_id "$name"); then
    kill -TERM "$pid" 2>/dev/null || true
    while process_id "$name" >/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
    if process_id "$name" >/dev/null; then kill -KILL "$pid" 2>/dev/null || true; fi
    while process_id "$name" >/dev/null; do sleep 0.1; done
  fi
  rm -f "$(pid_file "$name")"
}

engine_answers() { curl -s --max-time 2 --unix-socket "$socket" -o /dev/null -f http://localhost/_ping; }
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

start_agent() {
  install -d -m 0710 -g "$PORTAL_USER" "$PORTAL_RUN_ROOT"
  install -d -m 0710 "$PORTAL_AGENT_DATA_ROOT"
  local agent_settings
  read_agent_settings
  remember_agent_settings
  launch agent env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DOTNET_ROOT="$dotnet_root" \
    LANG=C.UTF-8 "${agent_settings[@]}" "$PORTAL_PREFIX/agent/portal-agent" --socket "$socket" --data-root "$PORTAL_AGENT_DATA_ROOT" \
    --run-root "$PORTAL_RUN_ROOT" --socket-group "$PORTAL_USER" --bridge-name "$PORTAL_BRIDGE_NAME" \
    --bridge-subnet "$PORTAL_BRIDGE_SUBNET" --cgroup-parent "$PORTAL_CGROUP_PARENT" --oci-runtime "$oci_runtime"
  wait_until agent engine_answers 60
}

start_portal() {
  install -d -m 0700 -o "$PORTAL_USER" -g "$PORTAL_USER" "$PORTAL_DATA_ROOT"
  launch portal setpriv --reuid "$PORTAL_USER" --regid "$PORTAL_USER" --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env -i --chdir="$PORTAL_PREFIX/web" PATH=/usr/local/bin:/usr/bin:/bin HOME="$PORTAL_DATA_ROOT" DOTNET_ROOT="$dotnet_root" LANG=C.UTF-8 \
    ASPNETCORE_ENVIRONMENT=Production PORTAL_DATA_ROOT="$PORTAL_DATA_ROOT" PORTAL_HTTPS_PORT="$PORTAL_HTTPS_PORT" \
    PORTAL_AGENT_SOCKET="$socket" "$PORTAL_PREFIX/web/portal-web"
  wait_until portal portal_answers 180
}
