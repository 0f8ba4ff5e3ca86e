#!/usr/bin/env bash
# Checks that README.md lists all verbs, and docs/api.md the roles that they need.
#
# usage: tests/man/readme.sh [--fix] MANUAL DOCUMENT
#   MANUAL   the program that makes manual pages and tables from the table of verbs
#   --fix    rewrite the document

set -euo pipefail

fix=''
if [[ ${1:-} == --fix ]]; then fix=1; shift; fi
manual=$1 readme=$2
wanted=$("$manual" "$readme")
if [[ $fix ]]; then
  printf '%s\n' "$wanted" >"$readme"
elif ! diff "$readme" - <<<"$wanted"; then
  echo "${readme##*/} is not what the table of verbs says; scripts/check --fix mends it"
  exit 1
fi
