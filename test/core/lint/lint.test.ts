import { describe, expect, it } from 'vitest'
import { readDocument } from '#core/lint/document.ts'
import { lintDocument, RULES } from '#core/lint/lint.ts'
import { loadCatalogue, ruleIds } from '#core/plan/catalogue.ts'

type Example = readonly [rule: string, wrong: string, right: string]

const SQL: readonly Example[] = [
  ['like-underscore', `select 1 from pg_indexes where indexname like 'idx_%';`, `… where indexname like 'idx\\_%';`],
  ['like-underscore', `… where table_name LIKE 'embedding_%';`, `… where indexname in ('idx_a', 'idx_b');`],
  ['server-side-copy', `copy (select * from a) to '/tmp/a.csv' csv header;`, `copy (select * from a) to stdout csv;`],
  ['plain-drop-index', 'drop index if exists a_idx;', `set lock_timeout = '100ms'; drop index a_idx;`],
  ['plain-drop-index', 'drop index a_idx;', 'drop index concurrently a_idx; -- select indisvalid from pg_index'],
  [
    'concurrently-in-transaction',
    'begin;\ndrop index concurrently a_idx;\ncommit;',
    'begin;\nselect 1;\ncommit;\ndrop index concurrently a_idx;',
  ],
  [
    'invalid-index-overlooked',
    'drop index concurrently a;',
    'drop index concurrently a;\nselect indisvalid from pg_index;',
  ],
  ['policy-columns', 'select polname from pg_policies;', 'select policyname, cmd from pg_policies;'],
  ['ledger-column', 'select version from alembic_version;', 'select version_num from alembic_version;'],
  [
    'table-by-name-only',
    `select count(*) from information_schema.tables\nwhere table_name = 'a';`,
    `select count(*) from information_schema.tables\nwhere table_schema = 'public' and table_name = 'a';`,
  ],
  ['alter-system', 'alter system reset work_mem;', 'show work_mem;'],
  ['drop-cascade', 'drop view if exists metrics cascade;', 'drop view metrics;'],
  [
    'filter-after-change',
    `update t set status = 'failed' where status = 'processing';\nselect id from t where status = 'processing';`,
    `select id from t where status = 'processing';\nupdate t set status = 'failed' where status = 'processing';`,
  ],
  [
    'security-off-first',
    'alter table a disable row level security;\ndrop table a;',
    'begin;\nalter table a disable row level security;\ndrop table a;\ncommit;',
  ],
]

const SHELL: readonly Example[] = [
  ['relative-migration', 'alembic downgrade -1', 'alembic downgrade 202508230001'],
  ['relative-migration', 'alembic upgrade +1', 'echo "Running: alembic downgrade -1"'],
  ['psql-goes-on', 'psql $URL -f back.sql', 'psql $URL -v ON_ERROR_STOP=1 -f back.sql'],
  ['psql-goes-on', 'psql $URL < back.sql', `psql "$URL" -c 'select 1'`],
  ['psql-several-statements', 'psql $URL -c "\nselect 1;\nselect 2;\n"', 'psql $URL -c "select 1;"'],
  ['psql-describes', 'psql $URL -c "\\dt a"', `psql $URL -c "select to_regclass('public.a')"`],
  ['dump-format', 'pg_restore -d $URL backup.sql', 'pg_restore -d $URL backup.dump'],
  ['restore-over-live', 'pg_restore --clean -d $URL b.dump', 'pg_restore -d $SCRATCH b.dump'],
  ['not-a-variable', 'psql STAGING_DATABASE_URL -c "select 1"', 'psql $STAGING_DATABASE_URL -c "select 1"'],
  ['placeholder-credentials', 'export U="postgresql://user:pass@host/db"', 'export U="postgresql://app:$PW@host/db"'],
  ['sql-in-shell', `UPDATE tasks\nSET status = 'failed';`, `psql $URL -c "\nUPDATE tasks SET status = 'failed';\n"`],
  ['curl-passes-errors', 'curl http://api/health', 'curl -fsS http://api/health'],
  ['failure-swallowed', 'queue status || echo "gone, as expected"', 'queue status || exit 1'],
  ['export-for-others', 'export QUEUE=false\ndocker-compose restart api', 'export PATH=/usr/bin:$PATH'],
  ['restart-keeps-environment', 'echo A=b >> .env\ndocker-compose restart api', 'docker-compose restart api'],
  ['env-file-edited', `sed -i '/QUEUE/d' .env`, 'grep QUEUE .env'],
  ['mutable-version', 'git checkout main', 'git checkout v1.7.3'],
  ['mutable-version', 'kubectl set image deployment/a a=b/a:1.7.x', 'kubectl set image deployment/a a=b/a@sha256:0011'],
  ['unquoted-space', 'cd /srv/MVP 11/backend', 'cd "/srv/MVP 11/backend" && ls'],
  ['kill-by-pattern', 'pkill -f monitor.py', 'systemctl stop monitor'],
  ['never-ends', 'tail -f /var/log/app.log', 'tail -n 100 /var/log/app.log'],
  ['push-applies-nothing', 'supabase db push', 'supabase migration list'],
  ['migrations-regenerated', 'alembic revision --autogenerate -m x', 'alembic history'],
  ['test-data-left', `curl -f -X POST http://a/articles -d '{"title":"Test"}'`, 'curl -f http://a/articles'],
  ['undo-to-whatever-was', 'kubectl rollout undo deployment/a', 'kubectl rollout status deployment/a'],
  [
    'revision-by-heart',
    'kubectl rollout undo deployment/a --to-revision=3',
    'kubectl rollout undo deployment/a --to-revision=$GOOD',
  ],
  [
    'exec-into-nothing',
    'kubectl scale deployment a --replicas=0\nkubectl exec a-0 -- ls',
    'kubectl exec a-0 -- ls\nkubectl scale deployment a --replicas=0',
  ],
  ['data-removed-in-place', 'kubectl exec a -- rm -rf /data/*', 'rm -r ./build'],
  ['cp-from-s3', 'kubectl cp s3://b/x.tar.gz a-0:/tmp/', 'kubectl cp ./x.tar.gz a-0:/tmp/'],
  [
    'another-backup-restored',
    'aws s3 cp latest.tar.gz s3://b/\naws s3 cp s3://b/other.tar.gz .',
    'aws s3 cp latest.tar.gz s3://b/\naws s3 cp s3://b/latest.tar.gz .',
  ],
  ['live-object-saved', 'kubectl get configmap a -o yaml > a.yaml', 'kubectl get configmap a -o yaml'],
  [
    'replicas-by-heart',
    'kubectl scale deployment a --replicas=0\nkubectl scale deployment a --replicas=3',
    'kubectl scale deployment a --replicas=0\nkubectl scale deployment a --replicas=$BEFORE',
  ],
  ['logs-cut', 'kubectl logs -l app=a --since=1h', 'kubectl logs -l app=a --since=1h --tail=-1'],
  [
    'evidence-after-change',
    'kubectl rollout restart deployment/a\nkubectl get events > events.txt',
    'kubectl get events > events.txt\nkubectl rollout restart deployment/a',
  ],
  [
    'query-not-encoded',
    'curl -f http://p/api/v1/query?query=rate(a[5m])',
    `curl -fG http://p/api/v1/query --data-urlencode 'query=rate(a[5m])'`,
  ],
  [
    'two-sources-of-a-setting',
    `kubectl set env deployment/a HUB=false\nkubectl patch configmap a -p '{}'`,
    `kubectl patch configmap a -p '{}'`,
  ],
  [
    'ledger-left-behind',
    "alembic downgrade abc\npsql $URL -v ON_ERROR_STOP=1 <<'X'\ndrop table a;\nX",
    "alembic downgrade abc || alembic stamp abc\npsql $URL -v ON_ERROR_STOP=1 <<'X'\ndrop table a;\nX",
  ],
]

const fenced = (language: string, code: string): string =>
  ['# Back', '', `\`\`\`${language}`, code, '```', ''].join('\n')
const found = (name: string, text: string) => lintDocument(readDocument(name, text)).map(({ rule }) => rule)

describe.each([
  ['sql', SQL],
  ['bash', SHELL],
] as const)('in %s', (language, examples) => {
  it.each(examples)('%s is found in a block of Markdown and in a file, with its line: %s', (rule, wrong) => {
    const [finding] = lintDocument(readDocument('back.md', fenced(language, wrong))).filter((one) => one.rule === rule)
    expect(finding?.line).toBeGreaterThan(3)
    expect(found(language === 'sql' ? 'back.sql' : 'back.sh', wrong)).toContain(rule)
  })

  it.each(examples)('%s is not found in what is right: %s', (rule, _wrong, right) => {
    expect(found('back.md', fenced(language, right))).not.toContain(rule)
  })
})

it('every rule has an example that is wrong, and one that is right', () => {
  const shown = new Set([...SQL, ...SHELL].map(([rule]) => rule))
  expect(RULES.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([])
})

it('logs by a selector are found unless all lines are asked for: ten of each pod are no evidence (DEF-27)', () => {
  const logs = (more: string) => found('back.sh', `kubectl logs --selector app=vectorizer ${more} > logs.txt`)
  expect(logs('')).toContain('logs-cut')
  expect(logs('--since=1h')).toContain('logs-cut')
  expect(logs('--tail=200')).toContain('logs-cut')
  expect(logs('--tail=-1')).not.toContain('logs-cut')
})

it('every rule stands for corrections of the catalogue', async () => {
  const known = ruleIds(await loadCatalogue())
  for (const { corrections } of RULES) for (const id of corrections) expect(known).toContain(id)
})

it('prose, comments and a block of another language are no commands', () => {
  const text = [
    'Never run alembic downgrade -1 here.',
    fenced('text', 'alembic downgrade -1'),
    fenced('bash', '# alembic downgrade -1'),
    fenced('sql', '-- drop index a_idx;'),
  ].join('\n')
  expect(found('back.md', text)).toEqual([])
})

it('a command over several lines is one, at its first line', () => {
  const text = fenced('bash', 'curl -X GET \\\n  http://api/health')
  expect(lintDocument(readDocument('back.md', text))).toMatchObject([{ rule: 'curl-passes-errors', line: 4 }])
})

it('a block that says no language is taken for what it looks like', () => {
  expect(found('back.md', fenced('', 'DROP INDEX a_idx;'))).toContain('plain-drop-index')
  expect(found('back.md', fenced('', 'alembic downgrade -1'))).toContain('relative-migration')
})
