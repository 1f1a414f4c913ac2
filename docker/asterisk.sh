#!/bin/sh
# Asterisk, with its two logs held to 20 MB and as much again of what they said before.
# What grows is copied aside and emptied, as Asterisk keeps it open for appending.
logs=${1:-/var/log/asterisk}
largest=${2:-20000000}
keep_small() {
    for log in "$logs/messages" "$logs/security"; do
        [ -f "$log" ] || continue
        if [ "$(stat -c %s "$log")" -gt "$largest" ]; then
            tail -c "$largest" "$log" >"$log.1" || rm -f "$log.1"
            : >"$log"
        fi
    done
}
if [ "${3:-}" = once ]; then
    keep_small
    exit
fi
while sleep 10; do keep_small; done &
exec asterisk -C /etc/asterisk/asterisk.conf -f
