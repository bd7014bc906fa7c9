"""Model files before OpenVINO sees them: which format, whether whole, which files belong to them, their digest."""

from ovtui.engine.formats.checks import FORMATS, Checked, check, identify
from ovtui.engine.formats.files import digest

__all__ = ["FORMATS", "Checked", "check", "digest", "identify"]
