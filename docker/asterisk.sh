#!/bin/sh
# Runs Asterisk, has it reload what Offhook changes in its configuration, and limits each of its two
# logs to 20 MB, plus one older copy of that size. A log that has grown is copied and emptied,
# because Asterisk keeps it open for appending.
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
watch() {
    sh /etc/asterisk/watch-changes.sh "$@" /etc/asterisk/generated \
        asterisk -C /etc/asterisk/asterisk.conf
}
{ watch; while sleep 1; do watch again; done; } &
# It breaks times down by /etc/localtime alone, but makes seconds since 1970 of them by TZ.
unset TZ
exec asterisk -C /etc/asterisk/asterisk.conf -f
