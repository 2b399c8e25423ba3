import { fileURLToPath } from 'node:url'
import { drivesEveryRow } from '#test/decide/matrix.ts'

await drivesEveryRow(fileURLToPath(new URL('../../plans/database-optimization', import.meta.url)))
