import { describe, expect, test } from 'vitest'
import { identityOf, requireRole, rolesOf } from '#core/approval/identity.ts'

const SET = 'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dba_0123456789abcdef'

describe('the identity of a call', () => {
  test.each([
    ['a user of Identity Center is the person', `${SET}/ann@example.com`, `${SET}/ann@example.com`, 'ann@example.com'],
    [
      'a role that was assumed is the role, whatever its session is called',
      'arn:aws:sts::111122223333:assumed-role/release/ann@example.com',
      'arn:aws:iam::111122223333:role/release',
      'arn:aws:iam::111122223333:role/release',
    ],
    [
      'a role with a name like one of Identity Center is a role',
      'arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Dba/ann',
      'arn:aws:iam::111122223333:role/AWSReservedSSO_Dba',
      'arn:aws:iam::111122223333:role/AWSReservedSSO_Dba',
    ],
    [
      'a user of IAM is its ARN',
      'arn:aws-cn:iam::111122223333:user/admins/ann',
      'arn:aws-cn:iam::111122223333:user/admins/ann',
      'arn:aws-cn:iam::111122223333:user/admins/ann',
    ],
  ])('%s', (_, userArn, arn, name) => {
    expect(identityOf(userArn)).toEqual({ arn, name })
  })

  test.each([
    'arn:aws:iam::111122223333:root',
    'arn:aws:sts::111122223333:federated-user/ann',
    'arn:aws:sts::111122223333:assumed-role/release',
    '',
    'ann@example.com',
    `${SET}/ann/evil`,
  ])('"%s" is nobody', (userArn) => {
    expect(identityOf(userArn)).toBeNull()
  })
})

describe('the roles of an identity', () => {
  const approvers = { dba: [`${SET}/*`], lead: [`${SET}/*@lead.example.com`, 'arn:aws:iam::111122223333:role/release'] }
  const of = (userArn: string) => rolesOf(identityOf(userArn) ?? { arn: '', name: '' }, approvers)

  test('are those whose patterns it matches, as a whole', () => {
    expect(of(`${SET}/ann@example.com`)).toEqual(['dba'])
    expect(of(`${SET}/ben@lead.example.com`)).toEqual(['dba', 'lead'])
    expect(of(`${SET}/ben@lead.example.com.evil`)).toEqual(['dba'])
    expect(of(`${SET}/ben@leadXexample.com`)).toEqual(['dba'])
    expect(of(`${SET.replace('Dba', 'Intern')}/ann@example.com`)).toEqual([])
    expect(of('arn:aws:sts::111122223333:assumed-role/release/anybody')).toEqual(['lead'])
  })

  test('are named when the one that is needed is not among them', () => {
    const ann = identityOf(`${SET}/ann@example.com`)
    if (!ann) throw new Error('she is somebody')
    expect(() => requireRole(ann, 'dba', approvers)).not.toThrow()
    expect(() => requireRole(ann, 'lead', approvers)).toThrow(/ann@example.com" is not "lead" here, but dba\./)
    expect(() => requireRole(ann, '__proto__', approvers)).toThrow('is not "__proto__" here')
  })
})
