"""The driver that only writes the log writes every hook."""

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from deuteron.ml2.dispatch import Hook, Mechanisms
from deuteron.ml2.mechanisms.logger import LoggerMechanismDriver

CURRENT = {
    "id": "id-1",
    "name": "blue",
    "project_id": "p",
    "network_id": "n1",
    "cidr": "10.0.0.0/24",
    "mac_address": "fa:16:3e:00:00:01",
    "status": "DOWN",
    "binding:vif_type": "unbound",
}


def a_context() -> Any:
    return SimpleNamespace(current=CURRENT, host="h1", declines=[], decline=lambda *words: None)


@pytest.mark.parametrize("hook", list(Hook))
def test_every_hook_is_written_with_name_and_id(caplog, hook):
    driver = LoggerMechanismDriver()
    driver.initialize()
    assert Mechanisms([("logger", driver)]).overrides(hook)
    with caplog.at_level(logging.INFO, logger="deuteron.ml2.mechanisms.logger"):
        getattr(driver, hook.value)(a_context())
    (record,) = caplog.records
    for word in (hook.value, "id-1", "blue"):
        assert word in record.getMessage()


def test_it_binds_nothing_and_says_so():
    said: list[tuple[Any, ...]] = []
    context = a_context()
    context.decline = lambda *words: said.append(words)
    LoggerMechanismDriver().bind_port(context)
    assert said[0][1] == "declined"
