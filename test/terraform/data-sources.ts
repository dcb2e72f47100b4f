/** What data sources answer: a small account, always the same. */
import { type Configured, emptyOf } from "./plan.ts"
import { policyDocument } from "./policy-document.ts"
import type { Block } from "./schema.ts"
import type { Fields, Value } from "./wire/msgpack.ts"

type Answer = (config: Fields, configured: Configured) => Fields

const text = (value: Value | undefined, otherwise: string): string => (typeof value === "string" && value !== "" ? value : otherwise)
const digits = (letter: string) => letter.repeat(17)
const vpc = `vpc-${digits("0")}`
const subnets = ["a", "b"].map((letter) => `subnet-${digits(letter)}`)
const arn = (service: string, rest: string, { region, account }: Configured) => `arn:aws:${service}:${region}:${account}:${rest}`

const answers: Readonly<Record<string, Answer>> = {
  aws_iam_policy_document: policyDocument,
  aws_caller_identity: (_, { account }) => ({
    id: account,
    account_id: account,
    arn: `arn:aws:iam::${account}:user/deployer`,
    user_id: "AIDACKCEVSQ6C2EXAMPLE"
  }),
  aws_region: (config, { region: configured }) => {
    const region = text(config["region"] ?? config["name"], configured)
    return { id: region, region, name: region, description: "", endpoint: `ec2.${region}.amazonaws.com` }
  },
  aws_partition: () => ({ id: "aws", partition: "aws", dns_suffix: "amazonaws.com", reverse_dns_prefix: "com.amazonaws" }),
  aws_default_tags: (_, { defaultTags }) => ({ id: "default", tags: defaultTags }),
  aws_service_principal: (config) => {
    const name = `${text(config["service_name"], "")}.amazonaws.com`
    return { id: name, name, suffix: "amazonaws.com" }
  },
  aws_availability_zones: (_, { region }) => ({
    id: region,
    names: ["a", "b", "c"].map((letter) => region + letter),
    zone_ids: ["az1", "az2", "az3"],
    group_names: [region]
  }),
  aws_vpc: ({ id = null }, configured) => ({
    id: text(id, vpc),
    arn: arn("ec2", `vpc/${text(id, vpc)}`, configured),
    cidr_block: "172.31.0.0/16",
    default: true,
    enable_dns_support: true,
    enable_dns_hostnames: true,
    instance_tenancy: "default",
    main_route_table_id: `rtb-${digits("0")}`,
    owner_id: configured.account,
    state: "available"
  }),
  aws_vpcs: (_, { region }) => ({ id: region, ids: [vpc] }),
  aws_subnets: (_, { region }) => ({ id: region, ids: subnets }),
  aws_subnet: ({ id = null, vpc_id = null }, configured) => ({
    id: text(id, subnets[0] ?? ""),
    arn: arn("ec2", `subnet/${text(id, subnets[0] ?? "")}`, configured),
    vpc_id: text(vpc_id, vpc),
    cidr_block: "172.31.0.0/20",
    availability_zone: `${configured.region}a`,
    state: "available"
  }),
  aws_route_tables: (_, { region }) => ({ id: region, ids: [`rtb-${digits("0")}`] }),
  aws_security_group: ({ id = null }, configured) => ({
    id: text(id, `sg-${digits("0")}`),
    arn: arn("ec2", `security-group/${text(id, `sg-${digits("0")}`)}`, configured),
    vpc_id: vpc,
    name: "default"
  }),
  aws_ec2_managed_prefix_list: ({ name = null }, configured) => ({
    id: "pl-63a5400a",
    arn: arn("ec2", "prefix-list/pl-63a5400a", configured),
    name: text(name, `com.amazonaws.${configured.region}.s3`),
    address_family: "IPv4",
    owner_id: "AWS"
  }),
  aws_prefix_list: ({ name = null }, { region }) => ({
    id: "pl-63a5400a",
    name: text(name, `com.amazonaws.${region}.s3`),
    cidr_blocks: ["52.216.0.0/15"]
  }),
  aws_s3_bucket: (config, { region }) => {
    const bucket = text(config["bucket"], "")
    return {
      id: bucket,
      arn: `arn:aws:s3:::${bucket}`,
      bucket_domain_name: `${bucket}.s3.amazonaws.com`,
      bucket_regional_domain_name: `${bucket}.s3.${region}.amazonaws.com`,
      bucket_region: region
    }
  },
  aws_secretsmanager_secret: ({ arn: given = null, name = null }, configured) => {
    const secret = text(given, arn("secretsmanager", `secret:${text(name, "secret")}-AbCdEf`, configured))
    return { id: secret, arn: secret, name: text(name, secret.replace(/^.*:secret:|-\w{6}$/g, "")) }
  },
  aws_kms_alias: ({ name = "" }, configured) => {
    const key = "00000000-0000-4000-8000-000000000000"
    const alias = arn("kms", String(name), configured)
    return { id: alias, arn: alias, target_key_id: key, target_key_arn: arn("kms", `key/${key}`, configured) }
  },
  aws_iam_role: ({ name = null }, { account }) => ({
    id: name,
    arn: `arn:aws:iam::${account}:role/${text(name, "")}`,
    unique_id: "AROAEXAMPLE",
    path: "/"
  }),
  aws_iam_policy: ({ arn: given = null, name = null }, { account }) => {
    const policy = text(given, `arn:aws:iam::${account}:policy/${text(name, "policy")}`)
    return { id: policy, arn: policy, name: text(name, policy.slice(policy.lastIndexOf("/") + 1)) }
  }
}

/**
 * Reads a data source. What the account has nothing of is empty.
 *
 * @throws where there is no answer for this type: it is to be added above, since an empty one would be taken for AWS's
 */
export const readData = (type: string, block: Block, config: Fields, configured: Configured): Fields => {
  const answer = answers[type]
  if (answer === undefined) throw new Error(`the stand-in has no answer for data.${type}; give it one in test/terraform/data-sources.ts`)
  const known = answer(config, configured)
  const state: Record<string, Value> = { ...config, ...known }
  for (const [name, { type: kind, computed = false, optional = false }] of Object.entries(block.attributes)) {
    if (computed && !optional && (state[name] ?? null) === null) state[name] = emptyOf(kind)
  }
  if ("region" in block.attributes) state["region"] ??= configured.region
  return state
}
