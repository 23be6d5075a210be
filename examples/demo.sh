#!/bin/sh
# The main job in one go, on this machine alone: a design that holds, a live zone that broke it, and the race explained.
# Takes SPECCHECK (the command; default: speccheck on the PATH). Leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
speccheck=${SPECCHECK:-speccheck}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi

say() { # a heading, and what to look at
    printf '\n%s# %s%s\n' "$bold" "$1" "$plain"
    shift
    for line in "$@"; do printf '# %s\n' "$line"; done
}
expect() { # the exit status that the command is to have
    wanted=$1
    shift
    printf '%s$ speccheck %s%s\n' "$bold" "$*" "$plain"
    status=0
    "$speccheck" "$@" || status=$?
    if [ "$status" -ne "$wanted" ]; then
        echo "demo: exit status $status, expected $wanted" >&2
        exit 1
    fi
    printf '(exit status %s)\n' "$status"
}

say "1. Two-phase commit: every state it can reach is visited" \
    "A spec is a Python file. Its invariants are to hold in every state; its examples" \
    "show that things can happen at all. 288 is what Gray and Lamport's model has too."
expect 0 check specs/two_phase_commit.py --instance n3

say "2. A DNS balancer's design, repaired: it holds" \
    "A planner publishes plans. Deployers write them into a zone, and clean up old" \
    "ones. The service's name must always point at a plan that is there."
expect 0 check specs/dns_balancer --instance repaired

say "3. Does the live zone keep to it?" \
    "The manifests that a cluster would be given, and one night of the zone (made up" \
    "for this demo). Printed is what a cluster would show: conditions, and Events."
expect 1 run -f examples/demo --observations examples/demo/zone.jsonl
cat <<'END'

The design is Verified, but the zone was not always like it: from 03:12:09 to
03:26:31 its root pointed at nothing. In a cluster the two DriftDetected Events
come within seconds, on the zone's object and on the SpecCheck.
END

say "4. How could that be? The design that ran that night, before its repair" \
    "The search finds the shortest way there. Each step shows only what it changes."
expect 1 check specs/dns_balancer --instance race --property no_inconsistent_root --itf "$work/race.itf.json"

say "5. The path that was saved, taken again: it is no artefact of the search"
expect 1 replay specs/dns_balancer "$work/race.itf.json" >"$work/replay.txt"
sed -n '1,2p; /no_inconsistent_root/,/always/p; $p' "$work/replay.txt"

say "6. What an object shows may look right, and the way there still be wrong" \
    "A controller upgrades servers: out of the pool, upgrade, back in. It was made" \
    "quicker; here is a recording of it, held to its spec step by step."
expect 1 conform examples/conformance/pool.py -m examples/conformance/observe.yaml \
    examples/conformance/drifting.jsonl

cat <<END

${bold}# What happened${plain}
deployer-a picked plan 1 and took the lock, then was slow. Meanwhile deployer-b
took the lock over, wrote plan 3, the newest, and let go. Then deployer-a wrote
its old plan 1 over it: it had checked, but long ago. Nothing was wrong yet. But
when deployer-b cleaned up old plans, the live one was among them, and the root
pointed at nothing. No deployer did anything that looked wrong to itself.

And server b of the pool was upgraded while it served: no state showed it.

Next: specs/dns_balancer/dns_balancer.py is the design; README.md leads to a
cluster, and to a spec of your own.
END
