# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Readers of what strangers wrote, with inputs that are nearly right, for as long as wanted: the targets of FuzzTests, and the REST API (target api).

# ./portal fuzz [TARGET|all] [SECONDS]
portal_fuzz() {
  local target=${1:-all} seconds=${2:-60} project projects=(Portal.Runtime.Tests) seed findings code=0
  [ $# -le 2 ] || fail "'./portal fuzz' takes a target and a number of seconds, not '$3'."
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "'./portal fuzz' takes a number of seconds, not '$seconds'."
  case $target in
  api) projects=(Portal.Api.Tests) ;;
  all) projects+=(Portal.Api.Tests) ;;
  esac
  need_sdk
  need_disk "$(build_root)"
  PORTAL_ARTIFACTS=$(build_root)/
  export PORTAL_ARTIFACTS
  step "Building"
  for project in "${projects[@]}"; do
    dotnet_quietly build "$repo/tests/unit/$project" -c Release -v q || fail "The build failed; the lines above say why."
  done
  seed=${PORTAL_FUZZ_SEED:-$(date +%s)}
  findings=${PORTAL_FUZZ_FINDINGS:-$(build_root)/fuzz}
  step "Fuzzing $target for $seconds seconds each, from seed $seed; what breaks is kept in $findings"
  for project in "${projects[@]}"; do
    PORTAL_FUZZ_TARGET=$target PORTAL_FUZZ_SEED=$seed PORTAL_FUZZ_SECONDS=$seconds PORTAL_FUZZ_FINDINGS=$findings \
      "$(build_root)/bin/$project/release/$project" -noLogo -noColor -diagnostics -class "$project.Fuzz.FuzzTests" || code=$?
  done
  [ $code -eq 0 ] || fail "The lines above say what went wrong; an input that broke a promise is in $findings."
}
