import pytest

from lime_core.errors import ModelError
from lime_core.models.servers import allowed_endpoint, endpoint_prefixes
from lime_core.models.servers.addresses import parse_address


@pytest.mark.parametrize(
    ("text", "origin", "protocol", "path", "model", "version"),
    [
        ("http://localhost:8000/v2/models/cat", "http://localhost:8000", "v2", "/v2/models/cat", "cat", None),
        ("http://h/v2/models/cat/infer", "http://h:80", "v2", "/v2/models/cat", "cat", None),
        (
            "https://H/v2/models/a.b-c_1/versions/2/",
            "https://h:443",
            "v2",
            "/v2/models/a.b-c_1/versions/2",
            "a.b-c_1",
            "2",
        ),
        ("http://h:1/gate/way/v2/models/cat", "http://h:1", "v2", "/gate/way/v2/models/cat", "cat", None),
        ("http://h:8501/v1/models/cat", "http://h:8501", "v1", "/v1/models/cat", "cat", None),
        ("http://h:8501/v1/models/cat:predict", "http://h:8501", "v1", "/v1/models/cat", "cat", None),
        ("http://h/v1/models/cat/versions/3:predict", "http://h:80", "v1", "/v1/models/cat/versions/3", "cat", "3"),
        ("http://[::1]:8000/v2/models/cat", "http://[::1]:8000", "v2", "/v2/models/cat", "cat", None),
        ("HTTP://10.0.0.7/v2/models/cat", "http://10.0.0.7:80", "v2", "/v2/models/cat", "cat", None),
    ],
)
def test_an_address_names_server_protocol_model_and_version(text, origin, protocol, path, model, version):
    address = parse_address(text)
    assert str(address.origin) == origin
    assert (address.protocol, address.path, address.model, address.version) == (protocol, path, model, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat",
        "localhost:8000/v2/models/cat",
        "file:///v2/models/cat",
        "ftp://h/v2/models/cat",
        "http:///v2/models/cat",
        "http://h",
        "http://h/v2/models",
        "http://h/v2/models/",
        "http://h/v3/models/cat",
        "http://h/v2/models/cat/ready",
        "http://h/v1/models/cat/versions/new",
        "http://h/v1/models/cat/labels/stable",
        "http://h/v2/models/cat?x=1",
        "http://h/v2/models/cat#x",
        "http://h/v2/models/cat?",
        "http://h/v2/models/../cat",
        "http://h/v2/models/..",
        "http://h/./v2/models/cat",
        "http://h//v2/models/cat",
        "http://h/v2/models/%2e%2e",
        "http://h/v2/models/a b",
        "http://h/v2/models/cat\n",
        "http://h/v2/models/c\tat",
        "http://h\\@evil/v2/models/cat",
        "http://h:port/v2/models/cat",
        "http://h:99999/v2/models/cat",
        "http://-h/v2/models/cat",
        "http://h../v2/models/cat",
        "http://hé/v2/models/cat",
        "http://[::1/v2/models/cat",
        "http://[nonsense]/v2/models/cat",
        None,
        7,
    ],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(ModelError, match=r"address|path"):
        parse_address(text)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ModelError, match="LIMELIGHT_TOKEN") as refused:
        parse_address("http://me:secret@h/v2/models/cat")
    assert "secret" not in str(refused.value)


ENDPOINTS = {"LIMELIGHT_ENDPOINTS": "http://ok.example, https://tls.example:8443/team\nhttp://h:8000/v2/models/cat"}


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://ok.example/v2/models/cat", True),
        ("http://ok.example:80/v1/models/cat:predict", True),
        ("http://OK.example/gate/v2/models/cat", True),
        ("https://ok.example/v2/models/cat", False),
        ("http://ok.example:8000/v2/models/cat", False),
        ("http://ok.example.evil/v2/models/cat", False),
        ("http://evil/ok.example/v2/models/cat", False),
        ("http://notok.example/v2/models/cat", False),
        ("https://tls.example:8443/team/v2/models/cat", True),
        ("https://tls.example:8443/teams/v2/models/cat", False),
        ("https://tls.example:8443/v2/models/cat", False),
        ("https://tls.example/team/v2/models/cat", False),
        ("http://h:8000/v2/models/cat", True),
        ("http://h:8000/v2/models/cat/versions/2", True),
        ("http://h:8000/v2/models/cats", False),
        ("http://h:8000/v2/models/Cat", False),
    ],
)
def test_scheme_host_port_and_whole_segments_of_the_path_must_agree(address, allowed):
    assert allowed_endpoint(address, ENDPOINTS) is allowed


@pytest.mark.parametrize("environ", [{}, {"LIMELIGHT_ENDPOINTS": ""}, {"LIMELIGHT_ENDPOINTS": " , \n"}])
def test_without_the_variable_nothing_is_allowed(environ):
    assert endpoint_prefixes(environ) == ()
    assert not allowed_endpoint("http://ok.example/v2/models/cat", environ)


def test_a_prefix_that_cannot_be_read_is_the_operators_mistake():
    with pytest.raises(ModelError, match="LIMELIGHT_ENDPOINTS"):
        allowed_endpoint("http://h/v2/models/cat", {"LIMELIGHT_ENDPOINTS": "h:8000"})


def test_a_prefix_may_be_the_address_of_a_prediction():
    environ = {"LIMELIGHT_ENDPOINTS": "http://h/v1/models/cat:predict"}
    assert allowed_endpoint("http://h/v1/models/cat", environ)
    assert not allowed_endpoint("http://h/v1/models/dog", environ)
