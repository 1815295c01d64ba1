"""The command line: ``limelight explain IMAGE``, ``trust IMAGE``, ``methods IMAGE``, ``models``, ``models fetch``."""
