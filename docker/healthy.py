"""A container's health check: 0 if what listens at this port of this container answers.

``python healthy.py http://127.0.0.1:8080/healthz`` or ``python healthy.py tcp://127.0.0.1:25002``
"""

import socket
import sys
import urllib.request
from urllib.parse import urlsplit

where = urlsplit(sys.argv[1])
if where.scheme == "http":
    urllib.request.urlopen(sys.argv[1], timeout=4).close()  # noqa: S310 - http, as just seen
else:
    socket.create_connection((where.hostname, where.port), 4).close()
