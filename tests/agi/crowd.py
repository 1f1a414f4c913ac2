"""Opens many connections, says the same on each (hex on stdin), and holds them until killed."""

import resource
import socket
import sys
import time


def main() -> None:
    port, size = int(sys.argv[1]), int(sys.argv[2])
    say = bytes.fromhex(sys.stdin.readline().strip())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held = []
    for _ in range(size):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(say)
        held.append(connection)
    print("all are there", flush=True)
    time.sleep(300)


if __name__ == "__main__":
    main()
