# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared between the parts
# Unit and end-to-end tests. CI calls exactly this. Everything end-to-end lives below one temporary root, with its own
# socket, bridge, subnet, cgroup and ports, so that an installed Portal is not disturbed, and is taken down at the end.

test_passed=0 test_failed=0 test_skipped=0

# add_results NAME FILE EXIT: sums an xunit v3 report. A test program that broke before it could report is one failure.
add_results() {
  local name=$1 file=$2 code=$3 counts passed=0 failed=0 skipped=0
  if [ -s "$file" ] && counts=$(grep -o '<assembly [^>]*>' "$file" | head -n 1) && [ -n "$counts" ]; then
    passed=$(sed -n 's/.* passed="\([0-9]*\)".*/\1/p' <<<"$counts")
    failed=$(($(sed -n 's/.* failed="\([0-9]*\)".*/\1/p' <<<"$counts") + $(sed -n 's/.* errors="\([0-9]*\)".*/\1/p' <<<"$counts")))
    skipped=$(sed -n 's/.* skipped="\([0-9]*\)".*/\1/p' <<<"$counts")
  fi
  # 8 is the runner's word for "there are no tests here".
  if [ "$code" -ne 0 ] && [ "$code" -ne 8 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  say "$name: $passed passed, $failed failed, $skipped skipped"
  test_passed=$((test_passed + passed)) test_failed=$((test_failed + failed)) test_skipped=$((test_skipped + skipped))
}

# run_tests LABEL PROJECT [VARIABLE=VALUE...] [-- OPTION...]
run_tests() {
  local label=$1 project=$2 code=0 file settings=()
  shift 2
  while [ $# -gt 0 ] && [ "$1" != -- ]; do settings+=("$1") && shift; done
  [ $# -eq 0 ] || shift
  local program
  program=$(build_root)/bin/$project/release/$project
  file=$test_root/results/$label.xml
  mkdir -p "$test_root/results"
  if [ ! -x "$program" ]; then
    say "$label: not built"
    test_failed=$((test_failed + 1))
    return
  fi
  step "$label"
  env "${settings[@]}" "$program" -noLogo -noColor -xml "$file" "$@" >"$file.log" 2>&1 || code=$?
  if [ $code -ne 0 ] && [ $code -ne 8 ]; then
    # What failed and why; or everything, when the program did not come as far as a summary.
    if grep -q '\[FAIL\]' "$file.log"; then sed -n '/\[FAIL\]/,/Stack Trace:/p' "$file.log"
    else tail -n 60 "$file.log"; fi
  fi
  add_results "$label" "$file" $code
}

# Ends whatever a test program that was killed left behind. Each fixture writes below PORTAL_E2E_ROOT what it started:
# NAME/pids (pid and start time per line) and NAME/teardown (the agent's arguments, one per line).
sweep_tests() {
  local place pid started arguments
  [ -n "${test_root:-}" ] || return 0
  for place in "$test_root"/*/pids; do
    [ -e "$place" ] || continue
    while read -r pid started; do
      [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ] && kill -KILL "$pid" 2>/dev/null
    done <"$place"
  done
  for place in "$test_root"/*/teardown; do
    [ -e "$place" ] || continue
    mapfile -t arguments <"$place"
    timeout 60 "$test_root/install/agent/portal-agent" teardown "${arguments[@]}" >/dev/null 2>&1 ||
      say "portal: what the killed test left in $(dirname "$place") could not be taken down wholly" >&2
  done
  awk '{print $5}' /proc/self/mountinfo | sort -r | while read -r place; do
    case $place in "$test_root"/*) umount -l "$place" 2>/dev/null || true ;; esac
  done
  release_cgroups
  rm -rf "$test_root"
}

# The browser: Debian's own, or where the distribution only has a snap (Ubuntu), the one that Playwright fetches.
find_browser() {
  local candidate
  for candidate in "${PORTAL_E2E_CHROMIUM:-}" /usr/bin/chromium /usr/bin/google-chrome; do
    [ -z "$candidate" ] || [ ! -x "$candidate" ] || { browser=$candidate && return; }
  done
  if [ "$(. /etc/os-release && echo "$ID")" = debian ]; then
    apt_install chromium
    browser=/usr/bin/chromium
    return
  fi
  local driver
  driver=$(build_root)/bin/Portal.Web.E2E/release/.playwright
  step "Fetching a browser, because the distribution's Chromium is a snap"
  export PLAYWRIGHT_BROWSERS_PATH=$PORTAL_CACHE_ROOT/browsers
  local node
  node=$(find "$driver/node" -name node -type f | head -n 1)
  "$node" "$driver/package/cli.js" install --with-deps chromium >/dev/null ||
    fail "Playwright could not fetch a browser; install Chrome and name it in PORTAL_E2E_CHROMIUM."
  browser=
}

# The docker CLIs on PATH, "version path" per line, oldest first.
docker_clis() {
  local program version
  type -ap docker | while read -r program; do
    version=$("$program" --version 2>/dev/null | sed -n 's/^Docker version \([^, ]*\).*/\1/p')
    [ -z "$version" ] || echo "$version $(readlink -f "$program")"
  done | sort -uV
}

# Clients of every age must do: the engine's tests run with the newest CLI first, and with the oldest the second time.
find_docker_clis() {
  local clis
  command -v docker >/dev/null ||
    borrow_packages "$(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io)"
  mapfile -t clis < <(docker_clis)
  [ ${#clis[@]} -gt 0 ] || fail "The docker CLI does not tell its version; 'docker --version' says why."
  read -r oldest_docker_version oldest_docker <<<"${clis[0]}"
  read -r newest_docker_version newest_docker <<<"${clis[-1]}"
}

# PostgreSQL for the portal's tests and an application of the engine's: installed, it would start a server by itself. $postgres is where it is unpacked.
find_postgres() {
  local packages
  postgres=
  if compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then return; fi
  [ -n "$apt_fresh" ] || apt-get update -q >/dev/null 2>&1 || fail "apt-get update failed; check the network and /etc/apt, then run the command again."
  apt_fresh=1
  # The programs themselves and the libraries that this machine does not have, without those for writing extensions.
  mapfile -t packages < <(apt-get install -s --no-install-recommends postgresql |
    awk '$1 == "Inst" && $2 ~ /^(postgresql-[0-9]|postgresql-client-[0-9]|lib)/ && $2 !~ /perl|llvm|libz3/ {print $2}')
  borrow_packages "${packages[@]}"
  postgres=$PORTAL_CACHE_ROOT/borrowed
}

test_unit() {
  local project
  for project in "$repo"/tests/unit/*.Tests; do
    project=${project##*/}
    run_tests "$project" "$project"
  done
}

# What people, access and the audit log do is the same on either database: the tests of that once more, on PostgreSQL.
test_postgres() {
  run_tests Portal.Api.Tests-postgres Portal.Api.Tests PORTAL_TEST_DATABASE=postgres -- \
    -namespace 'Portal.Api.Tests.Access*' -namespace 'Portal.Api.Tests.Security*' -namespace 'Portal.Api.Tests.Audit*' -namespace 'Portal.Api.Tests.Commands*' \
    -namespace 'Portal.Api.Tests.Adapters.Storage*'
}

test_e2e() {
  test_postgres
  say "Docker CLI of the tests: $newest_docker_version; of those of the native agent: $oldest_docker_version"
  run_tests Portal.Runtime.E2E Portal.Runtime.E2E
  run_tests Portal.Engine.E2E Portal.Engine.E2E PORTAL_E2E_AGENT="$test_root/install/agent/portal-agent" PORTAL_E2E_DOCKER="$newest_docker"
  run_tests Portal.Testcontainers.E2E Portal.Testcontainers.E2E PORTAL_E2E_AGENT="$test_root/install/agent/portal-agent" PORTAL_E2E_DOCKER="$newest_docker"
  run_tests Portal.Web.E2E Portal.Web.E2E PORTAL_E2E_AGENT="$test_root/install/agent/portal-agent" \
    PORTAL_E2E_WEB="$test_root/install/web/portal-web" PORTAL_E2E_CHROMIUM="$browser" PORTAL_E2E_DOCKER="$newest_docker"
  step "Packing the agent as a native binary"
  if (pack_agent); then
    # What takes long and no agent can change is for one of the two.
    run_tests Portal.Engine.E2E-native Portal.Engine.E2E PORTAL_E2E_AGENT="$(pack_place)/$(pack_name)/portal-agent" PORTAL_E2E_DOCKER="$oldest_docker" \
      -- -trait- Agent=one
  else
    say "pack: failed"
    test_failed=$((test_failed + 1))
  fi
}

portal_test() {
  local what=${1:-all}
  [ $# -eq 0 ] || shift
  no_arguments test "$@"
  case $what in all | unit | e2e) ;; *) fail "'./portal test' takes 'unit' or 'e2e', not '$what'." ;; esac
  need_sdk
  need_disk "$(build_root)"
  test_root=
  if [ "$what" != unit ]; then
    need_root test
    install_packages
    check_floors
    need_native_toolchain
    # Docker Engine itself, to compare with; its package has the CLI that speaks BuildKit without a plugin.
    command -v dockerd >/dev/null || borrow_packages docker.io containerd runc
    find_docker_clis
    command -v strace >/dev/null || apt_install strace
    command -v docker-registry >/dev/null || borrow_packages docker-registry
    command -v podman >/dev/null || apt_install podman
    command -v skopeo >/dev/null || apt_install skopeo
    command -v socat >/dev/null || apt_install socat
    command -v git >/dev/null || apt_install git
    command -v docker-compose >/dev/null || docker compose version >/dev/null 2>&1 || apt_install docker-compose
    find_postgres
    export PORTAL_E2E_POSTGRES=$postgres
  fi
  test_root=$(mktemp -d /var/tmp/portal-test.XXXXXX)
  chmod 0755 "$test_root"
  PORTAL_RUN_ROOT=$test_root/run
  mkdir -p "$PORTAL_RUN_ROOT"
  trap sweep_tests EXIT
  trap 'exit 130' INT TERM

  step "Building"
  PORTAL_ARTIFACTS=$(build_root)/
  export PORTAL_ARTIFACTS
  dotnet_quietly build "$repo/Portal.sln" -c Release -v q || fail "The build failed; the lines above say why."

  if [ "$what" != e2e ]; then test_unit; fi
  if [ "$what" != unit ]; then
    find_browser
    prepare_cgroups
    choose_oci_runtime
    export PORTAL_E2E_OCI_RUNTIME=$oci_runtime PORTAL_E2E_ROOT=$test_root
    step "Publishing agent and portal"
    publish "$test_root/install" || fail "Publishing failed; the lines above say why."
    chmod -R u=rwX,go=rX "$test_root/install"
    test_e2e
  fi

  sweep_tests
  test_root=
  say "$test_passed passed, $test_failed failed, $test_skipped skipped"
  [ $test_failed -eq 0 ]
}
