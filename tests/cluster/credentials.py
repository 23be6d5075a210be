"""Keys, certificates and tokens of a cluster: made anew for each, in its own directory, good for a month."""

import json
import secrets
from pathlib import Path

from tests.cluster.commands import run
from tests.cluster.networks import Network

NODE_NAME = "speccheck-node"
API_PORT = 6443
OPENSSL_TIMEOUT_S = 90.0

# Who may enter with a token: the file name, the user and its groups.
ACCOUNTS = {
    "admin": ("speccheck-admin", "system:masters"),
    "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
    "kube-proxy": ("system:kube-proxy", ""),
}

_OPENSSL = """
[req]
distinguished_name = name
prompt = no
[name]
CN = speccheck
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:kubernetes.default.svc, DNS:localhost, IP:127.0.0.1, IP:{node}, IP:{service}
[client]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def write(directory: Path, network: Network) -> None:
    """Write ca, server and client certificates with their keys, sa.key, tokens.csv and a kubeconfig an account.

    Files: `{ca,server,client}.{crt,key}`, `sa.key`, `tokens.csv`, `<account>.kubeconfig`; readable by their owner only.
    """
    directory.mkdir(mode=0o700)
    config = directory / "openssl.cnf"
    config.write_text(_OPENSSL.format(node=network.node_ip, service=network.api_service_ip))
    _certificate(directory, "ca", "/CN=speccheck-test-ca")
    _certificate(directory, "server", "/CN=kube-apiserver")
    _certificate(directory, "client", "/O=system:masters/CN=kube-apiserver-kubelet-client")
    key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{directory}/sa.key"]
    run(key, timeout_s=OPENSSL_TIMEOUT_S)
    tokens = {name: secrets.token_hex(24) for name in ACCOUNTS}
    rows = [f'{tokens[name]},{user},{name},"{groups}"' for name, (user, groups) in ACCOUNTS.items()]
    (directory / "tokens.csv").write_text("\n".join(rows) + "\n")
    for name, token in tokens.items():
        (directory / f"{name}.kubeconfig").write_text(_kubeconfig(directory / "ca.crt", token, network))


def _certificate(directory: Path, name: str, subject: str) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "30", "-subj", subject]
    signed = [] if name == "ca" else ["-CA", f"{directory}/ca.crt", "-CAkey", f"{directory}/ca.key"]
    files = ["-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.crt"]
    config = ["-config", f"{directory}/openssl.cnf", "-extensions", name]
    run(["openssl", "req", "-x509", *config, *curve, *signed, *files], timeout_s=OPENSSL_TIMEOUT_S)


def _kubeconfig(ca: Path, token: str, network: Network) -> str:
    server = {"server": f"https://{network.node_ip}:{API_PORT}", "certificate-authority": str(ca)}
    name = "speccheck"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        indent=2,
    )
