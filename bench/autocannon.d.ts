/** As much of autocannon as benches use; the package brings no types. */
declare module "autocannon" {
  interface Options {
    readonly url: string
    readonly connections: number
    /** Seconds. */
    readonly duration: number
    readonly requests: ReadonlyArray<{ readonly method: "POST"; readonly headers: Readonly<Record<string, string>>; readonly body: string }>
  }
  interface Result {
    /** Seconds. */
    readonly duration: number
    /** Milliseconds. */
    readonly latency: { readonly p50: number; readonly p99: number }
    readonly statusCodeStats?: { readonly [status: string]: { readonly count: number } }
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
