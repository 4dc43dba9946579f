from django.urls import path

from variants import views

app_name = "variants"
urlpatterns = [
    path("", views.home, name="home"),
    path("variants/", views.variant_list, name="list"),
    path("loads/<int:pk>/", views.load_detail, name="load"),
    path("loads/<int:pk>/withdraw/", views.load_withdraw, name="load-withdraw"),
    path("variants/<int:pk>/", views.variant_detail, name="detail"),
]
