import {
  EMRServerlessClient,
  type EMRServerlessClientConfig,
  GetApplicationCommand,
  type GetApplicationCommandInput,
  GetJobRunCommand,
  type GetJobRunCommandInput,
  ListJobRunsCommand,
  type ListJobRunsCommandInput,
  StartJobRunCommand,
  type StartJobRunCommandInput
} from "@aws-sdk/client-emr-serverless"
import type { Abort } from "../../record/aws-call.ts"

/**
 * The calls of EMR Serverless that are made for jobs.
 * A bundle has these, and nothing else of the SDK: a new one is named here.
 */
export const openServerlessSdk = (config: EMRServerlessClientConfig) => {
  const client = new EMRServerlessClient(config)
  return {
    getApplication: (input: GetApplicationCommandInput, abort: Abort) => client.send(new GetApplicationCommand(input), abort),
    getJobRun: (input: GetJobRunCommandInput, abort: Abort) => client.send(new GetJobRunCommand(input), abort),
    listJobRuns: (input: ListJobRunsCommandInput, abort: Abort) => client.send(new ListJobRunsCommand(input), abort),
    startJobRun: (input: StartJobRunCommandInput, abort: Abort) => client.send(new StartJobRunCommand(input), abort),
    destroy: () => client.destroy()
  }
}

export type EMRServerless = ReturnType<typeof openServerlessSdk>
