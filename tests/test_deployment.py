"""The files of ``deploy``: their verbs, options, variables and paths exist."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from lookalike.cli.app import app
from lookalike.service.settings import Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def text(name):
    return (DEPLOY / name).read_text(encoding="utf-8")


def check_words(words):
    """The words are parsed, and nothing is done."""
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0, said.output


def variables(command=None):
    """Every variable that an option of the app reads."""
    command = command or typer.main.get_command(app)
    found = {p.envvar for p in command.params if p.envvar}
    for each in getattr(command, "commands", {}).values():
        found |= variables(each)
    return found


def dockerfile(instruction):
    joined = text("Dockerfile").replace("\\\n", " ")
    return re.findall(rf"^ *(?:HEALTHCHECK .*)?{instruction} (.+)$", joined, re.M)


def unit(name):
    return re.findall(rf"^{name}=(.*)$", text("lookalike.service"), re.M)


def test_the_containers_command_is_one_of_the_app():
    [entry] = dockerfile("ENTRYPOINT")
    health, command = map(json.loads, dockerfile("CMD"))
    assert json.loads(entry) == ["lookalike"]
    check_words(command)
    assert "0.0.0.0" in command  # where every request needs a key
    compile(health[2], "health", "exec")
    assert "/readyz" in health[2]


def test_the_container_is_built_of_what_there_is():
    [first, second] = dockerfile("FROM")
    assert first.split()[0] == second
    version = re.fullmatch(r"python:(3\.\d+)-slim", second)[1]
    assert (
        f"Programming Language :: Python :: {version}"
        in PROJECT["project"]["classifiers"]
    )
    [extras] = re.findall(r"whl\)\[([\w,]+)\]", text("Dockerfile"))
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    for name in [line[1:] for line in sent if line.startswith("!")]:
        assert (ROOT / name).exists(), name
    needed = {"pyproject.toml", "hatch_build.py", "README.md", "constraints.txt", "src"}
    needed |= set(PROJECT["project"]["license-files"])
    assert needed <= {line[1:] for line in sent}


def test_the_container_runs_as_a_user_without_rights_in_its_own_places():
    [user] = dockerfile("USER")
    assert user == "lookalike"
    [volumes] = dockerfile("VOLUME")
    own = json.loads(volumes)
    for name in ("XDG_DATA_HOME=/var/lib", "XDG_CACHE_HOME=/var/cache"):
        assert name in text("Dockerfile")
        assert name in " ".join(unit("Environment"))
        assert f"{name.partition('=')[2]}/lookalike" in own
    assert f"install --directory --owner {user} {' '.join(own)}" in text("Dockerfile")


def test_the_services_of_the_compose_file_fit_together():
    compose = yaml.safe_load(text("compose.yaml"))
    services = compose["services"]
    service, database = services["service"], services["database"]
    check_words(service["command"])
    own = {name for name in service["environment"] if name.startswith("LOOKALIKE_")}
    assert own <= variables()
    user = database["environment"]["POSTGRES_USER"]
    name = database["environment"]["POSTGRES_DB"]
    address = service["environment"]["LOOKALIKE_DATABASE"]
    assert address == f"postgresql://{user}@database/{name}"
    assert "condition" in service["depends_on"]["database"]
    assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).exists()
    [port] = dockerfile("EXPOSE")
    assert services["proxy"]["environment"]["UPSTREAM"] == f"service:{port}"
    mounted = [v.split(":")[0] for s in services.values() for v in s["volumes"]]
    files = {name for name in mounted if name.startswith(".")}
    assert all((DEPLOY / name).exists() for name in files)
    assert set(mounted) - files == set(compose["volumes"])
    inside = {volume.split(":")[1] for volume in service["volumes"]}
    assert inside == set(json.loads(dockerfile("VOLUME")[0]))
    for each in services.values():
        # A proxy or a database of any version may be another program next year.
        assert "build" in each or re.search(r":\d", each["image"])
        assert "password" not in str(each.get("command", ""))


def test_the_unit_starts_a_verb_of_the_app_in_the_places_it_is_given():
    [start] = unit("ExecStart")
    program, *words = shlex.split(start)
    check_words(words)
    assert "--require-key" in words
    assert f"python3 -m venv {Path(program).parents[1]}" in PAGE
    environment = " ".join(unit("Environment"))
    for name, folder in (("StateDirectory", "DATA"), ("CacheDirectory", "CACHE")):
        [kept] = unit(name)
        place = re.search(rf"XDG_{folder}_HOME=(\S+)", environment)[1]
        assert f"{place}/{kept}" in PAGE
    [file] = unit("EnvironmentFile")
    assert file.lstrip("-") in PAGE
    [user] = unit("User")
    assert "useradd --system --home-dir /var/lib/lookalike" in PAGE
    assert user == "lookalike"


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf"])
def test_a_proxy_lets_through_what_the_service_takes_and_the_page_shows_it(name):
    assert text(name) in PAGE
    [size] = re.findall(r"(?:max_size|client_max_body_size) (\d+)", text(name))
    assert int(size) * 2**20 == Settings.model_fields["max_body"].default
    assert "--require-key" in text(name)
    assert "127.0.0.1:8000" in text(name)


def test_the_page_names_every_file_and_every_variable():
    for path in DEPLOY.iterdir():
        assert path.name in PAGE, path.name
    table = set(re.findall(r"^\| `(LOOKALIKE_\w+)`", PAGE, re.M))
    # Where systems lie is read by the library, which stands below the commands.
    assert table == variables() | {"LOOKALIKE_FOLDER"}
    run = re.findall(r"^\$ docker compose run --rm service (.+)$", PAGE, re.M)
    assert len(run) >= 2
    for words in run:
        check_words(shlex.split(words))
