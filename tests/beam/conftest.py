"""Shared by the tests of Beam: how a pipeline is run here, and the broker of the tests of Kafka."""

import pytest

pytest.importorskip("apache_beam", reason="Beam is an extra: pip install 'segue[beam]'")

from tests.kafka.conftest import bootstrap, deploy  # noqa: F401  fixtures
