"""What a shell and `man` want of the command line, made from its parser: completions and a manual page."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import stylefx

SHELLS = ("bash", "zsh", "tcsh")
EXIT_CODES = (
    "0 done, 1 the work failed, 2 a usage error, 3 no audio device, "
    "130 interrupted, 143 terminated (live: 0 for both)."
)


class PrintManual(argparse.Action):
    """``--print-manual``: the manual page, in roff."""

    def __init__(self, option_strings: list[str], dest: str, **_: object) -> None:
        super().__init__(
            option_strings, argparse.SUPPRESS, nargs=0, help="print a manual page for `man` and exit"
        )

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and end."""
        print(manual(parser), end="")
        parser.exit()


class PrintCompletion(argparse.Action):
    """``--print-completion SHELL``: print the verbs and options in a form that the shell completes."""

    def __init__(self, option_strings: list[str], dest: str, **_: object) -> None:
        super().__init__(
            option_strings,
            argparse.SUPPRESS,
            choices=SHELLS,
            metavar="SHELL",
            help=f"print a completion script for one of {', '.join(SHELLS)}, and exit",
        )

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: object, *rest: object) -> None:
        """Print and end."""
        print(completion(parser, str(shell)))
        parser.exit()


def completion(parser: argparse.ArgumentParser, shell: str) -> str:
    """A completion script for one of `SHELLS`."""
    import shtab

    for each in (parser, *(verb for _, _, verb in _verbs(parser))):
        for action in each._actions:
            takes_file = any(
                word in str(action.metavar) for word in ("FILE", ".npz", "CONTENT", "CLIP", "OUT", ".png")
            )
            if takes_file:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return shtab.complete(parser, shell=shell)


def manual(parser: argparse.ArgumentParser) -> str:
    """The manual page in roff, for ``man`` and packagers."""
    return "\n".join(_page(parser)) + "\n"


def _page(parser: argparse.ArgumentParser) -> Iterator[str]:
    summary, _, examples = (parser.description or "").partition("\n")
    yield f'.TH STYLEFX 1 "" "stylefx {stylefx.__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"stylefx \\- {_escaped(summary[:1].lower() + summary[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f".B stylefx\n{_escaped('VERB [options]')}"
    yield ".SH DESCRIPTION"
    yield from _verbatim(examples)
    yield from _options(parser)
    for name, summary, verb in _verbs(parser):
        yield f".SH STYLEFX {name.upper()}"
        yield _escaped(verb.description or summary)
        yield from _options(verb)
        yield from _verbatim(verb.epilog or "")
    yield ".SH EXIT STATUS"
    yield _escaped(EXIT_CODES)


def _verbs(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Name, summary and parser of each."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            summaries = {each.dest: each.help or "" for each in action._choices_actions}
            for name, verb in action.choices.items():
                yield name, summaries.get(name, ""), verb


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        value = "" if action.nargs == 0 else _value(action)
        names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in action.option_strings)
        yield f".TP\n{names} {value}".rstrip() if names else f".TP\n{value}"
        yield _escaped((action.help or "").replace("%%", "%"))


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        shown = action.metavar
    elif action.choices is not None:
        shown = "|".join(map(str, action.choices))
    else:
        shown = action.dest.upper()
    return f"\\fI{_escaped(shown)}\\fR" + (" ..." if action.nargs == "+" else "")


def _verbatim(text: str) -> Iterator[str]:
    """Lines as they stand, examples among them."""
    lines = text.strip("\n").splitlines()
    if lines:
        yield ".PP\n.nf"
        yield from (_escaped(line) for line in lines)
        yield ".fi"


def _escaped(text: str) -> str:
    """roff's own letters mean themselves; a full stop or an apostrophe in front of a line would be a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.MULTILINE)
