"""Files as instruments, spreadsheets and hurried people write them: titles, units, totals, two tables in one."""

from collections.abc import Iterator

from files.readers.names import column_names
from tools.robustness.case import Case, plain

# Name -> (text, encoding, names, rows as lines of cells parted by a bar). The first line end is no part of a text.
SHEETS: dict[str, tuple[str, str, str, str]] = {
    "plate_reader": (
        """
Instrument,LightCycler
Operator,MK
Run started,2026-02-03 08:15

Well,Sample,Target,Cq
A1,P-0101,F5,24.31
A2,P-0102,F5,25.02
A3,P-0103,F5,
B1,P-0101,F2,23.87
B2,P-0102,F2,24.66
B3,NTC,F2,
""",
        "utf-8",
        "Well|Sample|Target|Cq",
        "A1|P-0101|F5|24.31\nA2|P-0102|F5|25.02\nA3|P-0103|F5\nB1|P-0101|F2|23.87\nB2|P-0102|F2|24.66\nB3|NTC|F2",
    ),
    "spreadsheet_with_title": (
        """
Carrier screening 2025;;;;
;;;;
Gene;Tested;Carriers;Share;Remark
CFTR;1'204;43;3,6 %;
HBB;1'204;12;1,0 %;incl. HbS
SMN1;988;21;2,1 %;"new kit; since May"
""",
        "cp1252",
        "Gene|Tested|Carriers|Share|Remark",
        "CFTR|1'204|43|3,6 %\nHBB|1'204|12|1,0 %|incl. HbS\nSMN1|988|21|2,1 %|new kit; since May",
    ),
    "two_header_lines": (
        """
Variant,,,Father,,Mother,
chrom,pos,change,GT,DP,GT,DP
1,10177,A>AC,0/1,31,0/0,28
2,47403,G>T,0/0,40,0/1,35
7,117559,C>T,0/1,22,0/1,30
X,153864,T>C,1,18,0/1,27
""",
        "utf-8",
        "Variant chrom|Variant pos|Variant change|Father GT|Father DP|Mother GT|Mother DP",
        "1|10177|A>AC|0/1|31|0/0|28\n2|47403|G>T|0/0|40|0/1|35\n7|117559|C>T|0/1|22|0/1|30\nX|153864|T>C|1|18|0/1|27",
    ),
    "two_tables": (
        """
gene,transcript,exons
BRCA1,NM_007294.4,23
BRCA2,NM_000059.4,27
PALB2,NM_024675.4,13
ATM,NM_000051.4,63

sample,reads,mapped,duplicates,coverage
S1,1200345,1180220,0.08,112
S2,998120,970011,0.11,95
""",
        "utf-8",
        "gene|transcript|exons",
        "BRCA1|NM_007294.4|23\nBRCA2|NM_000059.4|27\nPALB2|NM_024675.4|13\nATM|NM_000051.4|63",
    ),
    "two_tables_of_one_width": (
        """
gene,transcript,exons
BRCA1,NM_007294.4,23
BRCA2,NM_000059.4,27
PALB2,NM_024675.4,13
ATM,NM_000051.4,63

sample,reads,coverage
S1,1200345,112
S2,998120,95
""",
        "utf-8",
        "gene|transcript|exons",
        "BRCA1|NM_007294.4|23\nBRCA2|NM_000059.4|27\nPALB2|NM_024675.4|13\nATM|NM_000051.4|63",
    ),
    "total_below": (
        """
Month,Samples,Positive
January,112,9
February,98,4
March,131,12
Total,341,25
""",
        "utf-8",
        "Month|Samples|Positive",
        "January|112|9\nFebruary|98|4\nMarch|131|12\nTotal|341|25",
    ),
    "years_as_names": (
        """
Cohort,2021,2022,2023
Cardio,12,18,25
Onco,140,151,149
Neuro,33,29,41
""",
        "utf-8",
        "Cohort|2021|2022|2023",
        "Cardio|12|18|25\nOnco|140|151|149\nNeuro|33|29|41",
    ),
    "aligned_with_blanks": (
        """
CHR   SNP          BP        P
1     rs3094315    752566    0.4512
1     rs3131972    752721    0.0318
2     rs300789     200192    0.7731
10    rs11591988   126070    0.0022
""",
        "utf-8",
        "CHR|SNP|BP|P",
        "1|rs3094315|752566|0.4512\n1|rs3131972|752721|0.0318\n2|rs300789|200192|0.7731\n10|rs11591988|126070|0.0022",
    ),
    "row_names_without_a_name": (
        """
"gene","logFC","adj.P.Val"
"1","TP53",1.82,0.0004
"2","MDM2",2.31,0.0001
"3","CDKN1A",1.17,0.0120
""",
        "utf-8",
        "|gene|logFC|adj.P.Val",
        "1|TP53|1.82|0.0004\n2|MDM2|2.31|0.0001\n3|CDKN1A|1.17|0.0120",
    ),
    "list_of_rsids": (
        "\nrs6025\nrs1799963\nrs334\nrs113993960\n",
        "utf-8",
        "",
        "rs6025\nrs1799963\nrs334\nrs113993960",
    ),
    "one_row": (
        """
sample;gene;variant;class
P-7;GJB2;c.35del;5
""",
        "utf-8",
        "sample|gene|variant|class",
        "P-7|GJB2|c.35del|5",
    ),
    "template_with_end_line": (
        """
Name, Phone, Has children, Last visit
{{ name }},{{ phone }},{{ children }},{{ visit }}
{% endfor %}
""",
        "utf-8",
        "Name|Phone|Has children|Last visit",
        "{{ name }}|{{ phone }}|{{ children }}|{{ visit }}",
    ),
    "hash_between_apostrophes": (
        """
 1 # 'Muster, Anna' # 'Weg 4, Bern'
 2 # 'Keller, Urs' # 'Gasse 1, Chur'
 3 # 'Rossi, Ida' # 'Via 9, Lugano'
 4 # 'Blanc, Luc' # 'Rue 2, Nyon'
""",
        "utf-8",
        "",
        "1|Muster, Anna|Weg 4, Bern\n2|Keller, Urs|Gasse 1, Chur\n3|Rossi, Ida|Via 9, Lugano\n4|Blanc, Luc|Rue 2, Nyon",
    ),
    "cyrillic": (
        """
Город;Отделение;Образцов
Москва;Генетика;120
Казань;Онкология;85
Томск;Кардиология;64
""",
        "cp1251",
        "Город|Отделение|Образцов",
        "Москва|Генетика|120\nКазань|Онкология|85\nТомск|Кардиология|64",
    ),
    "japanese": (
        """
遺伝子,変異,分類
フィブリリン,ミスセンス変異,病的
ジストロフィン,欠失,病的
チチン,挿入,意義不明
""",
        "cp932",
        "遺伝子|変異|分類",
        "フィブリリン|ミスセンス変異|病的\nジストロフィン|欠失|病的\nチチン|挿入|意義不明",
    ),
    "notes_below": (
        """
Region,Births,Screened,Share
North,10211,10190,99.8
South,8120,8099,99.7
West,4410,4388,99.5

Note: without births at home
Source: register of births, table 4
""",
        "utf-8",
        "Region|Births|Screened|Share",
        "North|10211|10190|99.8\nSouth|8120|8099|99.7\nWest|4410|4388|99.5",
    ),
}


def report_cases() -> Iterator[Case]:
    for name, (text, encoding, names, rows) in SHEETS.items():
        yield Case(
            "own/real",
            name,
            text[1:].encode(encoding),
            rows=[plain(list(line.split("|"))) for line in rows.split("\n")],
            header=column_names(names.split("|"))[0] if names else [],
            rejects=0,
        )
