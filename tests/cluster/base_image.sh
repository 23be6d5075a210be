#!/bin/sh
# Makes the root file system of the base image that the tests build the project's image on: base_image.sh DIRECTORY
# Debian's smallest system with Python, from Debian's own packages. Needs root and a Debian mirror.
set -eu

root=$1
debootstrap --variant=minbase --include=python3,python3-venv,libseccomp2,ca-certificates bookworm "$root"

# What only an installation needs, and what would tell one machine's build from another's.
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/cache/ldconfig/* "$root"/var/log/* \
    "$root"/usr/share/doc/* "$root"/usr/share/info/* "$root"/usr/share/locale/* "$root"/usr/share/man/*
rm -f "$root"/etc/hostname "$root"/etc/resolv.conf "$root"/etc/machine-id "$root"/var/lib/dbus/machine-id
