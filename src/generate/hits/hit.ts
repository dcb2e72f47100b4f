import { hitEnvelope } from "../../contract/hit-envelope.ts"
import type { Agent } from "./agents.ts"

/** A parameter of the measurement protocol and its value, neither of them escaped. */
export type Parameter = readonly [name: string, value: string]

/** One hit on its way: what a page says, and what the endpoint sees of who sends it. */
export interface Hit {
  /** When it reaches the endpoint, milliseconds since 1970. */
  readonly arrivedAt: number
  /** Milliseconds that it waited on the device before it was sent: what it tells happened so long before it arrived. */
  readonly waited: number
  /** In the order in which they are sent, without `qt`, which is {@link waited}. */
  readonly parameters: ReadonlyArray<Parameter>
  readonly agent: Pick<Agent, "text" | "isRobot">
  readonly address: string
  /** Page that sends it; null: nobody says. */
  readonly referer: string | null
}

/** When it happened, milliseconds since 1970. */
export const eventAt = ({ arrivedAt, waited }: Hit): number => arrivedAt - waited

/** The value of a parameter; null where there is none. */
export const parameterOf = ({ parameters }: Hit, name: string): string | null => parameters.find(([each]) => each === name)?.[1] ?? null

/** What is the same in two hits of which one was sent again; null where nothing tells. */
export const repeatKey = (hit: Hit): string | null => {
  const buster = parameterOf(hit, "z")
  const client = parameterOf(hit, "cid")
  return buster === null || client === null ? null : `${client}.${buster}`
}

const formText = (parameters: Iterable<Parameter>): string => {
  let text = ""
  for (const [name, value] of parameters) text += `${text === "" ? "" : "&"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`
  return text
}

/** The hit as a page sends it, form-encoded. @param speed by which its waiting is shortened */
export const bodyOf = ({ parameters, waited }: Hit, speed = 1): string =>
  formText(waited === 0 ? parameters : [["qt", String(Math.round(waited / speed))], ...parameters])

/** The hit as the endpoint stores it, one line: what the page sent, and behind it what the endpoint knows. @param id of the request, unique */
export const lineOf = (hit: Hit, id: string): string => {
  const key = repeatKey(hit)
  const envelope: Array<Parameter> = [
    [hitEnvelope.receivedAt, String(hit.arrivedAt)],
    [hitEnvelope.hitId, id],
    ...(key === null ? [] : [[hitEnvelope.idempotencyKey, key] as const]),
    [hitEnvelope.userIp, hit.address],
    [hitEnvelope.userAgent, hit.agent.text],
    ...(hit.referer === null ? [] : [[hitEnvelope.referer, hit.referer] as const]),
    ...(hit.agent.isRobot ? [[hitEnvelope.isRobot, "1"] as const] : [])
  ]
  return `${bodyOf(hit)}&${formText(envelope)}`
}
