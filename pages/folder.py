"""The script that a server without any visitor so far runs for this screen; see `pages.shell.first_visit`."""

from pages.shell import first_visit

first_visit.enter()
