"""Who a process is: users and groups, dropped for good and checked."""

from __future__ import annotations

import os
import pwd

from supervise import errors


def find(account: str) -> pwd.struct_passwd:
    """The entry of an account, by its name; errors.Failure where there is none."""
    try:
        return pwd.getpwnam(account)
    except KeyError:
        raise errors.Failure(f"unknown account {account}") from None


def set_group(group: int) -> None:
    """Have exactly this group, supplementary groups included."""
    os.setgroups([group])
    os.setgid(group)
    if os.getgroups() not in ([group], []) or os.getresgid() != (group,) * 3:
        raise PermissionError(1, "groups not dropped")


def set_user(user: int) -> None:
    """Be this user, with no way back."""
    os.setuid(user)
    if os.getresuid() != (user,) * 3:
        raise PermissionError(1, "user not dropped")


def in_group(group: int) -> bool:
    """Whether we have the rights of a group, our own or a supplementary one."""
    return group in (os.getegid(), *os.getgroups())
