import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const MEMORY = '/dev/shm'

/**
 * Where the bucket and the files of the references lie: in memory where there is such a place, unless `TMPDIR` says
 * otherwise. The disks of S3 are not those of this machine, which would be what is measured.
 */
export const benchFolder = (): string => (process.env.TMPDIR === undefined && existsSync(MEMORY) ? MEMORY : tmpdir())
