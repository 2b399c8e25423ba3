import { describe, expect, test } from 'vitest'
import type { RetirementId } from '#core/names.ts'
import { bootstrapStatements } from '#core/retire/bootstrap.ts'
import { retiredName } from '#core/retire/names.ts'

const memberships = (role: string, serverVersion: number, owners = ['app'], runBy = 'master') =>
  bootstrapStatements(role, { roles: { owners, grantors: ['lead'] }, serverVersion, runBy })
    .map(({ text }) => text)
    .filter((text) => /^grant "/.test(text))

describe('the bootstrap', () => {
  test('leaves inheritance to the role before PostgreSQL 16', () => {
    expect(memberships('product', 150000)).toEqual([
      'grant "vector_rollback_retired" to "product"',
      'grant "app" to "product"',
      'grant "lead" to "product"',
    ])
  })

  test('lets a role of its own inherit from PostgreSQL 16 on', () => {
    expect(memberships('product', 160000)).toEqual([
      'grant "vector_rollback_retired" to "product" with inherit true, set true',
      'grant "app" to "product" with inherit true, set true',
      'grant "lead" to "product"',
    ])
  })

  test('keeps the retired tables from an application that connects as their owner or as the master', () => {
    expect(memberships('app', 170000)[0]).toBe(
      'grant "vector_rollback_retired" to "app" with admin true, inherit false, set true',
    )
    expect(memberships('master', 170000)[0]).toBe(
      'grant "vector_rollback_retired" to "master" with inherit false, set true',
    )
  })

  test('makes no role a member of itself', () => {
    expect(memberships('app', 150000)).not.toContain('grant "app" to "app"')
  })
})

test('a retired table has a name that tells the retirement and the table, and fits', () => {
  const name = retiredName('x'.repeat(80) as RetirementId, 4294967295)
  expect(name).toMatch(/^r[0-9a-f]{12}_4294967295$/)
  expect(name).not.toBe(retiredName('y' as RetirementId, 4294967295))
})
