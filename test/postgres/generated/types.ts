/** The types that the application made itself, as SQL. */
export interface UserTypes {
  readonly mood: string
  readonly pair: string
  readonly tagged: string
  readonly code: string
  readonly embedding: string
  readonly numbers: string
  readonly priceRange: string
}

/** What can be done with a column of a type. */
type Ability = 'order' | 'hash' | 'gin' | 'gist' | 'brin' | 'text' | 'wide' | 'vector'

export interface ColumnType {
  readonly type: string
  /** SQL over `n`, a number of rows from 1 on; not null where `n` is not a multiple of 7. */
  readonly value: string
  readonly can: readonly Ability[]
  /** Operator classes of pgvector's indexes for a fixed number of dimensions. */
  readonly hnsw?: readonly string[]
  readonly ivfflat?: readonly string[]
}

const type = (name: string, value: string, ...can: Ability[]): ColumnType => ({ type: name, value, can })
const one = (...texts: string[]) =>
  `(array[${texts.map((text) => `'${text.replaceAll("'", "''")}'`).join(', ')}])[1 + n % ${texts.length}]`
const real = (...items: string[]) => `array[${items.join(', ')}]::real[]`

const NUMBERS: readonly ColumnType[] = [
  type('smallint', '(n - 7)::smallint', 'order', 'hash', 'brin'),
  type('integer', 'n * 3', 'order', 'hash', 'brin'),
  type('bigint', '9223372036854775807 - n', 'order', 'hash', 'brin'),
  type(
    'numeric',
    `${one('NaN', 'Infinity', '-Infinity', '1e-40', '-0.000', '123456789012345678901234567890.5')}::numeric`,
    'order',
    'hash',
    'wide',
  ),
  type('numeric(12,4)', '(n / 7.0)::numeric(12,4)', 'order', 'hash', 'wide'),
  type('numeric(5,-2)', '(n * 100)::numeric(5,-2)', 'order', 'wide'),
  type(
    'real',
    `${one('NaN', 'Infinity', '-Infinity', '-0', '1.1754944e-38', '3.4028235e38', '0.1')}::real`,
    'order',
    'hash',
  ),
  type(
    'double precision',
    `${one('NaN', 'Infinity', '-Infinity', '-0', '5e-324', '1.7976931348623157e308', '0.1')}::float8`,
    'order',
    'hash',
    'brin',
  ),
  type('money', '(n * 1.5)::numeric::money', 'order'),
  type('oid', '(4294967295 - n)::bigint::oid', 'order', 'hash'),
  type('boolean', 'n % 2 = 0', 'order'),
]
const STRANGE = `${one('', 'NULL', '\\N', '\\.', 'tab\tnew\nline\r\\', '"quoted", {x}', '向量 🧭', "it's", ' blank ')} || repeat('x', n % 50)`
const TEXTS: readonly ColumnType[] = [
  type('text', STRANGE, 'order', 'hash', 'text', 'wide'),
  type('text', 'repeat(md5(n::text), 1 + n % 200)', 'hash', 'text', 'wide'),
  type('varchar(200)', STRANGE, 'order', 'text', 'wide'),
  type('varchar', STRANGE, 'order', 'hash', 'text', 'wide'),
  type('character(7)', 'lpad(n::text, 1 + n % 7)', 'order', 'text', 'wide'),
  type('"char"', 'chr(65 + n % 26)::"char"', 'order'),
  type('name', "('n' || n)::name", 'order', 'hash'),
  type(
    'bytea',
    `decode(${one('', '00ff0a5c', '5c2e0a', 'e4')} || repeat('00', n % 90), 'hex')`,
    'order',
    'hash',
    'wide',
  ),
  type('json', `('{"b": ' || n || ',  "a" : [null, "\\u00e9", 1e400]}')::json`, 'wide'),
  type(
    'jsonb',
    "jsonb_build_object('n', n, 'é', array['a\"b', null], 'at', '{}'::jsonb)",
    'order',
    'hash',
    'gin',
    'wide',
  ),
  type('jsonpath', `'$.a[*] ? (@ > 1)'::jsonpath`, 'wide'),
  type('tsvector', "to_tsvector('simple', 'it ''s n' || n)", 'gin', 'gist', 'wide'),
  type('tsquery', "('a' || n || ' & !b')::tsquery"),
  type('uuid', 'md5(n::text)::uuid', 'order', 'hash', 'brin'),
]
const TIMES: readonly ColumnType[] = [
  type(
    'date',
    `${one('infinity', '-infinity', '4713-01-01 BC', '5874897-12-31', '2026-02-28')}::date`,
    'order',
    'hash',
    'brin',
  ),
  type(
    'timestamp',
    `${one('infinity', '-infinity', '4713-01-01 BC', '294276-12-31 23:59:59.999999')}::timestamp`,
    'order',
    'brin',
  ),
  type(
    'timestamptz',
    `${one('infinity', '-infinity', '4713-01-01 BC', '294276-12-31 23:59:59.999999+00')}::timestamptz`,
    'order',
    'brin',
  ),
  type('timestamptz(3)', "'2026-01-01 00:00+00'::timestamptz + n * interval '1.0011 hour'", 'order'),
  type('time(2)', "time '23:59:59.994' - n * interval '1 minute'", 'order'),
  type('timetz', "timetz '24:00:00-15:59'", 'order', 'hash'),
  type(
    'interval',
    `${one('-178000000 years', '1 mon -1 day 00:00:00.000001', '0', 'P1Y2M3DT4H5M6.789S')}::interval`,
    'order',
    'hash',
  ),
  type('interval day to second(3)', "n * interval '1.2345 seconds'", 'order'),
]
const OTHERS: readonly ColumnType[] = [
  type('inet', `${one('::1/64', '10.0.0.1', '192.168.0.0/16')}::inet`, 'order', 'gist', 'wide'),
  type('cidr', "'10.0.0.0/8'::cidr", 'order', 'wide'),
  type('macaddr8', "'08:00:2b:01:02:03:04:05'::macaddr8", 'order'),
  type('bit(5)', '(n % 32)::bit(5)', 'order', 'wide'),
  type('bit varying(70)', "(n::bit(32)::text || '1')::varbit", 'order', 'wide'),
  type('point', 'point(n, -0.0)', 'gist'),
  type('box', 'box(point(n, 0), point(0, n))', 'gist'),
  type('polygon', "'((0,0),(0,1),(1,0))'::polygon", 'gist', 'wide'),
  type('circle', 'circle(point(0, n), 3)', 'gist'),
  type('pg_lsn', "'16/B374D848'::pg_lsn", 'order'),
  type(
    'text[]',
    `case when n % 3 = 0 then '{}' else array['NULL', null, 'a"b\\c', ${STRANGE}] end::text[]`,
    'order',
    'gin',
    'wide',
  ),
  type(
    'integer[]',
    `case when n % 2 = 0 then '[-2:-1][3:4]={{1,null},{3,4}}' else '{}' end::int[]`,
    'order',
    'gin',
    'wide',
  ),
  type('int4range', 'int4range(n, n + 2)', 'order', 'gist', 'wide'),
  type('tstzrange', `${one('empty', '(,)', '[2026-01-01 00:00+00,infinity)')}::tstzrange`, 'order', 'gist', 'wide'),
  type('nummultirange', 'nummultirange(numrange(n, n + 1), numrange(n + 5, null))', 'order', 'gist', 'wide'),
]
const VECTORS: readonly ColumnType[] = [
  {
    ...type('public.vector(3)', `${real('n', 'n % 5', '1e-30')}::public.vector`, 'vector', 'wide'),
    hnsw: ['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops'],
    ivfflat: ['vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops'],
  },
  type('public.vector', `case when n % 2 = 0 then '[1,-0,3.4e38]' else '[0.5]' end::public.vector`, 'vector', 'wide'),
  {
    ...type('public.halfvec(4)', `${real('n % 9', '1', '-0.5', '65504')}::public.halfvec`, 'vector', 'wide'),
    hnsw: ['halfvec_l2_ops', 'halfvec_cosine_ops'],
    ivfflat: ['halfvec_l2_ops'],
  },
  {
    ...type('public.sparsevec(9)', `format('{1:%s,9:-1.5}/9', n)::public.sparsevec`, 'vector', 'wide'),
    hnsw: ['sparsevec_l2_ops', 'sparsevec_ip_ops'],
  },
  type('public.sparsevec', `case when n % 2 = 0 then '{}/5' else '{3:1}/16000' end::public.sparsevec`, 'wide'),
  {
    ...type('bit(16)', '(n % 65536)::bit(16)', 'order', 'wide'),
    hnsw: ['bit_hamming_ops', 'bit_jaccard_ops'],
    ivfflat: ['bit_hamming_ops'],
  },
  type('public.vector[]', `array['[1,2]'::public.vector, null]`, 'wide'),
]

const ofUser = (own: UserTypes): readonly ColumnType[] => [
  type(own.mood, `${one('sad', 'it\'s "fine"', 'tab\there')}::${own.mood}`, 'order', 'hash'),
  type(`${own.mood}[]`, `array[null, 'it''s "fine"', E'tab\\there']::${own.mood}[]`, 'order', 'gin', 'wide'),
  type(own.pair, `row(n, 'it''s "fine"')::${own.pair}`, 'order', 'wide'),
  type(`${own.pair}[]`, `array[row(n, null)::${own.pair}, null]`, 'order', 'wide'),
  type(own.tagged, `row('a,"b', array[n, 1]::real[]::public.vector, row(1, 'sad'))::${own.tagged}`, 'wide'),
  type(own.code, `('c' || n)::${own.code}`, 'order', 'hash', 'wide'),
  type(own.embedding, `array[n, 0.1, 1e-7]::real[]::public.vector::${own.embedding}`, 'wide'),
  type(own.numbers, `array[n, null]::${own.numbers}`, 'wide'),
  type(`${own.code}[]`, `array['c1', null]::${own.code}[]`, 'wide'),
  type(own.priceRange, `${own.priceRange}(n::numeric, n + 0.5)`, 'order', 'gist', 'wide'),
]

/** All types, in an order that does not change: a column is chosen by its number. */
export const columnTypes = (own: UserTypes): readonly ColumnType[] => [
  ...NUMBERS,
  ...TEXTS,
  ...TIMES,
  ...OTHERS,
  ...VECTORS,
  ...VECTORS,
  ...ofUser(own),
]
