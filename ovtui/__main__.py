"""`python -m ovtui` is `ovtui`."""

from ovtui.cli import main

main()
