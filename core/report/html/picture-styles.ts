/** Font sizes as in `picture/caption.ts`, which measures by them. */
export const PICTURE_STYLES = `
.picture{padding:.25rem 0 1rem}
.machine{display:block;margin:0 auto;font-family:inherit;max-width:max(100%,50rem);height:auto}
.machine text{text-anchor:middle;fill:var(--ink)}
.machine .name{font-size:13px;font-weight:600}
.machine .note{font-size:11px;fill:var(--soft)}
.machine .figures{font-size:11.5px;fill:var(--soft);font-variant-numeric:tabular-nums}
.machine .error{font-size:11.5px;font-weight:600;fill:var(--bad)}
.machine .line path{fill:none;stroke:var(--faint);stroke-width:1.3}
.machine .line .head{fill:var(--faint);stroke:none}
.machine .line.taken path{stroke:var(--accent);stroke-width:2.4}
.machine .line.taken .head,.machine .entry{fill:var(--accent);stroke:none}
.machine .line.taken.caught path{stroke:var(--bad);stroke-dasharray:6 4}
.machine .line.taken.caught .head{fill:var(--bad);stroke:none}
.machine .shape{fill:var(--card);stroke:var(--accent);stroke-width:1.8}
.machine .inner{fill:none;stroke:var(--accent);stroke-width:1}
.machine .holder>.shape{fill:var(--sunken)}
.machine .badge{fill:var(--accent)}
.machine .order{font-size:11px;font-weight:700;fill:var(--card)}
.machine .failed .shape,.machine .failed .inner{stroke:var(--bad);stroke-width:2.2}
.machine .failed .shape{fill:var(--bad-tint)}
.machine .failed .badge{fill:var(--bad)}
.machine .running .shape{stroke-dasharray:6 4;stroke-width:2.2}
.waiting .running .shape{stroke:var(--warn);fill:var(--warn-tint)}
.waiting .running .badge,.machine .recovered .badge{fill:var(--warn)}
.machine .recovered .error{fill:var(--warn)}
.machine .end.succeeded .shape{fill:var(--good-tint);stroke:var(--good)}
.machine .end.succeeded .inner{stroke:var(--good)}
.machine .end.succeeded .badge{fill:var(--good)}
.machine .not-taken .shape{stroke:var(--faint);stroke-width:1.2}
.machine .not-taken .inner{stroke:var(--faint)}
.machine .not-taken text{fill:var(--soft);font-weight:400}
.machine .unrecorded .shape{stroke:var(--soft);stroke-width:1.2}
.machine .unrecorded text{fill:var(--soft);font-weight:400}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.25rem;font-size:.8125rem;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:.45rem}
.legend i{width:1.4rem;height:.85rem;border-radius:4px;border:2px solid var(--accent)}
.legend .failed{border-color:var(--bad);background:var(--bad-tint)}
.legend .running{border-style:dashed}
.legend .not-taken{border:1.2px solid var(--faint)}
.legend .ends{border:3px double var(--soft);border-radius:9px}`
