#!/usr/bin/env bash
# How fast the port is, beside the ceiling: the same port when dpdk-testpmd only swaps addresses and sends packets back.
#
# usage: scripts/bench rate [--quick] [--port af_packet|af_xdp]
#   --quick   3 rounds of 2 s for each figure, not 5 of 5 s
#   --port    one kind of port; both unless told. af_xdp is an interface with the split door, for axfrd
#
# Echo and axfrd take turns on one veth, with one worker on CPU 1; the client and all else are on CPU 0. Figures are
# medians of answers per second:
#   kxdpgun   sends at a fixed rate, whatever comes back, and counts everything that does
#   dnsperf   keeps 100 queries in flight; it does not count echoes, which are no answers
# Mind that a generator near its own limit measures itself.

set -euo pipefail
. "$(dirname "$0")/../scripts/lib.sh"

rounds=5 seconds=5 kinds=(af_packet af_xdp)
while (( $# )); do
  case $1 in
    -h|--help) usage; exit ;;
    --quick) rounds=3 seconds=2 ;;
    --port)
      case ${2:-} in
        af_packet|af_xdp) kinds=("$2") ;;
        *) bad_usage "--port wants af_packet or af_xdp" ;;
      esac
      shift ;;
    *) bad_usage "unknown option $1" ;;
  esac
  shift
done
rates=(100000 150000 200000 300000 400000 500000 600000)

need_root
"$root/scripts/deps"
"$root/scripts/build" axfrd axfrctl >&2
(( $(nproc) >= 2 )) || die "needs two CPUs"

lab=("$root/scripts/lab" --lab axfrd-bench)
address=192.0.2.53
state=$(mktemp -d)
clean_up() {
  "${lab[@]}" down
  release_hugepages
  rm -rf "$state"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
reserve_hugepages 256 || die "needs 256 hugepages of 2 MiB"

mkdir "$state/zones"
"$python" "$root/tests/system/zones.py" make example.org 100000 >"$state/zones/example.org.zone"
"$python" "$root/tests/system/zones.py" queries "$state/zones/example.org.zone" >"$state/queries"

# start COMMAND...: in the appliance's namespace, until stop.
start() {
  "${lab[@]}" exec appliance "$@" >"$state/log" 2>&1 &
  server=$!
  local tries=100
  until grep -qE 'ready|5tswap packet forwarding' "$state/log"; do
    if ! kill -0 "$server" 2>/dev/null || (( tries-- == 0 )); then
      cat "$state/log" >&2
      die "$1 did not start"
    fi
    sleep 0.1
  done
}
stop() {
  kill "$server"
  wait "$server" || true
  # A program left behind on a veth slows down whoever is next.
  "${lab[@]}" exec appliance ip link set axp0 xdp off
}

# load COMMAND...: on the client's CPU.
load() {
  "${lab[@]}" exec client taskset -c 0 "$@" >"$state/out" 2>&1 || { cat "$state/out" >&2; die "$1 failed"; }
}
kxdpgun() {
  load kxdpgun -t "$seconds" -Q "$1" -i "$state/queries" "$address"
  "${lab[@]}" exec client ip link set eth0 xdp off
  sed -n 's/^total replies: .*(\([0-9]*\) pps).*/\1/p' "$state/out"
}
dnsperf() {
  load dnsperf -s "$address" -d "$state/queries" -l "$seconds" -t 1
  sed -n 's/.*Queries per second: *\([0-9]*\).*/\1/p' "$state/out"
}
median() { sort -n "$1" | sed -n "$(( (rounds + 1) / 2 ))p"; }

# lab_for KIND: sets `echo_port` for testpmd, and what axfrd is told.
lab_for() {
  case $1 in
    af_packet)
      "${lab[@]}" up --direct client
      echo_port=net_af_packet0,iface=axp0,blocksz=65536,framesz=2048,framecnt=4096,qpairs=1
      axfrd_port=(--port "$echo_port" --address "$address/24") ;;
    af_xdp)
      "${lab[@]}" up --direct --split client
      echo_port=net_af_xdp0,iface=axp0
      axfrd_port=(--port axp0) ;;
  esac
  # testpmd does not answer ARP.
  mac=$("${lab[@]}" exec appliance cat /sys/class/net/axp0/address)
  "${lab[@]}" exec client ip neighbour replace "$address" lladdr "$mac" dev eth0
}

# measure KIND: a table.
measure() {
  rm -f "$state"/echo.* "$state"/axfrd.*
  lab_for "$1"
  for (( round = 1; round <= rounds; round++ )); do
    say "$1, round $round of $rounds"
    # With a period for statistics, testpmd does not wait for input.
    start dpdk-testpmd -l 0,1 --no-pci --in-memory -m 256 --vdev="$echo_port" -- \
      --forward-mode=5tswap --auto-start --stats-period=1
    for rate in "${rates[@]}"; do kxdpgun "$rate" >>"$state/echo.$rate"; done
    stop
    start "$root/build/axfrd" "${axfrd_port[@]}" --store "$state/store" --zones-dir "$state/zones" \
      --control-socket "$state/control.sock" --worker-cpus 1 --control-cpus 0 --rate-limit 0
    for rate in "${rates[@]}"; do kxdpgun "$rate" >>"$state/axfrd.$rate"; done
    dnsperf >>"$state/axfrd.dnsperf"
    stop
  done
  "${lab[@]}" down

  printf '\n%s\n\n' "$1"
  echo "| offered by |     rate |     echo |    axfrd | axfrd/echo |"
  echo "|---|---:|---:|---:|---:|"
  for rate in "${rates[@]}"; do
    echo_rate=$(median "$state/echo.$rate") axfrd_rate=$(median "$state/axfrd.$rate")
    row kxdpgun "$rate" "$echo_rate" "$axfrd_rate" "$(awk "BEGIN { printf \"%.2f\", $axfrd_rate / $echo_rate }")"
  done
  row dnsperf "" "" "$(median "$state/axfrd.dnsperf")" ""
}
row() { printf '| %-10s | %8s | %8s | %8s | %10s |\n' "$@"; }

echo "One worker on a veth, a zone of 100 000 records; median of $rounds runs of $seconds s."
cpu=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
echo "$cpu, Linux $(uname -r), DPDK $(pkg-config --modversion libdpdk)"
for kind in "${kinds[@]}"; do measure "$kind"; done
