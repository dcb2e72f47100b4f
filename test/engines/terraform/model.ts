/** What an applied configuration comes to: what there is, and how it is wired, without a word of Terraform. All is named by its ARN. */
import type { Policy } from "./iam.ts"

/** Where what has happened in a bucket is told: an object, by its key. */
export interface Notification {
  readonly kind: "topic" | "queue" | "lambda_function"
  readonly target: string
  readonly events: ReadonlyArray<string>
  readonly prefix: string
  readonly suffix: string
}

export interface Bucket {
  readonly name: string
  readonly arn: string
  /** ARN of the key that encrypts its objects; null: it has no key of its own. */
  readonly key: string | null
  readonly isVersioned: boolean
  readonly isPublicBlocked: boolean
  readonly policy: Policy
  readonly notifications: ReadonlyArray<Notification>
  /** Prefixes whose objects are deleted in time. */
  readonly expires: ReadonlyArray<{ readonly prefix: string; readonly days: number }>
}

export interface Subscription {
  readonly protocol: string
  readonly endpoint: string
  readonly isRaw: boolean
  readonly filter: string | null
  readonly deadLetters: string | null
}

export interface Topic {
  readonly arn: string
  readonly key: string | null
  readonly policy: Policy
  readonly subscriptions: ReadonlyArray<Subscription>
}

export interface Queue {
  readonly arn: string
  readonly url: string
  readonly name: string
  readonly key: string | null
  readonly policy: Policy
  /** Seconds. */
  readonly visibility: number
  readonly retention: number
  readonly redrive: { readonly to: string; readonly after: number } | null
}

export interface DeployedFunction {
  readonly arn: string
  readonly name: string
  /** Of its zip, without folder and ending: which function of Sluice it is. */
  readonly file: string
  readonly role: string
  readonly environment: { readonly [name: string]: string }
  /** Seconds. */
  readonly timeout: number
  readonly memory: number
  /** Of calls that nobody waits for: how often they are tried again, and where they go then. */
  readonly retries: number
  readonly onFailure: string | null
  readonly permissions: ReadonlyArray<{ readonly principal: string; readonly source: string | null; readonly account: string | null }>
}

export interface SourceMapping {
  readonly source: string
  readonly target: string
  readonly isEnabled: boolean
  readonly batchSize: number
  /** Seconds. */
  readonly window: number
  readonly reportsItems: boolean
  readonly concurrency: number | null
  readonly startingPosition: string | null
  readonly parallelization: number
  readonly retries: number
  readonly bisects: boolean
  readonly tumbling: number
  readonly onFailure: string | null
}

export interface DeliveryStream {
  readonly arn: string
  readonly name: string
  readonly role: string
  readonly bucket: string
  readonly prefix: string
  readonly errorPrefix: string
  readonly extension: string
  readonly bufferMegabytes: number
  readonly bufferSeconds: number
  readonly compression: string
  /** Table of Glue by which JSON becomes Parquet; null: nothing is converted. */
  readonly table: { readonly database: string; readonly name: string; readonly role: string; readonly version: string } | null
  readonly isEncrypted: boolean
}

export interface Table {
  readonly database: string
  readonly name: string
  readonly location: string
  readonly parameters: { readonly [name: string]: string }
  readonly partitionKeys: ReadonlyArray<{ readonly Name: string; readonly Type: string }>
  readonly columns: ReadonlyArray<{ readonly Name: string; readonly Type: string }>
}

export interface Rule {
  readonly arn: string
  readonly name: string
  readonly isEnabled: boolean
  readonly schedule: string | null
  readonly pattern: string | null
  readonly targets: ReadonlyArray<{
    readonly arn: string
    readonly role: string | null
    readonly input: string | null
    readonly deadLetters: string | null
    readonly retries: number
    /** Task definition that is run on a cluster. */
    readonly task: string | null
  }>
}

export interface Role {
  readonly arn: string
  readonly name: string
  readonly trust: Policy
  readonly policy: Policy
  /** Policies of AWS's own, which a state does not hold. */
  readonly foreign: ReadonlyArray<string>
}

export interface Task {
  readonly arn: string
  readonly family: string
  readonly role: string | null
  readonly executionRole: string | null
  readonly containers: ReadonlyArray<{
    readonly name: string
    readonly command: ReadonlyArray<string>
    readonly environment: { readonly [name: string]: string }
    /** ARNs of secrets, by the variables that they become. */
    readonly secrets: { readonly [name: string]: string }
    readonly stopTimeout: number | null
    readonly hasHealthCheck: boolean
  }>
}

export interface Service {
  readonly arn: string
  readonly name: string
  readonly task: string
  readonly tasks: number
}

export interface Stream {
  readonly arn: string
  readonly name: string
  readonly key: string | null
  readonly isOnDemand: boolean
  readonly retentionHours: number
}

export interface Alarm {
  readonly name: string
  readonly metric: string | null
  readonly dimensions: { readonly [name: string]: string }
  readonly actions: ReadonlyArray<string>
}

export interface Deployed {
  readonly account: string
  readonly region: string
  readonly buckets: ReadonlyMap<string, Bucket>
  readonly topics: ReadonlyMap<string, Topic>
  readonly queues: ReadonlyMap<string, Queue>
  readonly functions: ReadonlyMap<string, DeployedFunction>
  readonly mappings: ReadonlyArray<SourceMapping>
  readonly streams: ReadonlyMap<string, Stream>
  readonly deliveryStreams: ReadonlyMap<string, DeliveryStream>
  /** Of Glue. */
  readonly databases: ReadonlyArray<string>
  readonly tables: ReadonlyArray<Table>
  readonly rules: ReadonlyArray<Rule>
  readonly roles: ReadonlyMap<string, Role>
  readonly tasks: ReadonlyMap<string, Task>
  readonly services: ReadonlyArray<Service>
  readonly applications: ReadonlyArray<string>
  /** Documents of keys. */
  readonly keys: ReadonlyMap<string, Policy>
  readonly alarms: ReadonlyArray<Alarm>
}
