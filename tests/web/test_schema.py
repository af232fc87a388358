"""The description for programs would promise what the server does not keep, or a strange request would break it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mimika.data.purpose import Purpose
from mimika.web.config import Rates, ServerConfig
from tests.web.running import Running, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    ignored_auth,
]


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that asks for tokens and does not mind being asked often."""
    config = ServerConfig(
        port=0,
        data_dir=tmp_path_factory.mktemp("schema"),
        job_workers=0,
        require_token=True,
        rates=Rates(requests=10_000, burst=100_000, guesses=1_000_000),
    )
    with running(config, Purpose("research")) as found:
        yield found


@pytest.fixture(scope="module")
def description(patient: Running) -> Any:
    config = SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}}})
    address = f"http://127.0.0.1:{patient.port}/v1/openapi.json"
    return schemathesis.openapi.from_url(address, config=config)


@pytest.fixture(scope="module")
def admin(patient: Running) -> dict[str, str]:
    return patient.bearer("tester", ("admin",))


FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_route_keeps_what_the_description_says(description: Any, admin: dict[str, str]) -> None:
    """No 5xx, only the described statuses, types and shapes, and no answer without the token."""
    broken: list[str] = []
    for found in description.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events") and "jobs" in operation.path:
            continue  # a stream that lasts as long as its job; the tests of jobs read it

        @FEW
        @given(operation.as_strategy())
        def ask(case: Case) -> None:
            answer = case.call(headers=admin, timeout=30)
            case.validate_response(answer, checks=CHECKS, headers=admin)
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"code", "message"}

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  all routes are looked at before one is told
            parts = getattr(error, "exceptions", [error])
            broken.append(f"{operation.label}: " + "; ".join(" ".join(str(part).split())[:400] for part in parts))
    assert not broken, "\n\n".join(broken)


def test_every_reference_in_the_description_leads_somewhere(patient: Running) -> None:
    """Generators of clients stop at the first one that does not."""
    whole = patient.client.get("/v1/openapi.json").json()

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list):
            for one in value:
                yield from walk(one)

    references = set(walk(whole))
    assert len(references) > 10
    for reference in references:
        place = whole
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
