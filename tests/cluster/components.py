"""The programs a cluster is made of, each by its command line and the configuration it reads.

Takes the cluster's place; gives words to run. Starts nothing. Every program runs inside the cluster's namespaces, where
the ports are free and the default directories are the cluster's own.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.cluster.audits import Audit
from tests.cluster.credentials import API_PORT, NODE_NAME
from tests.cluster.networks import Network

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
CNI_DIRECTORIES = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


@dataclass(frozen=True, slots=True)
class Place:
    """What the programs of one cluster have to know about it."""

    directory: Path
    network: Network
    programs: Path
    sandbox_image: str

    @property
    def cgroup(self) -> str:
        return self.directory.name

    @property
    def audit(self) -> Audit:
        return Audit(self.directory / "audit")

    @property
    def credentials(self) -> Path:
        return self.directory / "credentials"

    def log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"

    def kubeconfig(self, account: str) -> Path:
        return self.credentials / f"{account}.kubeconfig"

    def written(self, name: str, content: object) -> Path:
        """A configuration file: text as it is, anything else as JSON, which is YAML too."""
        path = self.directory / "configuration" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
        return path


def cni_directory() -> Path | None:
    """Where the network plugins are, if they are."""
    return next((path for path in CNI_DIRECTORIES if (path / "bridge").exists()), None)


def etcd(place: Place) -> list[str]:
    return [
        "etcd",
        "--data-dir=/var/lib/etcd",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
        # kubeadm's value: what the API server holds of a kind that nobody changes is told to be the newest
        "--experimental-watch-progress-notify-interval=5s",
    ]


def containerd(place: Place) -> list[str]:
    bridge = {
        "cniVersion": "0.4.0",
        "name": "speccheck",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isDefaultGateway": True,
                "hairpinMode": True,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": place.network.pod_cidr}]]},
            }
        ],
    }
    network = place.written("cni/10-speccheck.conflist", bridge).parent
    # restrict_oom_score_adj: without the right to lower the score, every sandbox would fail to start
    config = f"""
version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
                    "io.containerd.snapshotter.v1.zfs"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{place.sandbox_image}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_directory()}"
    conf_dir = "{network}"
"""
    return ["containerd", f"--config={place.written('containerd.toml', config)}"]


def kube_apiserver(place: Place) -> list[str]:
    keys, network = place.credentials, place.network
    return [
        f"{place.programs}/kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={network.node_ip}",
        f"--secure-port={API_PORT}",
        "--cert-dir=/var/lib/kube-apiserver",
        f"--tls-cert-file={keys}/server.crt",
        f"--tls-private-key-file={keys}/server.key",
        f"--client-ca-file={keys}/ca.crt",
        f"--token-auth-file={keys}/tokens.csv",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={network.service_cidr}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys}/sa.key",
        f"--service-account-signing-key-file={keys}/sa.key",
        f"--kubelet-client-certificate={keys}/client.crt",
        f"--kubelet-client-key={keys}/client.key",
        "--kubelet-preferred-address-types=InternalIP,Hostname",
        *place.audit.options(),
    ]


def kube_controller_manager(place: Place) -> list[str]:
    return [
        f"{place.programs}/kube-controller-manager",
        f"--kubeconfig={place.kubeconfig('kube-controller-manager')}",
        f"--service-account-private-key-file={place.credentials}/sa.key",
        f"--root-ca-file={place.credentials}/ca.crt",
        "--use-service-account-credentials=true",
    ]


def kube_scheduler(place: Place) -> list[str]:
    return [f"{place.programs}/kube-scheduler", f"--kubeconfig={place.kubeconfig('kube-scheduler')}"]


def kubelet(place: Place) -> list[str]:
    config = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{place.credentials}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{place.cgroup}",
        "clusterDNS": [place.network.dns_service_ip],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "enforceNodeAllocatable": [],
        # The disk is the machine's, and how full it is no matter of the tests'.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "podPidsLimit": 512,
        "resolvConf": "",
        "volumeStatsAggPeriod": "5s",  # how soon a pod that fills its volume is evicted
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }
    return [
        f"{place.programs}/kubelet",
        f"--config={place.written('kubelet.json', config)}",
        f"--kubeconfig={place.kubeconfig('kubelet')}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={place.network.node_ip}",
    ]


def kube_proxy(place: Place) -> list[str]:
    # The zeros leave the machine's connection tracking as it is.
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clusterCIDR": place.network.pod_cidr,
        "clientConnection": {"kubeconfig": str(place.kubeconfig("kube-proxy"))},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    config_file = place.written("kube-proxy.json", config)
    return [f"{place.programs}/kube-proxy", f"--config={config_file}", f"--hostname-override={NODE_NAME}"]


COMMANDS: Mapping[str, Callable[[Place], list[str]]] = MappingProxyType(
    {
        "etcd": etcd,
        "containerd": containerd,
        "kube-apiserver": kube_apiserver,
        "kube-controller-manager": kube_controller_manager,
        "kube-scheduler": kube_scheduler,
        "kubelet": kubelet,
        "kube-proxy": kube_proxy,
    }
)
