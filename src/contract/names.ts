/** `baseURL` → `base_url`, `lockTTL` → `lock_ttl`, `cvv2` → `cvv2`, `SubscriptionGroupId` → `subscription_group_id`. */
export const snakeCase = (key: string): string =>
  key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "_")

/** How keys of records are compared: case does not count. */
export const fold = (key: string): string => key.toLowerCase()
