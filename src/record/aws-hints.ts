/** What to do where the AWS client found no credentials: where it looks. */
const noCredentials =
  "No AWS credentials were found: not in the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), not in a profile of ~/.aws (AWS_PROFILE), and there is no role of a task, function or instance. Give one of these; after `aws sso login`, set AWS_PROFILE to its profile."

const noRegion = "Give the AWS region: --region, SLUICE_REGION, AWS_REGION, or a region in the profile."

/**
 * What to do about an error that the AWS client makes before it asks anybody; null for any other.
 *
 * @param said the error's message
 */
export const hintOfClient = (said: string): string | null => {
  if (/\bregion is missing\b/i.test(said)) return noRegion
  // An answer of a service never speaks of loading or resolving them.
  return /\b(load|resolve|find|get)\b.*\bcredentials\b|\bprofile\b.*\bnot (be )?found\b|\bsso\b.*\b(session|token)\b/i.test(said)
    ? noCredentials
    : null
}

/**
 * What to allow, where a service of AWS denies an action or Lake Formation guards what it works on; null where it does not say.
 *
 * @param said the error's message
 */
export const hintOfDenied = (said: string): string | null => {
  if (/\bLake ?Formation\b/i.test(said)) {
    const [, permission] = /\bRequired ([\w ,]+?)(?: on\b|$)/i.exec(said) ?? []
    return `Lake Formation guards it: grant the role of this process ${permission ?? "Create Table and Describe on the database, Alter and Describe on its tables"} there, beside what IAM allows, and data location access where the bucket is registered.`
  }
  const [, action, resource] = /\bnot authorized to perform:? ([\w-]+:\w+)(?: on resource:? (\S+))?/i.exec(said) ?? []
  return action === undefined ? null : `Allow ${action}${resource === undefined ? "" : ` on ${resource}`} to the role of this process.`
}
