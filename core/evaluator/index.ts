export { BUCKETS, bucketOf } from './bucket.ts'
export {
  createEvaluator,
  type Evaluator,
  type EvaluatorOptions,
  LONGEST_TTL,
  type Parameter,
  type Read,
  type Seen,
} from './evaluator.ts'
