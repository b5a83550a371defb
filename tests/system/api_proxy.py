"""Stands between the operator and the API server, and sees every write.

    proxy = ApiProxy(server, at_write=lambda method, path: ...)
    proxy.address        # what the operator's kubeconfig names
    proxy.close()

`at_write` is called once the API server has done the write and before the operator
hears of it: the latest and the least certain moment there is. What changes no object of
a cluster does not count: leases, and questions about permissions.

`trouble(method, path)` is asked of every request; it returns None, a status with which
the request is answered instead, "lost" (done, and no answer), "cut" (a watch ends after
a moment, in the middle) or seconds by which the answer is late.
"""

import http.client
import http.server
import json
import threading
import time
import urllib.parse

WRITES = ("POST", "PUT", "PATCH", "DELETE")
NO_STEPS = ("/leases", "/apis/authorization.k8s.io/")
OF_THE_LINK = ("host", "connection", "content-length", "transfer-encoding")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        link = http.client.HTTPConnection(self.server.upstream, timeout=600)
        trouble = self.server.trouble(self.command, self.path)
        if isinstance(trouble, int):
            return self._refuse(trouble)
        try:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in OF_THE_LINK}
            link.request(self.command, self.path, body=body or None, headers=kept)
            reply = link.getresponse()
            if self.command in WRITES and reply.status < 300 and not any(part in self.path for part in NO_STEPS):
                self.server.at_write(self.command, self.path)
            if trouble == "lost":
                self.close_connection = True
                return
            if isinstance(trouble, float):
                time.sleep(trouble)
            self._answer(reply, time.monotonic() + 0.5 if trouble == "cut" else None)
        except OSError:
            self.close_connection = True  # one of the two is gone
        finally:
            link.close()

    def _refuse(self, code):
        reason = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}[code]
        text = json.dumps({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": "trouble is made"}).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _answer(self, reply, cut_at=None):
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in OF_THE_LINK:
                self.send_header(name, value)
        if reply.length is not None:
            self.send_header("Content-Length", str(reply.length))
            self.end_headers()
            self.wfile.write(reply.read())
            return
        # A watch: passed on as it comes.
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := reply.read1(65536):
            if cut_at and time.monotonic() > cut_at:
                self.close_connection = True
                return
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

    def log_message(self, *_):
        pass


class ApiProxy(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream, at_write=lambda method, path: None, trouble=lambda method, path: None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = urllib.parse.urlsplit(upstream).netloc
        self.at_write = at_write
        self.trouble = trouble
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a link that broke

    def close(self):
        self.shutdown()
        self.server_close()
