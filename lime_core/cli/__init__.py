"""The command line: ``limelight explain IMAGE``, ``trust IMAGE``, ``methods IMAGE``, ``audit PICTURES``, ``models``."""
