import { extname } from "node:path"

/** URL of a module that is loaded by its place: TypeScript in a clone, JavaScript in the package. @param url `import.meta.url` of a module beside it */
export const moduleBeside = (name: string, url: string): URL => new URL(`./${name}${extname(url)}`, url)
