"""What programs send, received in a real cluster: TLS at a Service, and tokens that the API server itself knows."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from tests.cluster.clusters import Cluster
from tests.e2e.conftest import SYSTEM, TOP
from tests.e2e.observing import observing
from tests.e2e.places import Body, Place, metrics

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
NAME = f"speccheck-receiver.{SYSTEM}.svc"
ROLLOUT = ("rollout", "status", "deployment/speccheck-operator", f"--namespace={SYSTEM}", "--timeout=180s")
PROGRAM = """
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from speccheck import observe

token = open("/var/run/speccheck/token").read().strip()
headers = {"authorization": f"Bearer {token}"}
exporter = OTLPLogExporter(endpoint=ENDPOINT, certificate_file="/etc/receiver/ca.crt", headers=headers)
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
set_logger_provider(provider)
observe.action("apply", deployer="d1")
observe.action("clean", deployer="d1")
print("sent", provider.force_flush())
provider.shutdown()
"""
"""A program with a projected token, as docs/instrumentation.md has it."""


@dataclass(frozen=True)
class Receiver:
    """The receiver in the cluster: its Service's address, and the certificate to trust."""

    cluster: Cluster
    address: str
    certificate: Path

    def counted(self, result: str) -> float:
        """How often OTLP was received with this result."""
        return metrics(self.cluster).get(f'speccheck_received_total{{kind="otlp",result="{result}"}}', 0)

    def export(self, token: str, event: str = "apply", **attributes: int) -> grpc.StatusCode:
        """Send one event by gRPC with this token; how that is answered."""
        request = ExportLogsServiceRequest()
        now_ns = time.time_ns()
        record = request.resource_logs.add().scope_logs.add().log_records.add(event_name=event, time_unix_nano=now_ns)
        for name, value in attributes.items():
            record.attributes.add(key=name).value.int_value = value
        credentials = grpc.ssl_channel_credentials(self.certificate.read_bytes())
        direct = [("grpc.enable_http_proxy", 0)]
        with grpc.secure_channel(f"{self.address}:4317", credentials, direct) as channel:
            export = channel.unary_unary(EXPORT, request_serializer=None, response_deserializer=None)
            try:
                metadata = (("authorization", f"Bearer {token}"),)
                export(request.SerializeToString(), metadata=metadata, timeout=20, wait_for_ready=True)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK


def _certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate for the Service's name and address that signs itself, and its key."""
    chain, key = folder / "tls.crt", folder / "tls.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:{address}", "-days", "2"]
    subprocess.run([*words, *names, "-keyout", key, "-out", chain], check=True, capture_output=True, timeout=30)
    return chain, key


@pytest.fixture(scope="module")
def receiver(installed: Cluster, project_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """The installed operator with the overlay over it, and without it again at the end."""
    folder = tmp_path_factory.mktemp("receiver")
    overlay = TOP / "manifests" / "overlays" / "receiver"
    installed.kubectl("apply", "--server-side", "--filename", overlay / "service.yaml")
    address = installed.read("service/speccheck-receiver", f"--namespace={SYSTEM}")["spec"]["clusterIP"]
    chain, key = _certificate(folder, address)
    secret = ("secret", "tls", "speccheck-receiver-tls", f"--namespace={SYSTEM}")
    installed.kubectl("create", *secret, f"--cert={chain}", f"--key={key}")
    try:
        installed.kubectl("apply", "--server-side", f"--kustomize={_with_image(project_image)}")
        installed.kubectl(*ROLLOUT)
        installed.wait("one operator that listens", lambda: _alone(installed) and _listens(address), 180)
        yield Receiver(installed, address, chain)
    finally:
        installed.kubectl("apply", "--server-side", f"--kustomize={TOP / 'build' / 'deploy'}")
        for name in ("rbac", "networkpolicy", "service"):
            installed.kubectl("delete", "--filename", overlay / f"{name}.yaml", "--ignore-not-found")
        installed.kubectl("delete", "secret", "speccheck-receiver-tls", f"--namespace={SYSTEM}")
        installed.kubectl(*ROLLOUT)
        installed.wait("one operator", lambda: _alone(installed), 180)


def _alone(cluster: Cluster) -> bool:
    """Whether the one before has gone: it holds the Lease for as long."""
    return len(cluster.read("pods", f"--namespace={SYSTEM}")["items"]) == 1


def _listens(address: str) -> bool:
    try:
        with socket.create_connection((address, 4317), timeout=1):
            return True
    except OSError:
        return False


def _with_image(image: str) -> Path:
    """A kustomization of the overlay with the image that is tested. Kustomize wants it inside the project."""
    folder = TOP / "build" / "receiver"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(TOP / "manifests" / "overlays" / "own-image" / "image-fields.yaml", folder)
    name, _, tag = image.rpartition(":")
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources: [../../manifests/overlays/receiver]\n"
        f"images: [{{name: speccheck.dev/speccheck, newName: {name}, newTag: '{tag}'}}]\n"
        "configurations: [image-fields.yaml]\n"
    )
    return folder


def _program(image: str, address: str) -> dict[str, object]:
    """A pod that says what it does, with a token for the audience speccheck."""
    token = {"serviceAccountToken": {"path": "token", "audience": "speccheck", "expirationSeconds": 600}}
    volumes = [
        {"name": "token", "projected": {"sources": [token]}},
        {"name": "ca", "configMap": {"name": "receiver-ca"}},
    ]
    container = {
        "name": "program",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/opt/speccheck/bin/python3",
            "-c",
            PROGRAM.replace("ENDPOINT", f"'https://{address}:4318/v1/logs'"),
        ],
        "volumeMounts": [
            {"name": "token", "mountPath": "/var/run/speccheck"},
            {"name": "ca", "mountPath": "/etc/receiver"},
        ],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": volumes,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "program"}, "spec": spec}


def _heard(receiver: Receiver) -> float:
    return receiver.counted("taken") + receiver.counted("unobserved")


def test_a_pod_with_a_projected_token_is_heard(receiver: Receiver, place: Place, project_image: str) -> None:
    before = _heard(receiver)
    place.kubectl("create", "configmap", "receiver-ca", f"--from-file=ca.crt={receiver.certificate}")
    place.apply(_program(project_image, receiver.address))

    def ended() -> str | None:
        phase = str(place.read("pod", "program")["status"]["phase"])
        return phase if phase in ("Succeeded", "Failed") else None

    assert place.wait("the program to end", "program", ended, 120) == "Succeeded", place.kubectl("logs", "program")
    assert "sent True" in place.kubectl("logs", "program")
    place.wait("what it sent to be counted", "program", lambda: _heard(receiver) > before, 120)


def test_tokens_are_good_for_us_only_if_they_were_made_for_us(receiver: Receiver, place: Place) -> None:
    place.kubectl("create", "serviceaccount", "program")
    good = place.kubectl("create", "token", "program", "--audience=speccheck").strip()
    others = place.kubectl("create", "token", "program").strip()
    before = receiver.counted("unauthenticated")
    assert receiver.export(good) is grpc.StatusCode.OK
    assert receiver.export(others) is grpc.StatusCode.UNAUTHENTICATED
    assert receiver.export(good[:-4] + "AAAA") is grpc.StatusCode.UNAUTHENTICATED
    assert receiver.counted("unauthenticated") == before + 2


def test_what_a_program_sends_is_held_to_the_spec(receiver: Receiver, place: Place) -> None:
    place.kubectl("create", "serviceaccount", "program")
    token = place.kubectl("create", "token", "program", "--audience=speccheck").strip()
    place.apply(
        observing(
            "budget",
            sources=[{"name": "program", "otlp": {}}],
            serviceAccountName="program",
            instance="small",
            parameters={},
            variables={"count": 'int(event.attributes["count"])'},
            actions=[{"name": "increment", "when": 'event.name == "increment"'}],
            tiers=["State", "Step"],
            window="200ms",
        )
    )
    place.wait_condition("budget", "Conformant", "Unknown", "NothingObserved")
    for count in (0, 1, 2):
        assert receiver.export(token, "increment" if count else "began", count=count) is grpc.StatusCode.OK
    place.wait_condition("budget", "Conformant", "True")
    assert receiver.export(token, "increment", count=7) is grpc.StatusCode.OK
    place.wait_condition("budget", "Conformant", "False", "DriftDetected")

    def broken() -> Body | None:
        drifts = {drift["property"]: drift["message"] for drift in place.status("budget")["observe"]["drifts"]}
        return drifts if set(drifts) == {"bounded", "increment"} else None

    assert "count 2 → 7" in place.wait("an invariant and a step that are broken", "budget", broken)["increment"]
    told = place.events("budget", "DriftDetected")
    assert {event["regarding"]["kind"] for event in told} == {"SpecCheck"}
