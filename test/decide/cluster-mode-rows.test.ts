import { fileURLToPath } from 'node:url'
import { drivesEveryRow } from '#test/decide/matrix.ts'

// Its webhook has to be answered before the version goes back: test/plans/cluster-mode.test.ts.
await drivesEveryRow(fileURLToPath(new URL('../../plans/cluster-mode', import.meta.url)), {}, ['partial/clients-first'])
