"""socketserver: a thread for each connection; datagrams one after the other. socketserver_server.py MODE.

Prints its port and serves 127.0.0.1 until its standard input ends. Modes: see common.h.
"""
import os
import socket
import socketserver
import sys
import threading

members = set()
gate = threading.Lock()


class Echo(socketserver.BaseRequestHandler):
    def setup(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self):
        try:
            while data := self.request.recv(65536):
                self.request.sendall(data)
        except ConnectionError:
            pass  # the peer has gone


class Broadcast(Echo):
    def handle(self):
        try:
            role = self.request.recv(1)
            if role != b"S":
                with gate:
                    members.add(self.request)
            self.request.sendall(role)
            while data := self.request.recv(65536):
                if role == b"S":
                    with gate:
                        for member in members:
                            member.sendall(data)
        except ConnectionError:
            pass  # the peer has gone
        finally:
            with gate:
                members.discard(self.request)


class Datagrams(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 4096


class OneByOne(socketserver.UDPServer):
    max_packet_size = 65536


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


mode = sys.argv[1]
if mode == "udp":
    server = OneByOne(("127.0.0.1", 0), Datagrams)
else:
    server = Threads(("127.0.0.1", 0), Broadcast if mode == "broadcast" else Echo)
print(server.server_address[1], flush=True)
threading.Thread(target=end_with_input, daemon=True).start()
server.serve_forever()
