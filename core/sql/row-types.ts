/** A column's text, as the server sends it, to the value that a `Row` carries. */
type Parse = (text: string) => unknown

const number: Parse = Number
const boolean: Parse = (text) => text === 't'
const json: Parse = (text) => JSON.parse(text)
const bytes: Parse = (text) => Uint8Array.from(Buffer.from(text.slice(2), 'hex'))

/** `2026-01-02 03:04:05.678901+00` to `2026-01-02T03:04:05.678901Z`: all six digits stay, which a Date would lose. */
const timestamp: Parse = (text) =>
  text
    .replace(/^(\d+-\d\d-\d\d) /, '$1T')
    .replace(/\+00$/, 'Z')
    .replace(/[+-]\d\d$/, '$&:00')

/** OID of the type, OID of its array type, parser. Everything else stays text, int8 and numeric on purpose. */
const TYPES: readonly (readonly [oid: number, array: number, parse: Parse])[] = [
  [16, 1000, boolean],
  [17, 1001, bytes],
  [18, 1002, String], // "char"
  [19, 1003, String], // name
  [20, 1016, String], // int8
  [21, 1005, number], // int2
  [23, 1007, number], // int4
  [24, 1008, String], // regproc
  [25, 1009, String], // text
  [26, 1028, number], // oid
  [28, 1011, String], // xid
  [114, 199, json],
  [700, 1021, number], // float4
  [701, 1022, number], // float8
  [1033, 1034, String], // aclitem
  [1042, 1014, String], // bpchar
  [1043, 1015, String], // varchar
  [1082, 1182, String], // date
  [1114, 1115, timestamp],
  [1184, 1185, timestamp], // timestamptz
  [1186, 1187, String], // interval
  [1700, 1231, String], // numeric
  [2205, 2210, String], // regclass
  [2206, 2211, String], // regtype
  [2950, 2951, String], // uuid
  [3802, 3807, json], // jsonb
  [4089, 4090, String], // regnamespace
  [4096, 4097, String], // regrole
]

/** By the OID of the type; one for every adapter, so that rows look the same from all of them. */
export const rowTypes: ReadonlyMap<number, Parse> = new Map(
  TYPES.flatMap(([oid, array, parse]): [number, Parse][] => [
    [oid, parse],
    [array, (text: string) => parseArray(text, parse)],
  ]),
)

/** Reads an array literal: `{1,NULL,"a \"b\""}`, nested ones too; bounds (`[0:1]={…}`) are dropped. */
const parseArray = (text: string, parse: Parse): unknown[] => {
  let at = text.indexOf('{')
  const element = (): unknown => {
    if (text[at] === '{') return list()
    if (text[at] === '"') {
      let value = ''
      for (at++; text[at] !== '"'; at++) {
        if (text[at] === '\\') at++
        value += text[at]
      }
      at++
      return parse(value)
    }
    const start = at
    while (text[at] !== ',' && text[at] !== '}') at++
    const value = text.slice(start, at)
    return value === 'NULL' ? null : parse(value)
  }
  const list = (): unknown[] => {
    const elements: unknown[] = []
    at++
    while (text[at] !== '}') {
      elements.push(element())
      if (text[at] === ',') at++
    }
    at++
    return elements
  }
  return list()
}
