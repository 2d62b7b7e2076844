"""A layer that cannot run is a failure: a test that skips itself is reported as failed."""

import signal
from collections.abc import Generator

import pytest


def _no_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _no_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _no_skip(report)
    return report


def pytest_configure() -> None:
    """A shell's background ignores interrupts, and what it starts would too: here they end what they are sent to."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
