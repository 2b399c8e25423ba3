import { recordPorts } from '#cli/record.ts'
import type { Path } from '#core/names.ts'
import type { Plan } from '#core/plan/load.ts'
import { recordGoodState } from '#core/recorded/record.ts'
import { type AwsFixture, awsFixtureOf } from '#local/aws-fixture.ts'
import type { Stack } from '#local/stack.ts'

/**
 * What a drill finds in AWS before each of its runs. What rolls back begins anew: the good state of the fixture, which is recorded as
 * CI would, then what the deployment that goes wrong does to it. What restores finds the cause mended: the good state. Resolves
 * to what brings it there; it does nothing for a plan without such a fixture.
 */
export const drillAws = async (
  stack: Stack,
  plan: Plan,
  environment: string,
): Promise<(path: Path) => Promise<void>> => {
  const fixture: AwsFixture | null = await awsFixtureOf(plan.directory, environment)
  return async (path) => {
    if (!fixture || path === 'purge') return
    await stack.loadAws(fixture.before)
    if (path === 'restore') return
    const { objects, clock } = stack
    await recordGoodState(plan, { environment, reference: 'drill' }, { ...recordPorts(), objects, clock })
    await stack.loadAws(fixture.after)
  }
}
