-- The indexes of the migration are dropped concurrently by the step before, which no transaction can do, and the extension
-- stays. What is left of the downgrade is the ledger; the step looks for every index first.
select 'the ledger alone' as left_to_undo;
