"""The direction of imports: pure domain, models, queries, services, then forms, views, tasks and commands."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("intake", "scheduling", *(f"pacificmind.{p.parent.name}" for p in ROOT.glob("pacificmind/*/__init__.py")))
LAYERS = ("domain", "models", "queries", "services")
ABOVE = {
    "domain": ("models", "queries", "services", "forms", "views", "tasks", "admin", "urls"),
    "models": ("queries", "services", "forms", "views", "tasks", "admin", "urls"),
    "queries": ("services", "forms", "views", "tasks", "admin", "urls"),
    "services": ("forms", "views", "admin", "urls"),
}
# What scheduling may know of intake's tables: whom a visit is for, and what allows it.
SHARED_MODELS = {"Patient", "Clearance", "SeriesOrder", "BoosterOrder", "Reevaluation", "Condition"}
# Composed pages: a page that needs both lives in scheduling (DESIGN 2).
COMPOSED = {
    "CallAttempt",
    "ConsultationRequest",
    "Consent",
    "ConsentDocument",
    "ContactConsent",
    "Questionnaire",
    "Intake",
    "Inquiry",
}


def modules(folder: str) -> Iterator[tuple[str, Path]]:
    """Dotted names and files of the project's own code below a folder, migrations apart."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if "migrations" not in path.parts:
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every module a file imports, with the names taken from it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, tuple(alias.name for alias in node.names)


def layer_of(module: str, app: str) -> str:
    return module.removeprefix(app).lstrip(".").split(".")[0]


def all_modules() -> list[tuple[str, Path]]:
    return [*modules("intake"), *modules("scheduling"), *modules("pacificmind")]


@pytest.mark.parametrize("app", ["intake", "scheduling"])
def test_domain_is_pure(app: str) -> None:
    allowed = {*sys.stdlib_module_names}
    for name, path in modules(f"{app}/domain"):
        for module, _ in imports(path):
            top = module.split(".")[0]
            assert top in allowed or module.startswith(f"{app}.domain"), f"{name} imports {module}"


@pytest.mark.parametrize("app", APPS)
def test_layers_look_down_only(app: str) -> None:
    for name, path in modules(app.replace(".", "/")):
        layer = layer_of(name, app)
        for module, _ in imports(path):
            if layer in LAYERS and module.startswith(f"{app}."):
                assert layer_of(module, app) not in ABOVE[layer], f"{name} imports {module}"


def test_intake_knows_nothing_of_scheduling() -> None:
    for name, path in modules("intake"):
        assert not any(module.split(".")[0] == "scheduling" for module, _ in imports(path)), name


def test_the_ground_knows_nothing_of_what_stands_on_it() -> None:
    for name, path in modules("pacificmind"):
        if name.startswith("pacificmind.demo") or name == "pacificmind.urls":
            continue
        for module, _ in imports(path):
            assert module.split(".")[0] not in ("intake", "scheduling"), f"{name} imports {module}"


def test_scheduling_sees_no_answers() -> None:
    """Bookings ask intake's functions; answers, findings and alerts stay where they are."""
    for name, path in modules("scheduling"):
        for module, taken in imports(path):
            if module.startswith("intake.models"):
                foreign = set(taken) - SHARED_MODELS - COMPOSED
                assert not foreign, f"{name} takes {foreign} from intake.models"
            if name.startswith(("scheduling.domain", "scheduling.models")) and module.startswith("intake."):
                assert module == "intake.models", f"{name} imports {module}"
                assert set(taken) <= SHARED_MODELS, f"{name} takes {taken}"


def test_the_clock_is_read_in_one_place() -> None:
    for name, path in all_modules():
        if name in ("pacificmind.clock",) or name.startswith("pacificmind.embedded"):
            continue
        text = path.read_text()
        assert "timezone.now(" not in text, name
        assert "datetime.now(" not in text, name
        assert "date.today(" not in text, name
