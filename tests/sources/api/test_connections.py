"""What the environment says of proxies and certificates, and the client cannot use, is told by the variable's name."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from pylon_elt.sources.pylon.api.transport import Transport
from pylon_elt.sources.pylon.errors import ConfigurationError
from pylon_elt.sources.pylon.settings import settings

VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSLKEYLOGFILE",
)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    from pylon_elt.sources.pylon.api import transport

    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    transport._tls.cache_clear()


def refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> ConfigurationError:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as error:
        Transport(settings("t"))
    assert f"The variable {name} " in error.value.message
    assert error.value.remedy
    return error.value


@pytest.mark.parametrize("name", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        "foo://u:sesame@host",
        "http://u:sesame@host:abc",
        "://sesame",
        "http://u:sesame@host:65536",
        "u:sesame@host:99999",
        "http://u:sesame@host:0",
        "http://u:sesame@host:-1",
    ],
)
def test_what_is_no_proxy_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    error = refused(monkeypatch, name, value)
    assert "sesame" not in str(error)
    assert error.__suppress_context__


@pytest.mark.skipif(bool(importlib.util.find_spec("socksio")), reason="the module is installed")
def test_a_socks_proxy_needs_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pip install socksio" in refused(monkeypatch, "ALL_PROXY", "socks5://host:1").remedy


def test_hosts_without_a_proxy_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert "::1" in refused(monkeypatch, "NO_PROXY", "localhost,[::1]").remedy


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert str(tmp_path / "none") in refused(monkeypatch, name, str(tmp_path / "none")).message


def test_a_file_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    refused(monkeypatch, "SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    refused(monkeypatch, "SSL_CERT_FILE", str(tmp_path))


def test_keys_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refused(monkeypatch, "SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))


def test_what_can_be_used_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in (
        ("HTTPS_PROXY", "127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:65535"),
        ("ALL_PROXY", "http://proxy.example"),
        ("NO_PROXY", "::1,localhost"),
        ("SSL_CERT_DIR", str(tmp_path)),
    ):
        monkeypatch.setenv(name, value)
    assert Transport(settings("t"))
