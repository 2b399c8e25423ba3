select replica, state, lag_seconds
from public.replication_state
order by replica;
