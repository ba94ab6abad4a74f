"""A server of Python's standard library that answers POST requests. Takes a JSON object on its command line: the folder of
the certificates, how long a body is, and a port for each kind of listener."""

import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SETTINGS = json.loads(sys.argv[1])
FIXTURES = SETTINGS["fixtures"]
LARGE = b"a" * SETTINGS["large"]
CERTIFICATES = {"expired": "expired", "selfSigned": "self-signed"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/none":
            self.send_response(204)
            self.end_headers()
        elif self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for at in range(0, len(LARGE), 7_001):
                part = LARGE[at : at + 7_001]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            if self.path == "/early":
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
            body = LARGE if self.path == "/large" else b"hello"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class ShortLived(Handler):
    timeout = 1


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


def secured(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = f"{FIXTURES}{CERTIFICATES.get(name, 'server')}"
    context.load_cert_chain(f"{pair}.pem", f"{pair}.key")
    version = ssl.TLSVersion.TLSv1_2 if name == "tls12" else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = version
    if name == "clientCertificate":
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(f"{FIXTURES}ca.pem")
    return context


for name, port in SETTINGS["ports"].items():
    server = Server(("127.0.0.1", port), ShortLived if name == "shortLived" else Handler)
    if name not in ("plain", "shortLived"):
        # The handshake belongs to the thread of the connection, not to that which accepts them.
        server.socket = secured(name).wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever, daemon=True).start()

threading.Event().wait()
