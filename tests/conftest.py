"""What holds for every test."""

from hypothesis import HealthCheck, settings

# Tests assert behaviour, never speed: on a busy machine an example may take any time.
settings.register_profile("podwright", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("podwright")
