"""Owns how the lab waits: by polling, with a deadline, and saying what it last saw.

Never sleeps and hopes: whoever waits says what for and for how long at most.
"""

import time


class Late(AssertionError):
    """What was waited for did not come within its deadline."""


# Without a wish: what is not there at once takes longer, and each look costs a server time.
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWS = 0.1, 0.4, 1.25


def eventually(look, deadline=20.0, what=None, every=None):
    """Call `look` until it gives something true, and give that back; `every` so many seconds, else in pauses that grow.

    An AssertionError inside `look` means "not yet", so a look may be several asserts in a row;
    the last one is reported when the deadline passes.
    """
    end, pause = time.monotonic() + deadline, every or _FIRST_PAUSE
    while True:
        try:
            seen, complaint = look(), None
        except AssertionError as error:
            seen, complaint = None, error
        if seen:
            return seen
        if time.monotonic() >= end:
            raise Late(f"not within {deadline:g} s: {what or 'the condition'}; last seen: {complaint or repr(seen)}")
        time.sleep(pause)
        pause = every or min(pause * _GROWS, _LONGEST_PAUSE)
