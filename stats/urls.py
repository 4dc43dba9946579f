from django.urls import path, re_path

from stats import views

app_name = "stats"
urlpatterns = [
    path("stats/", views.stats_list, name="list"),
    # [\s\S], because a dot stops at a line break, which a path may hold.
    re_path(r"^api/(?!(?:v1|schema|docs)(?:/|$))(?P<rest>[\s\S]+)$", views.simulated, name="simulated"),
]
