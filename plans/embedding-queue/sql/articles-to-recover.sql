-- Marked, and not recovered before; there has to be a version from before the corruption.
select a.* from public.articles as a
where a.metadata @> '{"needs_review": true}'
  and a.metadata -> 'recovered_version' is null
  and exists (
    select from public.article_versions as v
    where v.article_id = a.id and v.created_at < (a.metadata ->> 'corrupted_since')::timestamptz
  );
