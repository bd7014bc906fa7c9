"""ovtui: measure and tune OpenVINO models in a terminal."""

__version__ = "0.1.0"
