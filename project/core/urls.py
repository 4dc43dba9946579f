from django.urls import path

from project.core import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("badge/", views.badge, name="badge"),
    path("<int:pk>/", views.job_detail, name="detail"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/retry/", views.retry, name="retry"),
    path("<int:pk>/dismiss/", views.dismiss_job, name="dismiss"),
    path("<int:pk>/put-back/", views.put_back_job, name="put-back"),
    path("retry-failed/", views.retry_failed, name="retry-failed"),
    path("dismiss-failed/", views.dismiss_failed, name="dismiss-failed"),
]
