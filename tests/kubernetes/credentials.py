"""Certificates, tokens and kubeconfigs of the cluster's own users."""

import base64
import json
import secrets
import subprocess

USERS = {  # name of the file: user, groups
    "admin": ("admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "proxy": ("system:kube-proxy", ""),
}


class Credentials:
    """Below `folder`: apiserver.{crt,key}, service-accounts.{key,pub}, tokens.csv, <user>.conf."""

    def __init__(self, folder, server, addresses, nodes):
        self.folder = folder
        self.server = server
        folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = folder / "apiserver.key", folder / "apiserver.crt"
        self.account_key, self.account_public = folder / "service-accounts.key", folder / "service-accounts.pub"
        names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
        alternatives = ",".join([f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses])
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=kube-apiserver",
                      "-addext", f"subjectAltName={alternatives}", "-keyout", self.key, "-out", self.certificate)
        self._openssl("genrsa", "-out", self.account_key, "2048")
        self._openssl("rsa", "-in", self.account_key, "-pubout", "-out", self.account_public)
        self.tokens = folder / "tokens.csv"
        self.admin_token = None
        rows = []
        users = {**USERS, **{node: (f"system:node:{node}", "system:nodes") for node in nodes}}
        for name, (user, groups) in users.items():
            token = secrets.token_hex(16)
            rows.append(f'{token},{user},{name},"{groups}"\n')
            self._write_kubeconfig(name, token)
            if name == "admin":
                self.admin_token = token
        self.tokens.write_text("".join(rows))

    def kubeconfig(self, name):
        return self.folder / f"{name}.conf"

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)

    def _write_kubeconfig(self, name, token):
        authority = base64.b64encode(self.certificate.read_bytes()).decode()
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.server, "certificate-authority-data": authority}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        self.kubeconfig(name).write_text(json.dumps(config))
