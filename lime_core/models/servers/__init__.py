"""Models behind a server: the Open Inference Protocol v2 and TensorFlow Serving's REST interface."""

from lime_core.models.servers.addresses import allowed_endpoint, endpoint_prefixes
from lime_core.models.servers.server_classifier import ServerClassifier, connect

__all__ = ["ServerClassifier", "allowed_endpoint", "connect", "endpoint_prefixes"]
