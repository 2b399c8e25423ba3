import { describe, expect, test } from 'vitest'
import { readAddress } from '#aws/postgres-url.ts'

describe('database URL', () => {
  test('verifies the certificate of any host that is not this machine', () => {
    expect(readAddress('postgresql://app:p%40ss@db.example.com/prod')).toEqual({
      host: 'db.example.com',
      port: 5432,
      user: 'app',
      password: 'p@ss',
      database: 'prod',
      tls: true,
    })
    expect(readAddress('postgres://app@10.0.0.1:6543/prod?sslmode=verify-full')).toMatchObject({
      port: 6543,
      tls: true,
    })
  })

  test.each([
    'disable',
    'allow',
    'prefer',
    'require',
    'verify-ca',
    'no-verify',
  ])('cannot be weakened by sslmode=%s', (mode) => {
    expect(() => readAddress(`postgresql://app:secret@db.example.com/prod?sslmode=${mode}`)).toThrow(
      expect.objectContaining({
        name: 'Postgres.TlsWeakened',
        message: expect.stringContaining(`"sslmode=${mode}"`),
      }),
    )
  })

  test.each([
    'ssl=false',
    'sslrootcert=/tmp/ca.pem',
    'uselibpqcompat=true',
    'sslnegotiation=direct',
  ])('cannot be weakened by %s', (parameter) => {
    expect(() => readAddress(`postgresql://app@db.example.com/prod?${parameter}`)).toThrow(
      expect.objectContaining({ name: 'Postgres.TlsWeakened' }),
    )
  })

  test.each(['127.0.0.1', '127.8.0.1', 'localhost', '[::1]'])('may be plain on %s', (host) => {
    expect(readAddress(`postgresql://app@${host}:5433/drill`).tls).toBe(false)
    expect(readAddress(`postgresql://app@${host}:5433/drill?sslmode=disable`).tls).toBe(false)
    expect(readAddress(`postgresql://app@${host}:5433/drill?sslmode=verify-full`).tls).toBe(true)
  })

  test.each(['localhost.example.com', '127.0.0.1.example.com'])('takes %s for another machine', (host) => {
    expect(readAddress(`postgresql://app@${host}/prod`).tls).toBe(true)
  })

  test.each([
    ['mysql://app@db/prod', 'postgresql://'],
    ['db.example.com', 'postgresql://'],
    ['postgresql:///prod', 'host'],
    ['postgresql://db.example.com/prod', 'user'],
    ['postgresql://app:hunter2@db.example.com/prod?options=-crow_security%3Don', 'options'],
  ])('is refused when it is %s', (url, why) => {
    const refusal = expect.objectContaining({ name: 'Postgres.BadUrl', message: expect.stringContaining(why) })
    expect(() => readAddress(url)).toThrow(refusal)
    expect(() => readAddress(url)).not.toThrow('hunter2')
  })
})

test('an RDS Proxy is refused, by name', () => {
  const url = 'postgresql://app:secret@app.proxy-abcdefghijkl.eu-central-1.rds.amazonaws.com/prod'
  expect(() => readAddress(url)).toThrow(
    expect.objectContaining({ name: 'Postgres.Proxy', message: expect.not.stringContaining('secret') }),
  )
  expect(readAddress(url.replace('.proxy-', '.cluster-')).tls).toBe(true)
})
