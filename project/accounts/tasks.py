"""Beat's task: what has expired is not kept."""

from celery import shared_task
from django.utils import timezone
from knox.models import AuthToken

from project.accounts import throttle
from project.accounts.models import Session


@shared_task(name="accounts.sweep")
def sweep() -> None:
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    AuthToken.objects.filter(expiry__lt=now).delete()
    throttle.forget_old()
