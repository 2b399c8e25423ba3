-- What procedures of this plan have cancelled. What failed by itself stays failed.
select t.* from public.embedding_tasks as t
where t.status = 'failed'
  and t.error_message in (
    'Gradual rollback - task cancelled',
    'Complete removal - task cancelled',
    'Migration rollback - task cancelled',
    'Provider rollback - task cancelled',
    'Resource conservation - low priority task cancelled',
    'Emergency stop initiated'
  );
