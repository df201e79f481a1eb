"""docs/configuration.md names what there is."""

from pathlib import Path

import pytest

from deuteron.config import old_names, options

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()


@pytest.mark.parametrize("section", sorted({section for section, _ in options.all_options()}))
def test_every_option_has_a_row_in_its_section(section: str) -> None:
    part = PAGE.partition(f"### `[{section}]`\n")[2].partition("\n##")[0]
    rows = [row.split(" | ")[0].strip("| `") for row in part.splitlines() if row.startswith("| `")]

    assert rows == [name for of, name in options.all_options() if of == section]


@pytest.mark.parametrize("old", [*old_names.OLD_NAMES, *old_names.REPLACED])
def test_every_old_name_is_told(old: tuple[str, str]) -> None:
    assert f"`[{old[0]}] {old[1]}`" in PAGE


def test_defaults_are_those_of_the_code() -> None:
    for (section, name), option in options.all_options().items():
        if isinstance(option.default, str | int) and name != "host":
            part = PAGE.partition(f"### `[{section}]`\n")[2]
            row = next(row for row in part.splitlines() if row.startswith(f"| `{name}` "))
            shown = str(option.default)
            shown = shown.lower() if isinstance(option.default, bool) else shown
            assert f"| `{shown}` |" in row
