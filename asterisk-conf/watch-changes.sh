#!/bin/sh
# Has Asterisk reload what Offhook changes in its configuration while calls go on: phones, lines and
# numbers. It runs beside Asterisk, as Asterisk's user, so that nobody needs more rights in AMI:
#
#   sh watch-changes.sh [again] GENERATED asterisk -C /etc/asterisk/asterisk.conf
#
# GENERATED is the folder of the files; the rest is how Asterisk's console is reached. Start it
# before Asterisk: it takes what it finds first for what Asterisk reads. With "again", what it finds
# is reloaded at first. It needs nothing but sh, coreutils (or busybox) and sed. What it reports is
# one line each, on standard error.
set -u

again=
if [ "$1" = again ]; then
    again=1
    shift
fi
generated=$1
shift

phones=pjsip_stations.conf
lines=pjsip_lines.conf
dialplan='twins.conf hotlines.conf own_phones.conf stations.conf transfer.conf'
queue=queue_members.conf
silent_s=30  # after which an Asterisk that doesn't answer is reported
look_first_s=5 look_last_s=30  # when lines' hosts are looked up again: at first, and at last

say() { printf 'offhook: %s\n' "$*" >&2; }

# The sums of these files' contents; changed content is what counts, whoever wrote it and when.
sums() { (cd "$generated" && cksum "$@") 2>/dev/null; }

# console COMMAND asterisk...: what Asterisk's console answers. Nobody is waited for for ever.
console() {
    command=$1
    shift
    timeout 30 "$@" -rx "$command" 2>&1 </dev/null
}

# reload WHAT EXPECTED COMMAND asterisk...: 0 when Asterisk has done it or has refused to, which is
# reported and not tried again before the next change; 1 when it doesn't answer.
reload() {
    what=$1 expected=$2 command=$3
    shift 3
    said=$(console "$command" "$@") || return 1
    case $said in
        *'Unable to connect'*) return 1 ;;
        *"$expected"*) ;;
        *) say "Asterisk did not take over the new $what ($command): $(in_one_line "$said");" \
            "the old ones stay in force; Asterisk's log says why" ;;
    esac
}

in_one_line() { printf '%s' "$1" | tr -c '[:print:]' ' ' | cut -c 1-200; }

# digests: each phone and line that registers, with what is kept of its password.
digests() {
    sed -n -e '/^\[.*\](digest)/{s/^\[\(.*\)\].*/\1/;h;}' \
        -e '/^md5_cred = /{s/^md5_cred = //;H;x;s/\n/ /p;}' \
        "$generated/$phones" "$generated/$lines" 2>/dev/null
}

# expire NAME KEY asterisk...: has Asterisk itself end a registration, by one in its place that has
# long expired. Of one that is deleted from the database alone it would go on asking whether the
# phone is there, and take that for the phone of whoever has the new password.
expire() {
    name=$1 key=$2
    shift 2
    gone="{\\\"aor\\\":\\\"$name\\\",\\\"endpoint\\\":\\\"$name\\\",\\\"expiration_time\\\":\\\"1\\\","
    gone="$gone\\\"uri\\\":\\\"sip:$name@127.0.0.1\\\"}"
    console "database put registrar/contact $key \"$gone\"" "$@" >/dev/null
    console "pjsip show aor $name" "$@" >/dev/null  # it looks, and finds it expired
}

# forget asterisk...: ends the registrations of phones and lines that are no longer there, or have
# another password now. Asterisk keeps them in its database: it would ring a lost phone for an hour
# after its password was renewed, and know a removed one again if its name came back.
forget() {
    # Lines of the old that are not among the new. (printf is the shell's own: ps doesn't show it.)
    renewed=$(printf '%s\n' "$had_digests" "$now_digests" "$now_digests" |
        sort | uniq -u | sed 's/ .*//' | tr '\n' ' ')
    console 'database show registrar/contact' "$@" |
        sed -n 's|^/registrar/contact/\([A-Za-z0-9_-]*\)\(;@[0-9a-f]*\) *: .*|\1 \1\2|p' |
        while read -r name key; do
            case " $renewed" in
                *" $name "*) expire "$name" "$key" "$@" ;;
                *) ! grep -qs "^\[$name\](\(station\|line\)-aor)" \
                    "$generated/$phones" "$generated/$lines" || continue ;;
            esac
            console "database del registrar/contact $key" "$@" >/dev/null
        done
}

# register asterisk...: has lines whose registration was refused try again at once, because what
# has changed may be what the carrier refused.
register() {
    console 'pjsip show registrations' "$@" |
        sed -n 's|^ *\([A-Za-z0-9_-]*\)/.* Rejected.*|\1|p' |
        while read -r line; do console "pjsip send register $line" "$@" >/dev/null; done
}

# look asterisk...: has Asterisk look up again the names of lines' hosts that it has not found. It
# asks DNS once, when it reads its configuration, and takes the calls of a carrier whose name it did
# not find for a stranger's. After a power cut, DNS may come back later than this machine.
look() {
    unfound=
    while read -r line host; do
        [ -n "$line" ] || continue
        case $(console "pjsip show identify $line" "$@") in
            *'Unable to find object'*)
                unfound=1
                case " $missed " in *" $line "*) continue ;; esac
                missed="$missed $line" look_s=$look_first_s
                say "line $line: its host $host can't be found in DNS, so its calls are refused;" \
                    "it is looked for until it is found. Check DNS, or give the line the" \
                    "carrier's address"
                ;;
            *Identify*)
                case " $missed " in *" $line "*) ;; *) continue ;; esac
                missed=$(printf ' %s ' "$missed" | sed "s/ $line / /")
                say "line $line: its host $host has been found; its calls are accepted now"
                ;;
        esac
    done <<LINES
$(sed -n 's/^; looked up: //p' "$generated/$lines" 2>/dev/null)
LINES
    [ -z "$unfound" ] ||
        console 'module reload res_pjsip_endpoint_identifier_ip.so' "$@" >/dev/null
}

had=$(sums $phones $lines $dialplan $queue)
had_phones=$(sums $phones) had_lines=$(sums $lines)
had_dialplan=$(sums $dialplan) had_queue=$(sums $queue) had_digests=$(digests)
if [ -n "$again" ]; then
    had= had_phones= had_lines= had_dialplan= had_queue= had_digests=
fi
away=0 pause=1 missed='' look_s=$look_first_s look_in=$look_first_s
while sleep $pause; do
    look_in=$((look_in - pause)) pause=1
    if [ $look_in -le 0 ]; then
        look_s=$((look_s * 2))
        look "$@"
        [ $look_s -le $look_last_s ] || look_s=$look_last_s
        look_in=$look_s
    fi
    now=$(sums $phones $lines $dialplan $queue)
    [ "$now" != "$had" ] || continue
    # The pause is longer after a reload, so that a hundred changes in ten seconds are a few.
    pause=2
    # A reload while Asterisk starts would only be queued.
    case $(console 'core waitfullybooted' "$@") in
        *'fully booted'*) away=0 ;;
        *)
            away=$((away + 2))
            if [ $away -eq $silent_s ]; then
                say "Asterisk has not answered for $away s, so changes of phones, lines and" \
                    'numbers are not in force yet'
            fi
            continue
            ;;
    esac
    # What changes from here on is taken over the next time: it differs from $now.
    now_phones=$(sums $phones) now_lines=$(sums $lines)
    now_dialplan=$(sums $dialplan) now_queue=$(sums $queue) now_digests=$(digests)
    if [ "$now_phones$now_lines" != "$had_phones$had_lines" ]; then
        reload 'phones and lines' 'reloaded successfully' 'module reload res_pjsip.so' "$@" ||
            continue
        forget "$@"
        had_phones=$now_phones had_digests=$now_digests
    fi
    if [ "$now_lines" != "$had_lines" ]; then
        reload 'addresses of lines' 'reloaded successfully' \
            'module reload res_pjsip_endpoint_identifier_ip.so' "$@" &&
            reload 'registrations with carriers' 'reloaded successfully' \
                'module reload res_pjsip_outbound_registration.so' "$@" || continue
        register "$@"
        had_lines=$now_lines
    fi
    if [ "$now_dialplan" != "$had_dialplan" ]; then
        reload 'numbers' 'Dialplan reloaded' 'dialplan reload' "$@" || continue
        had_dialplan=$now_dialplan
    fi
    if [ "$now_queue" != "$had_queue" ]; then
        reload "phones of Asterisk's own queue" '' 'queue reload members' "$@" || continue
        had_queue=$now_queue
    fi
    had=$now
done
