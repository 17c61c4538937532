#!/usr/bin/env bash
# Feeds what takes bytes from strangers with bytes that nobody chose well, guided by coverage
# (libFuzzer). What fails is kept in Tests/FuzzTests/Findings, where `make test` replays it.
#
#   scripts/fuzz.sh                          every target, a minute each
#   scripts/fuzz.sh --seconds 600 server     one target, ten minutes
#   scripts/fuzz.sh --replay FILE server     one input again
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  echo "targets: $(targets)"
}
targets() { sed -n 's/^ *name: "\([a-z-]*\)",.*/\1/p' Tests/FuzzTests/Targets/*.swift | sort | xargs; }

# Swift's own report of a trap would keep libFuzzer from writing the input down.
export SWIFT_BACKTRACE=enable=no

seconds=60
replay=
chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --replay) replay=${2:?--replay needs a file}; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *)
      [[ " $(targets) " == *" $1 "* ]] || { usage >&2; exit 64; }
      chosen+=("$1") ;;
  esac
  shift
done
[ ${#chosen[@]} -gt 0 ] || read -ra chosen <<<"$(targets)"

# Optimised, because a thousand times more inputs find more than unoptimised code does; with
# assertions and with access to what is internal, as in a debug build.
build=.build-fuzz
LARDER_BUILD_FUZZ=1 swift build --scratch-path $build --sanitize fuzzer --product larder-fuzz \
  -Xswiftc -O -Xswiftc -assert-config -Xswiftc Debug
program=$build/debug/larder-fuzz

if [ -n "$replay" ]; then
  FUZZ_TARGET=${chosen[0]} $program "$replay"
  exit
fi

# What one input may take: memory of the process, and time.
rss_limit_mb=2048
input_timeout_seconds=10
findings=0
for target in "${chosen[@]}"; do
  corpus=$build/corpus/$target
  artifacts=$build/artifacts/$target/
  mkdir -p "$corpus" "$artifacts"
  kept=()
  for folder in Tests/FuzzTests/Seeds/$target Tests/FuzzTests/Findings/$target; do
    if [ -d "$folder" ]; then kept+=("$folder"); fi
  done
  echo "=== $target, $seconds s"
  status=0
  FUZZ_TARGET=$target $program "$corpus" "${kept[@]}" -max_total_time="$seconds" \
    -rss_limit_mb=$rss_limit_mb -timeout=$input_timeout_seconds -artifact_prefix="$artifacts" \
    -max_len=4096 -print_final_stats=1 >"$build/$target.log" 2>&1 || status=$?
  grep -E '^#[0-9]+.*(pulse|REDUCE|NEW|DONE)' "$build/$target.log" | tail -1 || true
  sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|peak_rss_mb\): */  \1 /p' \
    "$build/$target.log"
  if [ $status -ne 0 ]; then
    findings=$((findings + 1))
    folder=Tests/FuzzTests/Findings/$target
    mkdir -p "$folder"
    for file in "$artifacts"*; do
      if [ -e "$file" ]; then mv "$file" "$folder/"; fi
    done
    echo "  FOUND something, kept in $folder; the trap is in $build/$target.log"
    echo "  again: scripts/fuzz.sh --replay $folder/FILE $target"
  fi
done
exit $((findings > 0))
