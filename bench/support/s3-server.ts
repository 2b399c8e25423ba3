import { startEndpoints } from '#local/endpoints/server.ts'

// The local S3 in a process of its own, as S3 is elsewhere in reality: `fork`ed with the directory as its argument.
const [, , directory = ''] = process.argv
const endpoints = await startEndpoints({ directory })
process.once('disconnect', async () => {
  await endpoints.close()
  process.exit()
})
process.send?.(endpoints.url)
