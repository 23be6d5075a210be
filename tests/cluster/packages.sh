#!/bin/sh
# Installs the Debian packages the test cluster is made of. Needs root; installs nothing when all are there.
# Takes no arguments. Not needed where Docker and kind are used, or where SPECCHECK_TEST_KUBECONFIG names a cluster.
set -eu

packages="buildah containerd containernetworking-plugins conntrack debian-archive-keyring debootstrap etcd-server
iproute2 iptables openssl procps runc util-linux"

missing=""
for package in $packages; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || state=absent
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "$0: missing$missing: run this script as root to install them" >&2
    exit 1
fi

# The harness starts what it needs itself; a service of the machine must not start beside it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing
