#!/bin/sh
# Makes what must exist before the rest starts: passwords, once, kept in volumes, and Asterisk's
# configuration, each time. Arguments go to `offhook asterisk-conf`.
set -eu
umask 077
database=/var/lib/offhook/database

if [ ! -s $database/password ]; then
    python -c 'import secrets; print(secrets.token_urlsafe(24), end="")' >$database/password.new
    mv $database/password.new $database/password
fi
# The same password, where PostgreSQL's clients look for it.
printf '*:*:*:offhook:%s\n' "$(cat $database/password)" >$database/pgpass.new
mv $database/pgpass.new $database/pgpass

exec offhook asterisk-conf --config /etc/offhook/centre.yaml --state /var/lib/offhook/state \
    --to /etc/asterisk "$@"
