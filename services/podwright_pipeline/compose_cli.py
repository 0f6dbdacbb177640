"""``podwright compose``: a text on a topic or about an episode, and its refinement, on this machine."""

from pathlib import Path
from typing import IO

import click
from rich.console import Console

from podwright_core.composing import Brief, Earlier, TextType
from podwright_core.stages import EndpointUse
from podwright_core.texts import Analysis
from podwright_core.transcript import Transcript
from podwright_pipeline.cli import DEFAULT_TEXT, fail
from podwright_pipeline.engines_http import HttpEngines
from podwright_pipeline.engines_local import LocalEngines, text_model
from podwright_pipeline.errors import StageError
from podwright_writing import composing
from podwright_writing.composing import About
from podwright_writing.errors import WritingError
from podwright_writing.writer import Writer


@click.command()
@click.option("--topic", help="What it is about, where it is about no episode.")
@click.option(
    "--episode",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that `podwright run` made: the text is about that episode and checked against its transcript.",
)
@click.option("--title", default="", help="Title of that episode.")
@click.option("--type", "kind", type=click.Choice([each.value for each in TextType]), default="article")
@click.option("--language", help="Language of the text; by default the episode's, else English.")
@click.option("--tone", help="How it should sound: friendly, sober …")
@click.option("--words", type=click.IntRange(5, 5000), default=120, show_default=True, help="About how many.")
@click.option("--keyword", "keywords", multiple=True, help="What must stand in it; may be given more than once.")
@click.option("--audience", help="Whom it is for.")
@click.option("--refine", type=click.File(encoding="utf-8"), help="A text to change; - reads standard input.")
@click.option("--remark", help="What to change in it.")
@click.option("--text-model", default=DEFAULT_TEXT, show_default=True, help="GGUF model: path or hub name (REPO:FILE).")
@click.option("--text-url", help="OpenAI-compatible API (up to /v1), instead of an engine in here.")
@click.option("--api-key", envvar="PODWRIGHT_ENDPOINT_API_KEY", default="none", help="Key for that API.")
def compose(  # noqa: PLR0913 (one a command line option)
    *,
    topic: str | None,
    episode: Path | None,
    title: str,
    kind: str,
    language: str | None,
    tone: str | None,
    words: int,
    keywords: tuple[str, ...],
    audience: str | None,
    refine: IO[str] | None,
    remark: str | None,
    text_model: str,
    text_url: str | None,
    api_key: str,
) -> None:
    """Write a text, or change one as a remark says. The text goes to standard output.

    Quotes, numbers, names and links come from what you give and what the episode says, or the text is refused.
    """
    if (refine is None) != (remark is None):
        raise click.UsageError("--refine and --remark go together.")
    if not (topic or episode or refine):
        raise click.UsageError("Say what it is about: --topic, --episode or --refine.")
    about = _episode(episode, title) if episode else None
    brief = Brief(
        type=TextType(kind),
        topic=topic,
        language=language or (about.transcript.language if about else "en"),
        tone=tone,
        words=words,
        keywords=keywords,
        audience=audience,
    )
    earlier = Earlier(text=refine.read(), remark=remark) if refine and remark else None
    console = Console(stderr=True)
    try:
        with console.status("writing"):
            found = composing.compose(_writer(text_model, text_url, api_key), brief, about=about, earlier=earlier)
    except (StageError, WritingError, OSError) as error:
        fail(console, error)
    click.echo(found.text)
    if found.checks.replaced:
        console.print("The model wrote nothing that passes the checks; this is the transcript's own.", style="dim")


def _episode(folder: Path, title: str) -> About:
    try:
        transcript = Transcript.model_validate_json((folder / "transcript.json").read_text("utf-8"))
        analysis = Analysis.model_validate_json((folder / "analysis.json").read_text("utf-8"))
    except FileNotFoundError as missing:
        told = f"{missing.filename} is not there: --episode wants a folder that `podwright run` made."
        raise click.UsageError(told) from None
    return About(title, transcript, analysis)


def _writer(model: str, url: str | None, api_key: str) -> Writer:
    if url:
        return HttpEngines(api_key).writer(EndpointUse(url=url, model_id=model, model_revision=""))
    return LocalEngines(Path(), text_model(model)).writer(None)
