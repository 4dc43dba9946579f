"""Which column means what: by names and cells, for the headers of labs, databases and tools. All rows are invented."""

import shutil

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from files.mapping import choose, detect
from files.mapping_contents import alone, judged
from files.mapping_names import counts_from_0, plain
from files.models import RememberedMapping
from files.remembered import header_digest
from files.tests.conftest import do_import
from project.common.problems import BadQuery
from project.core.models import AuditEntry, Job
from variants.models import Variant, VariantName


def chosen(table):
    """Field -> column for a table written as column -> cells."""
    found = choose(list(table), lambda field, column: judged(field, table[column]))
    return {field: choice.candidate.column for field, choice in found.items()}


PLACE = {"chrom": "Chr", "start": "Pos", "ref": "Ref", "alt": "Alt"}
TABLES = {
    "gnomAD's export": (
        {"gnomAD ID": ["1-55051215-G-GA"], "Chromosome": ["1"], "Position": ["55051215"], "rsIDs": ["rs1"],
         "Reference": ["G"], "Alternate": ["GA"], "Source": ["gnomAD Exomes"], "Transcript": ["ENST00000302118.5"],
         "HGVS Consequence": ["p.Ala1Thr"], "Protein Consequence": ["p.Ala1Thr"], "Transcript Consequence": ["c.1G>A"],
         "VEP Annotation": ["missense_variant"], "ClinVar Clinical Significance": ["Benign"], "ClinVar Variation ID": ["12"]},
        {"variant": "gnomAD ID", "chrom": "Chromosome", "start": "Position", "rsid": "rsIDs", "ref": "Reference",
         "alt": "Alternate", "transcript": "Transcript", "hgvs_p": "Protein Consequence", "hgvs_c": "Transcript Consequence",
         "consequence": "VEP Annotation", "classification": "ClinVar Clinical Significance", "variation_id": "ClinVar Variation ID"},
    ),
    "ClinVar's web table": (
        {"Name": ["NM_007294.4(BRCA1):c.5266dup (p.Gln1756fs)"], "Gene(s)": ["BRCA1"], "Protein change": ["Q1756fs"],
         "Condition(s)": ["x"], "Accession": ["VCV000017677"], "GRCh37Chromosome": ["17"], "GRCh37Location": ["41209079 - 41209080"],
         "GRCh38Chromosome": ["17"], "GRCh38Location": ["43057062 - 43057063"], "VariationID": ["17677"], "AlleleID(s)": ["1"],
         "dbSNP ID": ["rs80357906"], "Canonical SPDI": ["NC_000017.11:43057062:GGGG:GGGGG"],
         "Germline classification": ["Pathogenic"], "Germline date last evaluated": ["Apr 22, 2016"],
         "Germline review status": ["reviewed by expert panel"]},
        {"variant": "Name", "gene": "Gene(s)", "hgvs_p": "Protein change", "clinvar": "Accession", "chrom": "GRCh38Chromosome",
         "start": "GRCh38Location", "variation_id": "VariationID", "rsid": "dbSNP ID", "other_names": "Canonical SPDI",
         "classification": "Germline classification", "last_evaluated": "Germline date last evaluated",
         "review_status": "Germline review status"},
    ),
    "dbNSFP": (
        {"#chr": ["1"], "pos(1-based)": ["69094"], "ref": ["G"], "alt": ["A"], "aaref": ["V"], "aaalt": ["M"],
         "rs_dbSNP": ["rs1"], "hg19_chr": ["1"], "hg19_pos(1-based)": ["69095"], "genename": ["OR4F5"],
         "Ensembl_geneid": ["ENSG00000186092"], "Ensembl_transcriptid": ["ENST00000335137"], "HGVSc_VEP": ["c.4G>A"],
         "HGVSp_VEP": ["p.Val2Met"], "clinvar_clnsig": ["Benign"], "clinvar_review": ["no_assertion"]},
        {"chrom": "#chr", "start": "pos(1-based)", "ref": "ref", "alt": "alt", "rsid": "rs_dbSNP", "gene": "genename",
         "transcript": "Ensembl_transcriptid", "hgvs_c": "HGVSc_VEP", "hgvs_p": "HGVSp_VEP",
         "classification": "clinvar_clnsig", "review_status": "clinvar_review"},
    ),
    "ANNOVAR": (
        {"Chr": ["1"], "Start": ["5"], "End": ["5"], "Ref": ["A"], "Alt": ["G"], "Func.refGene": ["exonic"],
         "Gene.refGene": ["AAA1"], "ExonicFunc.refGene": ["nonsynonymous SNV"],
         "AAChange.refGene": ["AAA1:NM_900001:exon1:c.A1G:p.M1V"], "avsnp150": ["rs5"], "CLNSIG": ["Benign"]},
        {"chrom": "Chr", "start": "Start", "stop": "End", "ref": "Ref", "alt": "Alt", "gene": "Gene.refGene",
         "consequence": "ExonicFunc.refGene", "rsid": "avsnp150", "classification": "CLNSIG"},
    ),
    "VEP": (
        {"#Uploaded_variation": ["1_1000_A/G"], "Location": ["1:1000"], "Allele": ["G"], "Gene": ["ENSG00000000001"],
         "Feature": ["ENST00000000001"], "Consequence": ["missense_variant"], "SYMBOL": ["AAA1"],
         "HGVSc": ["ENST00000000001.1:c.1A>G"], "HGVSp": ["ENSP00000000001.1:p.Met1Val"], "Existing_variation": ["rs5,COSV1"]},
        {"variant": "#Uploaded_variation", "gene": "SYMBOL", "transcript": "Feature", "consequence": "Consequence",
         "hgvs_c": "HGVSc", "hgvs_p": "HGVSp", "rsid": "Existing_variation"},
    ),
    "LOVD": (
        {"chromosome": ["13"], "VariantOnGenome/DNA": ["g.5A>G"], "VariantOnGenome/DNA/hg38": ["g.6A>G"],
         "VariantOnTranscript/DNA": ["c.1A>G"], "VariantOnTranscript/Protein": ["p.(Met1Val)"], "symbol": ["AAA1"],
         "position_g_start": ["5"], "position_g_end": ["5"]},
        {"chrom": "chromosome", "hgvs_g": "VariantOnGenome/DNA", "hgvs_c": "VariantOnTranscript/DNA", "start": "position_g_start",
         "stop": "position_g_end", "hgvs_p": "VariantOnTranscript/Protein", "gene": "symbol"},
    ),
    "two assemblies named": (
        {"Chr": ["1"], "start_hg19": ["5"], "end_hg19": ["6"], "start_hg38": ["7"], "end_hg38": ["8"], "Ref": ["A"], "Alt": ["G"]},
        {"chrom": "Chr", "start": "start_hg38", "stop": "end_hg38", "ref": "Ref", "alt": "Alt"},
    ),
    "both protein names": (
        {"Gene": ["AAA1"], "HGVSp_Short": ["p.M1V"], "HGVSp": ["p.Met1Val"]},
        {"gene": "Gene", "hgvs_p": "HGVSp", "hgvs_p_short": "HGVSp_Short"},
    ),
    "names that the cells belie": (
        {"Chr": ["1", "2"], "Start": ["2020-01-02", "2020-02-03"], "Pos": ["5", "6"], "Ref": ["hg19", "hg19"],
         "Reference": ["A", "C"], "Alt": ["G", "T"], "significance": ["0.05", "1e-8"], "Gene ID": ["672", "675"], "symbol": ["A1", "B1"]},
        {"chrom": "Chr", "start": "Pos", "ref": "Reference", "alt": "Alt", "gene": "symbol"},
    ),
    "a gene that is a number": ({"Gene": ["672"], "rsID": ["rs5"]}, {"rsid": "rsID"}),
    "a weak name that its cells bear out": (
        {"ID": ["rs5", "rs6"], "class": ["Benign", "VUS"]}, {"rsid": "ID", "classification": "class"},
    ),
    "a weak name that they do not": ({"ID": ["1", "2"], "class": ["SNV", "indel"], "rs": ["rs5", "rs6"]}, {"rsid": "rs"}),
    "VariationID of somebody else": ({"VariationID": ["5"], "rsID": ["rs5"]}, {"rsid": "rsID"}),
    "a submission's breakpoints": (
        {"Chromosome": ["1"], "Breakpoint 1": ["5"], "Breakpoint 2": ["9"], "Clinical significance": ["Benign"]},
        {"chrom": "Chromosome", "start": "Breakpoint 1", "stop": "Breakpoint 2", "classification": "Clinical significance"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_proposed_by_name_and_cells(name):
    table, expected = TABLES[name]
    assert chosen(table) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hg19_pos(1-based)", ("pos", "GRCh37")),
        ("Chromosome (GRCh38)", ("chromosome", "GRCh38")),
        ("Genomic_HGVS_38", ("genomichgvs", "GRCh38")),
        ("avsnp150", ("avsnp", "")),
        ("Start", ("start", "")),
    ],
)
def test_a_name_says_its_assembly(name, expected):
    assert plain(name) == expected


@pytest.mark.parametrize(
    ("start", "stop", "says"),
    [
        ("pos(0-based)", None, True),
        ("start_0based", None, True),
        ("zero-based start", None, True),
        ("chromStart", "chromEnd", True),
        ("chrom_start", "chrom_end", False),  # Ensembl's, from 1
        ("pos(1-based)", None, False),
        ("start10based", None, False),
    ],
)
def test_a_name_says_that_it_counts_from_0(start, stop, says):
    assert counts_from_0(start, stop) is says


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (["17-43057062-T-TG", "", "chr1:1,000:A:G"], "variant"),
        (["NM_900001.1:c.1A>G"], "hgvs_c"),
        (["NC_000001.11:g.5A>G", "-"], "hgvs_g"),
        (["rs5", "RS6"], "rsid"),
        (["VCV000000005", "RCV000000006.1"], "clinvar"),
        (["rs5", "NM_900001.1:c.1A>G"], None),
        (["c.1A>G"], None),  # of which gene?
        (["5", "6"], None),
        (["A", "C"], None),
        (["Pathogenic"], None),
        (["", None, "-"], None),
    ],
)
def test_cells_alone_tell_only_what_is_safe(cells, field):
    assert (alone(cells) or (None,))[0] == field


def test_names_alone_still_choose_what_they_did():
    assert {field: column for field, column in detect(["HGVS", "Chr", "Pos", "id", "Name"]).items() if column} == {
        "other_names": "HGVS",
        "chrom": "Chr",
        "start": "Pos",
    }


pytestmark = pytest.mark.django_db(transaction=True)


def answer(api, user, file, query=""):
    return api(user).get(f"/api/v1/files/{file.pk}/mapping/{query}").json()


def test_the_api_says_how_sure_why_and_with_which_examples(api, owner, read):
    file = read("Gene,cdna,Chr,Start,Ref,Alt,notes\nAAA1,c.1A>G,1,2020-01-02,A,G,x\nAAA1,c.2A>G,1,2020-01-03,A,G,y\n")
    body = answer(api, owner, file)
    fields = {one["field"]: one for one in body["fields"]}
    assert list(fields) == list(body["mapping"])
    assert fields["hgvs_c"] == {
        "field": "hgvs_c", "label": "HGVS c.", "column": "cdna", "confidence": "sure",
        "why": "by its name and 2 of 2 cells look like HGVS c. names", "examples": ["c.1A>G", "c.2A>G"],
    }  # fmt: skip
    assert (fields["start"]["column"], fields["start"]["confidence"]) == (None, None)
    assert fields["start"]["why"] == "not “Start”: 0 of 2 cells look like positions"
    assert (body["mapping_from"], body["remembered_at"]) == ("proposed", None)
    assert body["base"] == {"value": None, "chosen": None, "sentence": "The table has no positions."}


def test_cells_alone_are_a_guess(api, owner, read):
    body = answer(api, owner, read("what,how\nNM_900001.1:c.1A>G,Benign\nNM_900001.1:c.2A>G,VUS\n"))
    [one] = [one for one in body["fields"] if one["column"]]
    assert (one["field"], one["column"], one["confidence"]) == ("hgvs_c", "what", "guess")
    assert one["why"] == "by its cells alone: all 2 look like it"


def test_cells_alone_add_nothing_where_names_say_which_variant_it_is(api, owner, read):
    body = answer(api, owner, read("Chr,Pos,Ref,Alt,lead\n1,5,A,G,rs5\n1,6,A,G,rs6\n"))
    assert body["mapping"]["rsid"] is None


ZERO = "Gene,Chr,Start,Stop,Ref,Alt,Assembly\n" + "".join(f"AAA1,1,{n},{n + 2},AG,T,GRCh38\n" for n in range(10, 15))


def test_the_rows_say_that_positions_count_from_0(api, owner, read):
    body = answer(api, owner, read(ZERO))
    sentence = "Positions count from 0 in rows with alleles (5 of 5 that can tell)."
    assert body["base"] == {"value": 0, "chosen": None, "sentence": sentence}


def test_where_no_row_can_tell_the_name_of_the_column_does(api, owner, read):
    file = read("#chrom,chromStart,chromEnd,ref,alt,build\n1,10,11,A,G,hg38\n1,20,21,C,T,hg38\n")
    told = answer(api, owner, file)["base"]
    assert told["value"] == 0  # 10 to 11 is one base only when counted from 0
    file = read("#chrom,pos(0-based),ref,alt,build\n1,10,A,G,hg38\n")
    told = answer(api, owner, file)["base"]
    assert (told["value"], told["chosen"]) == (0, 0)
    do_import(file)
    assert list(Variant.objects.values_list("pos", flat=True)) == [11]


def test_the_base_that_somebody_chose_is_taken(read):
    file = read(ZERO)
    do_import(
        file,
        mapping={"gene": "Gene", "chrom": "Chr", "start": "Start", "ref": "Ref", "alt": "Alt", "assembly": "Assembly"},
        base=1,
    )
    assert list(Variant.objects.order_by("pos").values_list("pos", flat=True)) == [10, 11, 12, 13, 14]


TABLE = "gene,first,second\nAAA1,c.1A>G,c.2A>G\n"
MINE = {"gene": "gene", "hgvs_c": "second"}


def test_a_mapping_of_ones_own_is_proposed_again_for_the_same_header(api, owner, stranger, read):
    do_import(read(TABLE), mapping=MINE)
    again = read(TABLE.replace("1A", "3A"))
    body = answer(api, owner, again)
    assert (body["mapping_from"], body["mapping"]["hgvs_c"]) == ("remembered", "second")
    [one] = [one for one in body["fields"] if one["field"] == "hgvs_c"]
    assert one["confidence"] == "chosen"
    assert one["why"].startswith("as you mapped it on ")
    own = answer(api, owner, again, "?mapping=proposed")
    assert (own["mapping_from"], own["mapping"]["hgvs_c"]) == ("proposed", None)
    other = read(TABLE.replace("first,second", "second,first"))
    assert answer(api, owner, other)["mapping_from"] == "proposed"
    assert answer(api, stranger, read(TABLE, by=stranger))["mapping_from"] == "proposed"
    do_import(again)  # as the API's `mapping: null`
    assert Job.objects.filter(kind="import").latest("pk").params["mapping"]["hgvs_c"] == "second"
    assert AuditEntry.objects.filter(action="mapping remembered").count() == 1


def test_a_remembered_base_comes_with_it(api, owner, read):
    mapping = {"chrom": "Chr", "start": "Start", "ref": "Ref", "alt": "Alt", "assembly": "Assembly"}
    do_import(read(ZERO), mapping=mapping, base=1)
    body = answer(api, owner, read(ZERO.replace("AAA1", "BBB2")))
    assert (body["mapping_from"], body["base"]["chosen"]) == ("remembered", 1)


def test_who_goes_back_to_the_proposal_is_shown_it_again(api, owner, read):
    file = read("gene,cdna,other\nAAA1,c.1A>G,c.2A>G\n")
    do_import(file, mapping={"gene": "gene", "hgvs_c": "other"})
    do_import(file, mapping={"gene": "gene", "hgvs_c": "cdna"})
    assert answer(api, owner, file)["mapping_from"] == "proposed"
    assert not RememberedMapping.objects.exists()
    assert AuditEntry.objects.filter(action="mapping forgotten").exists()


def test_what_is_remembered_goes_with_the_person(owner, read):
    do_import(read(TABLE), mapping=MINE)
    owner.delete()
    assert not RememberedMapping.objects.exists()


def test_an_import_that_is_refused_is_not_remembered(read):
    with pytest.raises(BadQuery):
        do_import(read(TABLE), mapping={"comment": "first"})
    assert not RememberedMapping.objects.exists()


def test_a_header_is_the_same_only_in_the_same_order():
    digests = {header_digest(names) for names in (["a", "b"], ["b", "a"], ["a,b"], ["a", "b", ""], ['a", "b'])}
    assert len(digests) == 5


def test_a_variation_id_is_a_vcv_and_gathers_its_submissions(read):
    file = read("#VariationID\tClinicalSignificance\tSCV\n"
                "3500\tPathogenic\tSCV000000001.1\n3500\tBenign\tSCV000000002.1\n", name="s.txt")  # fmt: skip
    counts = do_import(file).counts
    assert (counts["imported"], counts["merged"]) == (1, 1)
    names = set(VariantName.objects.filter(kind="clinvar").values_list("text", flat=True))
    assert names == {"VCV000003500", "SCV000000001", "SCV000000002"}


def test_a_number_in_another_column_is_no_accession(read):
    assert do_import(read("ClinVar\n3500\n"), mapping={"clinvar": "ClinVar"}).counts["skipped"] == 1


def test_a_stretch_in_one_cell_is_start_and_stop(read):
    file = read(
        "GRCh38Chromosome\tGRCh38Location\tName\n17\t43045682 - 43045690\tNM_900001.1:c.5_13del\n", name="c.txt"
    )
    do_import(
        file, assembly="GRCh38", mapping={"chrom": "GRCh38Chromosome", "start": "GRCh38Location", "variant": "Name"}
    )
    assert list(Variant.objects.values_list("chrom", "pos")) == [("17", 43045682)]


def test_long_and_short_protein_names_are_one_variant_found_by_both(read):
    do_import(read("Gene,HGVSp,HGVSp_Short\nAAA1,p.Met1Val,p.M1V\n"))
    assert Variant.objects.count() == 1
    assert set(VariantName.objects.filter(kind="p").values_list("text", flat=True)) >= {"AAA1:p.Met1Val", "AAA1:p.M1V"}


# --- the form


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def test_the_form_shows_examples_and_how_sure(page, read):
    text = page.get(f"/files/{read(ZERO).pk}/").content.decode()
    assert "by its name and 5 of 5 cells look like positions" in text
    assert "Positions count from 0 in rows with alleles (5 of 5 that can tell)." in text


def test_a_changed_column_shows_what_is_in_it(page, read):
    file = read(TABLE)
    answer = page.get(
        f"/files/{file.pk}/mapping/", {"field": "hgvs_c", "map_hgvs_c": "second", "map_comment": "second"}
    )
    text = answer.content.decode()
    assert (answer.status_code, "c.2A&gt;G" in text, "Also used for Comment" in text) == (200, True, True)
    assert text.lstrip().startswith("<td") or "<td" in text


@pytest.mark.parametrize(
    ("query", "status"),
    [({"field": "nothing"}, 404), ({}, 404), ({"field": "gene", "map_gene": "<b>'; --"}, 200), ({"field": "gene", "map_gene": "\0"}, 200)],
)  # fmt: skip
def test_an_odd_question_to_the_form_is_answered(page, read, query, status):
    answer = page.get(f"/files/{read(TABLE).pk}/mapping/", query)
    assert answer.status_code == status
    assert b"<b>'" not in answer.content


def test_without_scripts_a_button_shows_what_was_chosen_and_imports_nothing(page, read):
    file = read(TABLE)
    answer = page.post(f"/files/{file.pk}/import/", {"map_gene": "gene", "map_hgvs_c": "second", "check": "1"})
    assert (answer.status_code, b"c.2A&gt;G" in answer.content) == (200, True)
    assert not Job.objects.filter(kind="import").exists()


def test_the_form_says_whose_mapping_it_is_and_leads_back(page, read):
    do_import(read(TABLE), mapping=MINE)
    file = read(TABLE)
    assert "As you mapped it on" in page.get(f"/files/{file.pk}/").content.decode()
    assert "As you mapped it on" not in page.get(f"/files/{file.pk}/?mapping=proposed").content.decode()


def test_a_wide_table_is_asked_of_few_columns_only(owner, read, api):
    names = [f"c{n}" for n in range(2_000)]
    file = read("\n".join(",".join(row) for row in [names, ["x"] * 2_000]) + "\n")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        body = answer(api, owner, file)
    assert not any(body["mapping"].values())
    assert len(queries) < 10


def test_the_examples_of_the_guide(api, owner, read):
    """docs/import.md, "Positions: from 0 or from 1": both rows are the same place."""
    do_import(read("Chr,Start,Stop,Ref,Alt,Assembly\n1,10,12,AG,T,GRCh38\n1,11,12,AG,T,GRCh38\n"))
    assert list(Variant.objects.values_list("pos", "ref", "alt")) == [(11, "AG", "T")]


def test_of_a_table_that_is_gone_the_names_are_proposed_and_the_job_says_so(owner, read):
    file = read("gene,chr,pos(0-based),ref,alt\nAAA1,1,5,A,G\n")
    mapping = {"chrom": "chr", "start": "pos(0-based)", "ref": "ref", "alt": "alt", "gene": "gene"}
    do_import(file, assembly="GRCh38", mapping=mapping | {"gene": None})
    shutil.rmtree(file.table_path)
    for asked in ({}, {"mapping": mapping}):
        assert "gone from the disk" in do_import(file, assembly="GRCh38", **asked).error
