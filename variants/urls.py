from django.urls import path

from variants import term_views, views

app_name = "variants"
urlpatterns = [
    path("", views.home, name="home"),
    path("variants/", views.variant_list, name="list"),
    path("loads/", views.load_list, name="loads"),
    path("loads/<int:pk>/", views.load_detail, name="load"),
    path("loads/<int:pk>/withdraw/", views.load_withdraw, name="load-withdraw"),
    path("variants/<int:pk>/", views.variant_detail, name="detail"),
    path("classifications/", term_views.classification_list, name="classifications"),
    path("classifications/term/", term_views.classification_term, name="classification"),
    path("classifications/reread/", term_views.classification_reread, name="classifications-reread"),
]
