"""Addresses: a web server's lists and zip files, and an S3 server in a process of its own."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from collections_of_pictures import png, s3_server, web_server, write_files, zipped

import lime_core as lc
from lime_core.collections import open_collection
from lime_core.collections.addresses import shown, shown_in
from lime_core.picture.limits import MAX_BYTES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def web(tmp_path):
    """A web server of files: its folder and address."""
    with web_server(tmp_path) as address:
        yield tmp_path, address


def test_a_list_on_the_web_is_relative_to_its_address(web):
    folder, address = web
    write_files(folder, {"lists/l.txt": f"../x/a%20b.png\n{address}/c.png?key=1\n".encode()})
    write_files(folder, {"x/a b.png": png(1), "c.png": png(2)})
    collection = pickle.loads(pickle.dumps(open_collection(f"{address}/lists/l.txt")))  # noqa: S301
    assert [picture.path for picture in collection.pictures] == ["../x/a%20b.png", f"{address}/c.png?key=1"]
    assert [collection.read(picture.path) for picture in collection.pictures] == [png(1), png(2)]


def test_a_csv_on_the_web_has_labels(web):
    folder, address = web
    write_files(folder, {"l.csv": b"path,label\na.png,cat\nmissing.png,dog\n", "a.png": png()})
    collection = open_collection(f"{address}/l.csv?token=secret")
    assert [picture.label for picture in collection.pictures] == ["cat", "dog"]
    assert collection.read("a.png") == png()
    with pytest.raises(lc.LimeError, match=r"nothing at .*missing\.png"):
        collection.read("missing.png")


def test_a_zip_file_on_the_web_is_read_in_parts(web):
    folder, address = web
    write_files(folder, {"p.zip": zipped({"cat/a.png": png(1), "dog/b.png": png(2)})})
    collection = pickle.loads(pickle.dumps(open_collection(f"{address}/p.zip")))  # noqa: S301
    assert [picture.label for picture in collection.pictures] == ["cat", "dog"]
    assert collection.read("dog/b.png") == png(2)
    assert open_collection(f"zip://dog::{address}/p.zip").read("b.png") == png(2)


@pytest.mark.parametrize("lengths", [True, False])
def test_what_is_too_long_is_not_read_to_its_end(tmp_path, lengths):
    write_files(tmp_path, {"l.txt": b"long.png\nshort.png\nempty.png\n", "short.png": png(side=300), "empty.png": b""})
    (tmp_path / "long.png").write_bytes(bytes(MAX_BYTES + 5_000_000))
    with web_server(tmp_path, ranges=False, lengths=lengths) as address:
        collection = open_collection(f"{address}/l.txt")
        with pytest.raises(lc.LimeError, match="at most 20 MB"):
            collection.read("long.png")
        with pytest.raises(lc.LimeError, match="is empty"):
            collection.read("empty.png")
        assert collection.read("short.png") == png(side=300)


def test_a_zip_file_of_a_server_without_parts_is_refused(tmp_path):
    write_files(tmp_path, {"p.zip": zipped({"a.png": png()})})
    with (
        web_server(tmp_path, ranges=False, lengths=False) as address,
        pytest.raises(lc.LimeError, match="does not give parts"),
    ):
        open_collection(f"{address}/p.zip")


@pytest.mark.parametrize(
    "entry",
    ["file:///etc/passwd", "s3://private/a.png", "zip://a.png::file:///tmp/p.zip", "a.png::file:///etc/passwd"],
)
def test_a_list_from_elsewhere_names_no_files_of_this_machine(web, entry):
    folder, address = web
    write_files(folder, {"l.txt": f"ok.png\n{entry}\n".encode()})
    with pytest.raises(lc.LimeError, match="may name only"):
        open_collection(f"{address}/l.txt")


def test_addresses_that_are_none_are_refused_in_words(tmp_path):
    with web_server(tmp_path) as address, pytest.raises(lc.LimeError, match="cannot be listed"):
        open_collection(f"{address}/folder/")
    with pytest.raises(lc.LimeError, match=r"nothing\.csv \(Cannot connect"):
        open_collection("http://127.0.0.1:1/nothing.csv")
    with pytest.raises(lc.LimeError, match="cannot be read"):
        open_collection("nonsense://bucket/x")
    with pytest.raises(lc.LimeError, match="no picture in memory://nothing"):
        open_collection("memory://nothing")


def test_a_path_is_never_taken_for_an_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(lc.LimeError, match="There is no memory:/x"):
        open_collection(Path("memory://x"))


@pytest.mark.slow
def test_a_missing_package_is_named_with_what_installs_it():
    """Nothing of it is imported before it is needed either."""
    code = """
        import sys
        import lime_core as lc
        from lime_core.collections import open_collection
        assert not {"fsspec", "s3fs", "gcsfs", "aiohttp", "ray"} & set(sys.modules)
        for package, address in (("s3fs", "s3://b/x"), ("gcsfs", "gs://b/x"), ("aiohttp", "http://h/l.csv")):
            sys.modules[package] = None
            try:
                open_collection(address)
            except lc.LimeError as error:
                print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.count('pip install "limelight[cloud]"') == 3, done.stdout


@pytest.fixture(scope="module")
def s3():
    """Settings of an S3 server with a bucket, as a user gives them: by the environment."""
    import fsspec

    with s3_server() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        files = fsspec.filesystem("s3")
        files.mkdir("pictures")
        yield files
        files.clear_instance_cache()


@pytest.mark.slow
def test_a_bucket_is_a_folder(s3):
    for name in ("set/dog/b.png", "set/cat/in/a.png", "set/c.png", "set/notes.txt", "set2/d.png"):
        s3.pipe(f"pictures/{name}", png())
    s3.pipe("pictures/set/empty.png", b"")
    for place in ("s3://pictures/set", "s3://pictures/set/"):
        collection = pickle.loads(pickle.dumps(open_collection(place)))  # noqa: S301
        assert [(p.path, p.label) for p in collection.pictures] == [
            ("c.png", None),
            ("cat/in/a.png", "cat"),
            ("dog/b.png", "dog"),
            ("empty.png", None),
        ]
        assert collection.read("cat/in/a.png") == png()
    with pytest.raises(lc.LimeError, match="is empty"):
        collection.read("empty.png")
    with pytest.raises(lc.LimeError, match=r"nothing at s3://pictures/set/gone\.png"):
        collection.read("gone.png")
    s3.pipe("pictures/set/new.png", png())
    assert "new.png" in {picture.path for picture in open_collection("s3://pictures/set").pictures}
    with pytest.raises(lc.LimeError, match="no picture in"):
        open_collection("s3://pictures/se")
    with pytest.raises(lc.LimeError, match="missing"):
        open_collection("s3://missing/set")


@pytest.mark.slow
def test_lists_and_zip_files_in_a_bucket(s3):
    s3.pipe("pictures/lists/l.csv", b"../here/a.png,cat\n/here/b.png,dog\ns3://pictures/here/c.png,cat\n")
    for shade, name in enumerate("abc"):
        s3.pipe(f"pictures/here/{name}.png", png(shade))
    s3.pipe("pictures/p.zip", zipped({"cat/a.png": png(7), "dog/b.png": png(8)}))
    collection = open_collection("s3://pictures/lists/l.csv")
    assert {collection.read(picture.path) for picture in collection.pictures} == {png(0), png(1), png(2)}
    assert open_collection("s3://pictures/p.zip").read("dog/b.png") == png(8)
    assert open_collection("zip://cat::s3://pictures/p.zip").read("a.png") == png(7)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("https://me:secret@example.org:8443/list.csv?token=abc#x", "https://example.org:8443/list.csv"),
        ("s3://bucket/pre?fix", "s3://bucket/pre?fix"),
        ("/home/me/why?.zip", "/home/me/why?.zip"),
        ("ftp://me:secret@host/x.csv", "ftp://host/x.csv"),
        ("sftp://me:secret@host:22/pictures", "sftp://host:22/pictures"),
        ("smb://domain;me:secret@host/x", "smb://host/x"),
        ("s3://key:sec/ret@bucket/prefix", "s3://bucket/prefix"),
        ("https://me:sec?ret@host/x.zip", "https://host/x.zip"),
        ("ftp://host/x.csv?signature=secret", "ftp://host/x.csv"),
        ("simplecache::https://me:secret@h/x.csv?sig=1", "simplecache::https://h/x.csv"),
        ("zip://cat::https://me:secret@h/x.zip?sig=1", "zip://cat::https://h/x.zip"),
        ("http://[::1]:8000/a@2x.zip", "http://[::1]:8000/a@2x.zip"),
        ("abfs://container@account.dfs.core.windows.net/x", "abfs://container@account.dfs.core.windows.net/x"),
        ("github://owner:repository@main/pictures", "github://owner:repository@main/pictures"),
    ],
)
def test_what_is_kept_of_an_address_has_no_secrets(place, expected):
    assert shown(place) == expected


def test_what_a_library_says_of_an_address_is_repeated_without_secrets():
    address = "https://me:pass%40word@host/a b.csv?token=abc"
    text = f"404, url='{address}' of URL('ftp://you:other@h/x?key=1'), login pass@word, asked for token=abc"
    assert shown_in(text, address) == "404, url='https://host/a b.csv' of URL('ftp://h/x'), login …, asked for …"


def test_no_message_about_an_address_has_its_secrets(web):
    folder, address = web
    secret = address.replace("://", "://me:PASSWORD@")
    write_files(folder, {"l.csv": b"gone.png,cat\n", "no.zip": b"no zip", "e.txt": b"", "three.csv": b"a.png,b,c\n"})
    write_files(folder, {"ok.zip": zipped({"a.txt": b""}), "twice.csv": b"a.png,cat\na.png,dog\n", "l1.csv": b"\xff"})
    listed = open_collection(f"{secret}/l.csv?token=SECRET")
    names = ("gone.csv", "no.zip", "e.txt", "three.csv", "ok.zip", "twice.csv", "l1.csv", "folder/")
    tries = [lambda: listed.read("gone.png"), lambda: open_collection("nonsense://me:PASSWORD@host/x?token=SECRET")]
    tries += [lambda name=name: open_collection(f"{secret}/{name}?token=SECRET") for name in names]
    tries.append(lambda: open_collection(f"zip://in::{secret}/ok.zip?token=SECRET"))
    tries.append(lambda: open_collection("http://me:PASSWORD@127.0.0.1:1/nothing.csv?token=SECRET"))
    for attempt in tries:
        with pytest.raises(lc.LimeError) as error:
            attempt()
        assert "PASSWORD" not in str(error.value)
        assert "SECRET" not in str(error.value)
