"""What a person remarks about an episode's texts reaches the model, and may be used."""

from podwright_core.texts import Analysis
from podwright_core.transcript import Segment, Transcript
from podwright_pipeline.stages.write import Author, WriteParams
from podwright_writing.writer import Message
from tests.unit.pipeline.test_composing import Telling

SAID = "Bees sleep in winter. They keep warm by standing close together around their queen. The hive hums all night."
TRANSCRIPT = Transcript(language="en", duration=9, segments=(Segment(text=SAID, start=0, end=9),))
ANALYSIS = Analysis(language="en", summary="Bees sleep in winter and keep warm together.")


class Overheard(Telling):
    """Keeps what the model is told beside the material."""

    def __init__(self, *answers: str) -> None:
        super().__init__(*answers)
        self.systems: list[str] = []

    def complete(self, messages: list[Message], **how: object) -> object:  # type: ignore[override]
        self.systems.append(messages[0].content)
        return super().complete(messages, **how)  # type: ignore[arg-type]


def title(remark: str | None) -> tuple[str | None, Overheard]:
    model = Overheard("Bees at Kew sleep in winter")
    params = WriteParams(title="Winter bees", remark=remark)
    return Author(params, TRANSCRIPT, ANALYSIS, model)._title().value, model


def test_a_remark_is_heeded() -> None:
    found, model = title("Say that they are the bees at Kew.")
    assert found == "Bees at Kew sleep in winter"
    assert "Heed this: Say that they are the bees at Kew." in model.systems[0]


def test_without_it_the_same_is_invented() -> None:
    found, model = title(None)
    assert found is None
    assert "Heed" not in model.systems[0]
