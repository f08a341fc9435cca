from __future__ import annotations

import os
import pwd

import pytest

from supervise import errors
from supervise.unix import accounts
from tests.support.forks import in_a_fork


@pytest.mark.needs_root
def test_a_group_is_the_only_one():
    def change() -> tuple[list[int], tuple[int, int, int]]:
        os.setgroups([1, 2, 3])
        accounts.set_group(65534)
        return os.getgroups(), os.getresgid()

    assert in_a_fork(change) == ([65534], (65534,) * 3)


@pytest.mark.needs_root
def test_a_user_for_good():
    def change() -> tuple[tuple[int, int, int], bool]:
        accounts.set_user(65534)
        try:
            os.setuid(0)
        except PermissionError:
            return os.getresuid(), False
        return os.getresuid(), True

    assert in_a_fork(change) == ((65534,) * 3, False)


@pytest.mark.needs_root
def test_a_saved_user_that_would_lead_back_is_refused():
    def change() -> str:
        os.setresuid(65534, 65534, 0)  # setuid(2) then leaves the saved user alone
        try:
            accounts.set_user(65534)
        except PermissionError as error:
            return str(error)
        return "accepted"

    assert in_a_fork(change) == "[Errno 1] user not dropped"


def test_an_ordinary_user_may_not():
    def refused() -> list[str]:
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
        troubles = []
        for change in (accounts.set_group, accounts.set_user):
            try:
                change(pwd.getpwnam("root").pw_uid)
            except PermissionError as error:
                troubles.append(error.strerror)
        return troubles

    assert in_a_fork(refused) == ["Operation not permitted"] * 2


@pytest.mark.needs_root
def test_a_group_may_be_our_own_or_a_supplementary_one():
    def story() -> list[bool]:
        os.setgroups([4321])
        os.setegid(1234)
        return [accounts.in_group(group) for group in (1234, 4321, 0, 1)]

    assert in_a_fork(story) == [True, True, False, False]


def test_an_account_is_found_by_its_name():
    assert accounts.find("root").pw_uid == 0
    with pytest.raises(errors.Failure, match="unknown account no-such-account"):
        accounts.find("no-such-account")
