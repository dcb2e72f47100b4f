import { Config, Context, Effect, Layer, Schema } from "effect"
import { randomUuid } from "../record/random.ts"
import { version } from "../record/version.ts"
import { BadConfig } from "./failures.ts"

/** Headers for a collector, as the environment says them. */
export const collectorHeaders: Effect.Effect<{ readonly [name: string]: string }, BadConfig> = Config.Record(
  Schema.String,
  Schema.StringFromUriComponent,
  "OTEL_EXPORTER_OTLP_HEADERS"
).pipe(
  Config.withDefault({}),
  Effect.mapError(
    () => new BadConfig({ problem: "OTEL_EXPORTER_OTLP_HEADERS cannot be used", hint: "Give name=value,name=value, or unset it." })
  )
)

/** Sends what waits for the collector, for who may be stopped before it would be sent by itself. Nothing waits where there is none. Never fails. */
export const FlushCollector = Context.Reference<Effect.Effect<void>>("sluice/FlushCollector", { defaultValue: () => Effect.void })

/** Sends metrics and logs to a collector, over HTTP with JSON. What it does not take is dropped. */
export const exporters = (collector: string): Layer.Layer<never, BadConfig> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const headers = yield* collectorHeaders
      // The exporters read it themselves, where what they cannot read would be a defect: read here as they do, and left to them.
      yield* Config.Record(Schema.StringFromUriComponent, Schema.StringFromUriComponent, "OTEL_RESOURCE_ATTRIBUTES", {
        trim: true,
        keepEmptyValues: true
      }).pipe(
        Config.withDefault({}),
        Effect.mapError(
          () =>
            new BadConfig({
              problem: "OTEL_RESOURCE_ATTRIBUTES cannot be used",
              hint: "Give name=value,name=value with other characters percent-encoded (% as %25), or unset it."
            })
        )
      )
      const serviceName = yield* Config.String("OTEL_SERVICE_NAME").pipe(Config.withDefault("sluice"), Effect.orDie)
      // Workers count each for themselves.
      const resource = { serviceName, serviceVersion: version, attributes: { "service.instance.id": yield* randomUuid } }
      // Not at the top: whoever tells no collector does not wait for it.
      const { flushOtlp, otlpExporters } = yield* Effect.promise(() => import("./otlp.ts"))
      return Layer.effect(FlushCollector, flushOtlp).pipe(Layer.provideMerge(otlpExporters(collector, { headers, resource })))
    })
  )
