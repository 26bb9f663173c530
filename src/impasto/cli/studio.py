"""`impasto studio`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.options import SignWith
from impasto.errors import MissingExtraError

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Where the page is served; 0 takes any free one.")]
Host = Annotated[
    str, typer.Option("--host", help="The address to listen on. Any but this machine's own needs a token.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="FOLDER", help="Where uploads and jobs are kept.", show_default=False),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser.")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="IMPASTO_TOKEN",
        help="What every visitor must show. Default: none on this machine alone, else a new one.",
        show_default=False,
        show_envvar=False,
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A name by which browsers reach the studio.", show_default=False),
]
KeepDays = Annotated[float, typer.Option("--keep-days", min=0.01, help="Days that uploads and jobs are kept.")]


def studio(
    port: Port = 8000,
    host: Host = "127.0.0.1",
    data: Data = None,
    no_browser: NoBrowser = False,
    token: Token = None,
    allow_host: AllowHost = None,
    keep_days: KeepDays = 7.0,
    sign: SignWith = None,
) -> None:
    """Open the studio: a page to drop photos on, try every style, learn new ones, and restyle films and live pictures.

    Needs the extra 'studio'. It runs on this machine, for this machine, until Ctrl-C.
    """
    try:
        from impasto.studio.server import make_token, serve  # noqa: PLC0415
        from impasto.studio.settings import Settings, default_data_dir, is_loopback  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "impasto").partition(".")[0] == "impasto":
            raise
        raise MissingExtraError(f"The studio needs {error.name}: pip install 'impasto[studio]'") from error
    if token is None and not is_loopback(host):
        token = make_token()
    names = frozenset(name.lower() for name in allow_host or ())
    settings = Settings((data or default_data_dir()).absolute(), host, port, token, names, keep_days, sign_path=sign)

    def ready(address: str) -> None:
        typer.echo(f"The studio is open at {address}")
        if settings.token is not None:
            typer.echo(f"Whoever opens it from elsewhere is asked for the token: {settings.token}")
        typer.echo("Ctrl-C closes it; jobs go on when it is opened again.")
        if not no_browser:
            import webbrowser  # noqa: PLC0415

            webbrowser.open(address)

    serve(settings, ready)
