import { Config, Effect, Layer, Schema } from "effect"
import { BadConfig } from "../app/failures.ts"
import type { Values } from "../app/settings.ts"
import { randomUuid } from "../record/random.ts"
import { type Report, type RunEvent, sumOf } from "../record/report.ts"
import { version } from "../record/version.ts"
import type { Store } from "../store/store.ts"
import { processMetrics, serveMetrics } from "./metrics-server.ts"

/**
 * What a running command shows of itself, as the settings say: metrics for Prometheus to scrape, metrics and logs for an OpenTelemetry
 * collector. None of it can stop or delay the data; a collector that does not answer costs a second or two when the command ends.
 *
 * Fails with `BadConfig` where the port is taken, or what the environment says for the collector cannot be used.
 */
export const telemetry = ({ metricsPort, otlp }: Values<"metricsPort" | "otlp">): Layer.Layer<never, BadConfig, Store> =>
  Layer.mergeAll(
    metricsPort === null && otlp === null ? Layer.empty : Layer.effectDiscard(processMetrics),
    metricsPort === null ? Layer.empty : Layer.effectDiscard(serveMetrics(metricsPort)),
    otlp === null ? Layer.empty : exporters(otlp)
  )

/** One line of the log for the commit of a batch or a repartition, and one for a run that failed. */
export const logEvent = (event: RunEvent): Effect.Effect<void> => {
  switch (event.event) {
    case "start":
      return Effect.void
    case "fail":
      // What ends the process says so itself; a batch that is given up to another process is no error.
      return Effect.logWarning(`${event.kind} failed: ${event.message}`, { dataset: event.dataset, runId: event.runId })
    case "complete": {
      const { report, outputs } = event
      const [output] = outputs
      // A batch is begun long before it is full.
      const took = Date.parse(event.at) - Date.parse(report.startedAt)
      return Effect.logInfo(`${report.kind} committed`, {
        dataset: report.dataset,
        ...(output === undefined ? {} : { table: output.path, version: output.version }),
        ...countsOf(report),
        ...(report.kind === "batch" ? { shards: report.shards.length, rotation: report.rotation } : {}),
        files: report.files,
        fileBytes: report.fileBytes,
        ...(event.commitMillis === undefined ? { millis: took } : { millis: event.commitMillis, ageMillis: took }),
        runId: report.runId
      })
    }
  }
}

const countsOf = (report: Report) => {
  switch (report.kind) {
    case "maintain":
      return { filesBefore: report.filesBefore }
    case "repartition":
      return { rows: report.rowsAdded, duplicates: report.duplicates, days: report.days.length }
    default: {
      const { records, rows, deadLetters, bytes } = report.counts
      return { records, rows, deadLetters: sumOf(deadLetters), bytes }
    }
  }
}

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

/** Sends metrics and logs to a collector, over HTTP with JSON. What it does not take is dropped. */
const exporters = (collector: string): Layer.Layer<never, BadConfig> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { OtlpLogger, OtlpMetrics, OtlpSerialization } = yield* Effect.promise(() => import("effect/observability"))
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
      return Layer.merge(
        OtlpMetrics.layer({ ...shared, url: `${base}/v1/metrics` }),
        OtlpLogger.layer({ ...shared, url: `${base}/v1/logs` })
      ).pipe(Layer.provide(Layer.merge(OtlpSerialization.layerJson, client)))
    })
  )
