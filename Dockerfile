# The consumer as an image: docker build -t sluice . && docker run -e SLUICE_LAKE=s3://my-lake/shop sluice run --source kinesis --stream shop-events
# It serves /healthz, /readyz and /metrics at port 9464, or where SLUICE_METRICS_PORT says, and logs JSON. SIGTERM finishes the batch: give it time to (docker stop -t 120).
FROM node:24-slim
WORKDIR /sluice
COPY package.json package-lock.json LICENSE ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY src src
COPY schemas schemas
USER node
ENV NODE_COMPILE_CACHE=/tmp/sluice-compiled SLUICE_LOG_FORMAT=json SLUICE_METRICS_PORT=9464
EXPOSE 9464
# The only place that is written to. What an orchestrator mounts there, with a root file system that is read only, belongs to root unless the image says that it is a volume.
VOLUME /tmp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["node", "-e", "const [, host = 'localhost', port] = /^(?:\\[?(.+?)\\]?:)?(\\d+)$/.exec((process.env.SLUICE_METRICS_PORT ?? '').trim()) ?? []; if (Number(port) > 0) fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/sluice/src/sluice"]
CMD ["run"]
