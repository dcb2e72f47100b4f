/** Who may do what in a deployed configuration, by all documents that have a say. */
import { type Asked, isAllowed, isKeyAllowed, type Policy, type Principal } from "./iam.ts"
import type { Deployed } from "./model.ts"

/** What every call of ours says of itself. */
const always = { "aws:SecureTransport": "true", "s3:TlsVersion": "1.3" }

/** The document of what an ARN names, or of the bucket that it lies in. */
const documentOf = ({ buckets, queues, topics }: Deployed, arn: string): Policy =>
  (queues.get(arn) ?? topics.get(arn) ?? buckets.get(arn.startsWith("arn:aws:s3:::") ? (arn.split("/")[0] ?? "") : ""))?.policy ?? []

/** May a role do something? Its account and its ARN are part of what a call says. */
export const roleMay = (deployed: Deployed, role: string, action: string, resource: string, context: Asked["context"] = {}): boolean => {
  const asked: Asked = {
    principal: { type: "AWS", id: role },
    action,
    resource,
    context: { ...always, "aws:PrincipalAccount": deployed.account, "aws:PrincipalArn": role, ...context }
  }
  return isAllowed(deployed.roles.get(role)?.policy ?? [], documentOf(deployed, resource), asked)
}

/** What a service says when it acts for something of this account. */
const onBehalfOf = (deployed: Deployed, source: string): Asked["context"] => ({
  ...always,
  "aws:SourceArn": source,
  "aws:SourceAccount": deployed.account
})

/** May a service do something to a topic, queue or bucket, on behalf of something else? */
export const serviceMay = (deployed: Deployed, service: string, action: string, resource: string, source: string): boolean =>
  isAllowed([], documentOf(deployed, resource), {
    principal: { type: "Service", id: service },
    action,
    resource,
    context: onBehalfOf(deployed, source)
  })

/** May a service be a role? */
export const mayAssume = (deployed: Deployed, service: string, role: string, source: string): boolean =>
  isAllowed([], deployed.roles.get(role)?.trust ?? [], {
    principal: { type: "Service", id: service },
    action: "sts:AssumeRole",
    // A document of trust names no resource.
    resource: "",
    context: { ...onBehalfOf(deployed, source), "sts:ExternalId": deployed.account }
  })

const keyMay = (deployed: Deployed, principal: Principal, key: string, action: string, context: Asked["context"]): boolean => {
  const own = principal.type === "AWS" ? (deployed.roles.get(principal.id)?.policy ?? []) : []
  return isKeyAllowed(own, deployed.keys.get(key) ?? [], { principal, action, resource: key, context })
}

/** May a role use a key through a service, such as `s3`? A key that is AWS's own takes whoever may do the rest. */
export const roleMayUse = (
  deployed: Deployed,
  role: string,
  key: string | null,
  action: string,
  service: string,
  context: Asked["context"] = {}
): boolean =>
  key === null ||
  key.includes("alias/aws/") ||
  keyMay(deployed, { type: "AWS", id: role }, key, action, {
    "kms:ViaService": `${service}.${deployed.region}.amazonaws.com`,
    "kms:CallerAccount": deployed.account,
    ...context
  })

/** May a service use a key to write something encrypted? AWS's own keys let no other service in. */
export const serviceMayUse = (deployed: Deployed, service: string, key: string | null, source: string): boolean =>
  key === null ||
  ["kms:GenerateDataKey", "kms:Decrypt"].every((action) =>
    keyMay(deployed, { type: "Service", id: service }, key, action, onBehalfOf(deployed, source))
  )
