"""The options that several commands share, so that each has one name, one letter and one meaning everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

_Options = TypeVar("_Options")

Pictures = Annotated[
    list[Path], typer.Argument(metavar="PICTURE", help="Pictures, or folders that are searched for them.")
]
StyleChoice = Annotated[
    str, typer.Option("--style", "-s", metavar="STYLE", help="An installed style, or the path of a .style file.")
]
StyleChoices = Annotated[
    list[str], typer.Option("--style", "-s", metavar="STYLE", help="As for 'apply'; give it once for each style.")
]
StyleArgument = Annotated[
    str, typer.Argument(metavar="STYLE", help="An installed style, or the path of a .style file.")
]
# As text, since a separator at the end says that a folder is meant.
Output = Annotated[str, typer.Option("--output", "-o", metavar="PATH", help="What to write.")]
Strength = Annotated[float, typer.Option("--strength", min=0, max=1, help="0 changes nothing, 1 is the whole style.")]
KeepColor = Annotated[
    bool,
    typer.Option("--keep-colour", "--keep-color", help="Take lightness from the style, colour from the photo."),
]
TextureScale = Annotated[
    float,
    typer.Option("--texture-scale", min=0.25, max=8, help="Size of a paint style's strokes against the picture."),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="REGION",
        help="subject, background, face-soft, or a mask: a picture, white where the style goes. Default: everywhere.",
        show_default=False,
    ),
]
RuntimeName = Annotated[
    str, typer.Option("--runtime", metavar="NAME", help="What runs the network: auto takes the fastest there is.")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Pictures in work at once.")]
Quality = Annotated[int, typer.Option("--quality", min=1, max=100, help="Of JPEG and WebP.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Allow replacing what would otherwise be refused.")]
SkipExisting = Annotated[bool, typer.Option("--skip-existing", help="Leave out pictures whose output exists.")]
GateMode = Annotated[
    str,
    typer.Option("--gate", metavar="MODE", help="What to do with doubtful results: off, warn, retry, refuse."),
]
SignWith = Annotated[
    Path | None,
    typer.Option(
        "--sign",
        metavar="CERT",
        help="Sign photos as AI-edited: a PEM file with a certificate and its private key (extra 'sign').",
        show_default=False,
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same style on the same machine.")]


def command_of(options_type: type[_Options]) -> Callable[[Callable[[_Options], None]], Callable[..., None]]:
    """Make a command of a function that takes one frozen dataclass, each field of which is an option."""

    hints = get_type_hints(options_type, include_extras=True)
    listed = inspect.signature(options_type).parameters.values()
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in listed]

    def decorate(function: Callable[[_Options], None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            function(options_type(**values))

        command.__doc__ = function.__doc__
        command.__name__ = function.__name__
        command.__annotations__ = hints | {"return": None}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return decorate
