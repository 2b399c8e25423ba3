/** Lines of a table, each column as wide as its widest cell; the last one is not filled up. */
export const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows.reduce<number[]>((all, row) => {
    for (const [i, cell] of row.entries()) all[i] = Math.max(all[i] ?? 0, cell.length)
    return all
  }, [])
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
