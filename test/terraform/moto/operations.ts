/** Roles, log groups, alarms, keys, repositories: what is around the data. */
import type { Makers } from "./maker.ts"
import type { Aws } from "./requests.ts"

const iam = (aws: Aws, action: string, parameters: Readonly<Record<string, string>>) => aws.form("iam", "2010-05-08", action, parameters)
const logs = (aws: Aws, action: string, body: object) => aws.json("logs", "1.1", `Logs_20140328.${action}`, body)
const kms = (aws: Aws, action: string, body: object) => aws.json("kms", "1.1", `TrentService.${action}`, body)
const ecr = (aws: Aws, action: string, body: object) => aws.json("ecr", "1.1", `AmazonEC2ContainerRegistry_V20150921.${action}`, body)

export const operations: Makers = {
  aws_iam_role: {
    make: (aws, resource) =>
      iam(aws, "CreateRole", {
        RoleName: resource.text("name"),
        Path: resource.optional("path") ?? "/",
        AssumeRolePolicyDocument: resource.text("assume_role_policy")
      }),
    change: (aws, resource) =>
      iam(aws, "UpdateAssumeRolePolicy", { RoleName: resource.text("name"), PolicyDocument: resource.text("assume_role_policy") }),
    remove: (aws, resource) => iam(aws, "DeleteRole", { RoleName: resource.text("name") }),
    find: (aws, resource) => iam(aws, "GetRole", { RoleName: resource.text("name") })
  },
  aws_iam_role_policy: {
    make: (aws, resource) =>
      iam(aws, "PutRolePolicy", {
        RoleName: resource.text("role"),
        PolicyName: resource.text("name"),
        PolicyDocument: resource.text("policy")
      }),
    remove: (aws, resource) => iam(aws, "DeleteRolePolicy", { RoleName: resource.text("role"), PolicyName: resource.text("name") })
  },
  aws_cloudwatch_log_group: {
    make: async (aws, resource) => {
      await logs(aws, "CreateLogGroup", { logGroupName: resource.text("name") })
      const days = resource.number("retention_in_days") ?? 0
      if (days > 0) await logs(aws, "PutRetentionPolicy", { logGroupName: resource.text("name"), retentionInDays: days })
    },
    change: async (aws, resource) => {
      const days = resource.number("retention_in_days") ?? 0
      if (days > 0) await logs(aws, "PutRetentionPolicy", { logGroupName: resource.text("name"), retentionInDays: days })
    },
    remove: (aws, resource) => logs(aws, "DeleteLogGroup", { logGroupName: resource.text("name") })
  },
  aws_kms_key: {
    make: async (aws, resource) => {
      const { KeyMetadata } = await kms(aws, "CreateKey", {
        Description: resource.optional("description"),
        Policy: resource.optional("policy")
      })
      const { KeyId, Arn } = KeyMetadata as Readonly<Record<string, string>>
      if (KeyId === undefined || Arn === undefined) throw new Error("the answer has no key")
      if (resource.flag("enable_key_rotation") === true) await kms(aws, "EnableKeyRotation", { KeyId })
      return { id: KeyId, key_id: KeyId, arn: Arn }
    },
    chosen: ["id", "key_id", "arn"],
    change: (aws, resource) =>
      kms(aws, "PutKeyPolicy", { KeyId: resource.text("key_id"), PolicyName: "default", Policy: resource.text("policy") }),
    remove: (aws, resource) => kms(aws, "ScheduleKeyDeletion", { KeyId: resource.text("key_id"), PendingWindowInDays: 7 })
  },
  aws_kms_alias: {
    make: (aws, resource) => kms(aws, "CreateAlias", { AliasName: resource.text("name"), TargetKeyId: resource.text("target_key_id") }),
    change: (aws, resource) => kms(aws, "UpdateAlias", { AliasName: resource.text("name"), TargetKeyId: resource.text("target_key_id") }),
    remove: (aws, resource) => kms(aws, "DeleteAlias", { AliasName: resource.text("name") })
  },
  aws_ecr_repository: {
    make: async (aws, resource) => {
      await ecr(aws, "CreateRepository", {
        repositoryName: resource.text("name"),
        imageTagMutability: resource.optional("image_tag_mutability")
      })
    },
    change: async () => undefined,
    remove: (aws, resource) => ecr(aws, "DeleteRepository", { repositoryName: resource.text("name"), force: true }),
    find: (aws, resource) => ecr(aws, "DescribeRepositories", { repositoryNames: [resource.text("name")] })
  }
}
