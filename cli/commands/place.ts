import { type Command, Option } from 'commander'

/** Where the bucket is that a command looks at; `what` is what `--environment` is of. */
export const placed = (command: Command, what: string): Command =>
  command
    .addOption(new Option('--state <dir>', 'folder of local runs, as "run --local" was given'))
    .addOption(new Option('--bucket <name>', "a bucket of AWS, with the SDK's default credentials and region"))
    .addOption(new Option('--environment <name>', `of the ${what}; default with --state: local`))
