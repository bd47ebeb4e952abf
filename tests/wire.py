"""A small server that speaks OpenAI's chat protocol over a socket, and misbehaves on demand."""

import json
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def reply(*texts, logprobs=None, usage=(7, 3)):
    """A well-formed answer."""
    choices = [
        {"index": i, "message": {"role": "assistant", "content": t}, "logprobs": logprobs}
        for i, t in enumerate(texts)
    ]
    prompt, said = usage
    return {"choices": choices, "usage": {"prompt_tokens": prompt, "completion_tokens": said}}


class Wire:
    """What the server was asked, and what it shall say: status, body, headers, or a wait."""

    def __init__(self, answer):
        self.answer = answer  # of a body: a dict, bytes, or (status, body[, headers])
        self.bodies, self.keys, self.paths = [], [], []
        self.lock = threading.Lock()
        self.under_way = self.most = 0
        self.connections, self.open = 0, 0

    def connected(self, more):
        with self.lock:
            self.connections += more > 0
            self.open += more

    def respond(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        with self.lock:
            self.bodies.append(body)
            self.keys.append(handler.headers.get("Authorization"))
            self.paths.append(handler.path)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            number = len(self.bodies)
        try:
            said = self.answer(body, number)
        finally:
            with self.lock:
                self.under_way -= 1
        status, content, *more = said if isinstance(said, tuple) else (200, said)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **(more[0] if more else {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(raw)


@contextmanager
def serving(answer):
    """The wire and its URL, for as long as the block lasts."""
    wire = Wire(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open
        disable_nagle_algorithm = True  # headers and body are two packets

        def setup(self):
            super().setup()
            wire.connected(1)

        def finish(self):
            super().finish()
            wire.connected(-1)

        def do_POST(self):  # noqa: N802
            try:
                wire.respond(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked has gone

        def log_message(self, format, *args):  # noqa: A002
            del format, args

    class Server(ThreadingHTTPServer):
        def handle_error(self, request, client_address):
            if not isinstance(sys.exception(), ConnectionError):  # whoever asked has gone
                super().handle_error(request, client_address)

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield wire, f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def hang(seconds):
    time.sleep(seconds)
    return reply("late")


def hang_until(event):
    event.wait(20)
    return reply("late")


def eventually(holds, seconds=5.0):
    """Does it hold before so many seconds are over?"""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()
