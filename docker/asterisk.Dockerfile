# Asterisk 22 LTS as Debian packages it, with none of the package's own configuration.
FROM debian:sid-slim

# PostgreSQL apart, everything runs as this user: Asterisk and Offhook share files.
ARG OFFHOOK_UID=10001

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      asterisk asterisk-core-sounds-en-gsm asterisk-moh-opsound-wav \
 && rm -rf /var/lib/apt/lists/* /etc/asterisk \
 && groupadd --gid "$OFFHOOK_UID" offhook \
 && useradd --uid "$OFFHOOK_UID" --gid offhook --no-create-home --home-dir /var/lib/asterisk offhook \
 && mkdir -p /etc/asterisk /run/asterisk /var/lib/offhook/prompts /var/spool/asterisk/monitor \
      /var/log/asterisk/cdr-custom /var/log/asterisk/cel-custom \
 && chown -R offhook:offhook /etc/asterisk /run/asterisk /var/lib/asterisk /var/lib/offhook \
      /var/log/asterisk /var/spool/asterisk

COPY --chmod=0755 docker/asterisk.sh /usr/local/bin/offhook-asterisk

USER offhook
CMD ["offhook-asterisk"]
