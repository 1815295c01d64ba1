"""The command line: ``limelight explain IMAGE``, ``trust IMAGE``, ``models`` and ``models fetch ID``."""
