from django.urls import path

from project.core import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("badge/", views.badge, name="badge"),
    path("<int:pk>/", views.job_detail, name="detail"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/retry/", views.retry, name="retry"),
]
