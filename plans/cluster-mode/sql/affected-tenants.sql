-- Everybody whose requests the service answers; what their clients speak says whether a change of version concerns them.
select name as tenant, coalesce(client, 'standalone') as client
from public.tenants
order by name;
