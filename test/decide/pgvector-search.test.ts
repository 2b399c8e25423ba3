import { drivesEveryRow } from '#test/decide/matrix.ts'
import { PLAN_FOLDER } from '#test/support/paths.ts'

await drivesEveryRow(PLAN_FOLDER)
