#!/usr/bin/env bash
# That README.md lists the verbs that there are.
#
# usage: tests/man/readme.sh [--fix] MANUAL README
#   MANUAL   the program that makes manual pages, and tables, of the table of verbs
#   --fix    rewrite README

set -euo pipefail

fix=''
if [[ ${1:-} == --fix ]]; then fix=1; shift; fi
manual=$1 readme=$2
wanted=$("$manual" "$readme")
if [[ $fix ]]; then
  printf '%s\n' "$wanted" >"$readme"
elif ! diff "$readme" - <<<"$wanted"; then
  echo "README.md is not what the table of verbs says; scripts/check --fix mends it"
  exit 1
fi
