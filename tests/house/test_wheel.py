"""The wheel carries mappings and fixtures along: installed elsewhere, it runs the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_wheel_installed_elsewhere_runs_the_demo(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("adapter-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "adapter/_data/mappings/sources/qingshi_county.yaml" in names
    assert "adapter/py.typed" in names and not [name for name in names if "node_modules" in name]

    home = tmp_path / "elsewhere"
    venv.create(home, with_pip=False)
    site = next((home / "lib").glob("python*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:  # what an installer does with a pure wheel
        archive.extractall(site)
    # The dependencies are those of this environment; the package itself comes from the wheel alone.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ADAPTER_", "PYTHON"))}
    python = str(home / "bin" / "python")
    where = subprocess.run(
        [python, "-c", "import adapter; print(adapter.__file__)"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    ran = subprocess.run(
        [python, "-m", "adapter", "demo", "--out", str(tmp_path / "out")],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(list((tmp_path / "out" / "fhir").glob("*.json"))) == 20
