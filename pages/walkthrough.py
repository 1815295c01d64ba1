"""Where a server that has answered nobody yet looks for this screen; see `pages.parts.door`."""

from pages.parts import door

door.enter()
