"""Pictures: from bytes of any kind to bounded RGB pixels."""
