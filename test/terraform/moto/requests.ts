/** Calls of AWS's services at an endpoint that takes any signature. */

export interface Aws {
  readonly region: string
  /** A service that speaks JSON: the version of its JSON, its target, what is asked. */
  readonly json: (service: string, version: "1.0" | "1.1", target: string, body: object) => Promise<Readonly<Record<string, unknown>>>
  /** A service that takes forms, and answers XML. */
  readonly form: (service: string, version: string, action: string, parameters: Readonly<Record<string, string>>) => Promise<string>
  /** A service that has resources under paths; the body is text. */
  readonly rest: (
    service: string,
    method: string,
    path: string,
    body?: string,
    headers?: Readonly<Record<string, string>>
  ) => Promise<string>
}

/** What a service refused, in its own words. */
export class Refused extends Error {
  readonly status: number
  constructor(what: string, status: number, said: string) {
    super(`${what} was refused (${status}): ${said.slice(0, 1000)}`)
    this.status = status
  }
}

export const awsAt = (endpoint: string, region: string): Aws => {
  const ask = async (service: string, what: string, path: string, init: RequestInit): Promise<string> => {
    const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`
    const headers = { authorization, "x-amz-date": "20260101T000000Z", ...init.headers }
    const response = await fetch(`${endpoint}${path}`, { ...init, headers })
    const text = await response.text()
    if (!response.ok) throw new Refused(what, response.status, text)
    return text
  }
  return {
    region,
    json: async (service, version, target, body) => {
      const headers = { "content-type": `application/x-amz-json-${version}`, "x-amz-target": target }
      const text = await ask(service, target, "/", { method: "POST", headers, body: JSON.stringify(body) })
      return text === "" ? {} : JSON.parse(text)
    },
    form: (service, version, action, parameters) =>
      ask(service, `${service}:${action}`, "/", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ Action: action, Version: version, ...parameters }).toString()
      }),
    rest: (service, method, path, body, headers = {}) =>
      ask(service, `${service}: ${method} ${path}`, path, { method, headers, ...(body === undefined ? {} : { body }) })
  }
}
