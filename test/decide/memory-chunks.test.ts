import { drivesEveryRow } from '#test/decide/matrix.ts'

await drivesEveryRow(new URL('../../plans/memory-chunks', import.meta.url).pathname)
