-- What the consolidated migration changed, as it was before. The rows of the tables are no concern of it.
alter function public.search_embeddings_simple(text, integer, bigint) parallel unsafe;
comment on function public.search_embeddings_simple(text, integer, bigint) is null;
