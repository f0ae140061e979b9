# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# The agent as one native binary (NativeAOT). Any trim or AOT warning is an error: what the compiler cannot prove fails at run time.

need_native_toolchain() {
  command -v clang >/dev/null || command -v gcc >/dev/null || { need_root pack && apt_install clang; }
  has_package zlib1g-dev || { need_root pack && apt_install zlib1g-dev; }
}

runtime_identifier() {
  case $(uname -m) in
    x86_64) echo linux-x64 ;;
    aarch64) echo linux-arm64 ;;
    *) fail "Portal runs on x86_64 and aarch64, and this machine is $(uname -m)." ;;
  esac
}

pack_place() { echo "$(build_root)/pack"; }
pack_name() { echo "portal-agent-$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$repo/Directory.Build.props")-$(runtime_identifier)"; }

# Builds PLACE/NAME/portal-agent, its archive and the archive's checksum.
pack_agent() {
  local rid name place staged linker=()
  rid=$(runtime_identifier)
  name=$(pack_name)
  place=$(pack_place)
  staged=$place/build
  rm -rf "$staged"
  PORTAL_ARTIFACTS=$(build_root)/
  export PORTAL_ARTIFACTS
  command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
  dotnet_quietly publish "$repo/src/Portal.Agent" -c Release -r "$rid" -p:IlcTreatWarningsAsErrors=true \
    -p:ILLinkTreatWarningsAsErrors=true "${linker[@]}" -o "$staged" -v q ||
    fail "The native build of the agent failed; the lines above say why."
  rm -rf "${place:?}/$name"
  mkdir -p "$place/$name"
  install -m 0755 "$staged/portal-agent" "$place/$name/portal-agent"
  rm -rf "$staged"
  tar --create --gzip --file "$place/$name.tar.gz" --directory "$place" --sort=name --owner=0 --group=0 --numeric-owner "$name"
  (cd "$place" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
}

portal_pack() {
  no_arguments pack "$@"
  need_sdk
  need_native_toolchain
  need_disk "$(build_root)"
  step "Building the agent as a native binary (takes a minute or two)"
  pack_agent
  step "Publishing the portal"
  publish_web "$(pack_place)/portal-web" || fail "The build of the portal failed; the lines above say why."
  copy_runtime "$(sdk_directory)" "$(pack_place)/dotnet"
  local packed
  packed=$(pack_place)/$(pack_name)
  say "$packed/portal-agent   $(($(stat -c %s "$packed/portal-agent") / 1048576)) MiB"
  say "$packed.tar.gz   and its .sha256"
  say "$(pack_place)/portal-web, dotnet   the portal and its runtime, for docker/portal.Dockerfile"
}

portal_bench() {
  local what=compare
  if [[ ${1:-} == load ]]; then
    what=load
    shift
  fi
  need_root bench
  need_sdk
  need_native_toolchain
  install_packages
  check_floors
  # A note of its own: an installed Portal takes back what it mounted itself.
  PORTAL_RUN_ROOT=$(mktemp -d)
  trap 'release_cgroups; rm -rf "$PORTAL_RUN_ROOT"' EXIT
  prepare_cgroups
  command -v python3 >/dev/null || apt_install python3
  command -v docker >/dev/null || borrow_packages "$(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io)"
  if [[ $what == load ]]; then
    bench_load "$@"
    return
  fi
  command -v dockerd >/dev/null || borrow_packages docker.io containerd runc
  command -v docker-registry >/dev/null || borrow_packages docker-registry
  command -v iptables >/dev/null || apt_install iptables
  step "Building the agent as a native binary"
  pack_agent
  "$repo/bench/compare" --agent "$(pack_place)/$(pack_name)/portal-agent" "$@"
}

# Many clients at the REST interface.
bench_load() {
  command -v wrk >/dev/null || apt_install wrk
  step "Building the agent as a native binary, and the portal"
  pack_agent
  publish_web "$(pack_place)/portal-web" || fail "The build of the portal failed; the lines above say why."
  "$repo/bench/load" --agent "$(pack_place)/$(pack_name)/portal-agent" --portal "$(pack_place)/portal-web/portal-web" "$@"
}
