import { Argument, type Command, Option } from 'commander'
import type { AnswerOptions, DecideOptions } from '#cli/people/answer.ts'
import type { PeopleOptions } from '#cli/people/place.ts'
import { PURPOSES } from '#core/approval/approval.ts'
import { PATHS } from '#core/names.ts'
import { examples, json } from './options.ts'

const placed = (command: Command): Command =>
  command
    .addOption(new Option('--environment <name>', 'of a deployment; the URL is read from its stack'))
    .addOption(new Option('--url <url>', "the deployment's AnswerUrl; signed with your own AWS credentials"))
    .addOption(new Option('--state <dir>', 'folder of a run of this machine that waits ("run --local --wait")'))
    .addOption(new Option('--name <name>', 'with --state: who you are'))

const answered = (command: Command): Command =>
  placed(command)
    .addOption(new Option('--role <role>', 'the role in which you answer').makeOptionMandatory())
    .addOption(new Option('--reason <text>', 'why, for the record'))
    .addOption(new Option('--yes', 'send it without asking'))
    .addOption(json())

export const peopleCommands = (program: Command): void => {
  placed(program.command('approvals [incident]'))
    .summary('what people are asked now')
    .description('The open questions of every run that goes on, or of one incident, and the runs that need a human.')
    .addOption(json())
    .addHelpText('after', examples('approvals --environment prod', 'approvals --state ./state --name alice'))
    .action(async (incident: string | undefined, options: PeopleOptions) => {
      const { approvals } = await import('#cli/people/answer.ts')
      process.exitCode = await approvals(incident, options)
    })
  for (const [name, decision, summary] of [
    ['approve', 'approved', 'say yes to what a run asks'],
    ['deny', 'denied', 'say no to what a run asks; one no is enough'],
  ] as const)
    answered(program.command(`${name} <incident>`))
      .summary(summary)
      .description(
        `Shows what is asked, with tables, rows, snapshot and digest, and sends your answer after a yes. The answer is bound to that digest. Who you are AWS says; who has which role the deployment says.`,
      )
      .addOption(new Option('--purpose <purpose>', 'where several things are asked').choices(PURPOSES))
      .addOption(new Option('--digest <digest>', 'refuse when something else than this is asked now'))
      .addHelpText(
        'after',
        examples(
          `${name} pgvector-search-1a2b --environment prod --role dba`,
          `${name} pgvector-search-1a2b --state ./state --name alice --role dba`,
        ),
      )
      .action(async (incident: string, options: AnswerOptions) => {
        const { answer } = await import('#cli/people/answer.ts')
        process.exitCode = await answer(decision, incident, options)
      })
  answered(
    program
      .command('decide <incident>')
      .addArgument(new Argument('<what>', 'retry, path or close').choices(['retry', 'path', 'close']))
      .addArgument(new Argument('[path]', 'with path: which').choices(PATHS)),
  )
    .summary('what comes next where a run needs a human')
    .description('Shows the problem, and sends your decision after a yes: the same again, another path, or hand over.')
    .addHelpText(
      'after',
      examples(
        'decide pgvector-search-1a2b retry --environment prod --role team-lead',
        'decide pgvector-search-1a2b path restore --environment prod --role team-lead --reason "wrong table"',
      ),
    )
    .action(async (incident: string, what: string, path: string | undefined, options: DecideOptions) => {
      const { decide } = await import('#cli/people/answer.ts')
      process.exitCode = await decide(incident, what, path, options)
    })
}
