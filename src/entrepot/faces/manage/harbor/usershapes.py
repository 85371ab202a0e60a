"""Users in bodies and answers."""

import msgspec


class UserCreationReq(msgspec.Struct):
    """A user to be made."""

    username: str | None = None
    email: str | None = None
    realname: str | None = None
    password: str | None = None
    comment: str | None = None


class UserProfile(msgspec.Struct):
    """What is told of a user."""

    email: str | None = None
    realname: str | None = None
    comment: str | None = None


class PasswordReq(msgspec.Struct):
    """A new password; whoever changes their own says the old one too."""

    old_password: str | None = None
    new_password: str | None = None


class UserSysAdminFlag(msgspec.Struct):
    """Whether a user is to be an administrator."""

    sysadmin_flag: bool = False


class UserResp(msgspec.Struct, omit_defaults=True):
    """A user."""

    admin_role_in_auth: bool
    creation_time: str
    sysadmin_flag: bool
    update_time: str
    user_id: int
    username: str
    comment: str = ""
    email: str = ""
    realname: str = ""


class UserSearchRespItem(msgspec.Struct):
    """A user that was found."""

    user_id: int
    username: str
