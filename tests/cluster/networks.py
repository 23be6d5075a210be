"""The addresses of a cluster and the one link that joins it to this machine.

A cluster lives in a network namespace of its own, so its ports never clash with others'. From here its node, its pods
and its Services are reached over one pair of virtual interfaces; nothing of it reaches further than this machine.
The addresses are from 198.18.0.0/15, which is set aside for tests of networks. The interface's number is what two
clusters on one machine differ in, and making the interface is how a cluster takes its number.
"""

from dataclasses import dataclass

from tests.cluster.commands import run
from tests.cluster.errors import ClusterError

CLUSTERS_MAX = 64
COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of cluster number `index`, 0 to CLUSTERS_MAX - 1."""

    index: int

    @property
    def interface(self) -> str:
        return f"speccheck{self.index}"

    @property
    def host_ip(self) -> str:
        return f"198.18.{self.index}.1"

    @property
    def node_ip(self) -> str:
        return f"198.18.{self.index}.2"

    @property
    def pod_cidr(self) -> str:
        return f"198.19.{2 * self.index}.0/24"

    @property
    def service_cidr(self) -> str:
        return f"198.19.{2 * self.index + 1}.0/24"

    @property
    def api_service_ip(self) -> str:
        """The first address of the Services' range, which Kubernetes gives to its own API."""
        return f"198.19.{2 * self.index + 1}.1"

    @property
    def dns_service_ip(self) -> str:
        return f"198.19.{2 * self.index + 1}.10"


def connect(namespace_pid: int) -> Network:
    """Join the network namespace of a process to this machine by the first number that is free.

    Raises ClusterError where no number is free or `ip` refuses.
    """
    network = _take_number(namespace_pid)
    inside = ["nsenter", f"--target={namespace_pid}", "--net"]
    device = network.interface
    for prefix, words in (
        ([], f"address add {network.host_ip}/24 dev {device}"),
        ([], f"link set {device} up"),
        (inside, "link set lo up"),
        (inside, f"address add {network.node_ip}/24 dev eth0"),
        (inside, "link set eth0 up"),
        # kube-proxy rewrites what goes to a Service; the kernel wants to know a way there before it does.
        (inside, f"route add {network.service_cidr} via {network.host_ip}"),
        ([], f"route add {network.pod_cidr} via {network.node_ip}"),
        ([], f"route add {network.service_cidr} via {network.node_ip}"),
    ):
        run([*prefix, "ip", *words.split()], timeout_s=COMMAND_TIMEOUT_S)
    return network


def disconnect(network: Network) -> None:
    """Remove the link if it is still there; its routes and addresses go with it."""
    try:
        run(["ip", "link", "delete", network.interface], timeout_s=COMMAND_TIMEOUT_S)
    except ClusterError as error:
        if "Cannot find device" not in str(error):
            raise


def _take_number(namespace_pid: int) -> Network:
    for index in range(CLUSTERS_MAX):
        network = Network(index)
        peer = ["type", "veth", "peer", "name", "eth0", "netns", str(namespace_pid)]
        try:
            run(["ip", "link", "add", network.interface, *peer], timeout_s=COMMAND_TIMEOUT_S)
        except ClusterError as error:
            if "File exists" not in str(error):
                raise
        else:
            return network
    raise ClusterError(
        f"all interfaces speccheck0 to speccheck{CLUSTERS_MAX - 1} are taken: remove some with `ip link`"
    )
