"""asyncio with a Protocol class, and uvloop with the same: asyncio_server.py asyncio|uvloop MODE.

Prints its port and serves 127.0.0.1 until its standard input ends. Modes: see common.h.
"""
import asyncio
import os
import sys
import threading

members = set()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Broadcast(Echo):
    sender = None  # not known before the first byte

    def connection_lost(self, error):
        members.discard(self.transport)

    def data_received(self, data):
        if self.sender is None:
            self.sender = data[:1] == b"S"
            if not self.sender:
                members.add(self.transport)
            self.transport.write(data[:1])
            data = data[1:]
        if self.sender and data:
            for member in members:
                member.write(data)


class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        self.transport.sendto(data, peer)


async def serve(mode):
    loop = asyncio.get_running_loop()
    if mode == "udp":
        transport, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
        address = transport.get_extra_info("sockname")
    else:
        server = await loop.create_server(Broadcast if mode == "broadcast" else Echo, "127.0.0.1", 0, backlog=4096)
        address = server.sockets[0].getsockname()
    print(address[1], flush=True)
    await asyncio.Event().wait()


def end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
if sys.argv[1] == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(serve(sys.argv[2]))
