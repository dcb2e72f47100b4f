import {
  AddJobFlowStepsCommand,
  type AddJobFlowStepsCommandInput,
  DescribeClusterCommand,
  type DescribeClusterCommandInput,
  EMRClient,
  type EMRClientConfig,
  ListClustersCommand,
  type ListClustersCommandInput,
  ListStepsCommand,
  type ListStepsCommandInput,
  RunJobFlowCommand,
  type RunJobFlowCommandInput
} from "@aws-sdk/client-emr"
import type { Abort } from "../../record/aws-call.ts"

/**
 * The calls of EMR that are made for jobs.
 * A bundle has these, and nothing else of the SDK: a new one is named here.
 */
export const openEmrSdk = (config: EMRClientConfig) => {
  const client = new EMRClient(config)
  return {
    addJobFlowSteps: (input: AddJobFlowStepsCommandInput, abort: Abort) => client.send(new AddJobFlowStepsCommand(input), abort),
    describeCluster: (input: DescribeClusterCommandInput, abort: Abort) => client.send(new DescribeClusterCommand(input), abort),
    listClusters: (input: ListClustersCommandInput, abort: Abort) => client.send(new ListClustersCommand(input), abort),
    listSteps: (input: ListStepsCommandInput, abort: Abort) => client.send(new ListStepsCommand(input), abort),
    runJobFlow: (input: RunJobFlowCommandInput, abort: Abort) => client.send(new RunJobFlowCommand(input), abort),
    destroy: () => client.destroy()
  }
}

export type EMR = ReturnType<typeof openEmrSdk>
