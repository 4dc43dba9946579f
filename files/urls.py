from django.urls import path

from files import import_views, mapping_views, read_option_views, reject_views, views

app_name = "files"
urlpatterns = [
    path("", views.file_list, name="list"),
    path("upload/", views.upload, name="upload"),
    path("<int:pk>/", views.file_detail, name="detail"),
    path("<int:pk>/import/", views.import_file, name="import"),
    path("<int:pk>/imports/<int:job>/", import_views.tried, name="tried"),
    path("<int:pk>/mapping/", mapping_views.field, name="mapping"),
    path("<int:pk>/rename/", views.rename, name="rename"),
    path("<int:pk>/delete/", views.delete, name="delete"),
    path("<int:pk>/cancel/", views.cancel, name="cancel"),
    path("<int:pk>/again/", views.again, name="again"),
    path("<int:pk>/members/", views.open_member, name="member"),
    path("<int:pk>/read-options/", read_option_views.options, name="read-options"),
    path("<int:pk>/read-options/preview/", read_option_views.options_preview, name="read-preview"),
    path("<int:pk>/rejects/", reject_views.rejects, name="rejects"),
]
