/** Levenshtein distance with a swap of neighbours as one edit. */
const distance = (a: string, b: string): number => {
  let [before, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const edits = [(previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1)]
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits.push((before[j - 2] ?? 0) + 1)
      row.push(Math.min(...edits))
    }
    ;[before, previous] = [previous, row]
  }
  return previous[b.length] ?? 0
}

/** Longer words are no typing mistakes, and would cost quadratic time. */
const LONGEST = 64

/** The known word that was probably meant, `null` when none is near: at most a third of its letters away. */
export const nearest = (word: string, known: readonly string[]): string | null => {
  if (word.length > LONGEST) return null
  const lower = word.toLowerCase()
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .toSorted((a, b) => a.edits - b.edits)
  const [best] = ranked
  return best !== undefined && best.edits <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : null
}

/** `Did you mean "budget"?`, or the list of what is known. */
export const suggestion = (word: string, known: readonly string[]): string => {
  const near = nearest(word, known)
  if (near !== null) return `Did you mean "${near}"?`
  return known.length === 0 ? 'Remove it: nothing is known here.' : `Use one of ${known.join(', ')}.`
}
