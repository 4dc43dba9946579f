from django.urls import path

from files import views

app_name = "files"
urlpatterns = [
    path("", views.file_list, name="list"),
    path("upload/", views.upload, name="upload"),
    path("<int:pk>/", views.file_detail, name="detail"),
    path("<int:pk>/import/", views.import_file, name="import"),
    path("<int:pk>/rename/", views.rename, name="rename"),
    path("<int:pk>/delete/", views.delete, name="delete"),
    path("<int:pk>/rejects/", views.rejects, name="rejects"),
]
