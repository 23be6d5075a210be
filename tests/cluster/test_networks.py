"""No two clusters share an address, whatever their numbers."""

from ipaddress import ip_address, ip_network
from itertools import combinations

from tests.cluster.networks import CLUSTERS_MAX, Network


def test_addresses_of_all_clusters_are_apart_and_set_aside_for_tests() -> None:
    networks = [Network(index) for index in range(CLUSTERS_MAX)]
    links = [ip_network(f"{network.node_ip}/24", strict=False) for network in networks]
    ranges = links + [ip_network(text) for network in networks for text in (network.pod_cidr, network.service_cidr)]
    assert not [pair for pair in combinations(ranges, 2) if pair[0].overlaps(pair[1])]
    assert all(one.supernet(new_prefix=15) == ip_network("198.18.0.0/15") for one in ranges)


def test_fixed_addresses_lie_in_their_ranges() -> None:
    network = Network(CLUSTERS_MAX - 1)
    services = ip_network(network.service_cidr)
    assert ip_address(network.api_service_ip) == services[1]
    assert ip_address(network.dns_service_ip) in services
    assert len(network.interface) <= 15  # the kernel's limit on names of interfaces
