"""Where a server that has answered nobody yet looks for this screen; see `pages.shell.first_visit`."""

from pages.shell import first_visit as door

door.enter()
