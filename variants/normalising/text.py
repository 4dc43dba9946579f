"""DuckDB macros for cells: what counts as nothing, alleles and what they share, days."""

TEXT_MACROS = r"""
-- Nothing-values of the tables that labs and databases write.
CREATE OR REPLACE MACRO given(t) AS CASE WHEN upper(trim(t)) IN ('', '.', 'NULL', 'NA', 'N/A', 'NONE', 'NAN', '-')
    THEN NULL ELSE trim(t) END;
-- An allele: '-' is an empty one, which is something else than none given.
CREATE OR REPLACE MACRO allele(t) AS CASE WHEN upper(trim(t)) IN ('', '.', 'NULL', 'NA', 'N/A', 'NONE', 'NAN')
    THEN NULL WHEN trim(t) = '-' THEN '' ELSE upper(trim(t)) END;
CREATE OR REPLACE MACRO common_start(a, b) AS coalesce(list_position(
    list_transform(list_zip(string_split(a, '')[:least(length(a), length(b))],
                            string_split(b, '')[:least(length(a), length(b))]), lambda x: x[1] = x[2]), false) - 1,
    least(length(a), length(b)));
CREATE OR REPLACE MACRO common_end(a, b) AS CASE WHEN a = '' OR b = '' OR right(a, 1) <> right(b, 1) THEN 0
    ELSE common_start(reverse(a), reverse(b)) END;
CREATE OR REPLACE MACRO common_head(a, b) AS CASE WHEN a = '' OR b = '' OR left(a, 1) <> left(b, 1) THEN 0
    ELSE common_start(a, b) END;
-- list_distinct keeps no order, and the first of several genes or names decides identity and display.
-- The list is bound first, as the one element of another: named twice it would be worked out twice.
CREATE OR REPLACE MACRO each_once(l) AS list_transform([l], lambda u: list_filter(u, lambda x, i: list_position(u, x) = i))[1];
CREATE OR REPLACE MACRO digest(t) AS left(sha256(t), 32);
-- A day between 1900 and next year, in three spellings; anything else is no date of an evaluation.
CREATE OR REPLACE MACRO any_day(t) AS CASE
    WHEN regexp_matches(t, '^\d{4}-\d\d-\d\d') THEN TRY_CAST(left(t, 10) AS DATE)
    WHEN regexp_matches(t, '^\d{4}/\d\d?/\d\d?$') THEN CAST(try_strptime(t, '%Y/%m/%d') AS DATE)
    WHEN regexp_matches(t, '^[A-Za-z]{3} \d\d?, \d{4}$') THEN CAST(try_strptime(t, '%b %d, %Y') AS DATE) END;
CREATE OR REPLACE MACRO day(t) AS CASE WHEN year(any_day(t)) BETWEEN 1900 AND year(current_date) + 1 THEN any_day(t) END;
"""
