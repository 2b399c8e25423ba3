import type { PreviewLine } from './model.ts'

/** A line that is no statement. */
export const action = (text: string): PreviewLine => ({ kind: 'action', text })
