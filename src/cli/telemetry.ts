import { Layer } from "effect"
import { exporters } from "../app/collector.ts"
import type { BadConfig } from "../app/failures.ts"
import type { Values } from "../app/settings.ts"
import type { Store } from "../store/store.ts"
import { processMetrics, serveMetrics } from "./metrics-server.ts"
import type { Shutdown } from "./shutdown.ts"

/**
 * What a running command shows of itself, as the settings say: metrics for Prometheus to scrape, metrics and logs for an OpenTelemetry
 * collector. None of it can stop or delay the data; a collector that does not answer costs a second or two when the command ends.
 *
 * Fails with `BadConfig` where the port is taken, or what the environment says for the collector cannot be used.
 */
export const telemetry = ({ metricsPort, otlp }: Values<"metricsPort" | "otlp">): Layer.Layer<never, BadConfig, Shutdown | Store> =>
  Layer.mergeAll(
    metricsPort === null && otlp === null ? Layer.empty : Layer.effectDiscard(processMetrics),
    metricsPort === null ? Layer.empty : Layer.effectDiscard(serveMetrics(metricsPort)),
    otlp === null ? Layer.empty : exporters(otlp)
  )
