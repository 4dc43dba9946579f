from django.urls import path

from files import api, mapping_api, read_options_api, reject_api

urlpatterns = [
    path("files/", api.FileList.as_view(), name="api-files"),
    path("files/<int:id>/", api.FileDetail.as_view(), name="api-file"),
    path("files/<int:id>/rows/", api.FileRows.as_view(), name="api-file-rows"),
    path("files/<int:id>/rejects/", reject_api.FileRejects.as_view(), name="api-file-rejects"),
    path("files/<int:id>/header/", reject_api.FileHeader.as_view(), name="api-file-header"),
    path("files/<int:id>/members/", api.FileMembers.as_view(), name="api-file-members"),
    path("files/<int:id>/download/", api.FileDownload.as_view(), name="api-file-download"),
    path("files/<int:id>/read-options/", read_options_api.FileReadOptions.as_view(), name="api-file-read-options"),
    path(
        "files/<int:id>/read-options/preview/", read_options_api.FileReadPreview.as_view(), name="api-file-read-preview"
    ),
    path("files/<int:id>/mapping/", mapping_api.FileMapping.as_view(), name="api-file-mapping"),
    path("files/<int:id>/import/", api.FileImport.as_view(), name="api-file-import"),
]
