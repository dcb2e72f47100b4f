import {
  AbortMultipartUploadCommand,
  type AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  type DeleteObjectsCommandInput,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  type HeadObjectCommandInput,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
  type UploadPartCommandInput
} from "@aws-sdk/client-s3"
import type { Abort } from "../record/aws-call.ts"

/**
 * The calls of S3 that a store makes.
 * A bundle has these, and nothing else of the SDK: a new one is named here.
 */
export const openS3 = (config: S3ClientConfig) => {
  const client = new S3Client(config)
  return {
    abortMultipartUpload: (input: AbortMultipartUploadCommandInput, abort: Abort) =>
      client.send(new AbortMultipartUploadCommand(input), abort),
    completeMultipartUpload: (input: CompleteMultipartUploadCommandInput, abort: Abort) =>
      client.send(new CompleteMultipartUploadCommand(input), abort),
    createMultipartUpload: (input: CreateMultipartUploadCommandInput, abort: Abort) =>
      client.send(new CreateMultipartUploadCommand(input), abort),
    deleteObject: (input: DeleteObjectCommandInput, abort: Abort) => client.send(new DeleteObjectCommand(input), abort),
    deleteObjects: (input: DeleteObjectsCommandInput, abort: Abort) => client.send(new DeleteObjectsCommand(input), abort),
    getObject: (input: GetObjectCommandInput, abort: Abort) => client.send(new GetObjectCommand(input), abort),
    headObject: (input: HeadObjectCommandInput, abort: Abort) => client.send(new HeadObjectCommand(input), abort),
    listMultipartUploads: (input: ListMultipartUploadsCommandInput, abort: Abort) =>
      client.send(new ListMultipartUploadsCommand(input), abort),
    listObjectsV2: (input: ListObjectsV2CommandInput, abort: Abort) => client.send(new ListObjectsV2Command(input), abort),
    putObject: (input: PutObjectCommandInput, abort: Abort) => client.send(new PutObjectCommand(input), abort),
    uploadPart: (input: UploadPartCommandInput, abort: Abort) => client.send(new UploadPartCommand(input), abort),
    destroy: () => client.destroy()
  }
}

export type S3 = ReturnType<typeof openS3>

export { NodeHttpHandler } from "@smithy/node-http-handler"
