import { fileURLToPath } from 'node:url'
import { drivesEveryRow } from '#test/decide/matrix.ts'

await drivesEveryRow(fileURLToPath(new URL('../../plans/cluster-mode', import.meta.url)))
