"""``--workspace``: one of several, with its own token, settings and place, and nothing of another's."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from pylon_elt.pipelines.base import exits

pytestmark = pytest.mark.dear


def organization(file: Any) -> str:
    with duckdb.connect(str(file), read_only=True) as connection:
        ((found,),) = connection.execute("SELECT id FROM pylon.organization").fetchall()
    return str(found)


def test_each_has_a_file_of_its_own_and_every_verb_finds_it(open_house: Any) -> None:
    house = open_house("acme", "beta")
    for name, issues in (("acme", 12), ("beta", 7)):
        ran = house.desk.pylon("run", "--workspace", name, "--select", "issues,organization")
        assert ran.code == exits.DONE, ran.text
        assert f"support_{name}.duckdb, dataset pylon" in ran.text
        status = house.desk.pylon("status", "-w", name, "--format", "json").event("status")
        assert status["workspace"] == name
        assert status["tables"]["issues"]["rows"] == issues
        asked = house.desk.pylon(
            "query", "select count(*) as n from issues", "--workspace", name, "--format", "csv"
        )
        assert asked.out.split() == ["n", str(issues)]
        for verb in (("verify", "--sample", "2"), ("check", "--select", "issues"), ("reconcile",)):
            done = house.desk.pylon(*verb, "--workspace", name)
            assert done.code == exits.DONE, done.text
    assert organization(house.file("acme")) != organization(house.file("beta"))
    assert not house.desk.database.exists()


def test_what_can_be_typed_next_names_the_workspace(open_house: Any) -> None:
    house = open_house("acme", "beta")
    told = house.desk.pylon("status", "--workspace", "beta")
    assert "Make it with: pylon run --workspace beta" in told.text


def test_an_unknown_one_is_answered_with_the_nearest_name(open_house: Any) -> None:
    house = open_house("acme", "beta")
    refused = house.desk.pylon("run", "--workspace", "acmee")
    assert refused.code == exits.USAGE
    assert "There is no workspace 'acmee'. Next: Did you mean acme? There are acme, beta." in refused.text
    whole = house.desk.pylon("ask", "--workspace", "all", "backlog")
    assert whole.code == exits.USAGE
    assert "The union of all workspaces is there for pylon query alone." in whole.text


def test_no_token_but_its_own_is_ever_used_for_it(open_house: Any) -> None:
    house = open_house("acme", "beta")
    house.desk.config(f'[workspaces.acme]\napi_key = "{house.servers["acme"].token}"\n', "secrets.toml")
    others = {"PYLON_API_KEY": house.servers["acme"].token}
    refused = house.desk.pylon("run", "--workspace", "beta", env=others)
    assert refused.code == exits.CONFIGURATION
    assert "The workspace beta has no API token." in refused.text
    assert "WORKSPACES__BETA__API_KEY" in refused.text
    assert not house.servers["beta"].log
    own = {"WORKSPACES__BETA__API_KEY": house.servers["beta"].token}
    assert house.desk.pylon("run", "--workspace", "beta", "--select", "teams", env=own).code == exits.DONE


def test_a_variable_goes_before_the_file_and_both_are_told(open_house: Any) -> None:
    house = open_house("acme")
    own = {"WORKSPACES__ACME__API_KEY": "pyl_other"}
    refused = house.desk.pylon("check", "--workspace", "acme", "--select", "teams", env=own)
    assert refused.code == exits.CONFIGURATION
    assert "WORKSPACES__ACME__API_KEY is used, api_key under [workspaces.acme] is not" in refused.text
    assert "Check WORKSPACES__ACME__API_KEY, or make a new token" in refused.text
    assert "pyl_other" not in refused.text


def test_without_a_name_that_of_the_source_is_meant_or_a_name_asked_for(open_house: Any) -> None:
    house = open_house("acme", "beta")
    refused = house.desk.pylon("run")
    assert refused.code == exits.CONFIGURATION
    assert "No workspace was named, and [sources.pylon] has no token. There are acme, beta." in refused.text
    assert "--workspace acme, or take them all with --all" in refused.text
    server = house.servers["beta"]
    own = {"PYLON_API_KEY": server.token, "SOURCES__PYLON__BASE_URL": server.base_url}
    assert house.desk.pylon("run", "--select", "issues", env=own).code == exits.DONE
    assert house.desk.rows("issues") == 7


def test_a_mask_for_all_holds_for_each_and_its_own_comes_on_top(open_house: Any) -> None:
    masks = '[sources.pylon.mask.contacts]\nemail = "redact"\nname = "redact"\n'
    house = open_house("acme", settings=masks)
    with (house.desk.folder / ".dlt" / "config.toml").open("a") as file:
        file.write(
            '[workspaces.acme.mask.contacts]\nname = "drop"\n[workspaces.acme.mask.accounts]\nname = "redact"\n'
        )
    ran = house.desk.pylon("run", "-w", "acme", "--select", "contacts,accounts")
    assert ran.code == exits.DONE, ran.text
    with duckdb.connect(str(house.file("acme")), read_only=True) as connection:
        people = connection.execute("SELECT DISTINCT email, name FROM pylon.contacts").fetchall()
        companies = connection.execute("SELECT DISTINCT name FROM pylon.accounts").fetchall()
    assert set(people) <= {("[redacted]", None), (None, None)}
    assert ("[redacted]", None) in people
    assert companies == [("[redacted]",)]


@pytest.mark.parametrize(
    ("text", "place", "near"),
    [
        (
            '[workspaces.acme.masks.contacts]\nemail = "hash"',
            "workspaces.acme.masks.contacts.email",
            "acme.mask.",
        ),
        ('[workspaces.acme]\nregoin = "eu"', "workspaces.acme.regoin", "workspaces.acme.region"),
        ('[workspaces.acme]\napi_key = "x"', "workspaces.acme.api_key", "in secrets.toml"),
        ('[workspace.acme.mask.contacts]\nemail = "drop"', "workspace.acme.mask", "workspaces.acme.mask"),
        ('[workspaces.Acme.mask.contacts]\nemail = "drop"', "workspaces.Acme.mask", "workspaces.acme.mask"),
        ('[workspaces.acne.mask.contacts]\nemail = "drop"', "workspaces.acne.mask", "workspaces.acme.mask"),
        ('[workspaces]\nregion = "eu"', "workspaces.region", "A workspace is a section"),
        ('[workspaces.acme.region]\nx = "eu"', "workspaces.acme.region.x", "may have api_key"),
    ],
)
def test_what_nobody_reads_is_named_with_the_near_one(
    open_house: Any, text: str, place: str, near: str
) -> None:
    house = open_house("acme")
    token = f'[workspaces.acme]\napi_key = "{house.servers["acme"].token}"\n'
    house.desk.config(token, "secrets.toml")
    house.desk.config(f"{text}\n")
    refused = house.desk.pylon("run", "--workspace", "acme")
    assert refused.code == exits.CONFIGURATION, refused.text
    assert f"{place}" in refused.text.partition("Next:")[0]
    assert near in refused.text.partition("Next:")[2]


@pytest.mark.parametrize(
    ("variable", "near"),
    [
        ("WORKSPACES__ACME__MASKS", "WORKSPACES__ACME__MASK?"),
        ("WORKSPACES__ACNE__MASK", "WORKSPACES__ACME__MASK?"),
        ("WORKSPACE__ACME__MASK", "WORKSPACES__ACME__MASK?"),
        ("WORKSPACES_ACME_MASK", "WORKSPACES__ACME__MASK?"),
        ("WORKSPACES__ACME_MASK", "WORKSPACES__ACME__MASK?"),
        ("workspaces__acme__mask", "WORKSPACES__ACME__MASK?"),
        ("WORKSPACES__ACME__MASK__CONTACTS__EMAIL", "WORKSPACES__ACME__MASK, with a table as JSON?"),
        ("WORKSPACES__ACME", "A workspace is a section"),
    ],
)
def test_a_variable_that_nobody_reads_is_named_too(open_house: Any, variable: str, near: str) -> None:
    house = open_house("acme")
    refused = house.desk.pylon("run", "--workspace", "acme", env={variable: "hash"})
    assert refused.code == exits.CONFIGURATION, refused.text
    assert f"The variable {variable} is set, and nobody reads it." in refused.text
    assert near in refused.text


@pytest.mark.parametrize(
    ("name", "call_it"), [("Acme-EU", "acme_eu"), ("all", "acme_eu"), ("a__b", "a_b"), ("7", "acme_eu")]
)
def test_a_name_that_files_and_variables_cannot_have_is_refused(
    open_house: Any, name: str, call_it: str
) -> None:
    house = open_house("acme")
    house.desk.config(f'[workspaces."{name}"]\napi_key = "pyl_x"\n', "secrets.toml")
    refused = house.desk.pylon("status", "--workspace", name)
    assert refused.code == exits.CONFIGURATION
    assert f"cannot be called '{name}'" in refused.text
    assert call_it in refused.text.partition("Next:")[2]


def test_its_region_goes_before_the_host_of_all(open_house: Any) -> None:
    house = open_house("acme")
    server = house.servers["acme"]
    house.desk.config(f'[sources.pylon]\nbase_url = "{server.base_url}"\n[workspaces.acme]\nregion = "xx"\n')
    refused = house.desk.pylon("status", "--workspace", "acme")
    assert "region is 'xx'" in refused.text
    checked = house.desk.pylon(
        "check", "-w", "acme", "--select", "teams", "--region", "eu", env={"HTTPS_PROXY": server.base_url}
    )
    assert "api.eu.usepylon.com" in checked.text
    assert not server.count("GET /me")


SHARED = [
    ({"WORKSPACES__BETA__API_KEY": "ACME"}, "The workspaces acme and beta have one token"),
    ({"WORKSPACES__BETA__FILE": "support_acme.duckdb"}, "The copies of the workspaces acme and beta would be in one place"),
    ({"WORKSPACES__BETA__FILE": "./x/../support_acme.duckdb", "WORKSPACES__BETA__DATASET": "Pylon"}, "in one place"),
    ({"WORKSPACES__BETA__FILE": "support_acme.duckdb", "WORKSPACES__BETA__DATASET": "pylon_analytics"}, "which belongs to pylon"),
    ({"WORKSPACES__ACME__FILE": "support_all.duckdb"}, "would be where the union of all is made"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "what"), SHARED)
def test_what_two_would_share_is_refused_before_anything_is_asked(
    open_house: Any, given: dict[str, str], what: str
) -> None:
    house = open_house("acme", "beta")
    env = {name: house.servers["acme"].token if value == "ACME" else value for name, value in given.items()}
    refused = house.desk.pylon("run", "--workspace", "acme", env=env)
    assert refused.code == exits.CONFIGURATION, refused.text
    assert what in refused.text
    assert not any(server.log for server in house.servers.values())


def test_two_datasets_in_one_file_are_two_places(open_house: Any) -> None:
    house = open_house("acme", "beta")
    env = {
        "WORKSPACES__ACME__FILE": "both.duckdb",
        "WORKSPACES__BETA__FILE": "both.duckdb",
        "WORKSPACES__BETA__DATASET": "pylon_beta",
    }
    for name in ("acme", "beta"):
        assert house.desk.pylon("run", "-w", name, "--select", "issues", env=env).code == exits.DONE
    with duckdb.connect(str(house.desk.folder / "both.duckdb"), read_only=True) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {dataset}.issues").fetchall()
            for dataset in ("pylon", "pylon_beta")
        ]
    assert counts == [[(12,)], [(7,)]]


def test_a_token_of_another_organisation_does_not_write_into_its_copy(open_house: Any) -> None:
    house = open_house("acme", "beta")
    assert house.desk.pylon("run", "-w", "acme", "--select", "issues").code == exits.DONE
    beta = house.servers["beta"]
    env = {"WORKSPACES__ACME__API_KEY": beta.token, "WORKSPACES__ACME__BASE_URL": beta.base_url}
    env["WORKSPACES__BETA__API_KEY"] = "pyl_elsewhere"
    refused = house.desk.pylon("run", "-w", "acme", "--select", "issues", env=env)
    assert refused.code == exits.CONFIGURATION
    assert "holds the workspace of the organisation" in refused.text


def test_a_file_belongs_to_duckdb_and_the_usual_one_decides_the_folder(open_house: Any) -> None:
    house = open_house("acme")
    wrong = {"WORKSPACES__ACME__DESTINATION": "postgres", "WORKSPACES__ACME__FILE": "x.duckdb"}
    refused = house.desk.pylon("status", "--workspace", "acme", env=wrong)
    assert refused.code == exits.CONFIGURATION
    assert "but it is copied to postgres" in refused.text
    (house.desk.folder / "data").mkdir()
    moved = {"DESTINATION__DUCKDB__CREDENTIALS": "data/help.db"}
    ran = house.desk.pylon("run", "-w", "acme", "--select", "teams", env=moved)
    assert ran.code == exits.DONE, ran.text
    assert (house.desk.folder / "data" / "help_acme.db").exists()
    limited = {"DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG": '{"memory_limit": "200MB"}'}
    assert house.desk.pylon("status", "-w", "acme", env={**moved, **limited}).code == exits.DONE
