"""What pyproject.toml cannot say: the package has a copy of the page that explains the columns of the results."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_PAGE = "results/README.md"


class BuildWithColumns(build_py):
    """Copy the page into the package that is built."""

    def run(self) -> None:
        """Build, then copy. In an editable installation the page is read where it stands."""
        super().run()
        if not self.editable_mode:
            self.copy_file(_PAGE, str(self._copy))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files that are built."""
        return [*super().get_outputs(include_bytecode), *([] if self.editable_mode else [str(self._copy)])]

    def get_source_files(self) -> list[str]:
        """The files that are built from, all of which a source distribution has."""
        return [*super().get_source_files(), _PAGE]

    @property
    def _copy(self) -> Path:
        return Path(self.build_lib, "experiments", "columns.md")


setup(cmdclass={"build_py": BuildWithColumns})
