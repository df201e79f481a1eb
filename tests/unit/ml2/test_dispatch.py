"""Which drivers are called at a hook, in which order, and what becomes of their errors."""

import pytest
from neutron_lib import exceptions
from neutron_lib.plugins.ml2 import api

from deuteron.errors import MechanismDriverError, NetworkError, TryAgain
from deuteron.ml2.dispatch import Hook, Mechanisms


class Refusing(exceptions.Conflict):
    message = "no"


class Missing(exceptions.NotFound):
    message = "gone"


def a_driver(calls, name, *hooks, error=None):
    """A driver that overrides these hooks, notes its calls and may raise."""

    def hook_of(hook):
        def call(self, context):
            calls.append((name, hook.value, context))
            if error is not None:
                raise error

        return call

    body = {hook.value: hook_of(hook) for hook in hooks}
    kind = type(f"{name}Driver", (api.MechanismDriver,), {"initialize": lambda self: None, **body})
    return name, kind()


@pytest.fixture
def calls():
    return []


def test_only_overridden_hooks_are_called(calls):
    mechanisms = Mechanisms(
        [
            a_driver(calls, "a", Hook.CREATE_PORT_PRECOMMIT),
            a_driver(calls, "b", Hook.BIND_PORT),
            a_driver(calls, "c"),
        ]
    )
    assert mechanisms.overrides(Hook.CREATE_PORT_PRECOMMIT)
    assert mechanisms.overrides(Hook.BIND_PORT)
    assert not mechanisms.overrides(Hook.UPDATE_PORT_PRECOMMIT)
    mechanisms.precommit(Hook.CREATE_PORT_PRECOMMIT, ["port"])
    assert calls == [("a", "create_port_precommit", "port")]


def test_a_driver_that_names_what_it_watches_is_not_concerned_by_other_changes(calls):
    hook = Hook.UPDATE_PORT_PRECOMMIT
    name, watching = a_driver(calls, "a", hook)
    watching.watched_port_attributes = frozenset({"mac_address"})
    old, renamed, other = {"mac_address": "m"}, {"mac_address": "m", "name": "n"}, {}
    alone = Mechanisms([(name, watching)])
    assert not alone.concerned(hook, old, renamed)
    assert alone.concerned(hook, old, other)
    assert not alone.concerned(Hook.UPDATE_PORT_POSTCOMMIT, old, other)
    assert Mechanisms([(name, watching), a_driver(calls, "b", hook)]).concerned(hook, old, renamed)


def test_a_hook_inherited_from_another_driver_counts(calls):
    _, parent = a_driver(calls, "p", Hook.CREATE_PORT_PRECOMMIT)
    child = type("Child", (type(parent),), {})()
    assert Mechanisms([("child", child)]).overrides(Hook.CREATE_PORT_PRECOMMIT)


def test_a_hook_set_on_the_instance_counts(calls):
    _, driver = a_driver(calls, "a")
    driver.create_port_precommit = calls.append
    mechanisms = Mechanisms([("a", driver)])
    mechanisms.precommit(Hook.CREATE_PORT_PRECOMMIT, ["port"])
    assert calls == ["port"]


@pytest.mark.parametrize("hook", [h for h in Hook if h is not Hook.BIND_PORT])
def test_deletes_walk_the_drivers_in_reverse(calls, hook):
    mechanisms = Mechanisms([a_driver(calls, name, hook) for name in "abc"])
    if hook.endswith("_precommit"):
        mechanisms.precommit(hook, [1, 2])
    else:
        mechanisms.postcommit(hook, [1, 2])
    order = "cba" if hook.startswith("delete_") else "abc"
    assert [(name, context) for name, _, context in calls] == [
        (name, context) for context in (1, 2) for name in order
    ]
    assert mechanisms.drivers_with(hook) == tuple(order)


def test_a_precommit_error_vetoes_and_ends_the_walk(calls):
    mechanisms = Mechanisms(
        [
            a_driver(calls, "a", Hook.CREATE_PORT_PRECOMMIT, error=Refusing()),
            a_driver(calls, "b", Hook.CREATE_PORT_PRECOMMIT),
        ]
    )
    with pytest.raises(MechanismDriverError) as raised:
        mechanisms.precommit(Hook.CREATE_PORT_PRECOMMIT, [1, 2])
    assert [name for name, _, _ in calls] == ["a"]
    assert (raised.value.status, raised.value.type) == (409, "Refusing")
    assert raised.value.message == "no"


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (exceptions.InvalidInput(error_message="x"), 400, "InvalidInput"),
        (exceptions.NotAuthorized(), 403, "NotAuthorized"),
        (exceptions.PortNotFound(port_id="x"), 404, "PortNotFound"),
        (exceptions.PortInUse(port_id="x", net_id="y", device_id="z"), 409, "PortInUse"),
        (exceptions.NoNetworkAvailable(), 503, "NoNetworkAvailable"),
        (exceptions.NeutronException(), 500, "NeutronException"),
        (ValueError("secret"), 500, "HTTPInternalServerError"),
        (exceptions.MultipleExceptions([Refusing()]), 409, "Refusing"),
        (exceptions.MultipleExceptions([Refusing(), Missing()]), 409, "Conflict"),
    ],
)
def test_the_error_of_a_driver_keeps_its_name_and_status(calls, error, status, name):
    mechanisms = Mechanisms([a_driver(calls, "a", Hook.CREATE_PORT_PRECOMMIT, error=error)])
    with pytest.raises(MechanismDriverError) as raised:
        mechanisms.precommit(Hook.CREATE_PORT_PRECOMMIT, [1])
    assert (raised.value.status, raised.value.type) == (status, name)
    assert "secret" not in raised.value.message


def test_a_lost_race_in_a_precommit_hook_is_no_veto(calls):
    error = TryAgain(reason="deadlock")
    mechanisms = Mechanisms([a_driver(calls, "a", Hook.UPDATE_PORT_PRECOMMIT, error=error)])
    with pytest.raises(TryAgain):
        mechanisms.precommit(Hook.UPDATE_PORT_PRECOMMIT, [1])


def test_create_postcommit_ends_at_the_first_error(calls):
    mechanisms = Mechanisms(
        [
            a_driver(calls, "a", Hook.CREATE_NETWORK_POSTCOMMIT, error=Refusing()),
            a_driver(calls, "b", Hook.CREATE_NETWORK_POSTCOMMIT),
        ]
    )
    with pytest.raises(MechanismDriverError) as raised:
        mechanisms.postcommit(Hook.CREATE_NETWORK_POSTCOMMIT, [1, 2])
    assert [name for name, _, _ in calls] == ["a"]
    assert [(f.driver, f.position) for f in raised.value.failures] == [("a", 0)]


@pytest.mark.parametrize("hook", [Hook.UPDATE_NETWORK_POSTCOMMIT, Hook.DELETE_NETWORK_POSTCOMMIT])
def test_other_postcommits_are_run_to_the_end(calls, hook):
    mechanisms = Mechanisms(
        [
            a_driver(calls, "a", hook, error=Refusing()),
            a_driver(calls, "b", hook),
            a_driver(calls, "c", hook, error=Missing()),
        ]
    )
    with pytest.raises(MechanismDriverError) as raised:
        mechanisms.postcommit(hook, [1, 2])
    assert len(calls) == 6
    assert sorted((f.driver, f.position) for f in raised.value.failures) == [
        ("a", 0),
        ("a", 1),
        ("c", 0),
        ("c", 1),
    ]
    assert raised.value.status == 409
    assert "HTTP 404 Missing: gone" in raised.value.message


def test_a_repetition_calls_only_those_who_failed(calls):
    hook = Hook.DELETE_PORT_POSTCOMMIT
    mechanisms = Mechanisms([a_driver(calls, name, hook) for name in "abc"])
    mechanisms.postcommit(hook, [1], only=["b"])
    assert [name for name, _, _ in calls] == ["b"]


def test_the_time_of_each_call_is_told_even_of_a_failing_one(calls):
    told = []
    mechanisms = Mechanisms(
        [
            a_driver(calls, "a", Hook.CREATE_PORT_PRECOMMIT),
            a_driver(calls, "b", Hook.CREATE_PORT_PRECOMMIT, error=Refusing()),
        ],
        observe=lambda driver, hook, seconds: told.append((driver, hook, seconds >= 0)),
    )
    with pytest.raises(MechanismDriverError):
        mechanisms.precommit(Hook.CREATE_PORT_PRECOMMIT, [1])
    assert told == [("a", "create_port_precommit", True), ("b", "create_port_precommit", True)]


def test_the_hooks_are_those_of_the_interface():
    named = {name for name in vars(api.MechanismDriver) if name.endswith("commit")}
    assert {hook.value for hook in Hook} == named | {"bind_port"}


def opinionated(opinion):
    body = {
        "initialize": lambda self: None,
        "check_vlan_qinq": lambda self, context: opinion,
        "supported_extensions": lambda self, aliases: aliases - {f"not-of-{opinion}"},
    }
    return str(opinion), type("Opinionated", (api.MechanismDriver,), body)()


@pytest.mark.parametrize(
    ("opinions", "agreed"),
    [
        ((), True),
        ((None,), False),
        ((True,), True),
        ((True, None), True),
        ((None, True, False), False),
        ((False,), False),
    ],
)
def test_drivers_agree_if_one_can_and_none_cannot(opinions, agreed):
    mechanisms = Mechanisms([opinionated(opinion) for opinion in opinions])
    assert mechanisms.agree(lambda driver: driver.check_vlan_qinq("network")) is agreed


def test_a_driver_that_cannot_tell_refuses():
    def ask(driver):
        raise Refusing

    with pytest.raises(NetworkError) as caught:
        Mechanisms([opinionated(True)]).agree(ask)
    assert (caught.value.type, caught.value.status) == ("Refusing", 409)


def test_an_extension_is_supported_if_all_drivers_support_it():
    mechanisms = Mechanisms([opinionated(True), opinionated(None)])
    aliases = {"a", "not-of-True", "not-of-None", "not-of-False"}
    assert mechanisms.supported(aliases) == {"a", "not-of-False"}
    assert Mechanisms([]).supported(aliases) == aliases
