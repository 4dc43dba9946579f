from django.urls import path

from variants import api, load_api, term_api

urlpatterns = [
    path("genes/suggest/", api.GeneSuggest.as_view(), name="api-gene-suggest"),
    path("genes/<path:symbol>/", api.GeneDetail.as_view(), name="api-gene"),
    path("variants/", api.VariantList.as_view(), name="api-variants"),
    path("variants/<int:id>/", api.VariantDetail.as_view(), name="api-variant"),
    path("loads/", load_api.LoadList.as_view(), name="api-loads"),
    path("loads/<int:id>/", load_api.LoadDetail.as_view(), name="api-load"),
    path("loads/<int:id>/withdraw/", load_api.LoadWithdraw.as_view(), name="api-load-withdraw"),
    path("loads/<int:id>/issues/", api.LoadIssues.as_view(), name="api-load-issues"),
    path("loads/<int:id>/words/", term_api.LoadWords.as_view(), name="api-load-words"),
    path("classifications/", term_api.ClassificationList.as_view(), name="api-classifications"),
    path("classifications/<path:term>/", term_api.ClassificationTermView.as_view(), name="api-classification"),
    path("records/", api.RecordList.as_view(), name="api-records"),
]
