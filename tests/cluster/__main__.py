"""A cluster by hand: `up`, `env`, `load`, `down`; and `prepare` and `image` for what the tests need built.

python -m tests.cluster up
eval "$(python -m tests.cluster env)"      # kubectl and the tests now use it
kubectl get nodes
python -m tests.cluster down
"""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from tests.cluster import caches, finding, images, made
from tests.cluster.clusters import Cluster
from tests.cluster.errors import ClusterError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="A Kubernetes cluster to try speccheck on, or to test it."
)

FAILED = 5  # the exit status of speccheck's commands where the environment is at fault


@app.command()
def up(foreground: Annotated[bool, typer.Option(help="Stay, and take it down at Ctrl-C.")] = False) -> None:
    """Start a cluster, by kind where Docker answers, and keep it until `down`."""
    if (running := _kept()) is not None:
        running.wait_until_usable()
        typer.echo(f"{running.description} is running already")
        return
    way = finding.find()
    typer.echo(f"starting {way.name}", err=True)
    way.prepare()
    cluster = way.open(not foreground)
    _pointer().write_text(str(cluster.kubeconfig))
    typer.echo(f'{cluster.description} is ready; in a shell: eval "$(python -m tests.cluster env)"')
    if foreground:
        _until_interrupted()
        _pointer().unlink(missing_ok=True)
        cluster.stop()


@app.command()
def env() -> None:
    """Print what a shell evaluates so that kubectl and the tests use the running cluster."""
    cluster = _running()
    values = {**cluster.environment(), finding.KUBECONFIG_VARIABLE: str(cluster.kubeconfig)}
    for name, value in values.items():
        typer.echo(f"export {name}='{value}'")
    if cluster.program.is_absolute():
        typer.echo(f'export PATH="{cluster.program.parent}:$PATH"')


@app.command()
def load() -> None:
    """Build the project's image, load it into the running cluster, and print its full name."""
    typer.echo(_running().project_image())


@app.command()
def down() -> None:
    """Take the cluster of `up` down."""
    cluster = _kept()
    if cluster is not None:
        cluster.take_down()
    _pointer().unlink(missing_ok=True)
    typer.echo(f"{cluster.description} is gone" if cluster else "no cluster was running")


@app.command()
def prepare() -> None:
    """Build what takes minutes the first time, so that the tests find it built."""
    finding.find().prepare()


@app.command()
def image() -> None:
    """Build the project's image without Docker, and print its name and its OCI archive."""
    built = images.project()
    typer.echo(f"{built.name} {built.archive}")


def _pointer() -> Path:
    """The file that names the kubeconfig of the cluster that `up` made."""
    return caches.directory() / "cluster-kubeconfig"


def _kept() -> Cluster | None:
    """The cluster that `up` made, if it was not taken down and did not end by itself."""
    made.sweep()
    if not _pointer().exists():
        return None
    kubeconfig = Path(_pointer().read_text())
    return finding.identified(kubeconfig) if kubeconfig.exists() else None


def _running() -> Cluster:
    cluster = _kept()
    if cluster is None:
        raise ClusterError("no cluster is running here; start one with: python -m tests.cluster up")
    return cluster


def _until_interrupted() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


if __name__ == "__main__":
    try:
        app()
    except ClusterError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(FAILED) from error
