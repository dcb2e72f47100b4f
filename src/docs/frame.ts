import { type Html, html, type Piece } from "./html.ts"

/** What each file of a site begins with, so that a later site may take its place, and no other file has to fear it. */
export const pageMark = '<!doctype html>\n<html lang="en" data-made-by="sluice docs">\n'
export const styleMark = "/* Made by sluice docs. */\n"
export const styleFile = "style.css"

export interface Frame {
  readonly project: string
  /** The lake of which the site has numbers, and when its last run ended, as far as it says; null: the site is made without one. */
  readonly lake: { readonly asOf: string | null } | null
}

/** A whole page. @param file its name, which the navigation marks */
export const page = ({ project, lake }: Frame, file: string, title: string, content: Piece): string => {
  const to = (target: string, words: string) => html`<a href="${target}"${file === target ? html` aria-current="page"` : null}>${words}</a>`
  // Nothing may run and nothing may be fetched, whatever a text says: styles come from the file beside it.
  const policy =
    "script-src 'none'; object-src 'none'; connect-src 'none'; img-src data:; font-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'"
  return `${pageMark}${
    html`<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${file === "index.html" ? title : `${title} – ${project}`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${styleFile}">
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header>
<nav aria-label="Site">${to("index.html", project)} ${to("tests.html", "Tests")}</nav>
</header>
<main id="main">
${content}</main>
<footer>
<p>${asOfText(lake)}</p>
</footer>
</body>
</html>
`.text
  }`
}

const asOfText = (lake: Frame["lake"]): Piece => {
  if (lake === null)
    return "What the project says alone: it was made without a lake, so that there are no numbers of rows and no results of tests."
  if (lake.asOf === null) return "As the tables of the lake say; no run is recorded there."
  return html`As of the last run on the lake, which ended ${time(lake.asOf)}.`
}

/** A time as people read it, in UTC: `2026-11-20 07:00:00 UTC`. */
export const time = (iso: string): Html => html`<time datetime="${iso}">${iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}</time>`

/** A heading with what it is about, which the page's own list of contents may point to. */
export const section = (id: string, title: string, content: Piece): Html => html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}</section>
`

/** Something that is not there, said in place of an empty table. */
export const nothing = (words: string): Html => html`<p class="nothing">${words}</p>
`
