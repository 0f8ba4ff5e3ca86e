#!/usr/bin/env bash
# What does an answer cost in instructions? Unlike nanoseconds they hardly change from one run to the next, so that the
# answering core of two builds can be compared on a machine that is busy: cases of bench_answer under callgrind.
#
# usage: bench/instructions.sh [-f CASES] BENCH_ANSWER...
#   -f CASES   a regular expression; without it, the cases that answer from unsigned zones
#
# Prints, for each case and program, the instructions a query. The copying of the request and the loop are among them.

set -euo pipefail
. "$(dirname "$0")/../scripts/lib.sh"

cases='one_zone_(hit|hit_one_name|nxdomain|delegation)|many_zones_(soa|hit|nxdomain)|refused'
while getopts hf: option; do
  case $option in
    h) usage; exit ;;
    f) cases=$OPTARG ;;
    *) bad_usage "unknown option" ;;
  esac
done
shift $((OPTIND - 1))
(( $# )) || bad_usage "a bench_answer is wanted"

out=$(mktemp)
trap 'rm -f "$out"' EXIT
printf '%-32s' case; printf '  %s' "$@"; echo
for case in $("$1" --benchmark_list_tests | grep -xE "$cases"); do
  printf '%-32s' "$case"
  for program; do
    valgrind --tool=callgrind --callgrind-out-file="$out" --compress-strings=no \
      --toggle-collect='axfrd::bench::(anonymous namespace)::answer*' \
      "$program" --benchmark_filter="^$case\$" --benchmark_min_time=0.1 >/dev/null 2>&1
    awk '/^summary:/ {total = $2}
         /^cfn=axfrd::zones::Query::parse/ {getline; sub("calls=", ""); queries += $1}
         END {printf "  %8.0f", total / queries}' "$out"
  done
  echo
done
