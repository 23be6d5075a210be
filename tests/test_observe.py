"""The helper for users' own programs: what it sends, what it costs when nobody listens, what it imports."""

import ast
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import NoOpLogger
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

import speccheck.observe
from speccheck.observe import PROCESS, SEQ, Observer


@pytest.fixture
def sent() -> Iterator[tuple[Observer, InMemoryLogRecordExporter]]:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    yield Observer(provider.get_logger("test")), exporter
    provider.shutdown()


def _records(exporter: InMemoryLogRecordExporter) -> list[Any]:
    return [each.log_record for each in exporter.get_finished_logs()]


def test_an_action_is_a_log_record_with_a_name_its_arguments_and_a_number(
    sent: tuple[Observer, InMemoryLogRecordExporter],
) -> None:
    observer, exporter = sent
    observer.action("apply", deployer="d1", plan=7, records={"a": ["b"]})
    observer.action("clean", name="an argument may be called so")
    first, second = _records(exporter)
    assert (first.event_name, second.event_name) == ("apply", "clean")
    named = {name: value for name, value in first.attributes.items() if not name.startswith("speccheck.")}
    assert named == {"deployer": "d1", "plan": 7, "records": {"a": ("b",)}}
    assert second.attributes["name"] == "an argument may be called so"
    assert (first.attributes[SEQ], second.attributes[SEQ]) == (1, 2)
    assert first.attributes[PROCESS] == second.attributes[PROCESS] != ""
    assert first.timestamp <= second.timestamp


def test_numbers_of_many_threads_have_no_holes_and_grow_with_time(
    sent: tuple[Observer, InMemoryLogRecordExporter],
) -> None:
    observer, exporter = sent
    threads = [
        threading.Thread(target=lambda: [observer.action("step") for _ in range(200)], daemon=True) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    records = sorted(_records(exporter), key=lambda each: each.attributes[SEQ])
    assert [each.attributes[SEQ] for each in records] == list(range(1, 801))
    assert sorted(each.timestamp for each in records) == [each.timestamp for each in records]


def test_without_a_provider_nothing_is_counted_and_nothing_is_made() -> None:
    observer = Observer(NoOpLogger("none"))
    observer.action("apply", deployer="d1")
    assert next(observer._numbers) == 1
    speccheck.observe.action("apply", deployer="d1")


FORK = """
import os
from speccheck.observe import Observer
from opentelemetry._logs import NoOpLogger
observer = Observer(NoOpLogger("x"))
next(observer._numbers)
before = observer._process
if os.fork() == 0:
    os._exit(0 if next(observer._numbers) == 1 and observer._process != before else 1)
assert os.wait()[1] == 0
assert observer._process == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_counts_anew_as_another_process() -> None:
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=60)


def test_it_imports_the_api_alone() -> None:
    tree = ast.parse(Path(speccheck.observe.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    ours = {name for name in imported if name and name.split(".")[0] not in sys.stdlib_module_names}
    assert ours == {"opentelemetry._logs"}


LOADED = """
import sys
from speccheck import observe
observe.action("apply", deployer="d1")
print(*sorted({name.split(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"__main__"}))
print(*sorted(name for name in sys.modules if name.startswith("speccheck")))
"""


def _loaded(**variables: str) -> list[list[str]]:
    """What a program that says an action has loaded: distributions, and modules of ours."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-S", "-c", LOADED],
        env=plain | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.split() for line in done.stdout.splitlines()]


def test_where_nobody_listens_it_loads_itself_alone() -> None:
    assert _loaded() == [["speccheck"], ["speccheck", "speccheck.observe"]]


def test_a_provider_that_the_environment_chooses_is_loaded() -> None:
    distributions, ours = _loaded(OTEL_PYTHON_LOGGER_PROVIDER="sdk_logger_provider")
    assert "opentelemetry" in distributions
    assert ours == ["speccheck", "speccheck.observe"]


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from speccheck import observe
observe.action("apply")
"""


def test_a_program_without_opentelemetry_runs_as_well() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT], check=True, timeout=60)


RACE = """
import sys, threading
from speccheck import observe
def load():
    import opentelemetry._logs
loading = threading.Thread(target=load)
loading.start()
while loading.is_alive():
    observe.action("meanwhile")
loading.join()
observe.action("after")
assert observe._OBSERVER._logger is not None
"""


def test_the_api_may_be_loaded_meanwhile_by_another_thread() -> None:
    subprocess.run([sys.executable, "-c", RACE], check=True, timeout=60)


LATER = """
from speccheck import observe
observe.action("before")
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
exporter, provider = InMemoryLogRecordExporter(), LoggerProvider()
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
set_logger_provider(provider)
observe.action("after")
(only,) = exporter.get_finished_logs()
assert (only.log_record.event_name, only.log_record.attributes[observe.SEQ]) == ("after", 1)
"""


def test_a_provider_may_be_set_up_later() -> None:
    subprocess.run([sys.executable, "-c", LATER], check=True, timeout=60)
