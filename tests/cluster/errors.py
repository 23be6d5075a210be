"""What can go wrong with the cluster: every message says what was tried, on what, and what to do."""


class ClusterError(Exception):
    """A step towards a cluster, or one taken on it, failed; the text holds what the programs said."""


class StoppedError(ClusterError):
    """A part of the cluster is not running any more: no use waiting for what it should do."""


class UnavailableError(ClusterError):
    """This machine gives no cluster: the reasons, one for each way that was looked at."""
