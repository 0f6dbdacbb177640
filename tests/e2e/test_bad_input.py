"""Bad input becomes a message that says what to do, other episodes go on, and mending the cause heals it."""

import io
import re
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e import manifests
from tests.e2e.installation import Installation
from tests.e2e.kube import Object, condition, ready, stage

SPEECH = Path(__file__).parents[2] / "k8s" / "samples" / "media" / "speech.mp3"

pytestmark = pytest.mark.usefixtures("applied")


def silence() -> bytes:
    """Ten seconds of nothing, as WAV."""
    out = io.BytesIO()
    with wave.open(out, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(16000)
        wav.writeframes(bytes(2 * 16000 * 10))
    return out.getvalue()


#: The beginning of an MP4 file whose index, at the end, was cut off.
TRUNCATED = (
    bytes.fromhex("00000020667479704d344120000002004d3441206d70343269736f6d00000000")
    + bytes.fromhex("00000008667265650001869f6d646174")
    + bytes(range(256)) * 64
)


@dataclass(frozen=True)
class Bad:
    """A recording that is none, and what the Episode's message says of it."""

    file: str
    content: Callable[[], bytes] | None
    says: str

    @property
    def episode(self) -> str:
        return "bad-" + self.file.split(".", maxsplit=1)[0]

    @property
    def key(self) -> str:
        return f"podcasts/uploads/bad/{self.file}"


BAD_MEDIA = [
    Bad("missing-object.mp3", None, "not found|does not exist|missing"),
    Bad("text.mp3", lambda: b"This is no audio at all, only a text.\n" * 200, "audio"),
    Bad("empty.mp3", lambda: b"", "empty"),
    Bad("truncated.m4a", lambda: TRUNCATED, "cut off"),
    Bad("silence.wav", silence, "silen|audible"),
]


@pytest.fixture(scope="module")
def bad_episodes(installed: Installation) -> None:
    """All of them are at work at once."""
    for bad in BAD_MEDIA:
        if bad.content is None:
            installed.remove(bad.key)
        else:
            installed.upload(bad.key, bad.content())
    media = {bad.episode: f"s3://{installed.bucket}/{bad.key}" for bad in BAD_MEDIA}
    installed.kube.apply(*(manifests.episode(name, url) for name, url in media.items()))


@pytest.mark.usefixtures("bad_episodes")
@pytest.mark.parametrize("bad", BAD_MEDIA, ids=lambda bad: bad.file)
def test_bad_media_is_rejected_with_a_cure_and_heals_when_mended(installed: Installation, bad: Bad) -> None:
    name = bad.episode
    found = installed.kube.wait_reason("episode", name, ["MediaRejected"])
    assert condition(found, "Stalled")["status"] == "True"
    assert_says(ready(found)["message"], bad.says)

    installed.upload(bad.key, installed.another_speech(bad.file))
    installed.kube.run("annotate", "episode", name, "podwright.dev/retry=mended", "--overwrite")
    installed.kube.wait("episode", name, lambda o: stage_done(o, "ingest"), what="ingest Done")
    installed.kube.delete("episode", name)


def test_a_missing_object_heals_without_any_help(installed: Installation) -> None:
    key = "podcasts/uploads/bad/late.mp3"
    installed.remove(key)
    installed.kube.apply(manifests.episode("bad-late", f"s3://{installed.bucket}/{key}"))
    installed.kube.wait_reason("episode", "bad-late", ["MediaRejected"])
    installed.upload(key, installed.another_speech("late"))
    installed.kube.wait("episode", "bad-late", lambda o: stage_done(o, "ingest"), what="ingest Done")
    installed.kube.delete("episode", "bad-late")


def test_an_address_that_answers_404(installed: Installation) -> None:
    url = f"{installed.public_url}/podcasts/media/nothing-here.mp3"
    installed.kube.apply(manifests.episode("bad-404", url))
    found = installed.kube.wait_reason("episode", "bad-404", ["MediaRejected"])
    assert "404" in ready(found)["message"]
    installed.kube.delete("episode", "bad-404")


def test_media_is_not_fetched_from_inside_the_cluster(installed: Installation) -> None:
    inside = {
        "bad-facade": "http://podwright-api.podwright-system.svc/healthz",
        "bad-api-server": "https://kubernetes.default.svc/version",
        "bad-metadata": "http://169.254.169.254/latest/meta-data/",
    }
    installed.kube.apply(*(manifests.episode(name, url) for name, url in inside.items()))
    for name in inside:
        found = installed.kube.wait_reason("episode", name, ["MediaRejected"])
        assert "private network" in ready(found)["message"]
        installed.kube.delete("episode", name)


def test_a_secret_that_is_not_there_is_waited_for(installed: Installation) -> None:
    installed.kube.apply(manifests.webhook_channel("bad-secret", "http://receiver.podcasts.svc:8080/hook", "not-there"))
    found = installed.kube.wait_reason("channel", "bad-secret", ["CredentialsNotFound"])
    assert "not-there" in ready(found)["message"]
    installed.kube.run("create", "secret", "generic", "not-there", "--from-literal=signingSecret=whsec_" + "QUFB" * 8)
    installed.kube.wait_ready("channel", "bad-secret")
    installed.kube.delete("channel", "bad-secret")
    installed.kube.delete("secret", "not-there")


def test_a_model_that_is_not_there(installed: Installation) -> None:
    uri = f"s3://{installed.bucket}/models/no-such-model"
    installed.kube.apply(manifests.model_endpoint("bad-model", uri))
    found = installed.kube.wait_reason("modelendpoint", "bad-model", ["InvalidWeights"])
    assert "no-such-model" in ready(found)["message"]
    mended = {"uri": f"s3://{installed.bucket}/models/whisper-base"}
    installed.kube.patch("modelendpoint", "bad-model", {"spec": {"weights": mended}})
    installed.wait_for(lambda: weights_there(installed, "bad-model"), 400, "a pod with the weights")
    installed.kube.wait("modelendpoint", "bad-model", lambda o: ready(o)["reason"] != "InvalidWeights", what="a try")
    installed.kube.delete("modelendpoint", "bad-model")


def test_a_cron_line_that_is_none_is_refused_at_admission(installed: Installation) -> None:
    bad = manifests.campaign("bad-cron", episodes=["none"], channels=["receiver"], cron="61 25 * * *")
    with pytest.raises(AssertionError, match=r"spec\.cadence\.cron"):
        installed.kube.apply(bad)


@pytest.mark.parametrize(
    ("name", "cadence", "wrong"),
    [
        ("bad-day", {"cron": "0 9 31 2 *", "timeZone": "Europe/Vienna"}, "0 9 31 2 *"),
        ("bad-zone", {"cron": "0 9 * * *", "timeZone": "Mars/Olympus_Mons"}, "Mars/Olympus_Mons"),
    ],
)
def test_a_schedule_that_does_not_exist(
    installed: Installation, name: str, cadence: dict[str, str], wrong: str
) -> None:
    installed.kube.apply(manifests.campaign(name, episodes=["none"], channels=["receiver"], cadence=cadence))
    found = installed.kube.wait_reason("campaign", name, ["InvalidSchedule"])
    assert wrong in ready(found)["message"]
    installed.kube.patch("campaign", name, {"spec": {"cadence": {"cron": "0 9 1 1 *", "timeZone": "Europe/Vienna"}}})
    installed.kube.wait_reason("campaign", name, ["EpisodesNotReady"])
    installed.kube.delete("campaign", name)


@pytest.mark.usefixtures("show")
def test_an_endpoint_that_is_not_there_is_waited_for(installed: Installation) -> None:
    late = manifests.episode("bad-endpoint", f"s3://{installed.bucket}/podcasts/samples/speech.mp3")
    late["spec"]["transcription"] = {"endpointRef": {"name": "nobody"}}
    installed.kube.apply(late)
    found = installed.kube.wait_reason("episode", "bad-endpoint", ["EndpointNotFound"])
    assert "nobody" in ready(found)["message"]
    installed.kube.patch("episode", "bad-endpoint", {"spec": {"transcription": {"endpointRef": {"name": "whisper"}}}})
    installed.kube.wait("episode", "bad-endpoint", lambda o: stage_done(o, "transcribe"), what="transcribe Done")
    installed.kube.delete("episode", "bad-endpoint")


def weights_there(installed: Installation, endpoint: str) -> bool:
    """Whether a pod of the endpoint has brought its weights."""
    pods = installed.kube.items("pods", f"podwright.dev/kind=modelendpoint,podwright.dev/name={endpoint}")
    states = [status["state"] for pod in pods for status in pod["status"].get("initContainerStatuses", [])]
    return any(state.get("terminated", {}).get("exitCode") == 0 for state in states)


def stage_done(found: Object, name: str) -> bool:
    return stage(found, name).get("phase") == "Done"


def assert_says(message: str, pattern: str) -> None:
    assert re.search(pattern, message, re.IGNORECASE), message
