#!/bin/sh
# The main job in one go, on this machine alone: a design that holds, the same design repaired, and the race explained.
# Takes SPECCHECK (the command; default: speccheck on the PATH). Leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
speccheck=${SPECCHECK:-speccheck}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
expect() { # the exit status that the command is to have
    wanted=$1
    shift
    printf '$ %s\n' "speccheck $*"
    status=0
    "$speccheck" "$@" || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "demo: exit status $status, expected $wanted" >&2
        exit 1
    fi
}

say "1. Two-phase commit, as Gray and Lamport wrote it: every reachable state is visited."
expect 0 check specs/two_phase_commit.py --instance n3

say "2. A DNS balancer whose clean-up spares what is live: it holds with two deployers."
expect 0 check specs/dns_balancer --instance repaired

say "3. The manifest that a cluster would be given, and a zone that changes under it: the same answers without a cluster."
expect 1 run -f examples/demo --observations examples/demo/zone.jsonl

say "4. The same balancer without that care: a race between a slow deployer and another one's clean-up."
expect 1 check specs/dns_balancer --instance race --property no_inconsistent_root --itf "$work/race.itf.json"

say "5. The path that was found is replayed, and shows it again."
expect 1 replay specs/dns_balancer "$work/race.itf.json"

cat <<'END'

What happened: deployer-a picked an old plan and took the lock, then was slow. deployer-b took the lock over, applied
the newest plan, and let go. deployer-a then wrote its old plan over the newer one: it had checked, but long ago. Nothing
was wrong yet. When deployer-b cleaned up old plans, the live one was among them, and the root pointed at nothing.

Next: specs/dns_balancer/dns_balancer.py is the design, README.md shows the way to a cluster and to a spec of your own.
END
