# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# The administrator's settings of the agent: lines NAME=VALUE in one file, where NAME is an option of `portal-agent --help`
# in the form of the environment (--log-driver as PORTAL_AGENT_LOG_DRIVER). Read as data, never as a script.

agent_settings_file() { echo "$PORTAL_CONFIG_ROOT/agent.env"; }

# What the running agent was started with, to see whether the file has changed since.
agent_settings_hash() { [ ! -e "$(agent_settings_file)" ] || sha256sum <"$(agent_settings_file)" | cut -c1-64; }
agent_settings_changed() { [ "$(agent_settings_hash)" != "$(cat "$PORTAL_RUN_ROOT/agent.settings" 2>/dev/null)" ]; }
remember_agent_settings() { agent_settings_hash >"$PORTAL_RUN_ROOT/agent.settings"; }

# Fills the array agent_settings. Places are this script's matter, and a name that the agent does not know is a mistake.
read_agent_settings() {
  local file line number=0 name known
  file=$(agent_settings_file)
  agent_settings=()
  [ -e "$file" ] || return 0
  # Who may write it decides what runs as root.
  [ "$(stat -c %u "$file")" = 0 ] && [ $((0$(stat -c %a "$file") & 022)) -eq 0 ] ||
    fail "$file must belong to root and be writable by root only: chown root $file; chmod go-w $file"
  known=$(DOTNET_ROOT=$dotnet_root "$PORTAL_PREFIX/agent/portal-agent" --help | sed -n 's/^  --\([a-z-]*\) .*/PORTAL_AGENT_\1/p' | tr a-z- A-Z_)
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in '' | '#'*) continue ;; esac
    name=${line%%=*}
    [ "$name" != "$line" ] || fail "$file, line $number: '$line' is not NAME=VALUE."
    case $name in
      PORTAL_AGENT_SOCKET | PORTAL_AGENT_SOCKET_GROUP | PORTAL_AGENT_DATA_ROOT | PORTAL_AGENT_RUN_ROOT | PORTAL_AGENT_BRIDGE_NAME | \
        PORTAL_AGENT_BRIDGE_SUBNET | PORTAL_AGENT_CGROUP_PARENT | PORTAL_AGENT_OCI_RUNTIME)
        fail "$file, line $number: $name is set by './portal up'; './portal help' lists how places are moved." ;;
    esac
    grep -qxF "$name" <<<"$known" || fail "$file, line $number: the agent has no setting $name; '$PORTAL_PREFIX/agent/portal-agent --help' lists them."
    agent_settings+=("$line")
  done <"$file"
}

# The administrator's settings of the portal, in the same form. There may be secrets in it.

portal_settings_file() { echo "$PORTAL_CONFIG_ROOT/portal.env"; }

portal_settings_hash() { [ ! -e "$(portal_settings_file)" ] || sha256sum <"$(portal_settings_file)" | cut -c1-64; }
portal_settings_changed() { [ "$(portal_settings_hash)" != "$(cat "$PORTAL_RUN_ROOT/portal.settings" 2>/dev/null)" ]; }
remember_portal_settings() { portal_settings_hash >"$PORTAL_RUN_ROOT/portal.settings"; }

# Fills the array portal_settings.
read_portal_settings() {
  local file line number=0 name
  file=$(portal_settings_file)
  portal_settings=()
  [ -e "$file" ] || return 0
  [ "$(stat -c %u "$file")" = 0 ] && [ $((0$(stat -c %a "$file") & 077)) -eq 0 ] ||
    fail "$file must belong to root, who alone may read it: chown root $file; chmod 600 $file"
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in '' | '#'*) continue ;; esac
    name=${line%%=*}
    [[ $line == *=* && $name =~ ^PORTAL_[A-Z_]+$ ]] || fail "$file, line $number is not PORTAL_NAME=VALUE."
    case $name in
      PORTAL_DATA_ROOT | PORTAL_HTTPS_PORT | PORTAL_AGENT_SOCKET)
        fail "$file, line $number: $name is set by './portal up'; './portal help' lists how places are moved." ;;
    esac
    portal_settings+=("$line")
  done <"$file"
}
