"""The table of modules that docs/languages.md shows; its programs run as those of all pages do."""

import re
from pathlib import Path

from symback.cli.project import project_rows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")


def test_the_table_of_the_page_is_read(tmp_path):
    (table,) = (t for t in re.findall(r"```toml\n(.*?)```", PAGE, re.S) if "symback" in t)
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    rows = project_rows(str(tmp_path))
    assert [row.path.name for row in rows] == ["neuron.py", "curve.py"]
    assert rows[1].contents()
