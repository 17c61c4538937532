#!/usr/bin/env bash
# Installs the Debian packages needed for the purposes named: run, cluster, test, bench, protos.
# Silent and fast when all are there. Needs root or sudo otherwise. Asks nothing.
#
#   scripts/deps.sh run test
set -euo pipefail

usage() { echo "usage: scripts/deps.sh run|cluster|test|bench|protos ..." >&2; exit 64; }
[ $# -gt 0 ] || usage

# One line per package: what needs it.
declare -A why=(
  [git]="SwiftPM fetches packages with it"
  [libnghttp2-dev]="the HTTP/2 framing that Sources/HTTP2 stands on"
  [zlib1g-dev]="gzip and deflate of gRPC messages"
  [pkg-config]="SwiftPM finds libnghttp2 and zlib with it"
  [protobuf-compiler]="protoc: descriptor sets and stubs from Protos/"
  [protobuf-c-compiler]="protoc-gen-c: the second opinion on our protobuf codec"
  [libprotobuf-c-dev]="what protoc-gen-c's output is compiled against"
  [libprotobuf-dev]="google/protobuf/*.proto, and the C++ interop client"
  [libgrpc++-dev]="the C++ interop client"
  [protobuf-compiler-grpc]="grpc_cpp_plugin: stubs of the C++ interop client"
  [g++]="compiles the C++ interop client"
  [gcc]="compiles the memcached load generator and the malloc counter"
  [libc6-dev]="headers for what gcc compiles"
  [python3]="the interop tests, the style check and the benchmark runner"
  [python3-venv]="the environment of the Python interop tests"
  [etcd-server]="the etcd of make cluster and of the tests"
  [nghttp2-client]="h2load, the HTTP/2 load generator"
  [nghttp2-server]="nghttpd, to compare with"
  [redis-server]="to compare with"
  [redis-tools]="redis-benchmark, the load generator for Redis"
  [memcached]="to compare with"
  [openssl]="the certificate of the TLS benchmark"
  [util-linux]="taskset: one core for the server, one for the load"
)
run="git libnghttp2-dev zlib1g-dev pkg-config"
protos="protobuf-compiler libprotobuf-dev python3"
wanted=()
for purpose in "$@"; do
  case $purpose in
    run) wanted+=($run) ;;
    cluster) wanted+=(etcd-server) ;;
    protos) wanted+=($protos) ;;
    test)
      wanted+=($run $protos protobuf-c-compiler libprotobuf-c-dev libgrpc++-dev
        protobuf-compiler-grpc g++ gcc libc6-dev python3-venv nghttp2-client etcd-server) ;;
    bench)
      wanted+=(gcc libc6-dev python3 nghttp2-client nghttp2-server redis-server redis-tools
        memcached openssl util-linux) ;;
    *) usage ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "deps: not a Debian system, so nothing is installed; needed are: ${wanted[*]}" >&2
  exit 0
fi
# dpkg-query exits with 1 when it knows one of the packages not at all: that one is missing.
installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' "${wanted[@]}" \
  2>/dev/null | sed -n 's/^installed \([^:]*\).*/\1/p' || true)
missing=()
for package in $(printf '%s\n' "${wanted[@]}" | sort -u); do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  echo "deps: installing for $*:"
  for package in "${missing[@]}"; do printf '  %-24s %s\n' "$package" "${why[$package]}"; done
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
      echo "deps: this needs root, and there is no sudo. As root, run:" >&2
      echo "  apt-get install ${missing[*]}" >&2
      exit 77
    }
    as_root=(sudo)
  fi

  # Debian starts a server when it installs it; ours are started by tests and benchmarks alone, on
  # ports of their own. The policy stands during the installation and only where there is none.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap '"${as_root[@]}" rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin $policy
  fi
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq install --yes --no-install-recommends "${missing[@]}"
  # Nor shall the next boot start what only this script brought.
  for package in redis-server memcached etcd-server; do
    if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" $package "* ]]; then
      # The service of etcd-server is called etcd.
      "${as_root[@]}" systemctl disable --quiet "${package/etcd-server/etcd}"
    fi
  done
fi

if [[ " $* " =~ \ (run|test)\  ]] && ! command -v swift >/dev/null; then
  echo "deps: there is no swift in PATH; install Swift 6.2 or newer: https://swift.org/install" >&2
  exit 69
fi
