"""What the page's server refuses: other sites, missing tokens, paths out of the library, files that are no sound."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from stylefx.app.library import Library, checked_name
from stylefx.app.session import Session
from stylefx.errors import StylefxError, UsageError
from tests.support.app_server import App


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app") / "library"


@pytest.fixture(scope="module")
def app(folder: Path):
    with App(folder) as app:
        yield app


@pytest.mark.slow
def test_it_ends_with_ctrl_c_and_prints_nothing_but_its_address(tmp_path: Path) -> None:
    with App(tmp_path) as app:
        assert app.url == f"http://127.0.0.1:{app.port}/?token={app.token}"
        assert app.request("GET", "/")[0] == 200
        assert app.finish() == (0, "", "")


def test_a_taken_port_is_a_sentence(app: App, stylefx_command) -> None:
    run = stylefx_command("app", "--no-browser", "--port", app.port)
    assert (run.returncode, run.stdout) == (1, "")
    assert "is taken" in run.stderr


@pytest.fixture
def own_address() -> str:
    """One of this machine's that others could reach, as its routing table has it; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.fail("this machine has no address but its own: the test needs a network interface")
        return probe.getsockname()[0]


def test_another_address_is_served_on_demand_with_a_word_about_it(tmp_path: Path, own_address: str) -> None:
    with App(tmp_path, "--host", own_address) as app:
        assert app.url == f"http://{own_address}:{app.port}/?token={app.token}"
        assert app.request("GET", "/")[0] == 200
        assert app.request("GET", "/", Origin=f"http://{own_address}:{app.port}")[0] == 200
        assert app.request("GET", "/", Cookie="")[0] == 401
        for host in ("evil.example", "127.0.0.1", "localhost"):
            assert app.request("GET", "/", Host=f"{host}:{app.port}")[0] == 421
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", app.port), 5):
            pass
        code, out, err = app.finish()
        assert (code, out, err.count("\n")) == (0, "", 1)
        assert f"anyone who reaches {own_address} and has this token" in err


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("0.0.0.0", 2, "every address"),
        ("::", 2, "every address"),
        ("example.org", 2, "no IP address"),
        ("192.0.2.1", 1, "is it this machine's?"),
    ],
)
def test_addresses_that_cannot_be_served(
    stylefx_command, tmp_path: Path, address: str, code: int, words: str
) -> None:
    run = stylefx_command("app", "--no-browser", "--library", tmp_path, "--host", address)
    assert (run.returncode, run.stdout) == (code, "")
    assert words in run.stderr


def test_loopback_has_a_second_version(tmp_path: Path) -> None:
    with App(tmp_path, "--host", "::1") as app:
        assert app.url == f"http://[::1]:{app.port}/?token={app.token}"
        assert app.request("GET", "/")[0] == 200
        assert app.finish() == (0, "", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": ""}, 401),
        ({"Cookie": "stylefx-{port}=wrong"}, 401),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
        ({"Host": "localhost:{port}"}, 200),
    ],
)
def test_who_is_let_in(app: App, headers: dict[str, str], status: int) -> None:
    sent = {name: text.format(port=app.port) for name, text in headers.items()}
    for path in ("/", "/page/app.js"):
        found, _, answered = app.request("GET", path, None, **sent)
        assert found == status
        assert "default-src 'self'" in answered["Content-Security-Policy"]


def test_the_token_is_changed_for_a_cookie_that_scripts_cannot_read(app: App) -> None:
    status, _, headers = app.request("GET", f"/?token={app.token}", Cookie="")
    assert (status, headers["Location"]) == (303, "/")
    assert "httponly" in headers["Set-Cookie"].lower()
    assert "samesite=strict" in headers["Set-Cookie"].lower()
    assert app.request("GET", "/?token=wrong", Cookie="")[0] == 401


@pytest.mark.parametrize(
    "name", ["../secret", "..%2Fsecret", "%2Fetc%2Fpasswd", "..%5Csecret", ".hidden", "CON", "a%00b"]
)
def test_no_path_leaves_the_library(app: App, folder: Path, name: str) -> None:
    (folder.parent / "secret.npz").write_bytes(b"secret")
    for what in ("file", "clip", "picture"):
        status, body, _ = app.request("GET", f"/api/styles/{name}/{what}")
        assert status in (400, 404)
        assert b"root:" not in body
    assert app.request("DELETE", f"/api/styles/{name}")[0] in (400, 404, 405)
    assert app.request("GET", f"/page/{name}")[0] == 404
    assert (folder.parent / "secret.npz").read_bytes() == b"secret"


def test_a_link_in_the_library_is_not_followed(app: App, folder: Path) -> None:
    (folder / "link.npz").symlink_to("/etc/passwd")
    assert app.request("GET", "/api/styles/link/file")[0] == 400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("noise.wav", bytes(range(256)) * 40),
        ("page.html", b"<script>alert(1)</script>"),
        ("nothing.flac", b""),
    ],
)
def test_what_is_no_sound_is_refused_in_a_sentence(app: App, name: str, body: bytes) -> None:
    status, said, _ = app.request("POST", f"/api/sounds?name={name}", body)
    sentence = json.loads(said)["error"]
    assert status == 400
    assert name in sentence
    assert "/tmp" not in sentence


def test_too_much_is_refused_before_it_is_read(app: App) -> None:
    status, said, _ = app.request("POST", "/api/sounds?name=big.wav", None, **{"Content-Length": str(2**40)})
    assert status == 413
    assert "larger than" in json.loads(said)["error"]
    assert app.request("POST", "/api/styles", b"[" * 100_000)[0] == 413


def test_a_stream_without_an_end_is_refused_at_the_bound_with_little_memory(app: App) -> None:
    most, part = Session().most_bytes, bytes(2**20)
    with socket.create_connection(("127.0.0.1", app.port), 60) as connection:
        head = (
            "POST /api/sounds?name=endless.wav HTTP/1.1\r\nHost: 127.0.0.1:{0}\r\nCookie: stylefx-{0}={1}\r\n"
        )
        connection.sendall(head.format(app.port, app.token).encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(most // len(part) + 1):
            connection.sendall(b"%x\r\n" % len(part) + part + b"\r\n")
        answer = b""
        while b"}" not in answer:
            answer += connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"endless.wav is larger than" in answer
    memory = Path(f"/proc/{app.pid}/status").read_text()
    assert int(memory.split("VmHWM:")[1].split()[0]) < 250_000  # kB
    assert app.request("GET", "/")[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"[" * 5000, b'{"name": 3}', b'{"name": "a", "sounds": []}']
)
def test_requests_that_make_no_sense(app: App, body: bytes) -> None:
    status, said, _ = app.request("POST", "/api/styles", body)
    assert status == 400
    assert json.loads(said)["error"]


def test_a_forged_style_is_not_taken_in(app: App, folder: Path) -> None:
    before = sorted(folder.iterdir())
    status, said, _ = app.request("POST", "/api/import?name=forged", b"PK\x03\x04 nothing")
    assert status == 400
    assert "not a style file" in json.loads(said)["error"]
    assert sorted(folder.iterdir()) == before


def test_nothing_in_the_library_is_overwritten(tmp_path: Path, made_up_style) -> None:
    library = Library(tmp_path)
    for name in ("one", "two"):
        made_up_style.save(tmp_path / f"{name}.npz")
    with pytest.raises(StylefxError, match="already has"):
        library.rename("one", "two")
    with pytest.raises(StylefxError, match="already has"):
        library.take_in(tmp_path / "one.npz", "two")
    library.rename("one", "pièce (3)")
    assert library.names() == ["pièce (3)", "two"]
    library.delete("two")
    assert [path.name for path in tmp_path.iterdir()] == ["pièce (3).npz"]
    with pytest.raises(UsageError):
        checked_name("a" * 61)


def test_an_upload_that_cannot_be_written_is_still_read_to_its_end(tmp_path: Path, monkeypatch) -> None:
    """Else the browser, which is still sending, sees a connection that breaks instead of the answer."""
    (tmp_path / "full").symlink_to("/dev/full")
    taken = []

    async def parts():
        for number in range(40):
            taken.append(number)
            yield bytes(50_000)

    with Session() as session:
        monkeypatch.setattr(session, "new_path", lambda name: tmp_path / "full")
        with pytest.raises(OSError, match="No space left"):
            asyncio.run(session.receive("take.wav", parts(), 2_000_000))
    assert taken == list(range(40))
    assert list(tmp_path.iterdir()) == []
