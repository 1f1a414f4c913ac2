# Two images: the controller with its console, and the far end that plays the telephone network.
FROM python:3.12-slim AS controller

ARG OFFHOOK_UID=10001

RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends espeak-ng ffmpeg openssl \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid "$OFFHOOK_UID" offhook \
 && useradd --uid "$OFFHOOK_UID" --gid offhook --no-create-home --home-dir /var/lib/offhook offhook

WORKDIR /opt/offhook
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-deps . && rm -rf build ./*.egg-info

# Named volumes take their owner from these folders.
RUN mkdir -p /etc/asterisk /var/log/asterisk/cel-custom /var/spool/asterisk/monitor \
      /var/lib/offhook/state /var/lib/offhook/recordings /var/lib/offhook/prompts \
      /var/lib/offhook/database \
 && chown -R offhook:offhook /etc/asterisk /var/log/asterisk /var/spool/asterisk /var/lib/offhook
WORKDIR /var/lib/offhook
USER offhook
ENV PYTHONUNBUFFERED=1 PGPASSFILE=/var/lib/offhook/database/pgpass
CMD ["offhook", "serve", "--config", "/etc/offhook/centre.yaml", "--state", "/var/lib/offhook/state"]


FROM controller AS farend
# Asterisk beside Python: Offhook unpacks it from Debian sid, as it does on a machine without one.
USER root
ENV XDG_CACHE_HOME=/opt/cache
RUN apt-get update \
 && python -c "from telephony.asterisk.provision import find_or_install; find_or_install()" \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /var/lib/farend && chown -R offhook:offhook /var/lib/farend /opt/cache
USER offhook
WORKDIR /var/lib/farend
CMD ["python", "-m", "farend", "--config", "/etc/offhook/centre.yaml", \
     "--secrets", "/var/lib/offhook/state", "--target", "asterisk:5060", \
     "--bind", "0.0.0.0", "--folder", "/var/lib/farend"]
