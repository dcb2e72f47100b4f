import { awsKinesis } from "../stream/kinesis/aws-kinesis.ts"
import type { Values } from "./settings.ts"

/** Kinesis, where the settings say that it is. */
export const kinesisOf = ({ region, endpoint }: Values<"region" | "endpoint">) =>
  awsKinesis({ region: region ?? undefined, endpoint: endpoint ?? undefined })
