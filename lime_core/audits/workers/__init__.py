"""What explains the pictures of an audit: this process, processes of this machine, or a Ray cluster."""
