from __future__ import annotations

import os

import pytest

from supervise import errors
from supervise.drivers import environment


def read(path):
    return sorted(environment.read(str(path)))


def test_every_file_but_those_with_a_dot_is_a_change(tmp_path):
    (tmp_path / "A").write_bytes(b"one \ntwo")
    (tmp_path / "B").touch()
    (tmp_path / ".hidden").write_bytes(b"x")
    assert read(tmp_path) == [(b"A", b"one"), (b"B", None)]


def test_a_link_to_nowhere_and_a_pipe_without_a_writer_remove(tmp_path):
    (tmp_path / "A").symlink_to("nowhere")
    os.mkfifo(tmp_path / "B")
    assert read(tmp_path) == [(b"A", None), (b"B", None)]


def test_the_working_directory_is_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "env").mkdir()
    assert read("env") == []
    assert os.getcwd() == str(tmp_path)


def test_nothing_stays_open_nor_elsewhere_whether_it_goes_well_or_not(tmp_path):
    before = os.getcwd(), os.listdir("/proc/self/fd")
    assert read(tmp_path) == []
    (tmp_path / "directory").mkdir()
    with pytest.raises(errors.Failure) as caught:
        environment.read(str(tmp_path))
    assert caught.value.text == f"unable to read {tmp_path}/directory: is a directory"
    assert (os.getcwd(), os.listdir("/proc/self/fd")) == before


def test_changes_are_made_in_order():
    before = {b"A": b"1", b"B": b"2", b"C": b"3"}
    changes = [(b"A", None), (b"B", b"new"), (b"B", None), (b"D", None), (b"C", b""), (b"A", b"x")]
    assert environment.changed(before, changes) == {b"A": b"x", b"C": b""}
    assert before == {b"A": b"1", b"B": b"2", b"C": b"3"}
