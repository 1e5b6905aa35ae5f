"""Twisted with the reactor it chooses (epoll on Linux): twisted_server.py MODE.

Prints its port and serves 127.0.0.1 until its standard input ends. Modes: see common.h.
"""
import os
import sys
import threading

from twisted.internet import protocol, reactor

members = set()


class Echo(protocol.Protocol):
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data):
        self.transport.write(data)


class Broadcast(Echo):
    sender = None  # not known before the first byte

    def connectionLost(self, reason):
        members.discard(self.transport)

    def dataReceived(self, data):
        if self.sender is None:
            self.sender = data[:1] == b"S"
            if not self.sender:
                members.add(self.transport)
            self.transport.write(data[:1])
            data = data[1:]
        if self.sender and data:
            for member in members:
                member.write(data)


class Datagrams(protocol.DatagramProtocol):
    def datagramReceived(self, data, peer):
        self.transport.write(data, peer)


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


mode = sys.argv[1]
if mode == "udp":
    port = reactor.listenUDP(0, Datagrams(), interface="127.0.0.1")
else:
    factory = protocol.Factory.forProtocol(Broadcast if mode == "broadcast" else Echo)
    port = reactor.listenTCP(0, factory, backlog=4096, interface="127.0.0.1")
print(port.getHost().port, flush=True)
threading.Thread(target=end_with_input, daemon=True).start()
reactor.run()
