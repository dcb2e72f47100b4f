import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError } from "effect/http"
import { OtlpExporter, OtlpLogger, OtlpMetrics, OtlpSerialization } from "effect/observability"

/** How long one request to a collector may take. Without a limit, one that never answers would let what waits grow for ever. */
const requestMillis = 3_000
/** How long the last request may take when the command ends; logs and metrics each have one. */
const lastMillis = 800

/** What tells the senders of one collector apart. */
export interface Sender {
  readonly headers: { readonly [name: string]: string }
  readonly resource: {
    readonly serviceName: string
    readonly serviceVersion: string
    readonly attributes: { readonly [name: string]: string }
  }
}

/** Exporters of metrics and logs to the collector at a URL, and what makes them send at once. */
export const otlpExporters = (collector: string, sender: Sender): Layer.Layer<OtlpExporter.Flusher> => {
  const base = collector.replace(/\/+$/, "")
  const shared = { ...sender, shutdownTimeout: lastMillis }
  return Layer.merge(
    OtlpMetrics.layer({ ...shared, url: `${base}/v1/metrics` }),
    OtlpLogger.layer({ ...shared, url: `${base}/v1/logs` })
  ).pipe(Layer.provide(Layer.merge(OtlpSerialization.layerJson, client)))
}

export const flushOtlp: Effect.Effect<Effect.Effect<void>, never, OtlpExporter.Flusher> = Effect.map(
  OtlpExporter.Flusher,
  ({ flush }) => flush
)

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
