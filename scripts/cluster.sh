#!/usr/bin/env bash
# An etcd and three nodes on loopback, as one cache, until Ctrl-C: scripts/cluster.sh [FLAG OF SERVE]...
# Nodes listen on 7601 to 7603 (the first of them is $PORT), etcd below them on 7599, its peers on 7598.
# What they say is in files; only what goes wrong is shown.
set -euo pipefail
cd "$(dirname "$0")/.."

larder=.build/release/larder
first=${PORT:-7601}
etcd_port=$((first - 2))
folder=$(mktemp -d "${TMPDIR:-/tmp}/larder-cluster.XXXXXX")
etcd_pid=
node_pids=()

# Nodes first: each tells the others through etcd that it goes.
stop() {
  trap '' INT TERM
  trap - EXIT
  echo "cluster: stopping"
  kill -TERM "${node_pids[@]}" 2>/dev/null || true
  wait "${node_pids[@]}" 2>/dev/null || true
  kill -TERM $etcd_pid 2>/dev/null || true
  wait $etcd_pid 2>/dev/null || true
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 0' INT TERM

# fail WHO LOG: says why, with the end of what it has said.
fail() {
  echo "cluster: $1 did not come up; its last words:" >&2
  tail -n 5 "$2" >&2
  exit 1
}

# until_ready WHO PID LOG COMMAND...: waits at most 20 s.
until_ready() {
  local who=$1 pid=$2 log=$3 end=$((SECONDS + 20))
  shift 3
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ] || fail "$who" "$log"
    sleep 0.1
  done
}

accepts() { (: </dev/tcp/127.0.0.1/"$1") }

# A Ctrl-C goes to the whole group; each of these is told to stop in its turn instead.
peer_url=http://127.0.0.1:$((etcd_port - 1))
setsid etcd --name cluster --data-dir "$folder/etcd" \
  --listen-client-urls "http://127.0.0.1:$etcd_port" \
  --advertise-client-urls "http://127.0.0.1:$etcd_port" \
  --listen-peer-urls "$peer_url" --initial-advertise-peer-urls "$peer_url" \
  --initial-cluster "cluster=$peer_url" >"$folder/etcd.log" 2>&1 &
etcd_pid=$!
until_ready etcd $etcd_pid "$folder/etcd.log" accepts "$etcd_port"

for number in 0 1 2; do
  setsid "$larder" serve --listen "127.0.0.1:$((first + number))" --admin off \
    --etcd "127.0.0.1:$etcd_port" "$@" >"$folder/node$((number + 1)).log" 2>&1 &
  node_pids+=($!)
done
for number in 0 1 2; do
  address=127.0.0.1:$((first + number))
  until_ready "node $address" "${node_pids[$number]}" "$folder/node$((number + 1)).log" \
    "$larder" health --target "$address"
done

"$larder" status --target "127.0.0.1:$first"
cat <<TEXT

One cache of three nodes, etcd at 127.0.0.1:$etcd_port, logs in $folder. Any node answers for any key:

  $larder set greeting hello --target 127.0.0.1:$first
  $larder get greeting --target 127.0.0.1:$((first + 1))
  $larder ring greeting --target 127.0.0.1:$((first + 2))

Ctrl-C stops all.
TEXT
# What ends by itself is told; the others go on, as they should.
for _ in "$etcd_pid" "${node_pids[@]}"; do
  status=0
  wait -n -p ended "$etcd_pid" "${node_pids[@]}" || status=$?
  echo "cluster: process $ended has ended with status $status; its log is in $folder" >&2
done
