#!/usr/bin/env bash
# Runs the store's stress under the thread sanitiser: scripts/tsan.sh [SECONDS]
# A build of its own, with a lock that the sanitiser understands (SanitizerMutex.swift).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-20}
# The crash handler would hang in place of the sanitiser's report.
export SWIFT_BACKTRACE=enable=no
swift build --scratch-path .build-tsan --sanitize thread --product store-driver \
  -Xswiftc -O -Xswiftc -DLARDER_THREAD_SANITIZER
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" .build-tsan/debug/store-driver stress "$seconds"
