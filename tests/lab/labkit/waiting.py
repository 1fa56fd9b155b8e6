"""Owns how the lab waits: by polling, with a deadline, and saying what it last saw.

Never sleeps and hopes: whoever waits says what for and for how long at most.
"""

import time


class Late(AssertionError):
    """What was waited for did not come within its deadline."""


def eventually(look, deadline=20.0, what=None, every=0.1):
    """Call `look` until it gives something true, and give that back.

    An AssertionError inside `look` means "not yet", so a look may be several asserts in a row;
    the last one is reported when the deadline passes.
    """
    end = time.monotonic() + deadline
    while True:
        try:
            seen, complaint = look(), None
        except AssertionError as error:
            seen, complaint = None, error
        if seen:
            return seen
        if time.monotonic() >= end:
            raise Late(f"not within {deadline:g} s: {what or 'the condition'}; last seen: {complaint or repr(seen)}")
        time.sleep(every)
