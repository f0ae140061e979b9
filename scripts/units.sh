# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# On a machine with systemd both processes are units of it: started with the machine, started again when they die, independent
# of the session that ran `up`. Elsewhere (in containers) the processes are on their own (processes.sh).

unit_folder=/etc/systemd/system

has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }

# A second Portal on the machine has another run root, and so units of another name.
unit_name() {
  local name=portal
  [ "$1" = portal ] || name=portal-$1
  if [ "$PORTAL_RUN_ROOT" = /run/portal ]; then echo "$name.service"
  else echo "$name-$(systemd-escape --path "$PORTAL_RUN_ROOT").service"; fi
}

has_unit() { has_systemd && [ -e "$unit_folder/$(unit_name "$1")" ]; }

# The main process of a unit; nothing when it has none.
unit_process() {
  local pid
  pid=$(systemctl show --property MainPID --value "$(unit_name "$1")" 2>/dev/null)
  [ "${pid:-0}" -gt 0 ] && echo "$pid"
}

# Values in a unit file: systemd splits at blanks and expands %.
unit_values() {
  local value separator=
  for value in "$@"; do
    value=${value//\\/\\\\}
    value=${value//\"/\\\"}
    printf '%s"%s"' "$separator" "${value//%/%%}"
    separator=' '
  done
}

# A command line: there $ as well.
unit_command() { unit_values "${@//\$/\$\$}"; }

unit_environment() {
  local pair
  for pair in "$@"; do printf 'Environment=%s\n' "$(unit_values "$pair")"; done
}

unit_prepare() {
  unit_command /usr/bin/env PORTAL_RUN_ROOT="$PORTAL_RUN_ROOT" PORTAL_LOG_ROOT="$PORTAL_LOG_ROOT" PORTAL_USER="$PORTAL_USER" "$PORTAL_PREFIX/scripts/prepare" "$1"
}

# unit_run agent|portal COMMAND...: with its output in the log of both. Not by systemd's own append:, because a unit does not
# start where that cannot be opened, and nobody could make the folder before.
unit_run() {
  local log=$PORTAL_LOG_ROOT/$1.log
  shift
  unit_command "$PORTAL_PREFIX/scripts/run" "$log" "$@"
}

agent_unit() {
  cat <<TEXT
# Written by ./portal up, removed by ./portal down --all.
[Unit]
Description=Container engine of Portal
# A firewall that is loaded later takes our rules away for a moment.
After=network.target nftables.service ufw.service firewalld.service apparmor.service
RequiresMountsFor=$(unit_values "$PORTAL_PREFIX" "$PORTAL_AGENT_DATA_ROOT" "$PORTAL_LOG_ROOT")
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
$(unit_environment "${agent_environment[@]}")
ExecStartPre=$(unit_prepare agent)
ExecStart=$(unit_run agent "$PORTAL_PREFIX/agent/portal-agent" "${agent_arguments[@]}")
# Only when the machine goes down; otherwise containers run on.
ExecStopPost=$(unit_run agent "$PORTAL_PREFIX/scripts/halt" "$PORTAL_PREFIX/agent/portal-agent" "${agent_arguments[@]}")
# Containers' monitors are its children, and are to outlive it.
KillMode=process
TimeoutStopSec=120
Restart=always
RestartSec=1
TasksMax=infinity
LimitNPROC=infinity
LimitNOFILE=1048576
# No OOMScoreAdjust: crun gives it to every exec, whatever it is told. An agent that is killed for memory is started again.

[Install]
WantedBy=multi-user.target
TEXT
}

portal_unit() {
  cat <<TEXT
# Written by ./portal up, removed by ./portal down --all.
[Unit]
Description=Portal
After=network.target $(unit_name agent)
Wants=$(unit_name agent)
RequiresMountsFor=$(unit_values "$PORTAL_PREFIX" "$PORTAL_DATA_ROOT" "$PORTAL_LOG_ROOT")
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
User=$PORTAL_USER
Group=$PORTAL_USER
WorkingDirectory=${PORTAL_PREFIX//%/%%}/web
$(unit_environment "${portal_environment[@]}")
# Read by systemd itself: what is secret in it stands in no unit.
EnvironmentFile=-$(portal_settings_file)
ExecStartPre=+$(unit_prepare portal)
ExecStart=$(unit_run portal "$PORTAL_PREFIX/web/portal-web")
TimeoutStopSec=30
Restart=always
RestartSec=2
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=$(unit_values "$PORTAL_DATA_ROOT" "$PORTAL_LOG_ROOT")
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes

[Install]
WantedBy=multi-user.target
TEXT
}

# What units call: nothing of the clone, which may be gone by the next start of the machine.
install_unit_scripts() {
  install -d -m 0755 "$PORTAL_PREFIX/scripts"
  install -m 0644 "$repo/scripts/output.sh" "$repo/scripts/cgroups.sh" "$repo/scripts/processes.sh" "$PORTAL_PREFIX/scripts/"
  install -m 0755 "$repo/scripts/prepare" "$repo/scripts/run" "$repo/scripts/halt" "$PORTAL_PREFIX/scripts/"
}

# install_unit agent|portal: as it is to be now, and started with the machine.
install_unit() {
  local name file
  name=$(unit_name "$1")
  file=$unit_folder/$name
  install_unit_scripts
  if ! "$1_unit" | cmp -s - "$file"; then
    "$1_unit" >"$file.new"
    mv -f "$file.new" "$file"
    systemctl daemon-reload
  fi
  systemctl is-enabled --quiet "$name" || systemctl enable --quiet "$name"
}

# start_unit agent|portal: its description is at hand.
start_unit() {
  install_unit "$1"
  # Five failures in a row have made it give up; whoever calls `up` has done something about it.
  systemctl reset-failed "$(unit_name "$1")" 2>/dev/null || true
  local since
  since=$(date '+%F %T')
  systemctl restart "$(unit_name "$1")" 2>/dev/null && return
  systemctl stop "$(unit_name "$1")" 2>/dev/null || true
  journalctl --unit "$(unit_name "$1")" --since "$since" --lines 15 --output cat --no-pager >&2 || true
  fail "systemd could not start the $1; the lines above are from 'journalctl -u $(unit_name "$1")'."
}

# Processes that run as they should, but will not when the machine has been started anew.
is_kept() { ! has_systemd || { systemctl is-enabled --quiet "$(unit_name agent)" && systemctl is-enabled --quiet "$(unit_name portal)"; } 2>/dev/null; }

# Whether Portal comes back by itself after a restart of the machine, for people.
say_boot() {
  if ! has_systemd; then say "  After a restart of the machine: './portal up' again, because there is no systemd here."
  elif is_kept; then say "  After a restart of the machine: starts by itself ($(unit_name agent), $(unit_name portal))."
  else say "  After a restart of the machine: './portal up' again."; fi
}

disable_units() {
  local each
  for each in portal agent; do
    ! has_unit "$each" || systemctl disable --quiet "$(unit_name "$each")"
  done
}

remove_units() {
  local each removed=
  has_systemd || return 0
  for each in portal agent; do
    has_unit "$each" || continue
    systemctl disable --quiet "$(unit_name "$each")" 2>/dev/null || true
    rm -f "$unit_folder/$(unit_name "$each")"
    removed=1
  done
  [ -z "$removed" ] || systemctl daemon-reload
}
