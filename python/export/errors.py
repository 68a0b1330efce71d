"""The one kind of failure that the user can do something about."""


class ExportError(Exception):
    """A pipeline that cannot be exported: one line, with advice."""


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, for use inside a one-line message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
