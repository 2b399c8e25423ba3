import type { Statement } from '../table.ts'

export const as = (role: string, text: string): Statement => ({ as: role, text })
