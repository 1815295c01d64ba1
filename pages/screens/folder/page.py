"""Folder: what a model has really learned, found in all pictures of a folder and put to the test."""

from pages.screens.folder import audit_view, progress, sources
from pages.shell import visit

visit.arrive()
progress.take_result()
sources.show()
progress.show()
audit_view.show()
