/** Makes resources at a moto: what it can hold, as real calls to it. What it cannot hold is in Terraform's state alone. */
import type { World } from "../provider.ts"
import type { Fields } from "../wire/msgpack.ts"
import type { Makers } from "./maker.ts"
import { messaging } from "./messaging.ts"
import { operations } from "./operations.ts"
import { awsAt, Refused } from "./requests.ts"
import { storage } from "./storage.ts"
import { viewOf } from "./view.ts"

export const makers: Makers = { ...storage, ...messaging, ...operations }

export const motoWorld = (endpoint: string, region: string): World => {
  const aws = awsAt(endpoint, region)
  return {
    put: async (type, state, prior) => {
      const maker = makers[type]
      if (maker === undefined) return {}
      if (prior !== null && maker.change !== undefined) {
        await maker.change(aws, viewOf(state), viewOf(prior))
        return {}
      }
      const answer = await maker.make(aws, viewOf(state))
      return chosenOf(answer, maker.chosen ?? [])
    },
    remove: async (type, state) => {
      await makers[type]?.remove?.(aws, viewOf(state)).catch(unlessGone)
    },
    has: async (type, state) => {
      const find = makers[type]?.find
      if (find === undefined) return true
      try {
        await find(aws, viewOf(state))
        return true
      } catch (error) {
        return unlessGone(error)
      }
    }
  }
}

const chosenOf = (answer: unknown, names: ReadonlyArray<string>): Fields => {
  const values = new Map(Object.entries(typeof answer === "object" && answer !== null ? answer : {}))
  return Object.fromEntries(
    names.map((name) => {
      const value: unknown = values.get(name)
      if (typeof value !== "string") throw new Error(`the endpoint chose no ${name}`)
      return [name, value]
    })
  )
}

/** Somebody else removed it: that is what was wanted, or what is to be told. Each service says it in its own way. */
const unlessGone = (error: unknown): false => {
  const isGone = error instanceof Refused && (error.status === 404 || /NotFound|NonExistent|NoSuch/.test(error.message))
  if (!isGone) throw error
  return false
}
