import { expect, it } from 'vitest'
import { portsFor } from '#functions/ports.ts'
import { setEnvironment } from '#test/support/endpoints.ts'

const CALL = { signal: new AbortController().signal, remaining: () => 1_000 }

it('a function hands its ports on without the settings that only others have', () => {
  const restore = setEnvironment({ ENVIRONMENT: 'prod', APPROVAL_KEY: undefined, APPROVERS: undefined })
  try {
    expect({ ...portsFor(CALL) }.environment).toBe('prod')
    expect(() => portsFor(CALL).approvalKey).toThrow('"APPROVAL_KEY"')
    expect(() => portsFor(CALL).approvers).toThrow('"APPROVERS"')
  } finally {
    restore()
  }
})
