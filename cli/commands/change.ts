import { type Command, Option } from 'commander'
import type { ChangeOptions } from '#cli/change.ts'
import { CHANGE_KINDS } from '#core/decide/change.ts'
import { examples, json, plans } from './options.ts'
import { placed } from './place.ts'

export const changeCommand = (program: Command): void => {
  placed(program.command('change'), 'bucket')
    .summary('say that something was deployed, switched or migrated')
    .description(
      'Writes a marker: only a change explains a rollback. In a plan with a window for changes (change.window), a signal without one is contained, and people are asked about the rest. To be called when the change begins.',
    )
    .addOption(new Option('--plan <plan>', 'whose change it is; all: every plan').makeOptionMandatory())
    .addOption(new Option('--kind <kind>', CHANGE_KINDS.join(', ')).choices([...CHANGE_KINDS]).makeOptionMandatory())
    .addOption(
      new Option('--reference <text>', 'what people look it up by: version, commit, migration').makeOptionMandatory(),
    )
    .addOption(plans())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'change --plan pgvector-search --kind deployment --reference v1.42.0 --bucket rollback-prod --environment prod',
        'change --plan all --kind migration --reference 0042_embeddings --state ./state',
      ),
    )
    .action(async (options: ChangeOptions) => {
      const { change } = await import('#cli/change.ts')
      process.exitCode = await change(options)
    })
}
