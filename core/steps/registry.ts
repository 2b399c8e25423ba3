import { addConstraints } from '#core/steps/add-constraints.ts'
import { askApproval } from '#core/steps/ask-approval.ts'
import { buildIndexes } from '#core/steps/build-indexes.ts'
import { capacity } from '#core/steps/capacity.ts'
import { capture } from '#core/steps/capture.ts'
import { choosePurge } from '#core/steps/choose-purge.ts'
import { chooseRestore } from '#core/steps/choose-restore.ts'
import { compareRestore } from '#core/steps/compare-restore.ts'
import { contain } from '#core/steps/contain.ts'
import { drain } from '#core/steps/drain.ts'
import { dropIndexes } from '#core/steps/drop-indexes.ts'
import { followDelivery } from '#core/steps/follow-delivery.ts'
import { gate } from '#core/steps/gate.ts'
import { listParts } from '#core/steps/list-parts.ts'
import { loadPart } from '#core/steps/load-part.ts'
import { migrate } from '#core/steps/migrate.ts'
import { needsHuman } from '#core/steps/needs-human.ts'
import { notify } from '#core/steps/notify.ts'
import { openIncident } from '#core/steps/open-incident.ts'
import { parameterGroup } from '#core/steps/parameter-group.ts'
import { prepareRestore } from '#core/steps/prepare-restore.ts'
import { preserveEvidence } from '#core/steps/preserve-evidence.ts'
import { previousVersion } from '#core/steps/previous-version.ts'
import { proveDelivery } from '#core/steps/prove-delivery.ts'
import { proveDeliveryOutside } from '#core/steps/prove-delivery-outside.ts'
import { purge } from '#core/steps/purge.ts'
import { putBack } from '#core/steps/put-back.ts'
import { rdsSnapshot } from '#core/steps/rds-snapshot.ts'
import { reEnable } from '#core/steps/re-enable.ts'
import { report } from '#core/steps/report.ts'
import { restart } from '#core/steps/restart.ts'
import { restoreConfig } from '#core/steps/restore-config.ts'
import { retire } from '#core/steps/retire.ts'
import { runCommand } from '#core/steps/run-command.ts'
import { runSql } from '#core/steps/run-sql.ts'
import { safePoint } from '#core/steps/safe-point.ts'
import { scale } from '#core/steps/scale.ts'
import { sealSnapshot } from '#core/steps/seal-snapshot.ts'
import { setAside } from '#core/steps/set-aside.ts'
import { setFlag } from '#core/steps/set-flag.ts'
import { snapshotPart } from '#core/steps/snapshot-part.ts'
import { swapIn } from '#core/steps/swap-in.ts'
import { throttle } from '#core/steps/throttle.ts'
import { undoRetire } from '#core/steps/undo-retire.ts'
import { verify } from '#core/steps/verify.ts'
import { verifyOutside } from '#core/steps/verify-outside.ts'
import { verifyPart } from '#core/steps/verify-part.ts'
import { verifySnapshot } from '#core/steps/verify-snapshot.ts'
import { watch } from '#core/steps/watch.ts'
import { webhook } from '#core/steps/webhook.ts'

/**
 * Every kind of work that the state machine can ask for. One entry is one file here, one handler of the same name in
 * `functions/`, and one substitution `${…Function}` in the state machine; a test keeps the three equal.
 */
export const STEPS = [
  contain,
  openIncident,
  notify,
  preserveEvidence,
  safePoint,
  followDelivery,
  proveDelivery,
  proveDeliveryOutside,
  capture,
  drain,
  dropIndexes,
  migrate,
  runSql,
  setFlag,
  previousVersion,
  restart,
  scale,
  restoreConfig,
  throttle,
  parameterGroup,
  capacity,
  rdsSnapshot,
  runCommand,
  webhook,
  retire,
  listParts,
  snapshotPart,
  sealSnapshot,
  verifySnapshot,
  verifyPart,
  choosePurge,
  askApproval,
  purge,
  chooseRestore,
  undoRetire,
  prepareRestore,
  loadPart,
  addConstraints,
  buildIndexes,
  compareRestore,
  setAside,
  putBack,
  swapIn,
  verifyOutside,
  verify,
  watch,
  gate,
  reEnable,
  needsHuman,
  report,
] as const

export type StepKind = (typeof STEPS)[number]['kind']

/** `drop-indexes` → `DropIndexesFunction`: the name of its substitution in the state machine. */
export const substitutionOf = (kind: string): string =>
  `${kind.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase())}Function`
