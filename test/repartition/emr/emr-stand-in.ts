import { Clock, Effect, type Scope } from "effect"
import { type Answer, type Asked, s3Endpoint } from "../../store/s3-endpoint.ts"

/**
 * Both services of EMR, over HTTP, as far as jobs need them: one token starts one run, states are what a test says they are, lists have pages, and
 * answers fail or get lost when a test asks for it.
 */
export interface EmrStandIn {
  readonly endpoint: string
  /** Names of the operations that were asked for, in order. */
  readonly asked: Array<string>
  readonly applications: Map<string, { releaseLabel: string; state: string }>
  readonly runs: Array<StandInRun>
  readonly clusters: Array<StandInCluster>
  /** The next `times` calls of an operation get this answer. Those whose answer is lost take effect all the same. */
  readonly answerNext: (operation: string, answer: Answer, times?: number) => void
}

type Body = Readonly<Record<string, unknown>>

/** A run of EMR Serverless: what was asked for, and where it is. */
export interface StandInRun {
  readonly id: string
  readonly request: Body
  readonly createdAt: number
  state: string
  stateDetails: string
  /** Lists do not tell of it. */
  isForgotten: boolean
}

export interface StandInCluster {
  readonly id: string
  readonly request: Body
  readonly createdAt: number
  state: string
  reason: Body
  readonly steps: Array<{ readonly id: string; readonly request: Body; state: string; details: Body | undefined }>
}

export const aThrottle: Answer = serviceError(400, "ThrottlingException", "Rate exceeded")
export const aBreakdown: Answer = serviceError(500, "InternalServerException", "Something went wrong")
export const lost: Answer = { isLost: true }

/** How both services say that something failed. */
export function serviceError(status: number, name: string, message: string): Answer {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-errortype": name },
    body: JSON.stringify({ __type: name, message })
  }
}

/** @param pageSize what a page of a list has */
export const emrStandIn = (pageSize = 2): Effect.Effect<EmrStandIn, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const answers: Array<{ readonly operation: string; readonly answer: Answer }> = []
    const state: World = {
      now: () => clock.currentTimeMillisUnsafe(),
      pageSize,
      applications: new Map([["app1", { releaseLabel: "emr-7.13.0", state: "STARTED" }]]),
      runs: [],
      clusters: []
    }
    const names: Array<string> = []
    const { endpoint } = yield* s3Endpoint((one) => {
      const target = String(one.headers["x-amz-target"] ?? "").split(".")[1]
      const [operation, answer] = target === undefined ? serverless(state, one) : ec2(state, target, bodyOf(one))
      names.push(operation)
      const at = answers.findIndex((next) => next.operation === operation)
      const [instead] = at < 0 ? [] : answers.splice(at, 1)
      if (instead === undefined) return answer()
      if (instead.answer.isLost === true) answer()
      return instead.answer
    })
    return {
      endpoint,
      asked: names,
      applications: state.applications,
      runs: state.runs,
      clusters: state.clusters,
      answerNext: (operation, answer, times = 1) => {
        for (let i = 0; i < times; i++) answers.push({ operation, answer })
      }
    }
  })

interface World extends Pick<EmrStandIn, "applications" | "runs" | "clusters"> {
  readonly now: () => number
  readonly pageSize: number
}

type Handled = readonly [string, () => Answer]

const bodyOf = ({ body }: Asked): Body => (body.length === 0 ? {} : JSON.parse(body.toString()))
const json = (value: unknown): Answer => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(value) })

/** A page of a list, and where the next begins. */
const pageOf = <A>({ pageSize }: World, all: ReadonlyArray<A>, token: unknown): readonly [ReadonlyArray<A>, string | undefined] => {
  const from = Number(token ?? 0)
  return [all.slice(from, from + pageSize), from + pageSize < all.length ? String(from + pageSize) : undefined]
}

const serverless = (world: World, one: Asked): Handled => {
  const [, id = "", list, runId] = /^\/applications\/([^/]+)(\/jobruns)?(?:\/([^/]+))?$/.exec(one.path) ?? []
  const application = world.applications.get(id)
  const known = (answer: () => Answer) => () =>
    application === undefined ? serviceError(404, "ResourceNotFoundException", `Application ${id} does not exist.`) : answer()
  if (list === undefined) return ["GetApplication", known(() => json({ application: { applicationId: id, name: "shop", ...application } }))]
  if (one.method === "POST") return ["StartJobRun", known(() => startRun(world, id, bodyOf(one)))]
  if (runId === undefined) {
    return [
      "ListJobRuns",
      known(() => {
        const after = one.query.get("createdAtAfter")
        const since = after === null ? Number.NEGATIVE_INFINITY : Date.parse(after)
        const [jobRuns, nextToken] = pageOf(
          world,
          world.runs.filter(({ isForgotten, createdAt }) => !isForgotten && createdAt > since),
          one.query.get("nextToken")
        )
        return json({ jobRuns: jobRuns.map((run) => ({ id: run.id, applicationId: id, ...told(run) })), nextToken })
      })
    ]
  }
  return [
    "GetJobRun",
    known(() => {
      const run = world.runs.find((each) => each.id === runId)
      if (run === undefined) return serviceError(404, "ResourceNotFoundException", `JobRun ${runId} does not exist.`)
      return json({ jobRun: { ...run.request, jobRunId: run.id, applicationId: id, ...told(run) } })
    })
  ]
}

const told = ({ request, createdAt, state, stateDetails }: StandInRun) => ({
  name: request["name"],
  createdAt: createdAt / 1000,
  state,
  stateDetails,
  ...(state === "SUBMITTED" || state === "QUEUED" ? {} : { startedAt: createdAt / 1000 })
})

const startRun = ({ runs, now }: World, applicationId: string, request: Body): Answer => {
  const token = String(request["clientToken"])
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(token)) return serviceError(400, "ValidationException", "clientToken has another form.")
  const same = runs.find((run) => run.request["clientToken"] === token)
  if (same !== undefined && JSON.stringify(same.request) !== JSON.stringify(request))
    return serviceError(409, "ConflictException", "The token was used with other parameters.")
  const run = same ?? { id: `run${runs.length}`, request, createdAt: now(), state: "SUBMITTED", stateDetails: "", isForgotten: false }
  if (same === undefined) runs.push(run)
  return json({ applicationId, jobRunId: run.id, arn: `arn:aws:emr-serverless:eu-west-1:123456789012:/${run.id}` })
}

const ec2 = (world: World, operation: string, body: Body): Handled => [
  operation,
  () => {
    const id = String(body["ClusterId"] ?? body["JobFlowId"])
    const cluster = world.clusters.find((each) => each.id === id)
    switch (operation) {
      case "RunJobFlow": {
        const made: StandInCluster = {
          id: `j-${world.clusters.length}`,
          request: body,
          createdAt: world.now(),
          state: "STARTING",
          reason: {},
          steps: []
        }
        world.clusters.push(made)
        addSteps(made, body)
        return json({ JobFlowId: made.id })
      }
      case "ListClusters": {
        const since = Number(body["CreatedAfter"] ?? Number.NEGATIVE_INFINITY) * 1000
        const states: unknown = body["ClusterStates"]
        const all = world.clusters.filter((each) => Array.isArray(states) && states.includes(each.state) && each.createdAt >= since)
        const [page, Marker] = pageOf(world, all, body["Marker"])
        return json({ Clusters: page.map((each) => ({ Id: each.id, Name: each.request["Name"], Status: statusOf(each) })), Marker })
      }
      case "DescribeCluster":
        if (cluster === undefined) return serviceError(400, "InvalidRequestException", `Cluster id '${id}' is not valid.`)
        return json({
          Cluster: {
            Id: id,
            Name: cluster.request["Name"],
            ReleaseLabel: cluster.request["ReleaseLabel"],
            Tags: cluster.request["Tags"],
            LogUri: cluster.request["LogUri"],
            Status: statusOf(cluster)
          }
        })
      case "AddJobFlowSteps":
        if (cluster === undefined) return serviceError(400, "ValidationException", `Specified job flow ID ${id} not valid`)
        return json({ StepIds: addSteps(cluster, body) })
      case "ListSteps": {
        const [page, Marker] = pageOf(world, [...(cluster?.steps ?? [])].reverse(), body["Marker"])
        return json({ Steps: page.map(stepOf), Marker })
      }
      default:
        return serviceError(400, "UnknownOperationException", operation)
    }
  }
]

const statusOf = ({ state, reason }: StandInCluster) => ({ State: state, StateChangeReason: reason })

const addSteps = (cluster: StandInCluster, { Steps }: Body): ReadonlyArray<string> => {
  const asked: ReadonlyArray<Body> = Array.isArray(Steps) ? Steps : []
  return asked.map((request) => {
    const id = `s-${cluster.steps.length}`
    cluster.steps.push({ id, request, state: "PENDING", details: undefined })
    return id
  })
}

const stepOf = ({ id, request, state, details }: StandInCluster["steps"][number]) => ({
  Id: id,
  Name: request["Name"],
  Config: request["HadoopJarStep"],
  Status: { State: state, FailureDetails: details, Timeline: state === "PENDING" ? {} : { StartDateTime: 1_800_000_000 } }
})
