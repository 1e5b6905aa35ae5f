# Python's own socket module as the peer of every program, good and bad. Each line of the input is a JSON array, a function's
# name and its arguments; the answer is "end: " and what it returned, or what went wrong, as JSON. Every wait has an end.
import gc, itertools, json, os, re, resource, socket, ssl, struct, sys, threading, time, traceback

LIMIT = 20
BYTES = bytes(range(256)) * 2
LONG = b"x" * 10_000_000
CROWD = 1000
numbers = itertools.count()


def address(endpoint):
    kind, rest_of_it = endpoint.split("?")[0].split(":", 1)
    if kind.startswith("unix"):
        return socket.AF_UNIX, rest_of_it
    host, port = rest_of_it[2:].rsplit(":", 1)
    return socket.AF_INET6 if "[" in host else socket.AF_INET, (host.strip("[]"), int(port))


def connect(endpoint):
    family, where = address(endpoint)
    s = socket.socket(family, socket.SOCK_STREAM)
    s.connect(where)        # waits for room in the backlog; with a time limit, a Unix socket would not
    s.settimeout(LIMIT)
    return s


def datagrams(endpoint):
    family, where = address(endpoint)
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(LIMIT)
    if family == socket.AF_UNIX:
        s.bind("\0python-%d-%d" % (os.getpid(), next(numbers)))
    s.connect(where)
    return s


def listen(endpoint, kind=socket.SOCK_STREAM):
    family, where = address(endpoint)
    s = socket.socket(family, kind)
    s.settimeout(LIMIT)
    s.bind(where)
    if kind == socket.SOCK_STREAM:
        s.listen(512)
    name = s.getsockname()
    scheme = endpoint.split(":")[0]
    print("listening at", f"{scheme}:{name}" if family == socket.AF_UNIX else
          f"{scheme}://[{name[0]}]:{name[1]}" if family == socket.AF_INET6 else f"{scheme}://{name[0]}:{name[1]}", flush=True)
    return s


def accept(listener):
    s, _ = listener.accept()
    s.settimeout(LIMIT)
    return s


def read(s, count):
    data = b""
    while len(data) < count:
        part = s.recv(count - len(data))
        assert part, "the stream ended after %r" % data
        data += part
    return data


def rest(s):
    parts = []
    while part := s.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


# To a Unix socket SO_LINGER is nothing: there, closing with bytes unread is a reset.
def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def equal(expected, got):
    assert expected == got, "expected %.2000r, got %.2000r" % (expected, got)


def end_half(s):
    try:
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass        # the other end is gone


# Sends all and ends its half, reading at the same time, for neither end holds 10 MB. Whatever came, up to the end.
def exchange(s, data):
    def send():
        try:
            s.sendall(data)
        except OSError:
            pass    # the other end wants no more of it; what it said is judged
        end_half(s)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        return rest(s)
    except ConnectionError:
        return None     # reset
    finally:
        sender.join(LIMIT)
        s.close()


def name_of(s):
    name = s.getsockname()
    return "" if not name else f"[{name[0]}]:{name[1]}" if s.family == socket.AF_INET6 else \
        f"{name[0]}:{name[1]}" if s.family == socket.AF_INET else "@" + name[1:].decode()


# What the sinks show of bytes, by Python's own decoder.
def show(data):
    if data.endswith(b"\n"):
        data = data[:-2] if data.endswith(b"\r\n") else data[:-1]
    shown = ""
    for c in data.decode(errors="surrogateescape"):
        short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}.get(c)
        steers = ord(c) < 32 or 127 <= ord(c) < 160 or 0xDC80 <= ord(c) <= 0xDCFF
        shown += short or ("".join("\\x%02x" % b for b in c.encode(errors="surrogateescape")) if steers else c)
    return shown


# ── what each server answers to bytes that were sent at once ──

DATE = rb"\[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] "


def time_answer(data, got):
    equal(data, re.sub(DATE, b"", got))
    assert re.match(DATE, got), "%.100r" % got


def reply_answer(data, got, text=b"wie geht's?"):
    count = max(1, got.count(text))
    equal(text * count + (b"\n" if data.endswith(b"\n") else b""), got)


def greet_answer(data, got):
    assert got.startswith(b"Hello, "), "%.100r" % got
    if got == b"Hello, " + data + b"!":
        return      # a datagram is one message, whatever is in it
    if len(data) < 10_000:
        *lines, last = data.split(b"\n")
        expected = b"".join(b"Hello, " + line.removesuffix(b"\r") + b"!" + (b"\r\n" if line.endswith(b"\r") else b"\n") for line in lines)
        equal(expected + (b"Hello, " + last + b"!" if last else b""), got)
    else:
        equal(data, re.sub(rb"Hello, |!", b"", got))


def sink_answer(data, got):
    equal(b"", got)


def any_answer(data, got):
    pass


ANSWERS = {"time": time_answer, "reply": reply_answer, "greet": greet_answer, "sink": sink_answer, "chat-tool": any_answer, "chat-sample": any_answer}


def welcome_of(program):
    return b"Welcome!" if program == "greet" else b""


# ── good peers of the stream servers ──

# Any second from before the message to after its answer.
def ask_time(s, data, receive):
    first = int(time.time())
    s.sendall(data)
    answer = receive(27 + len(data))
    times = [b"[%s] " % time.ctime(second).encode() for second in range(first, int(time.time()) + 1)]
    assert answer[:27] in times, (answer[:100], times)
    equal(data, answer[27:])


def good_time(endpoint):
    def ask(s, data):
        ask_time(s, data, lambda count: read(s, count))

    a, b = connect(endpoint), connect(endpoint)
    ask(b, b"hello")                            # the later client need not wait for the earlier one
    ask(a, b"hello\r\n")
    ask(a, BYTES)
    ask(b, "ü 🐟\n".encode())
    a.shutdown(socket.SHUT_WR)                  # the end of the client's stream ends the server's
    equal(b"", rest(a))
    reset(b)
    c = connect(endpoint)
    ask(c, b"still here")
    c.sendall(b"and the end")
    c.shutdown(socket.SHUT_WR)                  # what came is answered first
    answer = rest(c)
    assert answer.startswith(b"[") and answer.endswith(b"] and the end"), answer


def good_reply(endpoint):
    text = b"wie geht's?"
    a, b = connect(endpoint), connect(endpoint)
    for s in b, a:
        for data, end in (b"x", b""), (b"x\n", b"\n"), (b"x\r\n", b"\r\n"), (b"\n", b"\n"), (b"x\r", b""):
            s.sendall(data)
            equal(text + end, read(s, len(text + end)))
    reset(a)
    b.sendall(b"one\ntwo")
    b.shutdown(socket.SHUT_WR)
    equal(text, rest(b))


def good_greet(endpoint):
    def ask(s, data, answer):
        s.sendall(data)
        equal(answer, read(s, len(answer)))

    a, b = connect(endpoint), connect(endpoint)
    equal(b"Welcome!", read(b, 8))
    equal(b"Welcome!", read(a, 8))
    ask(b, b"Michael", b"Hello, Michael!")
    ask(a, b"Michael\n", b"Hello, Michael!\n")
    ask(a, b"Michael\r\n", b"Hello, Michael!\r\n")
    ask(a, b"Ann\nBob\r\nCleo", b"Hello, Ann!\nHello, Bob!\r\nHello, Cleo!")
    ask(a, b"\n", b"Hello, !\n")
    ask(a, b"\r", b"Hello, \r!")
    ask(a, b"\x00\xff", b"Hello, \x00\xff!")
    ask(b, b"exit now", b"Hello, exit now!")
    reset(b)
    a.sendall(b"Dora\nexit\r\nEve\n")           # what came before is answered, what came behind is not
    equal(b"Hello, Dora!\n", rest(a))
    c = connect(endpoint)
    c.sendall(b"Fred")
    c.shutdown(socket.SHUT_WR)
    equal(b"Welcome!Hello, Fred!", rest(c))
    d = connect(endpoint)
    equal(b"Welcome!", read(d, 8))
    d.sendall(b"exit")
    equal(b"", rest(d))


# Returns the lines that it must print: from whom, what, and how much was cut.
def good_sink(endpoint):
    lines = []
    for data in f"hällo {next(numbers)}\tworld\none\\two\r\n".encode(), b"\xff\x1b[2J\xe2\x82\x00end %d\n" % next(numbers):
        s = connect(endpoint)
        lines.append([name_of(s), show(data), 0])
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        equal(b"", rest(s))
    return lines


def heard(file, pattern):
    while line := file.readline():
        if re.search(pattern, line):
            return line
    raise AssertionError("the chat ended before " + pattern)


def member(endpoint, name):
    s = connect(endpoint)
    s.sendall(name.encode() + b"\n")
    return s, s.makefile(encoding="utf-8", newline="\n")


def good_chat_tool(endpoint):
    number = next(numbers)
    ann, bob = f"ann{number}", f"bob{number}"
    a, a_hears = member(endpoint, ann)
    heard(a_hears, rf"^-- Welcome, {ann}\.")
    b, b_hears = member(endpoint, bob)
    heard(a_hears, rf"^\[\d\d:\d\d:\d\d\] \* {bob} joined #lobby\n$")
    a.sendall("hello\ngrüß dich\n".encode())
    for hears in a_hears, b_hears:
        heard(hears, rf"^\[\d\d:\d\d:\d\d\] {ann}: hello\n$")
        equal(f"{ann}: grüß dich\n", hears.readline()[11:])
    b.sendall(b"in two ")
    b.sendall(b"parts\r\n")
    equal(f"{bob}: in two parts\n", a_hears.readline()[11:])
    b.sendall(b"/quit\n")
    heard(b_hears, "^-- Good-bye")
    equal("", b_hears.readline())
    heard(a_hears, rf"\* {bob} left the chat")
    a.shutdown(socket.SHUT_WR)
    a_hears.read()


def good_chat_sample(endpoint):
    number = next(numbers)
    ann, bob, cleo = f"ann{number}", f"bob{number}", f"cleo{number}"

    def say(s, text):
        s.sendall(text.encode())

    def hear(*lines):
        for file in files:
            for line in lines:
                equal(line, file.readline())

    a, file = member(endpoint, ann)
    files = [file]
    heard(file, rf"^\* {ann} is here\n$")       # a peer of a moment ago may still be leaving
    b, file = member(endpoint, bob + "\r")
    heard(files[0], rf"^\* {bob} is here\n$")
    heard(file, rf"^\* {bob} is here\n$")
    files.append(file)
    say(a, "hello\ngrüß dich\n")
    hear(f"{ann}: hello\n", f"{ann}: grüß dich\n")
    say(b, "in two ")
    say(b, "parts\r\n")
    hear(f"{bob}: in two parts\n")
    say(b, "no \x1b[2J steering\n")
    hear(f"{bob}: no [2J steering\n")
    connect(endpoint).close()                   # nobody without a name is heard of
    c, _ = member(endpoint, cleo)
    hear(f"* {cleo} is here\n")
    reset(c)
    _.close()
    hear(f"* {cleo} has left\n")
    b.shutdown(socket.SHUT_WR)                  # who has said all still hears what is left to be told
    files.pop()
    hear(f"* {bob} has left\n")
    equal(b"", rest(b))
    a.shutdown(socket.SHUT_WR)
    rest(a)


GOOD = {"time": good_time, "reply": good_reply, "greet": good_greet, "sink": good_sink, "chat-tool": good_chat_tool, "chat-sample": good_chat_sample}


def good(program, endpoint):
    return GOOD[program](endpoint)


# ── bad input of the stream servers; each returns the lines that a sink must print ──

def no_bytes(program, endpoint):
    for _ in range(20):
        connect(endpoint).close()
    s = connect(endpoint)
    s.shutdown(socket.SHUT_WR)
    got = rest(s)
    if not program.startswith("chat"):
        equal(welcome_of(program), got)


def said(program, s, data):
    line = [name_of(s), show(data) if len(data) < 10_000 else "", 0]
    got = exchange(s, data)
    if got is None:
        assert program.startswith("chat"), "reset"
        return line
    assert got.startswith(welcome_of(program))
    ANSWERS[program](data, got[len(welcome_of(program)):])
    return line


def binary(program, endpoint):
    return [said(program, connect(endpoint), BYTES)]


# Returns how many of the long line's bytes the sink must print.
def long_line(program, endpoint):
    said(program, connect(endpoint), LONG)
    said(program, connect(endpoint), LONG + b"\n")
    return 2 * len(LONG)


def crowd(program, endpoint):
    clients = [connect(endpoint) for _ in range(CROWD)]     # all are there before the first speaks
    number = next(numbers)
    names = [b"c%dx%d" % (number, n) for n in range(CROWD)]
    lines = [[name_of(s), name.decode(), 0] for s, name in zip(clients, names)]
    if program.startswith("chat"):
        for s, name in zip(clients, names):
            s.sendall(name + b"\n")
        files = [s.makefile(encoding="utf-8", newline="\n") for s in clients]
        for file, name in zip(files, names):
            heard(file, rf"^-- Welcome, {name.decode()}\." if program == "chat-tool" else "is here")
        clients[0].sendall(b"to all of you\n")
        for file in files:
            heard(file, f"{names[0].decode()}: to all of you\n$")
        for file in files[1:]:
            file.close()
        for s in clients[1:]:
            s.close()
        until_quiet(clients[0], files[0])
        return []
    for s, name in zip(clients, names):
        s.sendall(name)
    for s, name in zip(clients, names):
        equal(welcome_of(program), read(s, len(welcome_of(program))))
        if program != "sink":
            ANSWERS[program](name, read(s, {"time": 27 + len(name), "reply": 11, "greet": 8 + len(name)}[program]))
    for s in clients:
        end_half(s)
    for s in clients:
        equal(b"", rest(s))
        s.close()
    return lines


# All who go have gone: a member hears nothing between two of its own words.
def until_quiet(s, file):
    heard_of = quiet = 0
    end = time.monotonic() + LIMIT
    while quiet < 3 or heard_of == 0:
        word = b"quiet %d" % next(numbers)
        s.sendall(word + b"\n")
        leaving = 0
        while not (line := file.readline()).endswith(word.decode() + "\n"):
            assert line, "the chat ended"
            leaving += " left" in line
        heard_of += leaving
        quiet = 0 if leaving else quiet + 1
        assert time.monotonic() < end, "they never leave"
        time.sleep(0.01)
    s.shutdown(socket.SHUT_WR)
    file.read()
    s.close()


def reset_midway(program, endpoint):
    for _ in range(20):
        s = connect(endpoint)
        s.sendall(b"half a mess")
        reset(s)
        s = connect(endpoint)       # and while the answer is due: nothing of it is read
        s.setblocking(False)
        try:
            for _ in range(16):
                s.send(b"x" * 65536)
        except OSError:
            pass                    # no room, or the server wants no more of it
        reset(s)


# ── the datagram servers ──

def good_time_datagrams(endpoint):
    a, b = datagrams(endpoint), datagrams(endpoint)
    for data in b"hello", b"", BYTES, b"x" * 30000:
        ask_time(b, b"b" + data, lambda _: b.recv(65536))
        ask_time(a, data, lambda _: a.recv(65536))


def good_greet_datagrams(endpoint):
    a, b = datagrams(endpoint), datagrams(endpoint)
    for s in b, a:
        for data, answer in ((b"Michael", b"Hello, Michael!"), (b"Michael\n", b"Hello, Michael!\n"), (b"Michael\r\n", b"Hello, Michael!\r\n"),
                             (b"", b"Hello, !"), (b"a\nb", b"Hello, a\nb!"), (b"exit", b"Hello, exit!"), (b"\xff\0", b"Hello, \xff\0!")):
            s.send(data)
            equal(answer, s.recv(100))


def good_sink_datagrams(endpoint, buffer):
    s = datagrams(endpoint)
    lines = []
    for data in b"hello %d" % next(numbers), b"four", b"", b"\xff\n", "ö".encode() + b"\x1b[2J":
        lines.append([name_of(s), show(data[:buffer]), max(0, len(data) - buffer)])
        s.send(data)
    return lines


def good_datagrams(program, endpoint, buffer=1 << 16):
    if program == "sink":
        return good_sink_datagrams(endpoint, buffer)
    return (good_time_datagrams if program == "time" else good_greet_datagrams)(endpoint)


def empty_datagram(program, endpoint, buffer=1 << 16):
    s = datagrams(endpoint)
    s.send(b"")
    if program == "sink":
        return [[name_of(s), "", 0]]
    got = s.recv(100)
    assert got == b"Hello, !" if program == "greet" else re.fullmatch(DATE, got), got


def binary_datagram(program, endpoint, buffer=1 << 16):
    s = datagrams(endpoint)
    s.send(BYTES)
    if program == "sink":
        return [[name_of(s), show(BYTES[:buffer]), max(0, len(BYTES) - buffer)]]
    ANSWERS[program](BYTES, s.recv(65536))


# 10 MB in the longest datagrams there are, to which an answer would be too long.
def long_datagrams(program, endpoint, buffer=1 << 16):
    s = datagrams(endpoint)
    longest = 65507 if s.family == socket.AF_INET else 65527
    for _ in range(len(LONG) // longest + 1):
        s.send(b"x" * longest)
    drained(endpoint)


# All have their sockets before the first speaks. A hundred speak at once, and then the next hundred: beyond that the kernel
# drops what finds no room in the server's buffer, and that is nobody's fault.
def crowd_datagrams(program, endpoint, buffer=1 << 16):
    clients = [datagrams(endpoint) for _ in range(CROWD)]
    number = next(numbers)
    names = [b"%x" % (number * CROWD + n) for n in range(CROWD)]
    lines = []
    for start in range(0, CROWD, 100):
        batch = list(zip(clients, names))[start:start + 100]
        for s, name in batch:
            s.send(name)
            lines.append([name_of(s), name[:buffer].decode(), max(0, len(name) - buffer)])
        for s, name in batch:
            if program != "sink":
                ANSWERS[program](name, s.recv(100))
        drained(endpoint)
    for s in clients:
        s.close()
    return lines


# Waits until a UDP server has read all that it was sent; a Unix socket loses nothing, its senders wait.
def drained(endpoint):
    family, where = address(endpoint)
    end = time.monotonic() + LIMIT
    while family != socket.AF_UNIX:
        with open("/proc/net/udp6" if family == socket.AF_INET6 else "/proc/net/udp") as table:
            rows = [line.split() for line in table][1:]
        queues = [row[4].split(":")[1] for row in rows if int(row[1].split(":")[1], 16) == where[1]]
        if queues and int(queues[0], 16) == 0:
            return
        assert time.monotonic() < end, "the server does not read"
        time.sleep(0.005)


# No connection to reset: senders that are gone before the answer comes, have no name, or never read.
def senders_gone(program, endpoint, buffer=1 << 16):
    family, where = address(endpoint)
    for _ in range(200):
        s = datagrams(endpoint)
        s.send(b"half a mess")
        s.close()
    nameless = socket.socket(family, socket.SOCK_DGRAM)
    nameless.settimeout(LIMIT)
    deaf = datagrams(endpoint)
    for _ in range(500):
        nameless.sendto(b"x", where)
        deaf.send(b"x")
    deaf.close()            # on a Unix socket, what it did not read stood in the server's own send buffer
    drained(endpoint)


# ── servers for the programs that are clients ──

def serve_connect(endpoint):
    s = accept(listen(endpoint))
    equal(b"first\n", read(s, 6))               # each line goes out at once
    s.sendall("gruß\n".encode())
    equal(b"last, without end", rest(s))
    s.sendall(b"x" * 100000 + b"\nbye")
    s.close()


def serve_connect_datagrams(endpoint):
    s = listen(endpoint, socket.SOCK_DGRAM)
    data, peer = s.recvfrom(100)
    equal("grüße".encode(), data)
    s.sendto(b"one", peer)
    s.sendto(b"two", peer)
    data, peer = s.recvfrom(100)
    equal(b"", data)
    s.sendto(b"three\xff", peer)


def hostile_datagrams(endpoint, bad):
    s = listen(endpoint, socket.SOCK_DGRAM)
    data, peer = s.recvfrom(100)
    if bad == "reset":
        s.close()
        return
    s.sendto({"no bytes": b"", "binary": BYTES, "10 MB line": b"x" * 65507}[bad], peer)
    s.sendto(b"still here", peer)


def join_listener(endpoint):
    s = connect(endpoint)
    s.sendall("gruß\n".encode() + BYTES)
    equal(b"from the input\n", read(s, 15))
    s.shutdown(socket.SHUT_WR)
    equal(b"", rest(s))


def hostile_to_listener(endpoint, bad):
    if bad == "1,000 clients":
        family, where = address(endpoint)
        clients = [socket.socket(family, socket.SOCK_STREAM) for _ in range(CROWD)]
        answered = 0
        for s in clients:
            s.setblocking(False)
            s.connect_ex(where)
        for s in clients:
            s.settimeout(LIMIT)
            try:
                s.sendall(b"me\n")
                s.shutdown(socket.SHUT_WR)
                answered += rest(s) == b"from the input\n"
            except OSError:
                pass        # it takes one, and closes the door
        equal(1, answered)
        return
    s = connect(endpoint)
    hostile(s, bad)


def hostile(s, bad):
    match bad:
        case "no bytes":
            s.close()
        case "binary":
            s.sendall(BYTES)
            s.shutdown(socket.SHUT_WR)
            drain(s)
        case "10 MB line":
            exchange(s, LONG)
        case "reset":
            s.sendall(b"half a mess")
            s.recv(1, socket.MSG_PEEK)      # unread: to a Unix socket, that is what makes it a reset
            reset(s)


def drain(s):
    try:
        rest(s)
    except OSError:
        pass
    finally:
        s.close()


def serve_hostile(endpoint, bad):
    s = accept(listen(endpoint))
    if bad != "reset":
        read_line(s)        # unread, it would make every end a reset
    hostile(s, bad)


def serve_probe(endpoint, bad):
    s = accept(listen(endpoint))
    if bad == "reset":
        reset(s)


def connect_ex(endpoint):
    family, where = address(endpoint)
    with socket.socket(family, socket.SOCK_STREAM) as s:
        return s.connect_ex(where)


def serve_echo(endpoint):
    s = accept(listen(endpoint))
    for data in b"hello", b"one\ntwo\r\nthree", b"\xff\x00\r\n", b"x" * 100000:
        s.sendall(data)
        equal(data, read(s, len(data)))
    s.sendall(b"last\r\nquit\r\nnever\n")
    equal(b"last\r\nquit\r\n", read(s, 12))
    try:
        equal(b"", s.recv(1))
    except ConnectionResetError:
        pass


# Sends bad input, and reads it back whole where it comes back.
def hostile_to_echo(endpoint, bad):
    s = accept(listen(endpoint))
    if bad == "reset":
        s.sendall(b"half a mess")
        equal(b"h", s.recv(1))
        s.sendall(b"more")
        reset(s)
        return
    data = {"no bytes": b"", "binary": BYTES, "10 MB line": LONG}[bad]
    equal(data, exchange(s, data))


def serve_echo_datagrams(endpoint):
    s = listen(endpoint, socket.SOCK_DGRAM)
    data, peer = s.recvfrom(100)
    equal("grüß dich".encode(), data)
    for data in b"hello", b"", b"two\nlines\n", b"one\nquit\nx", BYTES * 50:
        s.sendto(data, peer)
        equal((data, peer), s.recvfrom(65536))
    s.sendto(b"quit\n", peer)
    equal((b"quit\n", peer), s.recvfrom(65536))


def hostile_to_echo_datagrams(endpoint, bad):
    s = listen(endpoint, socket.SOCK_DGRAM)
    _, peer = s.recvfrom(100)
    if bad == "reset":
        s.sendto(b"half a mess", peer)
        s.close()
        return
    data = {"no bytes": b"", "binary": BYTES, "10 MB line": b"x" * 65507}[bad]
    s.sendto(data, peer)
    equal((data, peer), s.recvfrom(65536))
    s.sendto(b"quit", peer)


def serve_chat(endpoint, form):
    s = accept(listen(endpoint))
    equal(b"ann\n" if form == "Sample" else b"/name ann\n", read_line(s))
    s.sendall(("-- Welcome, ann.\n" if form == "Tool" else "* ann is here\n").encode() + "bob: grüß dich\n".encode())
    equal("hello\nßß\n".encode(), rest(s))
    s.sendall(b"* the end\n")
    s.close()


def read_line(s):
    line = b""
    while not line.endswith(b"\n"):
        line += read(s, 1)
    return line


def request_of(s):
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        part = s.recv(1)
        assert part, request
        request += part
    return request


# An answer to each of so many requests; returns the requests.
def serve_http(endpoint, count, pem):
    listener = listen(endpoint)
    requests = []
    for _ in range(count):
        s = wrapped(accept(listener), pem)
        requests.append(request_of(s).decode())
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\n" + BYTES)
        s.close()
    return requests


def wrapped(s, pem):
    if not pem:
        return s
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context.wrap_socket(s, server_side=True)


def hostile_http(endpoint, bad, pem):
    s = accept(listen(endpoint))
    if bad in ("10 MB line", "reset"):      # the others do not come as far as TLS
        s = wrapped(s, pem)
        request_of(s)
    match bad:
        case "10 MB line":
            try:
                s.sendall(b"HTTP/1.1 200 OK\r\nX: " + LONG)
            except OSError:
                pass
            drain(s)
        case "reset":
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
            if s.family == socket.AF_UNIX:
                s.close()       # nothing is unread here: to the client it is an end in mid-message
            else:
                reset(s)
        case _:
            hostile(s, bad)


# Where all the clients meet, each at a place of its kind; nobody is answered before all are there.
def meeting(places, pem):
    kinds = [socket.SOCK_DGRAM if "datagrams" in role else socket.SOCK_STREAM for role, _, _ in places]
    listeners = [listen(endpoint, kind) for (_, endpoint, _), kind in zip(places, kinds)]
    print("all listen", flush=True)
    came = []
    for listener, kind, (role, _, count) in zip(listeners, kinds, places):
        listener.settimeout(60)
        for _ in range(count):
            came.append((role, accept(listener) if kind == socket.SOCK_STREAM else (listener, listener.recvfrom(100))))
    wrong = []

    def meet(role, s):
        try:
            ROLES[role](s, pem)
        except BaseException:
            wrong.append(role + "\n" + traceback.format_exc())

    threads = [threading.Thread(target=meet, args=one) for one in came]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong, "\n".join(wrong)
    return len(came)


def meet_connect(s, pem):
    equal(b"us\n", rest(s))
    s.sendall(b"them\n")
    s.close()


def meet_connect_datagrams(came, pem):
    s, (data, peer) = came
    equal(b"us", data)
    s.sendto(b"them", peer)


def meet_probe(s, pem):
    s.close()


def meet_echo(s, pem):
    s.sendall(b"them\n")
    equal(b"them\n", read(s, 5))
    s.sendall(b"quit\n")


def meet_echo_datagrams(came, pem):
    s, (data, peer) = came
    equal(b"us", data)
    s.sendto(b"quit", peer)


def meet_http(s, pem):
    request_of(s)
    s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthem\n")
    s.close()


def meet_https(s, pem):
    meet_http(wrapped(s, pem), None)


def meet_chat(s, pem):
    read_line(s)
    s.sendall(b"-- Welcome, us.\nthem\n")
    rest(s)
    s.close()


ROLES = {"connect (stream)": meet_connect, "connect (datagrams)": meet_connect_datagrams, "probe": meet_probe, "echo (stream)": meet_echo,
         "echo (datagrams)": meet_echo_datagrams, "get http": meet_http, "get https": meet_https, "chat join": meet_chat}


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else max(soft, 1 << 16), hard))
    for line in sys.stdin:
        name, *args = json.loads(line)
        try:
            end = {"result": globals()[name](*args)}
        except BaseException:
            end = {"error": traceback.format_exc()}
            print(end["error"], file=sys.stderr)
        finally:
            gc.collect()    # sockets that an exception's frames still hold
        print("end:", json.dumps(end), flush=True)


main()
