from entrepot.rules.roles import Role


def test_roles_have_harbors_names_and_stand_from_the_highest_down() -> None:
    assert [role.value for role in Role] == ["admin", "maintainer", "developer", "guest"]
