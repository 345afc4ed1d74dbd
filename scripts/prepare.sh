# Sourced by ./lambda and scripts/test: finds the SDK, fetches libchdb, builds when sources changed. Progress goes to stderr.

root="$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)"
artifacts="$root/artifacts"
run="$artifacts/run/current"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 MSBUILDDISABLENODEREUSE=1

say() { printf 'lambda: %s\n' "$*" >&2; }

fail_environment() {
  say "$@"
  exit 3
}

# Sets $dotnet. Also looks where the official install script puts it.
find_dotnet() {
  dotnet="$(command -v dotnet || true)"
  [[ -n $dotnet || ! -x $HOME/.dotnet/dotnet ]] || dotnet="$HOME/.dotnet/dotnet"
  [[ -n $dotnet ]] || need_sdk 'none'
}

check_sdk() {
  local found
  found="$("$dotnet" --list-sdks 2>/dev/null | cut -d' ' -f1 | tr '\n' ' ' || true)"
  [[ " $found" == *" 10."* ]] || need_sdk "${found:-none}"
}

need_sdk() {
  fail_environment "the .NET 10 SDK is needed; found: $1
  Debian, Ubuntu:  sudo apt-get install dotnet-sdk-10.0
  anywhere:        curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0   (into ~/.dotnet, no root needed)
  or see           https://dotnet.microsoft.com/download/dotnet/10.0"
}

# libchdb, the embedded ClickHouse: once per machine, into a cache folder. Not needed when a ClickHouse server was named.
fetch_libraries() {
  [[ -z ${LAMBDA_WAREHOUSE:-} && " $* " != *" --warehouse"* && " $* " != *" --help "* && " $* " != *" -h "* ]] || return 0
  "$root/scripts/fetch-chdb" >/dev/null || fail_environment 'libchdb could not be fetched (see above); with a ClickHouse server of your own: --warehouse URL'
}

# PostgreSQL's programs for the cluster's own server.
fetch_postgres() {
  [[ -z ${LAMBDA_POSTGRES:-} && " $* " != *" --postgres"* && " $* " != *" --help "* && " $* " != *" -h "* ]] || return 0
  "$root/scripts/fetch-postgres" >/dev/null || fail_environment 'PostgreSQL is missing (see above); with a server of your own: LAMBDA_POSTGRES'
}

# Runs "$@" with the build lock. Background compilers must not inherit the lock's descriptor, or they would keep it.
with_build_lock() {
  mkdir -p "$artifacts"
  exec 9>"$artifacts/.lock"
  if command -v flock >/dev/null; then
    flock -n 9 || { say 'another build is running; waiting for it'; flock 9; }
  fi
  "$@"
  exec 9>&-
}

# True when something below the given paths is newer than the stamp (folders count: a deleted file touches its folder).
is_stale() {
  local stamp="$1"
  shift
  [[ ! -e $stamp ]] || [[ -n $(cd "$root" && find "$@" -name node_modules -prune -o -newer "$stamp" -print -quit 2>/dev/null) ]]
}

host_sources=(src views samples build Directory.Build.props Directory.Build.targets Directory.Packages.props)

build_host() {
  if [[ -e $run/bin/Cluster/release/Lambda.Cluster.dll ]] && ! is_stale "$artifacts/.host-stamp" "${host_sources[@]}"; then return; fi
  with_build_lock build_host_locked
}

# Built programs are copied to a folder of their own: a host that runs keeps its files when the next build replaces them.
build_host_locked() {
  if [[ -e $run/bin/Cluster/release/Lambda.Cluster.dll ]] && ! is_stale "$artifacts/.host-stamp" "${host_sources[@]}"; then return; fi
  check_sdk
  local began="$artifacts/.began.$$" to project
  touch "$began"
  build "$root/src/Cluster/Cluster/Cluster.csproj"
  to="$artifacts/run/$(date +%s%N)"
  for project in Cluster Warehouse.Local SpeedLayer.KafkaMock; do
    mkdir -p "$to/bin/$project"
    cp -r "$artifacts/bin/$project/release" "$to/bin/$project/release"
  done
  ln -sfn "$(basename "$to")" "$run"
  mv -f "$began" "$artifacts/.host-stamp"
  forget_old_runs
}

# The load tests lie beside the host they were built with.
build_loadtests() {
  if [[ -e $run/bin/LoadTests/release/Lambda.LoadTests.dll ]] && ! is_stale "$artifacts/.loadtests-stamp" "${host_sources[@]}" loadtests; then return; fi
  with_build_lock build_loadtests_locked
}

build_loadtests_locked() {
  check_sdk
  local began="$artifacts/.began.$$"
  touch "$began"
  build "$root/loadtests/LoadTests/LoadTests.csproj"
  rm -rf "$run/bin/LoadTests"
  mkdir -p "$run/bin/LoadTests"
  cp -r "$artifacts/bin/LoadTests/release" "$run/bin/LoadTests/release"
  mv -f "$began" "$artifacts/.loadtests-stamp"
}

# Keeps the four newest builds: older ones may only be used by hosts that have long been running.
forget_old_runs() {
  local old
  for old in $(cd "$artifacts/run" && ls -d [0-9]* | sort -n | head -n -4); do rm -rf "${artifacts:?}/run/$old"; done
}

# build PROJECT [OPTION…]: restores and builds Release, quiet unless something is wrong.
build() {
  local project="$1" log="$artifacts/.build.$$.log" started=$SECONDS code=0
  shift
  say "building $(basename "$project") (a first build takes about a minute) …"
  "$dotnet" restore "$project" -v m --nologo "$@" >"$log" 2>&1 9>&- || code=$?
  if ((code != 0)); then
    fail_build "$log" "$code" 'NuGet restore failed: packages could not be fetched. Check the network and the package sources (dotnet nuget list source), then try again.'
  fi
  say_left_out "$log"
  "$dotnet" build "$project" -c Release --no-restore -v q --nologo "$@" >"$log" 2>&1 9>&- || code=$?
  ((code == 0)) || fail_build "$log" "$code" 'the build failed (see above)'
  rm -f "$log"
  say "built in $((SECONDS - started)) s"
}

# The one line of the restore that says which packages the feeds lack.
say_left_out() { sed -n 's/^ *\(left out: .*\)/lambda: \1/p' "$1" | sort -u >&2; }

# fail_build LOG CODE MESSAGE: a killed build has other causes than a failed one.
fail_build() {
  local log="$1" code="$2"
  { grep -E 'error' "$log" || tail -40 "$log"; } | sort -u | head -40 >&2
  rm -f "$log"
  ((code < 128)) || fail_environment "the build was killed by signal $((code - 128)): out of memory, or stopped by somebody"
  fail_environment "$3"
}
