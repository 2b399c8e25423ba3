import { PICTURE_STYLES } from '#core/report/html/picture-styles.ts'

const COLOURS = `
:root{color-scheme:light dark;
--page:#f4f6f8;--card:#fff;--sunken:#f1f4f7;--ink:#17202b;--soft:#566372;--line:#dde3e9;--faint:#c3ccd6;--accent:#1a5fc4;
--good:#146c36;--good-tint:#e4f4e9;--good-edge:#a9d9b9;--bad:#b3201b;--bad-tint:#fdebe9;--bad-edge:#f0b4af;
--warn:#855300;--warn-tint:#fdf2da;--warn-edge:#ecd096;--shade:0 1px 2px #1018280d,0 2px 8px #1018280a}
@media (prefers-color-scheme:dark){:root{
--page:#0c1219;--card:#141c25;--sunken:#1b2530;--ink:#e6ecf2;--soft:#9cabba;--line:#2a3643;--faint:#3d4b5a;--accent:#79b0ff;
--good:#6fd696;--good-tint:#10291b;--good-edge:#245a3a;--bad:#ff938a;--bad-tint:#331615;--bad-edge:#6e2c29;
--warn:#f0bf62;--warn-tint:#2e230d;--warn-edge:#60491b;--shade:none}}`

const BASE = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}
header,main,footer{max-width:78rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:1.25rem}
footer{padding:.5rem 1.25rem 2.5rem;color:var(--soft);font-size:.8125rem;overflow-wrap:anywhere}
h1,h2,h3,p,ol,ul,dl,dd{margin:0}
h1{font-size:clamp(1.75rem,1.2rem + 2.4vw,2.5rem);line-height:1.1;letter-spacing:-.02em;overflow-wrap:anywhere}
h2,.run h3{font-size:1.125rem;line-height:1.3;letter-spacing:-.005em;overflow-wrap:anywhere}
code{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
p,li,dd,td{overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem;z-index:1}
.hint{color:var(--soft);font-size:.8125rem}
.lineage{display:flex;flex-wrap:wrap;gap:.15rem .6rem;color:var(--soft);font-size:.875rem;margin-bottom:.75rem}
.lineage span{overflow-wrap:anywhere}.lineage>span:first-child{color:var(--ink);font-weight:650}
.lineage>span:not(:last-child)::after{content:"/";margin-left:.6rem;color:var(--faint)}`

const TOP = `
.banner{display:grid;grid-template-columns:auto 1fr;gap:0 1.125rem;padding:1.5rem;border-radius:14px;border:1px solid var(--edge);background:var(--tint);margin-bottom:1rem}
.banner.good{--hue:var(--good);--tint:var(--good-tint);--edge:var(--good-edge)}
.banner.bad{--hue:var(--bad);--tint:var(--bad-tint);--edge:var(--bad-edge)}
.banner.warn{--hue:var(--warn);--tint:var(--warn-tint);--edge:var(--warn-edge)}
.banner.plain{--hue:var(--soft);--tint:var(--card);--edge:var(--line)}
.banner h1,.banner h3{color:var(--hue)}
.banner h3{font-size:1.5rem}
.icon{width:2.75rem;height:2.75rem;fill:none;stroke:var(--tint);stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}
.icon circle{fill:var(--hue);stroke:none}
.story{font-size:clamp(1.0625rem,1rem + .35vw,1.25rem);line-height:1.45;margin-top:.5rem;max-width:66ch}
.undo{display:flex;flex-wrap:wrap;align-items:baseline;gap:.35rem .75rem;margin-top:1rem}
.undo span{font-weight:650}
.command{user-select:all;-webkit-user-select:all;background:var(--sunken);border:1px solid var(--line);border-radius:6px;padding:.15em .45em;-webkit-box-decoration-break:clone;box-decoration-break:clone}
.banner .command{background:var(--card);border-color:var(--edge)}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;margin-bottom:1rem}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem 1.125rem;box-shadow:var(--shade);--hue:var(--soft);min-width:0}
.tile.good{--hue:var(--good)}.tile.bad{--hue:var(--bad)}.tile.warn{--hue:var(--warn)}
.tile dt{color:var(--soft);font-size:.875rem}
.tile dd{display:flex;flex-direction:column;gap:.3rem}
.tile b{font-size:1.625rem;line-height:1.25;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.tile.bad b,.tile.warn b{color:var(--hue)}
.tile span{color:var(--soft);font-size:.8125rem;line-height:1.4}
.bar{display:block;width:100%;height:6px;border-radius:3px;overflow:hidden}
.bar .all{fill:var(--line)}.bar .used{fill:var(--soft)}.bar .limit{fill:var(--ink)}
.bar.good .used{fill:var(--good)}.bar.bad .used{fill:var(--bad)}.bar.warn .used{fill:var(--warn)}`

const CARDS = `
a{color:var(--accent)}
.contents ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;margin:0 .25rem 1rem;font-size:.875rem}
.contents a{display:inline-block;padding:.25rem 0;text-decoration:none}.contents a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.375rem 1.5rem 1.5rem;margin-bottom:1rem;box-shadow:var(--shade);min-width:0}
.card>h2,.card>h3{margin-bottom:.75rem}
.card>p+p,.card>p+.scroll{margin-top:.75rem}
.card>.hint{margin:.25rem 0 .75rem}
.card.problem{border-color:var(--bad-edge);border-left:5px solid var(--bad)}
.next{border-left:5px solid var(--accent)}
.next ol{padding-left:1.6rem;display:grid;gap:.55rem}.next li::marker{font-weight:700;color:var(--accent)}
.badge{display:inline-flex;gap:.35em;align-items:baseline;white-space:nowrap;font-size:.8125rem;font-weight:650;line-height:1.5;padding:.05rem .6rem;border-radius:99px;border:1px solid var(--line);color:var(--soft)}
.badge.good{color:var(--good);background:var(--good-tint);border-color:var(--good-edge)}
.badge.bad{color:var(--bad);background:var(--bad-tint);border-color:var(--bad-edge)}
.badge.warn{color:var(--warn);background:var(--warn-tint);border-color:var(--warn-edge)}
.problem .badge{white-space:normal}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;color:var(--soft);font-size:.8125rem;padding-bottom:.35rem}
th{font-weight:600;font-size:.8125rem;color:var(--soft);text-align:left;white-space:nowrap}
th,td{padding:.5rem .9rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th:last-child,td:last-child{padding-right:0}
tbody tr:last-child td{border-bottom:0;padding-bottom:0}
.figures{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td time,td>.badge{white-space:nowrap}
td code{font-size:.8125rem}
td .bar{margin:.45rem 0 .2rem;min-width:8rem}
.budgets td:nth-child(2){width:60%}
.digest{font-size:.75rem;user-select:all;-webkit-user-select:all;color:var(--soft)}
.card dl{display:grid;grid-template-columns:minmax(6.5rem,auto) 1fr;gap:.45rem 1.25rem;font-size:.9375rem}
.card dt{color:var(--soft)}.card dd{min-width:0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 1rem}.pair>:only-child{grid-column:1/-1}
.pair ul{padding:0;list-style:none;display:grid;gap:.6rem}.pair li{padding-left:1.75rem;position:relative}
.follow-ups li::before{content:"";position:absolute;left:0;top:.3rem;width:.95rem;height:.95rem;border:1.5px solid var(--soft);border-radius:4px}
summary{cursor:pointer;font-weight:600}
pre{margin:1rem 0 0;padding:1rem;background:var(--sunken);border-radius:8px;overflow:auto;max-height:32rem;font:.75rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`

const COURSE = `
.events{list-style:none;padding:0;position:relative}
.events li{display:grid;grid-template-columns:11rem 1fr;gap:.1rem 2.25rem;padding:.3rem 0;position:relative;--hue:var(--soft)}
.events li::before{content:"";position:absolute;left:12rem;top:.7rem;width:.7rem;height:.7rem;border-radius:50%;background:var(--hue);box-shadow:0 0 0 3px var(--card);z-index:1}
.events li:not(:last-child)::after{content:"";position:absolute;left:calc(12.35rem - 1px);top:.9rem;bottom:-.7rem;border-left:2px solid var(--line)}
.events .when{font-variant-numeric:tabular-nums;white-space:nowrap;display:flex;justify-content:space-between;gap:.75rem}
.events .since{color:var(--soft);font-size:.875rem}
.events .problem{--hue:var(--bad)}.events .contain,.events .end{--hue:var(--good)}
.events .step,.events .check{--hue:var(--accent)}.events .signal,.events .approval{--hue:var(--warn)}
.events .end .what{font-weight:600}
.timeline .hint{margin-top:.75rem}
.course-grid{display:grid;grid-template-columns:minmax(0,1fr) 16rem;gap:1.5rem;align-items:start}
.course-grid>.states:only-child{grid-column:1/-1}
.states{position:sticky;top:1rem;max-height:calc(100vh - 2rem);overflow-y:auto;list-style:none;counter-reset:state;padding:0;display:grid;gap:.15rem;font-size:.875rem;line-height:1.4}
.states li{counter-increment:state;display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 .5rem;padding:.3rem 0 .3rem 1.75rem;position:relative;--hue:var(--accent)}
.states li::before{content:counter(state);position:absolute;left:0;top:.4rem;font-size:.75rem;font-weight:700;color:var(--hue);font-variant-numeric:tabular-nums}
.states .failed{--hue:var(--bad)}.states .recovered,.waiting~.states .running{--hue:var(--warn)}
.states .name{font-weight:600}
.states .took{color:var(--soft);font-size:.8125rem;font-variant-numeric:tabular-nums}
.states .failure{width:100%;color:var(--hue);font-size:.8125rem}
.when-bar{display:block;width:100%;height:4px;border-radius:2px;overflow:hidden;margin-top:.25rem}
.when-bar .all{fill:var(--sunken)}.when-bar .used{fill:var(--hue)}`

const DRILL = `
.run{border-top:1px solid var(--line);margin-top:1.25rem;padding-top:1rem}
.run>summary{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem .9rem;padding:.35rem 0;list-style:none}
.run[open]>summary{margin-bottom:.75rem}
.run>summary::-webkit-details-marker{display:none}
.run>summary::before{content:"";width:.55rem;height:.55rem;border-right:2.5px solid var(--soft);border-bottom:2.5px solid var(--soft);transform:rotate(-45deg);margin:0 .2rem}
.run[open]>summary::before{transform:rotate(45deg)}
.run>summary h2{font-size:1.375rem}`

const SMALL = `
@media (max-width:60rem){.tiles{grid-template-columns:1fr 1fr}.course-grid{grid-template-columns:minmax(0,1fr)}.states{position:static;max-height:none}.pair{grid-template-columns:1fr}}
@media (max-width:36rem){header,main,footer{padding-left:.75rem;padding-right:.75rem}
.banner{grid-template-columns:1fr;gap:.75rem;padding:1.125rem}.icon{width:2.25rem;height:2.25rem}
.tiles{gap:.625rem}.tile{padding:.75rem .875rem}.tile b{font-size:1.25rem}
.card{padding:1.125rem 1rem 1.25rem;border-radius:12px}
.scroll>table{min-width:34rem}
.card dl{grid-template-columns:1fr;gap:0}.card dd{margin-bottom:.6rem}
.events li{grid-template-columns:1fr;padding:.35rem 0 .35rem 1.5rem}
.events li::before{left:0;top:.75rem}.events li:not(:last-child)::after{left:calc(.35rem - 1px)}
.events .when{justify-content:flex-start}}`

const PRINT = `
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--sunken:#f4f4f4;--ink:#000;--soft:#444;--line:#bbb;--faint:#bbb;--accent:#0b4aa2;
--good:#0d5a2a;--good-tint:#fff;--good-edge:#0d5a2a;--bad:#9c1510;--bad-tint:#fff;--bad-edge:#9c1510;--warn:#704600;--warn-tint:#fff;--warn-edge:#704600;--shade:none}
body{font-size:10.5pt}header,main,footer{max-width:none;padding:0}
.card,.tile,.banner{break-inside:avoid;box-shadow:none}.course,.timeline,.steps{break-inside:auto}
tr,li{break-inside:avoid}h2,h3{break-after:avoid}.tiles{grid-template-columns:repeat(4,1fr)}
.course-grid{display:block}.states{position:static;max-height:none}.scroll{overflow:visible}.machine{max-width:100%}
.raw,.skip,.contents{display:none}details::details-content{content-visibility:visible;display:block}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}`

/** The one style sheet. Colours follow the reader's setting; every pair of them has a contrast of at least 4.5. */
export const STYLES = [COLOURS, BASE, TOP, CARDS, COURSE, PICTURE_STYLES, DRILL, SMALL, PRINT].join('\n')
