"""``podwright run``: the pipeline on this machine."""

import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from podwright_core.stages import PostTarget
from podwright_pipeline.clips import Shape
from podwright_pipeline.errors import StageError
from podwright_pipeline.local_run import LocalRun, Models, Outcome, RunOptions, post_targets
from podwright_writing.errors import WritingError

#: Models by default, from the Hugging Face hub: small enough for a laptop.
DEFAULT_SPEECH = "Systran/faster-whisper-small@536b0662742c02347bc0e980a01041f333bce120"
DEFAULT_TEXT = "Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf"


def _posts(_context: click.Context, _option: click.Parameter, posts: tuple[str, ...]) -> tuple[PostTarget, ...]:
    try:
        return post_targets(posts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("media")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.")
@click.option("--title", help="Title of the episode; by default the file's name.")
@click.option("--show", help="Title of the show.")
@click.option("--person", "people", multiple=True, help="A host or guest; may be given more than once.")
@click.option("--link", help="Web page of the episode.")
@click.option("--cover", help="Cover for the sound file: a JPEG or PNG, or its https:// address.")
@click.option("--language", default="auto", show_default=True, help="Language spoken (en, de), or auto.")
@click.option("--texts-language", help="Language of the texts; by default the one spoken.")
@click.option("--term", "glossary", multiple=True, help="A name or term that occurs; may be given more than once.")
@click.option(
    "--post",
    "posts",
    multiple=True,
    callback=_posts,
    metavar="NAME[:LIMIT]",
    help="A post to write, with its longest length.",
)
@click.option(
    "--clips",
    type=click.Choice([shape.value for shape in Shape]),
    multiple=True,
    help="Make videos of the best quotes in this shape, and their sound alone; may be given more than once.",
)
@click.option(
    "--speech-model", default=DEFAULT_SPEECH, show_default=True, help="faster-whisper model: folder or hub name."
)
@click.option("--text-model", default=DEFAULT_TEXT, show_default=True, help="GGUF model: path or hub name (REPO:FILE).")
@click.option("--endpoint-url", help="OpenAI-compatible API (up to /v1) for both models, instead of engines in here.")
@click.option("--speech-url", help="The same for speech alone.")
@click.option("--text-url", help="The same for text alone.")
@click.option("--api-key", envvar="PODWRIGHT_ENDPOINT_API_KEY", default="none", help="Key for these APIs.")
def run(  # noqa: PLR0913 (one a command line option)
    *,
    media: str,
    out: Path,
    title: str | None,
    show: str | None,
    people: tuple[str, ...],
    link: str | None,
    cover: str | None,
    language: str,
    texts_language: str | None,
    glossary: tuple[str, ...],
    posts: tuple[PostTarget, ...],
    clips: tuple[str, ...],
    speech_model: str,
    text_model: str,
    endpoint_url: str | None,
    speech_url: str | None,
    text_url: str | None,
    api_key: str,
) -> None:
    """Turn a recording (MEDIA: a file or an https:// address) into transcript, chapters, notes and posts.

    The same stages as on a cluster, over a folder: run again, only what changed is computed.
    """
    console = Console()
    options = RunOptions(
        media=media,
        out=out,
        title=title,
        show=show,
        people=people,
        link=link,
        cover=cover,
        language=language,
        texts_language=texts_language,
        glossary=glossary,
        posts=posts,
        clips=tuple(map(Shape, clips)),
    )
    models = Models(
        speech=speech_model,
        text=text_model,
        speech_url=speech_url or endpoint_url,
        text_url=text_url or endpoint_url,
        api_key=api_key,
    )
    try:
        outcome = LocalRun(options, models, console).run()
    except (StageError, WritingError, OSError) as error:
        fail(console, error)
    report(console, outcome)


def fail(console: Console, error: Exception) -> NoReturn:
    """Say what is wrong, as it is: addresses and messages may hold brackets."""
    console.print(f"[bold red]✗[/] {escape(str(error))}", highlight=False, emoji=False)
    sys.exit(1)


def report(console: Console, outcome: Outcome) -> None:
    """What came out, to read at once."""
    console.print()
    console.rule(Text(outcome.title, style="bold"), align="left")
    console.print(outcome.notes, highlight=False, markup=False, emoji=False)
    for channel, text in outcome.posts.items():
        console.rule(Text(f"post: {channel} ({len(text)} characters)"), align="left")
        console.print(text, highlight=False, markup=False, emoji=False)
    console.rule("files", align="left")
    for file in outcome.files:
        console.print(str(file), highlight=False, markup=False, emoji=False, soft_wrap=True)
