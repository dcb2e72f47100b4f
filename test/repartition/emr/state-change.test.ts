import { expect, it } from "vitest"
import { stateChangeIn } from "../../../src/repartition/emr/state-change.ts"

const event = (source: string, detail: unknown) => ({ version: "0", "detail-type": "…", source, detail })

it.each([
  [
    event("aws.emr-serverless", { jobRunId: "run1", applicationId: "app1", state: "RUNNING" }),
    { of: "run1", state: "RUNNING", isEnd: false }
  ],
  [event("aws.emr-serverless", { jobRunId: "run1", state: "SUCCESS" }), { of: "run1", state: "SUCCESS", isEnd: true }],
  [event("aws.emr-serverless", { jobRunId: "run1", state: "CANCELLED" }), { of: "run1", state: "CANCELLED", isEnd: true }],
  [event("aws.emr", { stepId: "s-1", clusterId: "j-1", state: "COMPLETED" }), { of: "s-1", state: "COMPLETED", isEnd: true }],
  [event("aws.emr", { stepId: "s-1", clusterId: "j-1", state: "PENDING" }), { of: "s-1", state: "PENDING", isEnd: false }],
  [event("aws.emr", { clusterId: "j-1", state: "WAITING" }), { of: "j-1", state: "WAITING", isEnd: false }],
  [event("aws.emr", { clusterId: "j-1", state: "TERMINATED_WITH_ERRORS" }), { of: "j-1", state: "TERMINATED_WITH_ERRORS", isEnd: true }],
  // What EMR may say one day is no end.
  [event("aws.emr", { clusterId: "j-1", state: "RESTING" }), { of: "j-1", state: "RESTING", isEnd: false }],
  [event("aws.ec2", { clusterId: "j-1", state: "terminated" }), null],
  [event("aws.emr", { clusterId: "j-1" }), null],
  [event("aws.emr", null), null],
  [event("aws.emr-serverless", { clusterId: "j-1", state: "FAILED" }), null],
  [null, null],
  [["aws.emr"], null],
  ["aws.emr", null]
])("reads the change of state in an event", (given, expected) => {
  expect(stateChangeIn(given)).toEqual(expected)
})
