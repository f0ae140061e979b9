# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Commands of the portal's own program, for the person at the machine. They need the data root to themselves: a portal that runs is stopped meanwhile.

as_portal() {
  (in_portal_environment setpriv --reuid "$PORTAL_USER" --regid "$PORTAL_USER" --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    env --chdir="$PORTAL_PREFIX/web" "$PORTAL_PREFIX/web/portal-web" "$@")
}

portal_command() {
  case "$*" in
    'audit verify') ;;
    audit*) fail "'./portal audit' takes 'verify'." ;;
    *) [ $# -eq 3 ] && [ "$2" = reset ] || fail "'./portal administrator' takes 'reset NAME'." ;;
  esac
  need_root "$1"
  [ -x "$PORTAL_PREFIX/web/portal-web" ] || fail "Portal is not installed in $PORTAL_PREFIX; './portal up' does that."
  local dotnet_root was='' code=0
  if [ -x "$PORTAL_PREFIX/dotnet/dotnet" ]; then dotnet_root=$PORTAL_PREFIX/dotnet
  else
    need_sdk
    dotnet_root=$(sdk_directory)
  fi
  # It comes back where it was.
  find_portal_port
  describe_portal
  if process_id portal >/dev/null; then
    step "Stopping the portal meanwhile; containers keep running"
    halt portal 15
    was=1
  fi
  as_portal "$@" || code=$?
  if [ -n "$was" ]; then
    step "Starting the portal again"
    start_portal
  fi
  return $code
}
