import { defineProject } from "../../src/contract/project.ts"
import { webLogs } from "./access-log.ts"
import { hits } from "./hits.ts"
import { userAgents } from "./user-agents.ts"

/** What is known of the visitors of a shop's pages. */
export default defineProject({ name: "web", contracts: [webLogs, hits], lookups: [userAgents] })
