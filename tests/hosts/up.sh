#!/usr/bin/env bash
# N hosts n1..nN on this machine: network namespaces at 10.99.0.1, .2, ..., behind one switch.  This one becomes `front`
# at 10.99.0.254.
#   tests/hosts/up.sh N          under tests/apart.sh, with which they end
set -euo pipefail
hostname front
ip link add switch type bridge
ip address add 10.99.0.254/24 dev switch
ip link set switch up
names=$(mktemp)
{ cat /etc/hosts && echo "10.99.0.254 front"; } >"$names"
chmod 644 "$names"
for ((host = 1; host <= $1; host++)); do
    ip netns add "n$host"
    ip link add "port$host" type veth peer name eth0 netns "n$host"
    ip link set "port$host" master switch up
    ip -n "n$host" address add "10.99.0.$host/24" dev eth0
    ip -n "n$host" link set eth0 up
    ip -n "n$host" link set lo up
    echo "10.99.0.$host n$host" >>"$names"
done
mount --bind "$names" /etc/hosts # in this mount namespace only
rm "$names"
