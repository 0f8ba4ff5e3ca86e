# shellcheck shell=bash disable=SC2034
# Sourced by the other scripts of this directory; not a program.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$PATH:/usr/sbin:/sbin

# Debian's own interpreter: another python3 earlier in PATH would lack Debian's modules (dnspython, pytest).
python=/usr/bin/python3

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# Prints the comment at the head of the calling script, which is its usage text.
usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }
bad_usage() { say "${0##*/}: $*"; usage >&2; exit 2; }

need_root() { (( EUID == 0 )) || die "needs root: sudo $0"; }

# Hugepages of 2 MiB, which a script reserves while it runs.
hugepages=/sys/kernel/mm/hugepages/hugepages-2048kB

# reserve_hugepages COUNT: makes COUNT pages free and mounts a hugetlbfs, or fails.
reserve_hugepages() {
  local total free
  [[ -d $hugepages ]] || return 1
  total=$(<$hugepages/nr_hugepages) free=$(<$hugepages/free_hugepages)
  if (( free < $1 )); then
    hugepages_before=$total
    echo $(( total - free + $1 )) >$hugepages/nr_hugepages
    (( $(<$hugepages/free_hugepages) >= $1 )) || return 1
  fi
  grep -q ' hugetlbfs ' /proc/mounts || { mkdir -p /dev/hugepages && mount -t hugetlbfs none /dev/hugepages; }
}

# Gives back the pages that reserve_hugepages took. The mount stays, because it costs nothing.
release_hugepages() { [[ -z ${hugepages_before:-} ]] || echo "$hugepages_before" >$hugepages/nr_hugepages; }
