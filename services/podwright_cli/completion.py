"""``completion``: what a shell needs to complete commands, kinds and names."""

import click
from click.shell_completion import get_completion_class

#: Set by the shell's function while it asks for completions.
VARIABLE = "_PODWRIGHT_COMPLETE"


@click.command(short_help="Print the completion for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion for a shell.

    \b
    bash   echo 'eval "$(podwright completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(podwright completion zsh)"' >> ~/.zshrc
    fish   podwright completion fish > ~/.config/fish/completions/podwright.fish
    """  # noqa: D301 (click reads the character)
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 (click has these three)
    click.echo(made(ctx.find_root().command, {}, "podwright", VARIABLE).source())
