"""Metering labels and their rules, on each database."""

from dataclasses import replace
from typing import Any

import pytest

from deuteron import errors
from deuteron.context import RequestContext
from deuteron.db.engine import Database
from deuteron.query import EVERYTHING, Query
from deuteron.services.metering import labels, rules
from tests.deployments import ADMIN, Site, a_deployment
from tests.races import at_once

OTHER = RequestContext(request_id="req-2", project_id="other")


@pytest.fixture
def site(database, tmp_path) -> Site:
    return Site(a_deployment(database, tmp_path, mechanisms=("openvswitch",)))


@pytest.fixture
def elsewhere(site, database_url):
    """The same deployment in another process."""
    opened = Database(database_url)
    yield replace(site.d, database=opened)
    opened.dispose()


def a_label(site: Site, **values: Any) -> dict[str, Any]:
    body = {"project_id": "p", "name": "l", "description": "", "shared": False, **values}
    return labels.create(site.d, ADMIN, [body])[0]


def a_rule(label: dict[str, Any], prefix: str, **values: Any) -> dict[str, Any]:
    """The body of a rule."""
    return {
        "metering_label_id": label["id"],
        "direction": "ingress",
        "excluded": False,
        "remote_ip_prefix": prefix,
        **values,
    }


def test_labels_and_rules_are_read_as_they_were_made(site):
    plain = a_label(site, description="d" * 1024)
    shared = a_label(site, name="s", shared=True)
    assert labels.get(site.d, ADMIN, plain["id"]) == plain
    assert labels.list_(site.d, ADMIN, Query(filters={"shared": (True,)})) == [shared]
    query = Query(sort=(("name", True),), limit=1)
    assert labels.list_(site.d, ADMIN, query) == [plain]
    after = replace(query, marker=plain["id"])
    assert labels.list_(site.d, ADMIN, after) == [shared]
    made = rules.create(
        site.d,
        ADMIN,
        [a_rule(plain, "10.0.0.0/24", excluded=True), a_rule(shared, "2001:db8::/32")],
    )
    assert rules.get(site.d, ADMIN, made[0]["id"]) == made[0]
    assert rules.list_(site.d, ADMIN, Query(filters={"excluded": (True,)})) == made[:1]
    fields = Query(fields=("project_id",), limit=5)
    assert rules.list_(site.d, ADMIN, fields) == [{"project_id": "p"}] * 2
    # a project finds what is shared; the policy says whether it may read it
    assert labels.list_(site.d, OTHER, EVERYTHING) == [shared]
    assert rules.list_(site.d, OTHER, EVERYTHING) == made[1:]
    with pytest.raises(errors.MeteringLabelRuleNotFound):
        rules.get(site.d, OTHER, made[0]["id"])
    rules.delete(site.d, ADMIN, made[1]["id"])
    labels.delete(site.d, ADMIN, plain["id"])
    assert rules.list_(site.d, ADMIN, EVERYTHING) == []


def test_one_of_two_rules_that_overlap_is_made(site, elsewhere):
    label, other = a_label(site), a_label(site, name="other")
    rules.create(site.d, ADMIN, [a_rule(label, "192.0.2.0/24")])
    for number in range(3):
        failures = at_once(
            *(
                lambda d=d, n=number, length=length: rules.create(
                    d, ADMIN, [a_rule(label, f"10.{n}.0.0/{length}")]
                )
                for d, length in ((site.d, 16), (elsewhere, 17), (site.d, 18), (elsewhere, 19))
            ),
            lambda n=number: rules.create(site.d, ADMIN, [a_rule(other, f"10.{n}.0.0/16")]),
        )
        assert [type(failure) for failure in failures] == [errors.MeteringLabelRuleOverlaps] * 3
    filters = {"metering_label_id": (label["id"],)}
    assert len(rules.list_(site.d, ADMIN, Query(filters=filters))) == 4


def test_a_rule_does_not_outlive_its_label(site, elsewhere):
    for _ in range(3):
        label = a_label(site)
        failures = at_once(
            lambda label=label: labels.delete(site.d, ADMIN, label["id"]),
            lambda label=label: rules.create(elsewhere, ADMIN, [a_rule(label, "10.0.0.0/8")]),
        )
        assert {type(failure) for failure in failures} <= {errors.MeteringLabelNotFound}
        assert rules.list_(site.d, ADMIN, EVERYTHING) == []
