import { Cause, Clock, Effect, Exit, Queue } from "effect"
import { streamConsumer } from "../../src/app/consume-stream.ts"
import { Store } from "../../src/store/store.ts"
import type { KinesisApi } from "../../src/stream/kinesis/api.ts"
import type { Told } from "./mapping.ts"
import { type ProcessWorld, SimulatedProcess } from "./process.ts"
import { storeOf } from "./programs.ts"
import type { WorldSettings } from "./settings.ts"
import { decodeSettings, type SimulatedDataset } from "./shape.ts"
import type { Ground } from "./world.ts"

export interface FunctionsSettings {
  /** Milliseconds after which a process is ended that has not answered. */
  readonly timeout: number
  /** Share of events that meet a process which was there before, where one is idle. */
  readonly warm: number
}

interface Request {
  readonly event: unknown
  readonly deadline: number
  readonly tell: (told: Told) => void
}

/** A process of a function, which handles one event at a time. */
interface Environment {
  readonly process: SimulatedProcess
  readonly requests: Queue.Queue<Request>
  /** Ends what it is at, by what became of it; null: it is idle. */
  current: ((told: Told) => void) | null
}

/** The part of an answer's time that is left to the shell around a function. */
const keptShare = 0.2

/**
 * The processes in which Lambda runs a function, here `consumeStream`: one is started where no idle one is taken, and ended where it has not answered in time, while
 * its calls may still take effect. One that is idle stands still, for as long as nobody needs it.
 */
export class Functions {
  readonly #ground: Ground<WorldSettings>
  readonly #settings: FunctionsSettings
  readonly #dataset: SimulatedDataset
  readonly #api: (process: SimulatedProcess) => KinesisApi
  readonly #world: ProcessWorld
  readonly #died: (name: string, cause: Cause.Cause<unknown>) => void
  readonly #environments = new Set<Environment>()
  started = 0
  timeouts = 0

  constructor(
    ground: Ground<WorldSettings>,
    settings: FunctionsSettings,
    dataset: SimulatedDataset,
    api: (process: SimulatedProcess) => KinesisApi,
    world: ProcessWorld,
    died: (name: string, cause: Cause.Cause<unknown>) => void
  ) {
    this.#ground = ground
    this.#settings = settings
    this.#dataset = dataset
    this.#api = api
    this.#world = world
    this.#died = died
  }

  get areIdle(): boolean {
    return [...this.#environments].every(({ current }) => current === null)
  }

  /** Any process that handles an event. */
  any(): SimulatedProcess | undefined {
    const busy = [...this.#environments].filter(({ current }) => current !== null)
    return busy[this.#ground.random.below(busy.length)]?.process
  }

  /** Hands an event to a process. */
  invoke(event: unknown, tell: ((told: Told) => void) | null): void {
    const { faults, random, time } = this.#ground
    const idle = [...this.#environments].filter(({ current }) => current === null)
    const environment = random.chance(this.#settings.warm) ? (idle[random.below(idle.length)] ?? this.#start()) : this.#start()
    const { process, requests } = environment
    const cancel = time.at(time.now + this.#settings.timeout, () => {
      this.timeouts++
      process.crash()
    })
    environment.current = (told) => {
      environment.current = null
      cancel()
      if (tell !== null) time.at(time.now + faults.latency(), () => tell(told))
    }
    const request = { event, deadline: this.#settings.timeout * (1 - keptShare), tell: (told: Told) => environment.current?.(told) }
    process.signal(() => Queue.offerUnsafe(requests, request))
  }

  #start(): Environment {
    const process = new SimulatedProcess(`${this.#dataset.stream} function #${++this.started}`, this.#ground.random.uint32(), this.#world)
    const environment: Environment = { process, requests: Effect.runSync(Queue.unbounded<Request>()), current: null }
    this.#environments.add(environment)
    process.start(this.#program(environment), (exit) => {
      this.#environments.delete(environment)
      if (exit !== null && Exit.isFailure(exit)) this.#died(process.name, exit.cause)
      environment.current?.({ kind: "failed", why: "the process has ended" })
    })
    return environment
  }

  /** What a process runs: the function itself, with a simulated world in place of what it reaches. */
  #program({ process, requests }: Environment) {
    const { contract, stream } = this.#dataset
    const consumer = streamConsumer({ contract, decode: decodeSettings, stream, api: Effect.succeed(this.#api(process)) })
    return Effect.gen(function* () {
      for (;;) {
        const { event, deadline, tell } = yield* Queue.take(requests)
        const now = yield* Clock.currentTimeMillis
        const exit = yield* Effect.exit(consumer.consume(event, now + deadline, () => Effect.void))
        if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) return yield* exit
        tell(Exit.isSuccess(exit) ? { kind: "answer", answer: exit.value } : { kind: "failed", why: Cause.pretty(exit.cause) })
      }
    }).pipe(Effect.provideService(Store, storeOf(process, this.#ground)))
  }
}
