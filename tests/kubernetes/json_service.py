"""An HTTPS server of a test that the API server calls: JSON in, JSON out.

    with JsonService(answer, folder, "IP:127.0.0.1") as service:
        service.port, service.authority

`answer(path, body)` gives the object to reply with, or None where nothing is served;
`body` is None for a GET. What it raises is told to whoever asked.
"""

import base64
import http.server
import json
import ssl
import subprocess
import threading


class JsonService:
    def __init__(self, answer, folder, subject, address="127.0.0.1", port=0):
        """`subject`: by which name the API server knows it, as in a certificate."""
        self.answer, self.subject, self.address = answer, subject, (address, port)
        self.key, self.certificate = folder / "service.key", folder / "service.crt"

    def __enter__(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-service",
                        "-addext", f"subjectAltName={self.subject}", "-keyout", str(self.key), "-out", str(self.certificate)],
                       check=True, capture_output=True, timeout=60)
        self.authority = base64.b64encode(self.certificate.read_bytes()).decode()
        self.server = http.server.ThreadingHTTPServer(self.address, self._handler())
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        # Each connection's own thread shakes hands: one that says nothing holds up nobody.
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _handler(self):
        answer = self.answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self._reply(None)

            def do_POST(self):
                self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _reply(self, body):
                try:
                    found = answer(self.path, body)
                except Exception as error:  # noqa: BLE001 - told to whoever asks
                    return self._refuse(500, repr(error))
                return self._send(200, found) if found else self._refuse(404, f"nothing is served at {self.path}")

            def _refuse(self, status, message):
                self._send(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": message})

            def _send(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler
