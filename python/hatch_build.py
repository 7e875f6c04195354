"""Tags the wheel: any Python 3, this processor. auditwheel adds the glibc version."""

import platform
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        if not Path(self.root, "mosi/bin/mosi").exists():
            raise FileNotFoundError("mosi/bin/mosi is missing: run make wheel in the repository")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-linux_{platform.machine()}"
