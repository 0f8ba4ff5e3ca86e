#!/usr/bin/env bash
# Checks that a manual page is well-formed, and names every verb and option that its program's help names.
#
# usage: tests/man/manual.sh PAGE PROGRAM

set -euo pipefail

page=$1 program=$2 bad=0
complain() { printf '%s: %s\n' "${page##*/}" "$*"; bad=1; }

warnings=$(groff -man -ww -z "$page" 2>&1) || true
[[ ! $warnings ]] || complain "$warnings"

# Each paragraph is one long line without backspaces, so that words can be found as they are written.
text=$(groff -man -Tascii -P-c -P-b -P-u -rLL=2000n "$page" | tr -s ' \n' ' ')
help=$("$program" --help)
# In the help of axfrctl, a line with a verb begins with two blanks and lower-case words. Each verb has a help text of
# its own.
verbs=$(sed -n '/^verbs:/,/^options:/s/^  \([a-z-]*\( [a-z-]*\)\{0,1\}\).*/\1/p' <<<"$help" | sed 's/ $//')
while read -ra words; do
  (( ! ${#words[@]} )) || help+=$'\n'$("$program" help "${words[@]}")
done <<<"$verbs"
wanted=$(grep -oE -- '--[a-z][a-z0-9-]+' <<<"$help" | sort -u)
[[ $wanted ]] || complain "no option found in the help"
while read -r option; do
  grep -qF -- " $option " <<<"$text" || complain "lacks $option"
done <<<"$wanted"

while read -r verb; do
  [[ ! $verb ]] || grep -qF -- " $verb " <<<"$text" || complain "lacks '$verb'"
done <<<"$verbs"
exit $bad
