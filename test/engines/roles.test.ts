import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3"
import { afterAll, beforeAll, expect, it } from "vitest"
import { type RoleDocuments, type RoleTable, roleDocuments, roleKinds } from "../../src/catalog/roles.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** What the documents of roles allow, as moto does it, which holds each call to the policies of who makes it. */
const account = "123456789012"
const region = motoEnvironment.AWS_REGION
const table = (path: string, sensitivity: RoleTable["sensitivity"], sensitive: ReadonlyArray<string>): RoleTable => ({
  path,
  name: path.replace(/^\w+\//, "").replace(/^/, path.startsWith("stage/") ? "raw_" : ""),
  sensitivity,
  sensitive,
  unknown: []
})
const tables: ReadonlyArray<RoleTable> = [
  table("consumable/weather", "public", []),
  table("consumable/orders", "internal", []),
  table("consumable/people", "personal", ["email"]),
  table("consumable/careless", "internal", ["email"]),
  table("marts/spend", "internal", []),
  table("stage/orders", "internal", []),
  table("dead_letters", "personal", ["raw"])
]

let moto: Moto
let bucket = ""
beforeAll(async () => {
  moto = await startMoto()
  bucket = await moto.bucket()
})
afterAll(() => moto.stop())

const call = async (service: string, path: string, body: string, type: string): Promise<string> => {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20261120/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`
  const answer = await fetch(`${moto.endpoint}${path}`, { method: "POST", headers: { authorization, "content-type": type }, body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${service} ${answer.status}: ${text}`)
  return text
}
const query = (service: "iam" | "sts", parameters: { readonly [name: string]: string }): Promise<string> =>
  call(
    service,
    "/",
    new URLSearchParams({ Version: service === "iam" ? "2010-05-08" : "2011-06-15", ...parameters }).toString(),
    "application/x-www-form-urlencoded"
  )

const documentsOf = (role: RoleDocuments["role"]): RoleDocuments =>
  roleDocuments(role, `arn:aws:iam::${account}:role/shop-${role}`, tables, {
    account,
    region,
    partition: "aws",
    database: "shop",
    bucket,
    prefix: "lake",
    landed: [`${bucket}/landed`],
    upTo: "internal"
  })

it("Lake Formation takes the grants as they are, and has them then", async () => {
  for (const role of roleKinds)
    for (const input of documentsOf(role).lakeFormation) {
      const answer = JSON.parse(await call("lakeformation", "/BatchGrantPermissions", JSON.stringify(input), "application/json"))
      expect(answer.Failures ?? []).toEqual([])
    }
  const { PrincipalResourcePermissions: given } = JSON.parse(await call("lakeformation", "/ListPermissions", "{}", "application/json"))
  const columns = given.flatMap(({ Resource }: { Resource: { TableWithColumns?: { Name: string; ColumnWildcard: unknown } } }) =>
    Resource.TableWithColumns === undefined ? [] : [[Resource.TableWithColumns.Name, Resource.TableWithColumns.ColumnWildcard]]
  )
  expect(Object.fromEntries(columns)).toEqual({
    weather: {},
    orders: {},
    careless: { ExcludedColumnNames: ["email"] },
    spend: {}
  })
})

it("each role reads and writes the objects that it may, and no others", async () => {
  const client = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) =>
    new S3Client({ endpoint: moto.endpoint, region, forcePathStyle: true, credentials, maxAttempts: 1 })
  const root = client({ accessKeyId: "test", secretAccessKey: "test" })
  const keys = [...tables.map(({ path }) => `lake/${path}/part-1`), "landed/web/1", "other/secret"]
  for (const Key of keys) await root.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "x" }))
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }]
  })
  const clients = new Map<string, S3Client>()
  for (const role of roleKinds) {
    await query("iam", { Action: "CreateRole", RoleName: `shop-${role}`, AssumeRolePolicyDocument: trust })
    const document = JSON.stringify(documentsOf(role).policy)
    await query("iam", { Action: "PutRolePolicy", RoleName: `shop-${role}`, PolicyName: "lake", PolicyDocument: document })
    const assumed = await query("sts", { Action: "AssumeRole", RoleArn: `arn:aws:iam::${account}:role/shop-${role}`, RoleSessionName: "t" })
    const of = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(assumed)?.[1] ?? ""
    clients.set(role, client({ accessKeyId: of("AccessKeyId"), secretAccessKey: of("SecretAccessKey"), sessionToken: of("SessionToken") }))
  }
  // From now on every call is held to policies.
  await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: "POST", body: "0" })
  const outcome = (sent: Promise<unknown> | undefined): Promise<boolean> =>
    (sent ?? Promise.reject(new Error("no client"))).then(
      () => true,
      (error: Error) => {
        if (error.name === "AccessDenied") return false
        throw error
      }
    )
  const found: { [role: string]: { reads: Array<string>; writes: boolean } } = {}
  for (const role of roleKinds) {
    const s3 = clients.get(role)
    const reads: Array<string> = []
    for (const Key of keys) if (await outcome(s3?.send(new GetObjectCommand({ Bucket: bucket, Key })))) reads.push(Key)
    found[role] = {
      reads,
      writes: await outcome(s3?.send(new PutObjectCommand({ Bucket: bucket, Key: "lake/consumable/orders/new", Body: "x" })))
    }
  }
  const ofLake = keys.filter((key) => key.startsWith("lake/"))
  expect(found).toEqual({
    analyst: { reads: ["lake/consumable/weather/part-1", "lake/consumable/orders/part-1", "lake/marts/spend/part-1"], writes: false },
    process: { reads: [...ofLake, "landed/web/1"], writes: true },
    steward: { reads: ofLake, writes: false }
  })
  for (const s3 of [root, ...clients.values()]) s3.destroy()
})
