"""An interrupt that a library turned into an error of its own."""


def interrupt_behind(error: BaseException, before: BaseException | None) -> BaseException | None:
    """The interrupt that an error was raised in answer to, such as Ctrl-C; None where there is none.

    before: what was being handled when the work began (`sys.exception()`), which has nothing to do with it.
    """
    behind = error.__context__
    while behind is not None and behind is not before:
        if not isinstance(behind, Exception):
            return behind
        behind = behind.__context__
    return None
