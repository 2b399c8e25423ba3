select public.set_vector_search_params('default') as profile;
