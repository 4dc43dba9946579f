from django.urls import path

from variants import views

app_name = "variants"
urlpatterns = [
    path("", views.home, name="home"),
    path("variants/", views.variant_list, name="list"),
    path("variants/<int:pk>/", views.variant_detail, name="detail"),
]
