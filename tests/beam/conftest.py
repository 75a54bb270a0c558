"""Shared by the tests of Beam: how a pipeline is run here."""

import pytest

pytest.importorskip("apache_beam", reason="Beam is an extra: pip install 'segue[beam]'")
