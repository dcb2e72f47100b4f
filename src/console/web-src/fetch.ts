/** Asks the server. What it answered is asked for again by its mark, so that nothing is sent twice that did not change. */

/** An answer that is none, with what to do about it. */
export class Refused extends Error {
  readonly status: number
  readonly hint: string
  constructor(status: number, problem: string, hint: string) {
    super(problem)
    this.status = status
    this.hint = hint
  }
}

const known = new Map<string, { readonly mark: string; readonly body: unknown }>()

const textIn = (body: unknown, name: string): string | null => {
  if (typeof body !== "object" || body === null) return null
  const error = "error" in body && typeof body.error === "object" && body.error !== null ? body.error : body
  const value = new Map(Object.entries(error)).get(name)
  return typeof value === "string" ? value : null
}

const hints: Readonly<Record<number, string>> = {
  401: "Open the link with the token that `sluice console` printed when it started.",
  403: "The server does not allow this from here. Open the console at the address that `sluice console` printed.",
  404: "It is not there any more, or its name is another. Go back and choose it anew.",
  503: "The server is busy. Wait some seconds and try again."
}

const refusal = async (answer: Response): Promise<Refused> => {
  const body: unknown = await answer.json().catch(() => null)
  const problem = textIn(body, "problem") ?? textIn(body, "message") ?? textIn(body, "error") ?? `The server answered ${answer.status}.`
  return new Refused(answer.status, problem, textIn(body, "hint") ?? hints[answer.status] ?? "Try again; the server's log says more.")
}

const reach = async (path: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(path, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error
    throw new Refused(
      0,
      "The server does not answer.",
      "Is `sluice console` still running? Start it again, and this page goes on by itself."
    )
  }
}

/** What stands at an address, as JSON. Types are the server's word: both sides compile against the same. */
export const get = async <A>(path: string, signal?: AbortSignal): Promise<A> => {
  const before = known.get(path)
  const answer = await reach(path, { ...(signal && { signal }), headers: before === undefined ? {} : { "if-none-match": before.mark } })
  if (answer.status === 304 && before !== undefined) return before.body as A
  if (!answer.ok) throw await refusal(answer)
  const body: unknown = await answer.json()
  const mark = answer.headers.get("etag")
  if (mark !== null) {
    if (known.size >= 200) known.delete(known.keys().next().value ?? "")
    known.set(path, { mark, body })
  }
  return body as A
}

const send = async (path: string, body: object): Promise<Response> => {
  const answer = await reach(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })
  if (!answer.ok) throw await refusal(answer)
  return answer
}

export const post = async <A>(path: string, body: object): Promise<A> => (await (await send(path, body)).json()) as A

/** Sends, and hands what comes to the reader as a file. */
export const download = async (path: string, body: object, name: string): Promise<void> => {
  const address = URL.createObjectURL(await (await send(path, body)).blob())
  const link = document.createElement("a")
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
