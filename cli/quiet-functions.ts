/**
 * The functions log as they do in AWS, JSON lines on the console. On a terminal that is noise, and on stdout it would
 * break `--json`: only with VECTOR_ROLLBACK_DEBUG, and then on stderr.
 */
export const quietFunctions = (): void => {
  const debug = Boolean(process.env.VECTOR_ROLLBACK_DEBUG)
  process.env.POWERTOOLS_DEV = 'true'
  process.env.POWERTOOLS_METRICS_DISABLED = 'true'
  process.env.POWERTOOLS_LOG_LEVEL = debug ? 'INFO' : 'SILENT'
  for (const method of ['log', 'info', 'debug'] as const) console[method] = console.error
}
