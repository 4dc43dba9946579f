import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.core.exceptions import PermissionDenied

from project.core.roles import Right, Role, may, require, rights_of, role_of

ALLOWED = {
    None: set(),
    "viewer": set(),
    "analyst": {Right.WORK_WITH_FILES},
    "curator": {Right.WORK_WITH_FILES, Right.CURATE},
    "administrator": set(Right),
}


@pytest.mark.parametrize("role", ALLOWED)
def test_what_each_role_may(make_user, role):
    user = make_user("ada", role=role) if role else AnonymousUser()
    assert {right for right in Right if may(user, right)} == ALLOWED[role]


def test_the_migration_made_a_group_of_each_role(db):
    assert set(Group.objects.values_list("name", flat=True)) >= set(Role.values)


def test_the_highest_role_counts_and_other_groups_do_not(make_user):
    user = make_user("ada", role="analyst")
    user.groups.add(Group.objects.get(name="curator"), Group.objects.create(name="football"))
    assert role_of(user) == Role.CURATOR


def test_without_a_group_one_is_a_viewer(django_user_model, db):
    assert role_of(django_user_model.objects.create_user("ada")) == Role.VIEWER


@pytest.mark.parametrize("role", ["analyst", "curator", "administrator"])
def test_who_is_not_active_may_nothing(make_user, role):
    user = make_user("ada", role=role, is_active=False)
    assert not any(may(user, right) for right in Right)


def test_a_refusal_says_which_role_is_missing(make_user):
    with pytest.raises(PermissionDenied, match=r"role curator .* yours is analyst"):
        require(make_user("ada"), Right.CURATE)


def test_the_role_costs_one_query_for_a_user_object(make_user, django_assert_num_queries):
    user = make_user("ada")
    with django_assert_num_queries(1):
        assert may(user, Right.WORK_WITH_FILES)
        assert not may(user, Right.CURATE)


def test_whether_one_administers_costs_no_query(make_user, django_assert_num_queries):
    user = make_user("ada")
    with django_assert_num_queries(0):
        assert not may(user, Right.ADMINISTER)


def test_the_documented_table_has_every_right_and_role(settings):
    page = (settings.BASE_DIR / "docs" / "permissions.md").read_text()
    head = next(line for line in page.splitlines() if line.startswith("| what"))
    assert [role for role in Role if role.value not in head] == []
    for right in Right:
        row = next((line for line in page.splitlines() if line.startswith(f"| {right} ")), None)
        assert row, f"docs/permissions.md has no row for: {right}"
        cells = [cell.strip() for cell in row.strip("|").split("|")][2:]
        assert [cell == "no" for cell in cells] == [right not in rights_of(role) for role in Role], right
