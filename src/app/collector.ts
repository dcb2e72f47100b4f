import { Config, Context, Effect, Layer, Schema } from "effect"
import { randomUuid } from "../record/random.ts"
import { version } from "../record/version.ts"
import { BadConfig } from "./failures.ts"

/** How long one request to a collector may take. Without a limit, one that never answers would let what waits grow for ever. */
const requestMillis = 3_000
/** How long the last request may take when the command ends; logs and metrics each have one. */
const lastMillis = 800

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
      const { OtlpExporter, OtlpLogger, OtlpMetrics, OtlpSerialization } = yield* Effect.promise(() => import("effect/observability"))
      const { FetchHttpClient, HttpClient, HttpClientError } = yield* Effect.promise(() => import("effect/http"))
      const client = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, (client) =>
          HttpClient.transform(client, (response, request) =>
            // With its body: a collector may stop in the middle of its answer.
            Effect.tap(response, (answer) => Effect.ignore(answer.arrayBuffer)).pipe(
              Effect.timeoutOrElse({
                duration: requestMillis,
                orElse: () =>
                  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description: "no answer" }) })
              })
            )
          )
        )
      ).pipe(Layer.provide(FetchHttpClient.layer))
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
      const base = collector.replace(/\/+$/, "")
      const serviceName = yield* Config.String("OTEL_SERVICE_NAME").pipe(Config.withDefault("sluice"), Effect.orDie)
      const shared = {
        headers,
        shutdownTimeout: lastMillis,
        // Workers count each for themselves.
        resource: { serviceName, serviceVersion: version, attributes: { "service.instance.id": yield* randomUuid } }
      }
      const flush = Layer.effect(
        FlushCollector,
        Effect.map(OtlpExporter.Flusher, (flusher) => flusher.flush)
      )
      return Layer.mergeAll(
        flush,
        OtlpMetrics.layer({ ...shared, url: `${base}/v1/metrics` }),
        OtlpLogger.layer({ ...shared, url: `${base}/v1/logs` })
      ).pipe(Layer.provide(Layer.mergeAll(OtlpExporter.layerFlusher, OtlpSerialization.layerJson, client)))
    })
  )
