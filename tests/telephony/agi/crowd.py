"""Opens a connection for each line on stdin, says it (hex), and holds them until killed."""

import resource
import socket
import sys
import time


def main() -> None:
    port = int(sys.argv[1])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    for line in sys.stdin:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(bytes.fromhex(line.strip()))
        held.append(connection)
    print("all are there", flush=True)
    time.sleep(300)


if __name__ == "__main__":
    main()
