import { styleMark } from "./frame.ts"

/**
 * The one stylesheet of a site: no font and no picture but the system's own, dark and light as the reader's system is. Text has a contrast of 4.5 to 1 or
 * more with what is behind it in both; colours are of Okabe and Ito's, darkened or lightened to that, and never alone say what they say.
 */
export const style = `${styleMark}:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f5f7; --line: #c9ced6; --text: #1b1f24; --quiet: #565e69; --link: #0b57a4;
  --pass: #00664a; --warn: #8a4b00; --fail: #a8321a; --dataset: #0b5f94; --model: #9a3d78; --lake: #7a5a00; --exposure: #00664a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1e2329; --line: #3c444f; --text: #e6e9ed; --quiet: #a5aeb9; --link: #7cb8f2;
    --pass: #4fc9a2; --warn: #f0ad4e; --fail: #ff8d78; --dataset: #6fbdf0; --model: #e39cc6; --lake: #e2c14a; --exposure: #4fc9a2;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: .75rem; padding-bottom: .75rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
nav a { padding: .25rem 0; font-weight: 600; }
a { color: var(--link); }
a[aria-current] { color: inherit; text-decoration: none; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; padding: .5rem 1rem; background: var(--ground); }
.skip:focus { left: 0; }
h1 { margin: 0 0 .5rem; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.3rem; }
h3 { margin: 1.25rem 0 .25rem; font-size: 1.05rem; }
p { max-width: 46rem; margin: .5rem 0; }
.kind { margin: .5rem 0 0; color: var(--quiet); }
.nothing, .note, footer, figcaption { color: var(--quiet); }
footer { margin-top: 3rem; padding-bottom: 2rem; border-top: 1px solid var(--line); font-size: .9rem; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .875em; overflow-wrap: break-word; }
pre { margin: .5rem 0; padding: .75rem; overflow-x: auto; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; }
pre code { overflow-wrap: normal; }
summary { padding: .25rem 0; cursor: pointer; }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 1rem 0; }
dl div { max-width: 100%; }
dt { color: var(--quiet); font-size: .875rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { position: relative; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
/* The heading above says it, too: for who hears the page. */
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: .375rem .75rem; text-align: left; vertical-align: top; }
tbody th, tbody td { border-top: 1px solid var(--line); }
thead th { background: var(--raised); white-space: nowrap; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
td .status, time { white-space: nowrap; }
.where, td time { display: block; color: var(--quiet); font-size: .8125rem; font-weight: 400; }
.status { font-weight: 600; }
.pass { color: var(--pass); }
.warn, .sensitive { color: var(--warn); }
.fail { color: var(--fail); }
.none { color: var(--quiet); font-weight: 400; }
figure { margin: 1rem 0; }
figcaption { margin-top: .5rem; font-size: .875rem; }
.graph { background: var(--raised); }
svg { display: block; }
.edge { fill: none; stroke: var(--quiet); stroke-width: 1.25; opacity: .8; }
.edge.near { stroke: var(--text); stroke-width: 2; opacity: 1; }
.head { fill: var(--quiet); }
.node rect { fill: var(--ground); stroke: currentColor; stroke-width: 1.25; }
.node .mark { fill: currentColor; stroke: none; }
.node text { fill: var(--text); font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.node.current rect:first-of-type { stroke-width: 3; }
.node:hover text { text-decoration: underline; }
.node:focus-visible rect:first-of-type { stroke: var(--link); stroke-width: 4; }
.dataset { color: var(--dataset); }
.model { color: var(--model); }
.lake { color: var(--lake); }
.exposure { color: var(--exposure); }
@media (max-width: 44rem) {
  body { font-size: 15px; }
  h1 { font-size: 1.5rem; }
  th, td { padding: .375rem .5rem; }
  dl { gap: .5rem 1.25rem; }
}
@media print {
  nav, .skip { display: none; }
  .scroll { overflow: visible; border: 0; }
  tr { break-inside: avoid; }
}
`
